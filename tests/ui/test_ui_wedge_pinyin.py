"""A scanner that types while a Chinese input method runs: every label comes whole, or is refused with a reason."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from tests.fixtures import pinyin, xtyping
from tests.fixtures.pinyin import Pinyin
from tests.fixtures.xtyping import Screen
from tests.ui.wedge_window import Shot, WindowUnderKeys

MISSING = xtyping.reason_without() or pinyin.reason_without()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=f"no Chinese input method: {MISSING}")
LABELS = (
    "]d2010690123456789210LotAbC-09",  # what Pinyin makes of it in a field: 】对010690123456789210LotAbC
    "]C1" + "0109529999001016" + "10nihao" + "\x1d" + "21zhongguo-1,2.3",
    "89990110000000000001",
    "MATOU!undo",
)
EXPLAINED = ("wedge_ime", "wedge_slow", "wedge_typing", "wedge_cut")
"""Refusals that a busy machine or a method that was just in use brings about; the label is shot again."""
TRIES = 5
NI_HAO_BLANK = (49, 23, 35, 30, 24, 57)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with Screen() as made:
        made.set_layout("us")
        yield made


@pytest.fixture(scope="module")
def method(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pinyin]:
    with Pinyin(screen.display, tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture
def window(screen: Screen, method: Pinyin) -> Iterator[WindowUnderKeys]:
    with WindowUnderKeys(screen, more=method.surroundings) as made:
        write_chinese(made)  # from here on it is known that the input method is at work in this window
        yield made


def write_chinese(window: WindowUnderKeys) -> None:
    """A person writes in a field that is meant for it, again until the input method is awake."""
    for _ in range(20):
        window.ask("letter")
        window.person(NI_HAO_BLANK, each_ms=120)
        if CHINESE.search(window.ask()["letter"]):
            return
    pytest.fail("the input method wrote nothing")


def scan(window: WindowUnderKeys, focus: str, text: str, gap_ms: int) -> str:
    """`equal` or the reason of a refusal; anything else is a fault."""
    before = window.ask(focus)["clicks"]
    said = window.shoot(Shot(text, gap_ms=gap_ms))
    seen = window.ask()
    assert not any("label" in line for line in seen["also"])
    assert seen["clicks"] == before
    assert seen["text"] == "", "a scan never lands in a field"
    if "refused" in said:
        return said["refused"]
    assert bytes.fromhex(said["label"]) == text.encode(), (text, gap_ms)
    return "equal"


@pytest.mark.parametrize("focus", ["plain", "field", "button"])
def test_where_scans_are_taken_every_label_comes_whole(window: WindowUnderKeys, focus: str) -> None:
    until_s = time.monotonic() + pinyin.LIMIT_S
    while (said := scan(window, focus, LABELS[0], 2)) != "equal":  # for a second after it the method is not trusted
        assert said in EXPLAINED
        assert time.monotonic() < until_s
    for gap_ms in (0, 10):
        for text in LABELS:
            tries = [scan(window, focus, text, gap_ms)]
            while tries[-1] in EXPLAINED and len(tries) < TRIES:
                tries.append(scan(window, focus, text, gap_ms))
            assert tries[-1] == "equal", (text, gap_ms, tries)


def test_what_the_input_method_has_touched_is_refused_and_lands_nowhere(window: WindowUnderKeys) -> None:
    for gap_ms in (0, 10):
        for text in (*LABELS[:2], "MATOU!undo", "MATOU#1001", "opcabcdefghijklmnopqrstu"):
            until_s = time.monotonic() + pinyin.LIMIT_S
            while (said := scan(window, "letter", text, gap_ms)) != "wedge_ime":  # a busy machine tears a label apart
                assert said in EXPLAINED, (text, gap_ms)
                assert time.monotonic() < until_s, (text, gap_ms, said)
            seen = window.ask()
            assert seen["letter"] == "", (text, gap_ms)
    write_chinese(window)
