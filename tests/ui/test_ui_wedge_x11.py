"""Keys as they come from an X server to a real window: a sample of what `build/dev.py bench wedge` tries in full."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures.xtyping import Screen, reason_without
from tests.ui.wedge_window import Shot, WindowUnderKeys, pairwise, shoot_pairs

MISSING = reason_without()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=f"no screen for keys: {MISSING}")
CODE = "89990110000000000001"
EXPLAINED = {"equal", "wedge_gs_lost"}


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with Screen() as made:
        yield made


@pytest.fixture
def window(screen: Screen) -> Iterator[WindowUnderKeys]:
    screen.set_layout("us")
    with WindowUnderKeys(screen) as made:
        yield made


def test_labels_come_whole_or_with_a_reason(screen: Screen, window: WindowUnderKeys) -> None:
    found = shoot_pairs(screen, window, [case for case in pairwise(60) if case["gap_ms"] < 20])
    screen.set_layout("us")
    assert set(found) <= EXPLAINED, found
    assert found["equal"] >= 20, found


def test_twenty_scans_paint_nothing_and_each_key_passes_once(window: WindowUnderKeys) -> None:
    window.ask("plain")
    window.shoot(Shot(CODE))
    before = window.ask()
    for _ in range(20):
        assert bytes.fromhex(window.shoot(Shot(CODE, gap_ms=0))["label"]) == CODE.encode()
    after = window.ask()
    spent = {name: after[name] - before[name] for name in ("paints", "clicks", "on_handle", "on_application")}
    assert (spent["paints"], spent["clicks"]) == (0, 0)
    assert spent["on_application"] > 3 * spent["on_handle"]


def test_a_person_types_into_a_field_and_on_the_pad(window: WindowUnderKeys) -> None:
    window.ask("field")
    window.person([16, 17, 18, 19, 20, 21], each_ms=70)
    assert window.ask_until("text", "qwerty")["clicks"] == 0
    window.ask("pad")
    window.person([2, 3, 4, 5], each_ms=70)
    window.ask_until("pins", ["1234"])


def test_a_person_presses_a_button_and_a_scan_does_not(window: WindowUnderKeys) -> None:
    window.ask("button")
    window.shoot(Shot("8999 0110 0000 0000"))
    assert window.ask()["clicks"] == 0
    window.person([57], each_ms=60)
    window.ask_until("clicks", 1)


def test_a_finger_amid_a_scan_is_not_lost_and_spoils_it(window: WindowUnderKeys) -> None:
    window.ask("field")
    window.keyboard.key(44, True, after_ms=200)
    window.put(Shot(CODE, gap_ms=0))
    window.keyboard.key(44, False, after_ms=60)
    window.keyboard.sync()
    assert window.next_line() == {"refused": "wedge_typing"}
    window.ask_until("text", "z")
    assert bytes.fromhex(window.shoot(Shot(CODE))["label"]) == CODE.encode()
    assert window.ask()["text"] == "z"
