"""Surfaces: the page that scrolls, cards, titles over cards, badges, what is said when there is nothing. UI thread."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.ui.icons import Icon, draw_icon
from app.ui.theme import COLUMN_PX, GRID_PX, RADIUS_PX, Look, Size, Tone
from app.ui.widgets.buttons import Button, Kind
from app.ui.widgets.fitting import Label, lay_out, line_height, text_width
from app.ui.widgets.scrolling import SlimBar, let_fingers_scroll


class Card(QFrame):
    """A rounded surface with air inside; `add` puts parts under each other."""

    def __init__(
        self, *, tone: Tone | None = None, padding_px: int = 2 * GRID_PX, parent: QWidget | None = None
    ) -> None:
        """`tone` tints the card with a meaning."""
        super().__init__(parent)
        self._tone, self._look = tone, Look()
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(padding_px, padding_px, padding_px, padding_px)
        self.rows.setSpacing(GRID_PX)

    def add(self, part: QWidget | QLayout, stretch: int = 0) -> None:
        if isinstance(part, SectionTitle):
            part.setContentsMargins(0, 0, 0, 0)  # in line with the words under it
        if isinstance(part, QWidget):
            self.rows.addWidget(part, stretch)
        else:
            self.rows.addLayout(part, stretch)

    def add_row(self, *parts: QWidget, spread: bool = False) -> QHBoxLayout:
        """Parts side by side; `spread` pushes the last one to the right edge."""
        row = QHBoxLayout()
        row.setSpacing(GRID_PX)
        for part in parts:
            if spread and part is parts[-1]:
                row.addStretch(1)
            if isinstance(part, Label):
                part.middle = True
            row.addWidget(part)
        self.rows.addLayout(row)
        return row

    def set_tone(self, tone: Tone | None) -> None:
        self._tone = tone
        self.update()

    def retheme(self, look: Look, _texts: Texts) -> None:
        self._look = look
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._look.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        surface = tokens.paint(self._tone).tint if self._tone else tokens.colours.card
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(surface))
        painter.drawRoundedRect(QRectF(self.rect()), RADIUS_PX, RADIUS_PX)


class SectionTitle(Label):
    """The words over a card or a list."""

    def __init__(self, code: str, parent: QWidget | None = None) -> None:
        super().__init__(code, size=Size.SMALL, tone=Tone.QUIET, bold=True, parent=parent)
        self.setContentsMargins(GRID_PX // 2, GRID_PX, 0, 0)


class Badge(QLabel):
    """One or two words in a tinted pill: the state of a thing."""

    def __init__(self, code: str = "", *, tone: Tone = Tone.INK, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._code, self._values, self._tone = code, dict[str, object](), tone
        self._look, self._texts = Look(), Texts({})
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def say(self, code: str, tone: Tone, **values: object) -> None:
        self._code, self._values, self._tone = code, values, tone
        self.retheme(self._look, self._texts)

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self.setFont(look.tokens.font(Size.SMALL, bold=True))
        if self._code:
            self.setText(texts.title(self._code, look.lang, **self._values))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        font = self.font()
        return QSize(text_width(self.text(), font) + 2 * GRID_PX + 2, line_height(font) + GRID_PX // 2)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        paint = self._look.tokens.paint(self._tone)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(paint.tint))
        painter.drawRoundedRect(QRectF(self.rect()), GRID_PX, GRID_PX)
        block = lay_out(self.text(), self.font(), self.width())
        left, top = (self.width() - block.width) / 2, (self.height() - block.height) / 2
        block.draw(painter, left, top, paint.tint_ink)


class IconMark(QWidget):
    """An icon in a round tinted field. It says nothing of its own: words stand beside it."""

    def __init__(self, icon: Icon, *, tone: Tone = Tone.ACCENT, grids: int = 6, parent: QWidget | None = None) -> None:
        """`grids`: the side of the field at 100 %, in steps of 8 px."""
        super().__init__(parent)
        self._icon, self._tone, self._grids, self._look = icon, tone, grids, Look()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_icon(self, icon: Icon, tone: Tone) -> None:
        self._icon, self._tone = icon, tone
        self.update()

    def retheme(self, look: Look, _texts: Texts) -> None:
        self._look = look
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        side = round(self._grids * GRID_PX * (1 + (self._look.text_scale - 1) / 2))
        return QSize(side, side)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        paint = self._look.tokens.paint(self._tone)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(paint.tint))
        painter.drawEllipse(QRectF(self.rect()))
        inner = self.width() * 0.25
        draw_icon(painter, self._icon, paint.tint_ink, QRectF(self.rect()).adjusted(inner, inner, -inner, -inner))


class EmptyState(QWidget):
    """Nothing here yet: says so and what to do next. `code` gives title and advice, `action` the button's words.

    The button is `button`; it is None without an action.
    """

    def __init__(self, icon: Icon, code: str, action: str | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        centre = Qt.AlignmentFlag.AlignHCenter
        self.mark = IconMark(icon, grids=10)
        self.title = Label(code, size=Size.TITLE, bold=True, align=centre)
        self.advice = Label(code, tone=Tone.QUIET, part="advice", align=centre)
        self.button = Button(action, kind=Kind.PRIMARY) if action else None
        rows = QVBoxLayout(self)
        rows.setContentsMargins(2 * GRID_PX, 3 * GRID_PX, 2 * GRID_PX, 3 * GRID_PX)
        rows.setSpacing(GRID_PX)
        rows.addStretch(2)
        rows.addWidget(self.mark, 0, centre)
        rows.addSpacing(GRID_PX)
        rows.addWidget(self.title)
        rows.addWidget(self.advice)
        if self.button is not None:
            rows.addSpacing(GRID_PX)
            rows.addWidget(self.button, 0, centre)
        rows.addStretch(3)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The words go before the picture where the room is low."""
        super().resizeEvent(event)
        words = sum(label.heightForWidth(self.width() - 4 * GRID_PX) for label in (self.title, self.advice))
        button = self.button.sizeHint().height() if self.button is not None else 0
        self.mark.setVisible(self.height() >= words + button + self.mark.sizeHint().height() + 10 * GRID_PX)

    def say(self, code: str, **values: object) -> None:
        """Another reason for there being nothing."""
        self.title.say(code, **values)
        self.advice.say(code, **values)


class Page(QScrollArea):
    """A column of parts that scrolls upright, never sideways, and keeps a readable width on a wide desk."""

    def __init__(self, *, width_px: int = COLUMN_PX, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.column = QWidget()
        self.column.setObjectName("column")
        self.column.setMaximumWidth(width_px)
        self.rows = QVBoxLayout(self.column)
        self.rows.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 3 * GRID_PX)
        self.rows.setSpacing(GRID_PX + GRID_PX // 2)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(self.column)
        self.viewport().setAutoFillBackground(False)
        self._bar = SlimBar(self)
        let_fingers_scroll(self)
        self.column.setAutoFillBackground(False)

    def add(self, part: QWidget | QLayout, stretch: int = 0) -> None:
        if isinstance(part, QWidget):
            self.rows.addWidget(part, stretch)
        else:
            self.rows.addLayout(part, stretch)

    def add_stretch(self, stretch: int = 1) -> None:
        self.rows.addStretch(stretch)
