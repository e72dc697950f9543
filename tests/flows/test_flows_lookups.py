"""All that is known of a code, and the sentences that people read."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from app.base.texts import LANGUAGES, Texts
from app.domain.reasons import SCAN_REASONS
from app.flows.lookups import CodeView, Lookups
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.receiving import Receiving
from app.flows.wording import command_sentence, scan_sentence
from app.store.packages import Packages
from tests.fixtures.hospital import Dock, code, delivery, drug, line, operator, packages, received_by

BOX, BUNDLE = "8999011", "8999012"
B = [code(BOX, n) for n in range(3)]
M = code(BUNDLE, 1)
GTIN = "09529999001016"


@pytest.fixture
def desk(dock: Dock) -> Receiving:
    dock.feed(operator(), drug("D1", {BOX: 1, BUNDLE: 2, GTIN: 1}, ratio="1:3"), packages({M: {key: {} for key in B}}))
    dock.feed(delivery(line(1, "D1", 3), line(2, "D1", 5, batch="B2")), delivery(number="T-2", state="withdrawn"))
    return dock.desk()


def show(dock: Dock, text: str) -> CodeView:
    program = dock.program
    database = program.writer.database
    lookups = Lookups(database, program.catalogue, Packages(database), program.outbox)
    return program.writer.call(lambda: lookups.show(text), write=False)


def test_a_box_with_its_place_and_its_history(dock: Dock, desk: Receiving) -> None:
    desk.scan(B[0].encode())
    desk.scan(B[0].encode())
    desk.command(f"damaged {B[0]} wet")
    desk.command(f"undo {B[0]}")
    dock.feed(received_by("pda-2", B[0], via=M))
    found = show(dock, f"]C0{B[0]}\n")
    assert (found.kind, found.key, found.drug, found.name, found.level) == ("trace20", B[0], "D1", "药D1", 1)
    place = found.manifests[0]
    assert (place.delivery, place.level, place.line, place.parents, place.smallest) == ("T-1", 1, 1, (M,), 1)
    assert [(event.seq, event.what, event.reason, event.in_force, event.upload) for event in found.history] == [
        (1, "scan", "ok", True, "queued"),
        (2, "scan", "duplicate_in_receipt", False, None),
        (3, "damaged", "ok", False, "queued"),
        (4, "undo", "ok", False, "queued"),
    ]
    assert found.hospital is not None
    assert (found.hospital.device, found.hospital.state, found.hospital.via) == ("pda-2", "in", M)
    assert found.known


def test_a_bundle_with_its_children(dock: Dock, desk: Receiving) -> None:
    found = show(dock, M)
    assert (found.level, found.manifests[0].children, found.manifests[0].smallest) == (2, tuple(B), 3)


def test_a_gs1_code_with_what_its_label_says(dock: Dock, desk: Receiving) -> None:
    found = show(dock, f"01{GTIN}17290500" + "10L7\x1d21S1")
    assert (found.kind, found.key, found.drug, found.level) == ("gs1", f"01{GTIN}21S1", "D1", 1)
    assert (found.batch, found.serial, found.expiry, found.ambiguous) == ("L7", "S1", "2029-05-31", False)
    assert (found.manifests, found.history, found.hospital) == ((), (), None)
    assert show(dock, f"01{GTIN}10L7").ambiguous


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("6901234567892", "product_code"), ("MATOU!undo", "own_form"), ("?", "unknown"), ("", "unknown"),
        ("4240000000000000000000990000", "voucher"), ("80000000000000000001", "trace20"),
    ],
)  # fmt: skip
def test_what_nobody_knows(dock: Dock, desk: Receiving, text: str, kind: str) -> None:
    found = show(dock, text)
    assert (found.kind, found.known, found.drug) == (kind, False, None)
    if kind == "voucher":
        assert text not in repr(found)
        assert found.key is None


def outcomes(desk: Receiving, dock: Dock) -> list[ScanOutcome | CommandOutcome]:
    """Real answers of nearly every kind."""
    dock.feed(packages({code(BOX, 50): {}, code(BOX, 51): {}}), drug("D9", {"8999091": 1}))
    dock.feed(delivery(line(1, "D1", 5), line(2, "D1", 5, batch="B2"), line(3, "D8", 1, expiry="2026-01-01"),
                       line(4, "D8", 2, expiry="2027-01-01")))  # fmt: skip
    dock.feed(packages({code(BOX, 60): {}}, line_no=3), packages({code(BOX, 61): {}, code(BOX, 62): {}}, line_no=4))
    dock.feed(packages({code(BOX, 70): {}}, number="T-3"), delivery(line(1, "D1", 1), number="T-3"))
    dock.feed(received_by("pda-2", code(BOX, 50), receipt="T-0-R1"))
    dock.feed(received_by("pda-2", code(BOX, 51), receipt="T-0-R1", state="dispensed"))
    shots = (B[0], M, B[0], B[1], code(BOX, 50), code(BOX, 51), code(BOX, 60), code(BOX, 61), code(BOX, 70), "?",
             code(BOX, 99), "8999091" + "0" * 13, "6901234567892", f"01{GTIN}10L7",
             "4240000000000000000000990000")  # fmt: skip
    words = ("undo 1", "undo 2", "undo", "undo", "short 1 1 x", "over 1 1 x", "short 1 99 x", "short 9 1 x",
             "exempt 1 1 x", f"damaged {B[0]} x", f"reject {B[1]} x", f"undo {B[0]}",
             "damaged ? x", f"damaged {code(BOX, 99)} x",
             f"damaged 01{GTIN}10L7 x", "damaged 6901234567892 x", "confirm", "pause", "close", "next", "dance", "",
             "undo 1 2", "undo 4240000000000000000000990000")  # fmt: skip
    found: list[ScanOutcome | CommandOutcome] = [desk.scan(shot.encode()) for shot in shots]
    found += [desk.command(text) for text in words]
    held = dock.desk(holds=True)
    found += [held.scan(code(BOX, 98).encode()), held.scan(B[2].encode()), held.command("confirm")]
    dock.feed(operator("9", rights=("receive",)))
    weak = dock.desk(who="9")
    found += [weak.command("close"), weak.command("exempt 1 1 x"), weak.command("witness 1001")]
    dock.feed(operator("9", rights=("count",)))
    found.append(weak.scan(B[0].encode()))
    dock.feed(msgspec.structs.replace(delivery(line(1, "D1", 5)), state="withdrawn"))
    return [*found, desk.scan(B[2].encode())]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_place_in_a_sentence_is_filled(dock: Dock, desk: Receiving, lang: str) -> None:
    texts = Texts.load()
    found = outcomes(desk, dock)
    for outcome in found:
        said = (
            scan_sentence(texts, outcome, lang)
            if isinstance(outcome, ScanOutcome)
            else command_sentence(texts, outcome, lang)
        )
        assert said, outcome
        assert "{" not in said, outcome
        assert said not in texts.table, outcome
    assert {outcome.reason for outcome in found if isinstance(outcome, ScanOutcome)} >= set(SCAN_REASONS) - {
        "parent_opened", "source_conflict", "wrong_batch", "recalled", "children_all_in", "not_recorded"
    }  # fmt: skip
    assert len({outcome.text for outcome in found if isinstance(outcome, CommandOutcome)}) >= 20


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("reason", SCAN_REASONS)
def test_no_reason_asks_for_more_than_a_scan_supplies(dock: Dock, desk: Receiving, reason: str, lang: str) -> None:
    supplied = desk.scan(B[0].encode())
    said = scan_sentence(Texts.load(), replace(supplied, reason=reason), lang)
    assert "{" not in said


def test_several_details_are_one_sentence() -> None:
    texts = Texts.load()
    details = (("line_lacks", {"line": 2, "count": 2}), ("line_exceeds", {"line": 4, "count": 1}))
    outcome = CommandOutcome(1, "close", "outcome_missing", "command_outcome_missing", {}, details)
    assert command_sentence(texts, outcome) == "不能结单：第 2 行还差 2，第 4 行多出 1，请说明去向"
    assert command_sentence(texts, outcome, "en").startswith("Cannot close: line 2 lacks 2, line 4 has 1 too many; ")
