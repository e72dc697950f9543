"""Keeps input methods away from scans: they turn `]` to `】` and eat letters and Enter. UI thread.

Measured with ibus and Pinyin: a part that takes no text gets every key; a line edit answers "enabled" whatever its
attribute says, but is left alone when its hints say that the text is hidden. That hint reaches ibus too late for a scan
that comes at once, and the compose keys of X11 do not ask for it: there the answer itself is "no". A keyboard on the
screen needs a "yes", so it is only given away where none is drawn by Qt.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QInputMethodQueryEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QTextEdit, QWidget
from shiboken6 import isValid

from devices.wedge_composed import ComposedPace

COMPOSES = "composes"
"""Property of a part in which people write Chinese, even on a screen that takes scans."""
_HINTS = Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhSensitiveData
_WITHOUT_DRAWN_KEYS = frozenset({"xcb", "wayland", "offscreen"})


class FocusWatch(QObject):
    """Follows the focus, switches the input method off where scans are taken, and tells when it did something."""

    composed = Signal(str)
    """An input method is at work in the part with the focus; what it put in, if anything."""
    shot = Signal()
    """What the method would have put in came from a scanner; it was kept away."""

    def __init__(self, scanning: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._scanning = scanning
        self._part: QObject | None = None
        self._off = False
        self._sending = False
        self.pace = ComposedPace()
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.focusObjectChanged.connect(self._follow)
        self._follow(application.focusObject())

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QInputMethodQueryEvent):
            return self._answer(event)
        if isinstance(event, QInputMethodEvent) and not self._sending:
            return self._method(event)
        return False

    def take_back(self) -> None:
        """What the method has put in just now was part of a scan: out of the part again."""
        part = self._part
        if part is None or not isValid(part):
            return
        query = QInputMethodQueryEvent(Qt.InputMethodQuery.ImTextBeforeCursor | Qt.InputMethodQuery.ImCursorPosition)
        QCoreApplication.sendEvent(part, query)
        before = str(query.value(Qt.InputMethodQuery.ImTextBeforeCursor) or "")
        text = self.pace.forget_landed(_now_us(), before)
        if text:
            self._send(part, replaced=len(text.encode("utf-16-le")) // 2)

    def _method(self, event: QInputMethodEvent) -> bool:
        at_us, text = _now_us(), event.commitString()
        if text and self.pace.put(text, at_us):
            if self._part is not None:
                self._send(self._part)  # nothing is under composition any more
            self.shot.emit()
            return True
        self.pace.shown(event.preeditString(), at_us)
        if event.preeditString() or text:
            self.composed.emit(text)
        return False

    def _send(self, part: QObject, replaced: int = 0) -> None:
        """An empty composition, instead of so many signs before the cursor."""
        empty = QInputMethodEvent()
        if replaced:
            empty.setCommitString("", -replaced, replaced)
        self._sending = True
        try:
            QCoreApplication.sendEvent(part, empty)
        finally:
            self._sending = False

    def _answer(self, event: QInputMethodQueryEvent) -> bool:
        """No input method here, for whoever asks nothing else."""
        if not self._off or event.queries() != Qt.InputMethodQuery.ImEnabled:
            return False
        event.setValue(Qt.InputMethodQuery.ImEnabled, False)
        event.accept()
        return True

    @Slot(QObject)
    def _follow(self, part: QObject | None) -> None:
        self.pace = ComposedPace()
        if self._part is not None and isValid(self._part):
            self._part.removeEventFilter(self)
        self._part = part
        if part is None:
            return
        part.installEventFilter(self)
        off = isinstance(part, QWidget) and self._scanning() and not part.property(COMPOSES)
        self._off = off and QGuiApplication.platformName() in _WITHOUT_DRAWN_KEYS and not _draws_keys()
        if off and isinstance(part, QWidget):
            keep_input_method_off(part)
            QGuiApplication.inputMethod().update(Qt.InputMethodQuery.ImEnabled)


def keep_input_method_off(part: QWidget) -> None:
    """From now on its keys come as they are pressed."""
    if isinstance(part, QLineEdit | QTextEdit | QPlainTextEdit):
        if part.inputMethodHints() & _HINTS != _HINTS:
            part.setInputMethodHints(part.inputMethodHints() | _HINTS)
    elif part.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled):
        part.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)


def _now_us() -> int:
    return time.monotonic_ns() // 1000


def _draws_keys() -> bool:
    """Whether Qt itself draws a keyboard on the screen."""
    return os.environ.get("QT_IM_MODULE", "").startswith("qtvirtualkeyboard")
