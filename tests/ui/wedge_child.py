"""A window with a field, a button and a plain part, and the filter on it: the child process of the keyboard tests.

Says on standard output, a line of JSON each: `{"ready": true}`, every label or refusal as `{"label": hex}` or
`{"refused": code}`, and after a word on standard input (`field`, `plain`, `pad`: where the focus goes; `ask`) what is
to be seen: text of the field, clicks of the button, paints since the last word, calls of both filters. `letter` is a
field in which people write Chinese, so that an input method is on in it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSocketNotifier, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.ui.wedge_filter import WedgeFilter
from app.ui.wedge_focus import COMPOSES
from app.ui.widgets.keypad import Keypad
from devices.keyboard import profile_of
from devices.scan import Dropped
from devices.spec import ScannerSpec


class Counting(QObject):
    """A filter that does nothing but count."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = self.paints = self.calls = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.calls += 1
        self.keys += event.type() == QEvent.Type.KeyPress
        self.paints += event.type() == QEvent.Type.Paint
        return False


class Child:
    """One window."""

    def __init__(self, application: QApplication, spec: str) -> None:
        profile = profile_of(ScannerSpec.parse(spec))
        self._window = QWidget()
        self._field, self._button, self._plain, self._pad = QLineEdit(), QPushButton("go"), QWidget(), Keypad()
        self._letter = QLineEdit()
        self._letter.setProperty(COMPOSES, True)
        self._field.setCursor(Qt.CursorShape.ArrowCursor)
        self._plain.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        rows = QVBoxLayout(self._window)
        for part in (self._plain, self._field, self._letter, self._button, self._pad):
            rows.addWidget(part)
        self._clicks, self._pins = 0, list[str]()
        self._button.clicked.connect(self._clicked)
        self._pad.entered.connect(self._pins.append)
        self._button.setAutoDefault(True)
        self._window.showMaximized()
        self._window.activateWindow()
        while not (self._window.windowHandle().isExposed() and self._window.isActiveWindow()):
            application.processEvents()
        self._plain.setFocus()
        self._parts = {"field": self._field, "plain": self._plain, "button": self._button, "pad": self._pad}
        self._parts |= {"letter": self._letter}
        self._on_application, self._on_handle = Counting(), Counting()
        application.installEventFilter(self._on_application)
        self._window.windowHandle().installEventFilter(self._on_handle)
        self._filter = WedgeFilter(self._window, lambda: profile, lambda: True)
        self._filter.heard.connect(self._heard)
        self._notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._asked)
        say({"ready": True})

    def _heard(self, item: bytes | Dropped) -> None:
        say({"refused": item.code} if isinstance(item, Dropped) else {"label": item.hex()})

    def _clicked(self) -> None:
        self._clicks += 1

    def _asked(self) -> None:
        for word in os.read(sys.stdin.fileno(), 4096).decode().split():
            if word == "end":
                QApplication.exit(0)
            part = self._parts.get(word)
            if part is not None:
                self._field.clear()
                self._letter.clear()
                part.setFocus()
            say(
                {
                    "text": self._field.text(),
                    "letter": self._letter.text(),
                    "clicks": self._clicks,
                    "pins": self._pins,
                    "paints": self._on_application.paints,
                    "on_application": self._on_application.calls,
                    "on_handle": self._on_handle.calls,
                    "keys_on_application": self._on_application.keys,
                }
            )


def say(words: dict[str, Any]) -> None:
    """One line."""
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Until `end`."""
    application = QApplication(sys.argv[:1])
    application.setCursorFlashTime(0)
    child = Child(application, sys.argv[1])
    status = application.exec()
    del child
    return status


if __name__ == "__main__":
    sys.exit(main())
