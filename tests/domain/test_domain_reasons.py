"""The closed table of reasons against the contract, written out once more by hand; every reason and code has words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.texts import LANGUAGES, Texts
from app.domain.reasons import COMMAND_REASONS, OK, SCAN_REASONS, Lists
from app.domain.rights import Operator, may

ROOT = Path(__file__).resolve().parents[2]

# reason: verdict, panel, counted, where it shows (contracts §3, "Verdicts")
CONTRACT = {
    "ok": ("accepted", "good", True, None),
    "near_expiry": ("attention", "attention", True, "near_expiry"),
    "covered_by_parent": ("covered", "soft", False, None),
    "children_all_in": ("covered", "soft", False, None),
    "duplicate_in_receipt": ("attention", "attention", False, "duplicate"),
    "over_quantity": ("attention", "stop", False, "extra"),
    "other_delivery": ("attention", "attention", False, "offered"),
    "parent_opened": ("attention", "stop", False, "conflict"),
    "source_conflict": ("attention", "stop", False, "conflict"),
    "already_received": ("refused", "stop", False, "already"),
    "already_dispensed": ("refused", "stop", False, "already"),
    "not_in_delivery": ("refused", "stop", False, "foreign"),
    "wrong_batch": ("refused", "stop", False, "wrong_batch"),
    "expired": ("refused", "stop", False, "expired"),
    "recalled": ("refused", "stop", False, "recalled"),
    "product_code": ("attention", "attention", False, "to_clear"),
    "unknown_code": ("attention", "attention", False, "to_clear"),
    "ambiguous": ("attention", "attention", False, "to_clear"),
    "scan_not_allowed": ("refused", "stop", False, None),  # added for the right to scan
    "delivery_withdrawn": ("refused", "stop", False, None),  # added for a delivery that goes while it is open
    "voucher_at_dock": ("refused", "stop", False, None),
    "held_by_stop": ("refused", "stop", False, None),
    "not_recorded": ("refused", "stop", False, None),
}
ELEVEN = (
    "extra foreign duplicate offered conflict already wrong_batch expired recalled near_expiry to_clear".split()  # noqa: SIM905 - as the example writes them
)
SENTENCES = (
    "undone_scan", "undone_still_in", "undone_outcome", "recorded_short", "recorded_over", "recorded_exempt",
    "recorded_damaged", "recorded_rejected", "confirmed", "paused", "closed", "line_lacks", "line_exceeds",
)  # fmt: skip
# Answers whose words are those of the scan.
SHARED = {"voucher_at_dock", "held_by_stop", "not_recorded"}


def test_the_table_is_that_of_the_contract() -> None:
    found = {
        reason: (str(row.verdict), str(row.panel), row.counted, None if row.shows_in is None else str(row.shows_in))
        for reason, row in SCAN_REASONS.items()
    }
    assert found == CONTRACT
    assert [str(name) for name in Lists] == ELEVEN


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_reason_and_sentence_has_words(lang: str) -> None:
    texts = Texts.load()
    commands = {f"command_{reason}" for reason in COMMAND_REASONS - {OK} - SHARED}
    wanted = {*SCAN_REASONS, *SHARED, *commands, *SENTENCES}
    assert {code for code in wanted if not texts.has(code) or not texts.title(code, lang)} == set()


def codes_raised() -> Iterator[str]:
    """Every stable code that app raises or returns as Trouble, and those that SQLite's errors are sorted into."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                continue
            if node.func.id in ("Trouble", "WrongUse") and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)
    from app.store import failures  # noqa: PLC0415 - its private table is what is read here

    yield from failures._WORLD.values()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_trouble_has_words(lang: str) -> None:
    texts = Texts.load()
    codes = {*codes_raised(), "bug"}
    assert len(codes) > 20
    assert {code for code in codes if not texts.has(code) or not texts.title(code, lang)} == set()


@pytest.mark.parametrize(
    ("rights", "active", "rooms", "room", "expected"),
    [
        ({"receive"}, True, set(), None, True),
        ({"receive"}, True, set(), "A", True),
        ({"receive"}, True, {"A"}, "A", True),
        ({"receive"}, True, {"B"}, "A", False),
        ({"receive"}, True, {"B"}, None, True),
        ({"receive"}, False, set(), None, False),
        ({"close"}, True, set(), None, False),
    ],
)
def test_rights(rights: set[str], active: bool, rooms: set[str], room: str | None, expected: bool) -> None:
    person = Operator("1", "N", "clerk", frozenset(rights), frozenset(rooms), active)
    assert may(person, "receive", room) is expected
