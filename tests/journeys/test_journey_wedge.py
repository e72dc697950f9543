"""A delivery received with a scanner that types, on a screen with a real X server: badge, PIN, delivery, boxes, undo.

Nothing but keys goes in. The default is tried, `--scanner keys`, and a computer with the wrong keyboard layout.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.sandbox import SandboxProcess
from tests.fixtures.xtyping import Screen, reason_without
from tests.ui.wedge_window import Shot, WindowUnderKeys

MISSING = reason_without()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=f"no screen for keys: {MISSING}")
DELIVERY = "DEMO-20261122-12"
TRIES = 3
PIN_PLACES = (2, 3, 4, 5)


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with Screen() as made:
        yield made


def answered(window: WindowUnderKeys, shot: Shot, key: str, value: object = None) -> dict[str, Any]:
    """Type a label until the window answers it: on a busy machine keys can come as slowly as a person's, and then
    somebody shoots once more."""
    for _ in range(TRIES - 1):
        window.put(shot)
        window.keyboard.sync()
        with contextlib.suppress(queue.Empty):
            return until(window, key, value)
    window.put(shot)
    window.keyboard.sync()
    return until(window, key, value)


def until(window: WindowUnderKeys, key: str, value: object = None) -> dict[str, Any]:
    """The next line that says this; what comes before it is passed over."""
    while True:
        line = window.next_line()
        if key in line and value in (None, line[key]):
            return line


@pytest.mark.parametrize(("scanners", "layout"), [("", "us"), ("|keys", "us"), ("", "de")])
def test_a_delivery_by_keys_alone(
    screen: Screen, shared_hospital: SandboxProcess, data: Path, scanners: str, layout: str
) -> None:
    packages = shared_hospital.deliveries()[DELIVERY]["packages"]
    boxes = [row["code"] for row in packages if row["level"] == 1][:5]
    screen.set_layout(layout)
    words = f"{data}|{shared_hospital.url}{scanners}"
    with WindowUnderKeys(screen, words, module="tests.journeys.wedge_program") as window:
        assert until(window, "people")["people"] >= 3
        if scanners:
            until(window, "scanners", {"keys": "ready"})
        assert answered(window, Shot("MATOU#1001"), "badge") == {"badge": "1001"}
        screen.set_layout("us")  # digits of a person: on the pad as they are
        window.person(PIN_PLACES, each_ms=120)
        until(window, "signed_in", "1001")
        screen.set_layout(layout)
        answered(window, Shot(f"MATOU={DELIVERY}"), "opened", DELIVERY)
        for box in boxes:
            assert answered(window, Shot(box, gap_ms=0), "scan") == {"scan": box, "reason": "ok"}
        assert answered(window, Shot("MATOU!undo"), "command") == {"command": "undo", "ok": True}
        answered(window, Shot(f"]C1{boxes[4]}\x1dX", separator="f8"), "trouble", "wedge_gs_lost")
        assert window.ask()["screen"] == "receiving", "no Enter has pressed a button"
    screen.set_layout("us")
