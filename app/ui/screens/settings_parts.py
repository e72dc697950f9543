"""Parts of the settings screen: a value that may not be changed, fields that are saved by a button and say what is
wrong with them, one of a few, several of a few. UI thread.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.ui.icons import Icon
from app.ui.screens.settings_checks import Check, anything
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.widgets.buttons import PlainButton
from app.ui.widgets.cards import IconMark
from app.ui.widgets.choices import Choice, Field, Switch
from app.ui.widgets.fitting import Label

TEXT_LINES = 3


class Locked(QWidget):
    """A setting that the present operator may not change: its name, its value, and why."""

    def __init__(self, code: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = Label(code, size=Size.SMALL, tone=Tone.QUIET, bold=True)
        self.value = Label()
        self.why = Label("settings_locked", size=Size.SMALL, tone=Tone.QUIET)
        mark = IconMark(Icon.LOCK, tone=Tone.INK, grids=5)
        rows = QVBoxLayout()
        rows.setSpacing(2)
        for part in (self.name, self.value, self.why):
            rows.addWidget(part)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(GRID_PX + GRID_PX // 2)
        line.addLayout(rows, 1)
        line.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)


class Guarded(QWidget):
    """A setting that needs a right: the part that changes it, or the locked picture of it."""

    def __init__(self, code: str, part: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.part, self.locked = part, Locked(code)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.part)
        rows.addWidget(self.locked)

    def draw(self, value: str, *, may_change: bool) -> None:
        self.part.setVisible(may_change)
        self.locked.setVisible(not may_change)
        self.locked.value.show_text(value)


class Complaint(QWidget):
    """Why a value was not saved, and how it should look."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = Label(size=Size.SMALL, tone=Tone.STOP, bold=True)
        self.advice = Label(size=Size.SMALL, tone=Tone.QUIET, part="advice")
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(2)
        rows.addWidget(self.title)
        rows.addWidget(self.advice)
        self.hide()

    def tell(self, code: str | None) -> bool:
        """True if there is none."""
        self.setVisible(code is not None)
        for label in (self.title, self.advice) if code is not None else ():
            label.say(code or "")
        return code is None


class SavedField(QWidget):
    """A line with a button that saves it, shown when there is something to save. `saved` gives the text."""

    saved = Signal(str)

    def __init__(self, code: str, check: Check = anything, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value, self._check = "", check
        self.field = Field(code)
        self.wrong = Complaint()
        self.save = PlainButton("settings_save", icon=Icon.CHECK)
        self.field.edit.textChanged.connect(self._changed)
        self.field.edit.returnPressed.connect(self._save)
        self.save.clicked.connect(self._save)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX)
        for part in (self.field, self.wrong, self.save):
            rows.addWidget(part)
        self.save.hide()

    def draw(self, value: str) -> None:
        """Show what is in force; what somebody is typing stays."""
        untouched = self.field.edit.text() == self._value
        self._value = value
        if untouched:
            self.field.edit.setText(value)
        self._changed()

    def _changed(self) -> None:
        self.wrong.hide()
        self.save.setVisible(self.field.edit.text().strip() != self._value)

    def _save(self) -> None:
        text = self.field.edit.text().strip()
        if text != self._value and self.wrong.tell(self._check(text)):
            self.saved.emit(text)


class SavedText(QWidget):
    """Several lines, one scanner or key each, with a button that saves them. `saved` gives the text."""

    saved = Signal(str)

    def __init__(self, code: str, check: Check = anything, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._code, self._value, self._check = code, "", check
        self.name = Label(code, size=Size.SMALL, tone=Tone.QUIET, bold=True)
        self.hint = Label(code, size=Size.SMALL, tone=Tone.QUIET, part="advice")
        self.edit = QPlainTextEdit()
        self.edit.setTabChangesFocus(True)
        self.wrong = Complaint()
        self.save = PlainButton("settings_save", icon=Icon.CHECK)
        self.edit.textChanged.connect(self._changed)
        self.save.clicked.connect(self._save)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX)
        for part in (self.name, self.edit, self.hint, self.wrong, self.save):
            rows.addWidget(part)
        self.save.hide()

    def draw(self, value: str) -> None:
        untouched = self.edit.toPlainText() == self._value
        self._value = value
        if untouched:
            self.edit.setPlainText(value)
        self._changed()

    def retheme(self, look: Look, texts: Texts) -> None:
        self.edit.setAccessibleName(texts.title(self._code, look.lang))
        self.edit.setFont(look.tokens.font(Size.BODY))
        self.edit.setFixedHeight(TEXT_LINES * look.tokens.text_px(Size.BODY) * 3 // 2 + 3 * GRID_PX)

    def _changed(self) -> None:
        self.wrong.hide()
        self.save.setVisible(self.edit.toPlainText().strip() != self._value)

    def _save(self) -> None:
        text = self.edit.toPlainText().strip()
        if self.wrong.tell(self._check(text)):
            self.saved.emit(text)


class Picked(QWidget):
    """One of a few with its name over them, two beside each other. `saved` gives the value at once."""

    saved = Signal(str)

    def __init__(self, code: str, options: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._code = code
        self.name = Label(code, size=Size.SMALL, tone=Tone.QUIET, bold=True)
        self.hint = Label(code, size=Size.SMALL, tone=Tone.QUIET, part="advice")
        self.choices = [
            Choice(code, [(value, f"{code}_{value}") for value in options[place : place + 2]])
            for place in range(0, len(options), 2)
        ]
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX // 2)
        for part in (self.name, *self.choices, self.hint):
            rows.addWidget(part)
        for choice in self.choices:
            choice.chosen.connect(self._pick)

    def retheme(self, look: Look, texts: Texts) -> None:
        self.hint.setVisible(bool(texts.advice(self._code, look.lang)))

    def draw(self, value: str) -> None:
        """A value that is none of them leaves them all unmarked."""
        for choice in self.choices:
            choice.set_value(value)

    def _pick(self, value: str) -> None:
        self.draw(value)
        self.saved.emit(value)


class Several(QWidget):
    """Any of a few, a switch for each. `saved` gives the words that are on, one on a line."""

    saved = Signal(str)

    def __init__(self, code: str, options: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = Label(code, size=Size.SMALL, tone=Tone.QUIET, bold=True)
        self.switches = {value: Switch(f"{code}_{value}") for value in options}
        self._others: tuple[str, ...] = ()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.name)
        for switch in self.switches.values():
            rows.addWidget(switch)
            switch.clicked.connect(self._switched)

    def draw(self, value: str) -> None:
        """Words that this version does not know are kept."""
        words = value.split()
        self._others = tuple(word for word in words if word not in self.switches)
        for name, switch in self.switches.items():
            switch.setChecked(name in words)

    def _switched(self) -> None:
        on = [name for name, switch in self.switches.items() if switch.isChecked()]
        self.saved.emit("\n".join((*on, *self._others)))
