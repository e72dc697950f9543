"""The words of a command: every form of the contract, and that no text is too much."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.commands import NAMES, BadCommand, Command, parse
from app.domain.documents import OUTCOMES
from app.domain.reasons import COMMAND_REASONS

GS1_WITH_GS = "01095299990020201727033110SYN2612B\x1d21INS0000003"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("undo", Command("undo")),
        ("undo 17", Command("undo", seq=17)),
        ("undo 9999999", Command("undo", seq=9_999_999)),
        ("undo 10000000", Command("undo", code="10000000")),
        ("undo 89990114017572284642", Command("undo", code="89990114017572284642")),
        (f"undo {GS1_WITH_GS}", Command("undo", code=GS1_WITH_GS)),
        ("short 2 3 破损 两盒", Command("short", line=2, count=3, outcome="short", reason_text="破损 两盒")),
        ("over 1 1 x", Command("over", line=1, count=1, outcome="over", reason_text="x")),
        ("exempt  4\u300020 饮片 ", Command("exempt", line=4, count=20, outcome="exempt", reason_text="饮片")),
        ("open C1", Command("open", code="C1")),
        ("level C1 YP-1 2", Command("level", code="C1", drug="YP-1", level=2)),
        ("damaged C1 wet", Command("damaged", code="C1", outcome="damaged", reason_text="wet")),
        ("reject C1 no good", Command("reject", code="C1", outcome="rejected", reason_text="no good")),
        (f"reject {GS1_WITH_GS} x", Command("reject", code=GS1_WITH_GS, outcome="rejected", reason_text="x")),
        (" close ", Command("close")),
        ("confirm", Command("confirm")),
        ("pause\r", Command("pause")),
    ],
)
def test_commands_that_can_be_read(text: str, expected: Command) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("", None, "unknown_command"),
        (" \t", None, "unknown_command"),
        ("nonsense", "nonsense", "unknown_command"),
        ("UNDO", "UNDO", "unknown_command"),
        ("x" * 99, "x" * 20, "unknown_command"),
        ("undo 1 2", "undo", "bad_command"),
        ("short", "short", "bad_command"),
        ("short 1 2", "short", "bad_command"),
        ("short 1 2  ", "short", "bad_command"),
        ("short one 2 x", "short", "bad_command"),
        ("short 1 -2 x", "short", "bad_command"),
        ("short ٣ 2 x", "short", "bad_command"),
        ("short 1 9999999999 x", "short", "bad_command"),
        ("damaged", "damaged", "bad_command"),
        ("damaged C1", "damaged", "bad_command"),
        ("reject C1 ", "reject", "bad_command"),
        ("close now", "close", "bad_command"),
        ("open", "open", "bad_command"),
        ("open C1 C2", "open", "bad_command"),
        ("level C1 D", "level", "bad_command"),
        ("level C1 D 0", "level", "bad_command"),
        ("level C1 D 5", "level", "bad_command"),
        ("level C1 D 2 more", "level", "bad_command"),
        ("witness", "witness", "bad_command"),
        ("witness 1002 1234", "witness", "bad_command"),
        ("next", "next", "command_unavailable"),
    ],
)
def test_commands_that_cannot(text: str, name: str | None, reason: str) -> None:
    assert parse(text) == BadCommand(name, reason)


WORDS = st.lists(
    st.one_of(st.sampled_from([*NAMES, "1", "20", "C1", "\x1d", "\u3000", "\n"]), st.text(max_size=5)), max_size=6
)


@settings(deadline=None)
@given(st.one_of(st.text(), WORDS.map(" ".join)))
def test_every_text_is_a_command_or_says_why_not(text: str) -> None:
    found = parse(text)
    if isinstance(found, BadCommand):
        assert found.reason in COMMAND_REASONS
        assert found.name is None or len(found.name) <= 20
        return
    assert found.name in NAMES
    assert found.outcome is None or found.outcome in OUTCOMES
    assert (found.outcome is None) == (not found.reason_text)
    assert (found.line is None) == (found.count is None)


@settings(deadline=None)
@given(st.from_regex(r"[!-~\x1d]{1,40}", fullmatch=True), st.from_regex(r"[!-~]{1,20}", fullmatch=True))
def test_a_code_reaches_its_command_untouched(code: str, reason: str) -> None:
    assert parse(f"damaged {code} {reason}") == Command("damaged", code=code, outcome="damaged", reason_text=reason)
