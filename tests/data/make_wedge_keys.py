"""Makes tests/data/wedge/x11_keys.json anew: what Qt tells of every key of the main block, the keypad and the F-keys.

Run by hand where Xvfb and setxkbmap are installed: python tests/data/make_wedge_keys.py. One line per layout and way of
pressing: place → [Qt's key, text, Qt's modifiers], which is the independent second opinion on devices/wedge_layouts.py.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from tests.fixtures.xtyping import ALT_GR, CAPS, CONTROL, SHIFT, Keyboard, Screen

TARGET = Path(__file__).parent / "wedge" / "x11_keys.json"
LAYOUTS = ("us", "cn", "de", "fr", "be")
WAYS: dict[str, tuple[int, ...]] = {
    "plain": (), "shift": (SHIFT,), "alt_gr": (ALT_GR,), "ctrl": (CONTROL,), "caps": (), "caps shift": (SHIFT,)
}  # fmt: skip
PLACES = (41, *range(2, 14), *range(16, 28), 43, *range(30, 41), 86, *range(44, 54), 57, 66, *range(71, 84), 103)


class Ear(QObject):
    """Writes down every press: place, key, text, modifiers."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[int, int, str, int]] = []

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            self.heard.append((event.nativeScanCode() - 8, event.key(), event.text(), event.modifiers().value))
        return False


def main() -> int:
    """Press every key and write down what comes."""
    with Screen() as screen:
        os.environ |= {"DISPLAY": screen.display, "QT_QPA_PLATFORM": "xcb", "QT_IM_MODULE": "none"}
        application = QApplication([])
        window, ear = QWidget(), Ear()
        window.showMaximized()
        window.activateWindow()
        window.windowHandle().installEventFilter(ear)
        while not (window.windowHandle().isExposed() and window.isActiveWindow()):
            application.processEvents()
        keyboard = Keyboard(screen.display)

        def tapped(place: int, held: tuple[int, ...]) -> list[object]:
            ear.heard.clear()
            keyboard.tap(place, *held)
            keyboard.flush()
            while not any(one[0] == place for one in ear.heard):
                application.processEvents()
            return list(next(one for one in ear.heard if one[0] == place)[1:])

        lines: dict[str, dict[int, list[object]]] = {}
        for layout in LAYOUTS:
            screen.set_layout(layout)
            for _ in range(50):  # until Qt has heard of the new layout
                tapped(57, ())
            for way, held in WAYS.items():
                if way == "caps":
                    keyboard.tap(CAPS)
                lines[f"{layout} {way}"] = {place: tapped(place, held) for place in PLACES}
            keyboard.tap(CAPS)
        keyboard.close()
    body = ",\n".join(f"{json.dumps(name)}: {json.dumps(keys, ensure_ascii=False)}" for name, keys in lines.items())
    TARGET.write_text("{\n" + body + "\n}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
