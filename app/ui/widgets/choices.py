"""Settings a thumb can change: one of a few words side by side, on or off, a field with its name over it. UI thread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.ui.theme import GRID_PX, RADIUS_PX, Look, Size, Tone
from app.ui.widgets.buttons import Button, Kind
from app.ui.widgets.fitting import Label, lay_out, line_height, shrink


class Segment(Button):
    """One of the words of a `Choice`."""

    def __init__(self, code: str, parent: QWidget | None = None) -> None:
        super().__init__(code, kind=Kind.QUIET, parent=parent)
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def colours(self) -> tuple[QColor, QColor]:
        colours = self.tokens.colours
        if self.isChecked():
            return QColor(colours.accent.fill), QColor(colours.accent.on_fill)
        return QColor(colours.sunken), QColor(colours.ink)

    def _spaces(self) -> tuple[int, int, int]:
        return GRID_PX, GRID_PX, self.tokens.icon_px()


class Choice(QWidget):
    """One of a few: `chosen` gives the value that a person picked."""

    chosen = Signal(str)

    def __init__(self, code: str, options: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        """`code`: the name for readers; `options`: pairs of value and text code."""
        super().__init__(parent)
        self._code = code
        self._segments: dict[str, Segment] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID_PX // 2)
        for value, words in options:
            segment = self._segments[value] = Segment(words)
            segment.clicked.connect(partial(self._pick, value))
            row.addWidget(segment, 1)

    @property
    def value(self) -> str | None:
        return next((value for value, segment in self._segments.items() if segment.isChecked()), None)

    def set_value(self, value: str) -> None:
        """Show which one is in force; nothing is emitted."""
        for name, segment in self._segments.items():
            segment.setChecked(name == value)

    def retheme(self, look: Look, texts: Texts) -> None:
        self.setAccessibleName(texts.title(self._code, look.lang))

    def _pick(self, value: str, _checked: bool = False) -> None:
        self.set_value(value)
        self.chosen.emit(value)


class Switch(QCheckBox):
    """On or off, with its words before it; the whole row can be pressed."""

    def __init__(self, code: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._code = code
        self._look = Look()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look = look
        self.setFont(look.tokens.font(Size.BODY))
        self.setText(texts.title(self._code, look.lang))
        self.setAccessibleName(self.text())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        high = max(self._look.tokens.touch_px(), 2 * line_height(self.font()) + GRID_PX)
        return QSize(30 * GRID_PX, high)

    def minimumSizeHint(self) -> QSize:
        return QSize(20 * GRID_PX, self.sizeHint().height())

    def hitButton(self, pos: object) -> bool:  # noqa: ARG002 - the whole row
        return True

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._look.tokens
        colours = tokens.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        high = float(tokens.icon_px() + 4)
        track = QRectF(self.width() - 1.8 * high - 2, (self.height() - high) / 2, 1.8 * high, high)
        painter.setPen(QPen(QColor(colours.quiet_ink), 2) if not self.isChecked() else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.accent.fill if self.isChecked() else colours.sunken))
        painter.drawRoundedRect(track, high / 2, high / 2)
        knob = high - 8
        left = track.right() - knob - 4 if self.isChecked() else track.left() + 4
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.accent.on_fill if self.isChecked() else colours.quiet_ink))
        painter.drawEllipse(QRectF(left, track.top() + 4, knob, knob))
        room = int(track.left() - 2 * GRID_PX)
        block = lay_out(self.text(), shrink(self.text(), self.font(), room, self.height()), room)
        ink = tokens.ink(Tone.INK if self.isEnabled() else Tone.QUIET)
        block.draw(painter, 2, (self.height() - block.height) / 2, ink)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent.fill), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS_PX, RADIUS_PX)


class Field(QWidget):
    """A line to type in, with its name over it. `edit` is the line."""

    def __init__(self, code: str, *, secret: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._code = code
        self.name = Label(code, size=Size.SMALL, tone=Tone.QUIET, bold=True)
        self.edit = QLineEdit()
        if secret:
            self.edit.setEchoMode(QLineEdit.EchoMode.Password)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX // 2)
        rows.addWidget(self.name)
        rows.addWidget(self.edit)

    def retheme(self, look: Look, texts: Texts) -> None:
        self.edit.setFont(look.tokens.font(Size.BODY))
        self.edit.setAccessibleName(texts.title(self._code, look.lang))
        self.edit.setPlaceholderText(texts.advice(self._code, look.lang))
