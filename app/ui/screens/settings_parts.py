"""Parts of the settings screen: a value that may not be changed, and fields that are saved by a button. UI thread."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.ui.icons import Icon
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.widgets.buttons import PlainButton
from app.ui.widgets.cards import IconMark
from app.ui.widgets.choices import Field
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


class SavedField(QWidget):
    """A line with a button that saves it, shown when there is something to save. `saved` gives the text."""

    saved = Signal(str)

    def __init__(self, code: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = ""
        self.field = Field(code)
        self.save = PlainButton("settings_save", icon=Icon.CHECK)
        self.field.edit.textChanged.connect(self._changed)
        self.field.edit.returnPressed.connect(self._save)
        self.save.clicked.connect(self._save)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX)
        rows.addWidget(self.field)
        rows.addWidget(self.save)
        self.save.hide()

    def draw(self, value: str) -> None:
        """Show what is in force; what somebody is typing stays."""
        untouched = self.field.edit.text() == self._value
        self._value = value
        if untouched:
            self.field.edit.setText(value)
        self._changed()

    def _changed(self) -> None:
        self.save.setVisible(self.field.edit.text().strip() != self._value)

    def _save(self) -> None:
        text = self.field.edit.text().strip()
        if text != self._value:
            self.saved.emit(text)


class SavedText(QWidget):
    """Several lines, one scanner each, with a button that saves them. `saved` gives the text."""

    saved = Signal(str)

    def __init__(self, code: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._code, self._value = code, ""
        self.name = Label(code, size=Size.SMALL, tone=Tone.QUIET, bold=True)
        self.hint = Label(code, size=Size.SMALL, tone=Tone.QUIET, part="advice")
        self.edit = QPlainTextEdit()
        self.edit.setTabChangesFocus(True)
        self.save = PlainButton("settings_save", icon=Icon.CHECK)
        self.edit.textChanged.connect(self._changed)
        self.save.clicked.connect(lambda: self.saved.emit(self.edit.toPlainText().strip()))
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX)
        for part in (self.name, self.edit, self.hint, self.save):
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
        self.save.setVisible(self.edit.toPlainText().strip() != self._value)
