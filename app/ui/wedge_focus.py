"""Keeps input methods away from scans: they turn `]` to `】` and eat letters and Enter. UI thread.

Measured with ibus and Pinyin: a part that takes no text gets every key; a line edit answers "enabled" whatever its
attribute says, but is left alone when its hints say that the text is hidden. That hint reaches ibus too late for a scan
that comes at once, and the compose keys of X11 do not ask for it: there the answer itself is "no". A keyboard on the
screen needs a "yes", so it is only given away where none is drawn by Qt.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QInputMethodQueryEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QTextEdit, QWidget
from shiboken6 import isValid

COMPOSES = "composes"
"""Property of a part in which people write Chinese, even on a screen that takes scans."""
_HINTS = Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhSensitiveData
_WITHOUT_DRAWN_KEYS = frozenset({"xcb", "wayland", "offscreen"})


class FocusWatch(QObject):
    """Follows the focus, switches the input method off where scans are taken, and tells when it did something."""

    composed = Signal(str)
    """An input method is at work in the part with the focus; what it put in, if anything."""

    def __init__(self, scanning: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._scanning = scanning
        self._part: QObject | None = None
        self._off = False
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.focusObjectChanged.connect(self._follow)
        self._follow(application.focusObject())

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QInputMethodQueryEvent):
            return self._answer(event)
        if isinstance(event, QInputMethodEvent) and (event.preeditString() or event.commitString()):
            self.composed.emit(event.commitString())
        return False

    def _answer(self, event: QInputMethodQueryEvent) -> bool:
        """No input method here, for whoever asks nothing else."""
        if not self._off or event.queries() != Qt.InputMethodQuery.ImEnabled:
            return False
        event.setValue(Qt.InputMethodQuery.ImEnabled, False)
        event.accept()
        return True

    @Slot(QObject)
    def _follow(self, part: QObject | None) -> None:
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


def _draws_keys() -> bool:
    """Whether Qt itself draws a keyboard on the screen."""
    return os.environ.get("QT_IM_MODULE", "").startswith("qtvirtualkeyboard")
