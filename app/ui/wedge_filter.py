"""The Qt end of the scanner that types: hears the keys of one window, before any widget does. UI thread.

It stands on the window's handle (QWindow), where each key passes once; on the application it would see an unhandled key
again for every parent, and every repaint with it. All thinking is in `devices.wedge`; here keys are translated, kept
back, and handed on to the part with the focus where they prove to be a person's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QWindow
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

from app.ui.wedge_focus import FocusWatch
from app.ui.widgets.keypad import Keypad
from devices.scan import Dropped
from devices.wedge import Outcome, Refused, Scanned, Typed, pasted_label
from devices.wedge_burst import FEWEST
from devices.wedge_keys import KeyEvent, caps_of, place_of
from devices.wedge_reading import WedgeProfile, end_sign
from devices.wedge_recorder import TypedLabel, WatchedDecoder

CONFIRM_MS = 1
"""A silence that the clock tells is believed only if no key waits behind it: the program may have been busy."""
_VK_PACKET = 0xE7
_WRAP_MS = 1 << 32
_EDITORS = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox, Keypad)
_PRESSES = frozenset({QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin})
_KEYS = frozenset({QEvent.Type.KeyPress, QEvent.Type.KeyRelease})


class WedgeFilter(QObject):
    """Listens for as long as the window is the active one."""

    heard = Signal(object)
    """bytes: a label; Dropped: one that was not taken, and why."""

    def __init__(self, window: QWidget, profile: Callable[[], WedgeProfile], scanning: Callable[[], bool]) -> None:
        """The window must have been shown. `scanning` tells whether the screen in front takes scans."""
        super().__init__(window)
        handle = window.windowHandle()
        if handle is None:
            raise RuntimeError("the window was not shown yet")
        self._handle: QWindow = handle
        self._profile, self._scanning = profile, scanning
        self._platform = QGuiApplication.platformName()
        self._decoder = WatchedDecoder(profile())
        self._replaying = False
        self._pasting: set[int] = set()
        self._last_ms = self._wrapped_ms = 0
        self._lag_us = 0
        self._count = self._rest = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._quiet)
        self._focus = FocusWatch(scanning, self)
        self._focus.composed.connect(self._composed)
        self._focus.shot.connect(self._shot)
        handle.installEventFilter(self)

    def record(self, watch: Callable[[TypedLabel], None] | None, is_credential: Callable[[bytes], bool]) -> None:
        """Tell `watch` of every label from now on, key by key; None: of none."""
        self._decoder.is_credential, self._decoder.watch = is_credential, watch

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in _KEYS and isinstance(event, QKeyEvent):
            return not self._replaying and self._key(event)
        if kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            return self._shortcut(event)
        if kind in _PRESSES:
            self._carry_out(self._decoder.give_back())
        elif kind == QEvent.Type.FocusOut:
            self._carry_out(self._decoder.left())
            self._pasting.clear()
        elif kind == QEvent.Type.FocusIn:
            self._decoder.entered(self._now_us())
        return False

    def _key(self, event: QKeyEvent) -> bool:
        self._count += 1
        pressed = event.type() == QEvent.Type.KeyPress
        if self._is_rest(event, pressed=pressed):
            return True
        if not pressed and event.key() in self._pasting:
            self._pasting.discard(event.key())
            return True
        if pressed and event.matches(QKeySequence.StandardKey.Paste) and self._paste():
            self._pasting.add(event.key())
            return True
        if self._decoder.wait_us is None:
            self._decoder.profile = self._profile()
        answer = self._decoder.feed(self._translated(event), editing=is_editing())
        self._carry_out(answer.outcomes)
        self._wind()
        return answer.keep

    def _shortcut(self, event: QKeyEvent) -> bool:
        """A key that will be kept back must not set off an action before."""
        if not self._decoder.would_keep(self._translated(event, pressed=True)):
            return False
        event.accept()
        return True

    def _translated(self, event: QKeyEvent, *, pressed: bool | None = None) -> KeyEvent:
        virtual, native = event.nativeVirtualKey(), event.nativeModifiers()
        windows = self._platform == "windows"
        return KeyEvent(
            key=event.key(),
            text=event.text(),
            at_us=self._time_us(event),
            pressed=event.type() == QEvent.Type.KeyPress if pressed is None else pressed,
            modifiers=event.modifiers().value,
            place=place_of(event.nativeScanCode(), self._platform),
            auto_repeat=event.isAutoRepeat(),
            caps_lock=caps_of(native, self._platform),
            literal=windows and bool(event.text()) and (virtual == _VK_PACKET or event.key() == 0),
            native=(event.nativeScanCode(), virtual, native),
        )

    def _time_us(self, event: QKeyEvent) -> int:
        """When the system saw it. Its 32-bit milliseconds begin anew every 49 days."""
        stamp_ms = event.timestamp()
        if not stamp_ms:
            return self._now_us()
        if stamp_ms + self._wrapped_ms < self._last_ms - _WRAP_MS // 2:
            self._wrapped_ms += _WRAP_MS
        self._last_ms = stamp_ms + self._wrapped_ms
        self._lag_us = time.monotonic_ns() // 1000 - self._last_ms * 1000
        return self._last_ms * 1000

    def _now_us(self) -> int:
        return time.monotonic_ns() // 1000 - self._lag_us

    def _paste(self) -> bool:
        """True if what the clipboard holds was a scan."""
        if not self._scanning():
            return False
        label = pasted_label(QGuiApplication.clipboard().text(), self._profile(), editing=is_editing())
        if label is None:
            return False
        self._carry_out((*self._decoder.give_back(), Scanned(label)))
        self._decoder.take_whole(label)
        self._decoder.pasted(self._now_us())
        return True

    @Slot(str)
    def _composed(self, text: str) -> None:
        """An input method put text in; a scanner's program may do that with a whole label."""
        label = pasted_label(text, self._profile(), editing=True) if self._scanning() else None
        self._decoder.composed(self._now_us())
        if label is not None:
            self._decoder.take_whole(label)
            self.heard.emit(label)

    @Slot()
    def _shot(self) -> None:
        """An input method kept a scan's keys. What it made of them is no label, and went nowhere."""
        self._decoder.left()  # what is kept back is part of it
        self._decoder.composed(self._now_us())
        self._carry_out((Refused("wedge_ime"),))

    def _is_rest(self, event: QKeyEvent, *, pressed: bool) -> bool:
        """Keys that the input method let through behind a scan that it kept."""
        if not pressed:
            return False
        now_us, pace = time.monotonic_ns() // 1000, self._focus.pace
        if pace.goes_on(now_us):
            self._pasting.add(event.key())
            self._rest += bool(event.text())
            if self._rest == FEWEST:  # a whole label perhaps, the next one: nobody shall wait for it
                self.heard.emit(Dropped("wedge_ime"))
            if end_sign(self._translated(event), self._decoder.profile) is not None:
                pace.end_rest()
            return True
        self._rest = 0
        pace.key(now_us)
        return False

    def _wind(self) -> None:
        wait_us = self._decoder.wait_us
        if wait_us is None:
            self._timer.stop()
        else:
            self._timer.start(-(-wait_us // 1000))

    @Slot()
    def _quiet(self) -> None:
        count = self._count
        QTimer.singleShot(CONFIRM_MS, self, lambda: self._confirmed(count))

    def _confirmed(self, count: int) -> None:
        if count == self._count:
            self._carry_out(self._decoder.silence())

    def _carry_out(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Typed):
                self._replay(outcome.events)
            elif isinstance(outcome, Refused):
                if outcome.code == "wedge_ime":
                    self._focus.take_back()
                self.heard.emit(Dropped(outcome.code))
            else:
                self.heard.emit(outcome.payload)

    def _replay(self, events: Sequence[KeyEvent]) -> None:
        """To the window once more, and past this filter: it finds the part with the focus."""
        self._replaying = True
        try:
            for one in events:
                kind = QEvent.Type.KeyPress if one.pressed else QEvent.Type.KeyRelease
                modifiers = Qt.KeyboardModifier(one.modifiers)
                again = QKeyEvent(kind, one.key, modifiers, *one.native, one.text, one.auto_repeat, 1)
                QCoreApplication.sendEvent(self._handle, again)
        finally:
            self._replaying = False


def is_editing() -> bool:
    """Whether a person's keys would become text where the focus is: a field, or the pad of digits."""
    part = QApplication.focusWidget()
    while part is not None:
        if isinstance(part, _EDITORS):
            return not (isinstance(part, QLineEdit | QTextEdit | QPlainTextEdit) and part.isReadOnly())
        if isinstance(part, QComboBox):
            return part.isEditable()
        part = part.parentWidget()
    return False
