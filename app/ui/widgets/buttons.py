"""Buttons for a gloved thumb: 48 px or more, words that wrap or shrink, a visible focus. UI thread."""

from __future__ import annotations

import enum

from PySide6.QtCore import QDeadlineTimer, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QFont, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from app.base.texts import Texts
from app.ui.icons import Icon, draw_icon
from app.ui.theme import GRID_PX, RADIUS_PX, Look, Size, Tokens, Tone
from app.ui.widgets.fitting import Block, lay_out, line_height, shrink, text_width

FOCUS_PX = 3
BY_KEYS = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
MOST_LINES = 2
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
SCAN_MS = 250
"""An Enter so soon after a typed sign ends a code from a scanner that types; it presses nothing."""


class Kind(enum.Enum):
    """How much a button asks for attention."""

    PRIMARY = "primary"  # the one thing to do next; at most one on a screen
    PLAIN = "plain"
    QUIET = "quiet"  # no surface until it is touched
    DANGER = "danger"


class Button(QPushButton):
    """A button with words from the texts, an icon before them or alone. The name for readers is always set."""

    def __init__(self, code: str, *, kind: Kind = Kind.PLAIN, icon: Icon | None = None, parent: QWidget | None = None):
        super().__init__(parent)
        self._code, self._values = code, dict[str, object]()
        self._kind, self._icon = kind, icon
        self._look, self._texts = Look(), Texts({})
        self._typing = QDeadlineTimer(0)
        self.ring = False  # the focus is shown to those who work with keys, not after a touch
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def say(self, code: str, **values: object) -> None:
        """Other words, in the present language."""
        self._code, self._values = code, values
        self._reword()

    def set_icon(self, icon: Icon | None) -> None:
        self._icon = icon
        self.update()

    def set_kind(self, kind: Kind) -> None:
        self._kind = kind
        self.update()

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self.setFont(look.tokens.font(Size.BODY, bold=True))
        self._reword()
        self.updateGeometry()
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses as Space does; Qt has that in dialogs only, and here are none."""
        if event.key() in ENTER and not event.isAutoRepeat():
            if self._typing.hasExpired():
                self.click()
            return
        if event.text() and event.text().isprintable() and not event.text().isspace():
            self._typing = QDeadlineTimer(SCAN_MS)
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.ring = event.reason() in BY_KEYS
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.ring = False
        super().focusOutEvent(event)

    @property
    def tokens(self) -> Tokens:
        return self._look.tokens

    def colours(self) -> tuple[QColor, QColor]:
        """Surface and ink as the button stands now."""
        colours = self.tokens.colours
        surface, ink = {
            Kind.PRIMARY: (QColor(colours.accent.fill), QColor(colours.accent.on_fill)),
            Kind.PLAIN: (QColor(colours.sunken), QColor(colours.ink)),
            Kind.QUIET: (QColor(0, 0, 0, 0), QColor(colours.accent.tint_ink)),
            Kind.DANGER: (QColor(colours.stop.tint), QColor(colours.stop.tint_ink)),
        }[self._kind]
        if not self.isEnabled():
            return (QColor(colours.sunken) if surface.alpha() else surface), QColor(colours.quiet_ink)
        return surface, ink

    def words(self) -> tuple[Block, QRectF]:
        """The words as drawn, and the place that they have."""
        room = self._room()
        font = shrink(self.text(), self.font(), int(room.width()), int(room.height()))
        block = lay_out(self.text(), font, int(room.width()))
        return block, room

    def sizeHint(self) -> QSize:
        pad, gap, side = self._spaces()
        width = text_width(self.text(), self.font()) + 1 + 2 * pad + (side + gap if self._icon else 0)
        return QSize(max(width, self.tokens.touch_px()), self._height())

    def minimumSizeHint(self) -> QSize:
        """Room for two lines of words in their full size; a button in a narrow place gets smaller words."""
        pad, gap, side = self._spaces()
        half = text_width(self.text(), self.font()) // 2 + self.font().pixelSize() // 2
        most = min(half, 3 * self.font().pixelSize())
        return QSize(max(most + pad + (side + gap if self._icon else 0), self.tokens.touch_px()), self._height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        surface, ink = self.colours()
        self._draw_surface(painter, surface, ink)
        block, room = self.words()
        _, gap, side = self._spaces()
        taken = block.width + (side + gap if self._icon else 0)
        left = (self.width() - taken) / 2
        if self._icon:
            draw_icon(painter, self._icon, ink, QRectF(left, (self.height() - side) / 2, side, side))
            left += side + gap
        block.draw(painter, left, room.top() + (room.height() - block.height) / 2, ink)

    def _draw_surface(self, painter: QPainter, surface: QColor, ink: QColor) -> None:
        place = QRectF(self.rect()).adjusted(FOCUS_PX, FOCUS_PX, -FOCUS_PX, -FOCUS_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(surface)
        painter.drawRoundedRect(place, RADIUS_PX, RADIUS_PX)
        if self.isEnabled() and (self.isDown() or self.underMouse() or self.isChecked()):
            veil = QColor(ink)
            veil.setAlpha(46 if self.isDown() else 18)
            painter.setBrush(veil)
            painter.drawRoundedRect(place, RADIUS_PX, RADIUS_PX)
        if self.ring:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self.tokens.colours.accent.fill), 2))
            ring = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(ring, RADIUS_PX + 2, RADIUS_PX + 2)

    def _room(self) -> QRectF:
        pad, gap, side = self._spaces()
        before = pad + (side + gap if self._icon else 0)
        return QRectF(before, FOCUS_PX, max(1, self.width() - before - pad), self.height() - 2 * FOCUS_PX)

    def _spaces(self) -> tuple[int, int, int]:
        """Side padding, gap after the icon, side of the icon, in pixels."""
        return 2 * GRID_PX + FOCUS_PX, GRID_PX, self.tokens.icon_px()

    def _height(self) -> int:
        return max(self.tokens.touch_px(), line_height(self.font()) + 2 * GRID_PX) + 2 * FOCUS_PX

    def _reword(self) -> None:
        words = self._texts.title(self._code, self._look.lang, **self._values) if self._code else self.text()
        if words != self.text():
            self.setText(words)
            self.updateGeometry()
        self.setAccessibleName(words)


class PrimaryButton(Button):
    """The one thing to do next; higher than the others."""

    def __init__(self, code: str, *, icon: Icon | None = None, parent: QWidget | None = None) -> None:
        super().__init__(code, kind=Kind.PRIMARY, icon=icon, parent=parent)

    def _height(self) -> int:
        return super()._height() + GRID_PX


class PlainButton(Button):
    """Everything else that can be done."""

    def __init__(self, code: str, *, icon: Icon | None = None, parent: QWidget | None = None) -> None:
        super().__init__(code, kind=Kind.PLAIN, icon=icon, parent=parent)


class IconButton(Button):
    """An icon alone, square; its words are its name for readers and its tool tip."""

    def __init__(self, code: str, icon: Icon, *, kind: Kind = Kind.QUIET, parent: QWidget | None = None) -> None:
        super().__init__(code, kind=kind, icon=icon, parent=parent)
        self._shown = icon
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(self._height(), self._height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        surface, ink = self.colours()
        self._draw_surface(painter, surface, ink)
        side = self.tokens.icon_px()
        icon = self._icon or self._shown
        draw_icon(painter, icon, ink, QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side))

    def _reword(self) -> None:
        words = self._texts.title(self._code, self._look.lang, **self._values)
        self.setText("")
        self.setAccessibleName(words)
        self.setToolTip(words)


class NavButton(Button):
    """A place to go: icon over a short word (bottom bar) or before it (rail). Checked is where one is.

    `set_count` puts a small number on the icon, for what waits there.
    """

    def __init__(self, code: str, icon: Icon, *, upright: bool, parent: QWidget | None = None) -> None:
        super().__init__(code, kind=Kind.QUIET, icon=icon, parent=parent)
        self._upright = upright
        self._count, self._count_tone = 0, Tone.ACCENT
        self.setCheckable(True)
        self.setAutoExclusive(False)
        self.setSizePolicy(
            QSizePolicy.Policy.Ignored if upright else QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed
        )

    def set_count(self, count: int, tone: Tone = Tone.ACCENT) -> None:
        """How many things wait there; 0 shows nothing."""
        if (count, tone) != (self._count, self._count_tone):
            self._count, self._count_tone = count, tone
            self.update()

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self.setFont(look.tokens.font(Size.SMALL if self._upright else Size.BODY, bold=True))

    def colours(self) -> tuple[QColor, QColor]:
        colours = self.tokens.colours
        if self.isChecked():
            return QColor(colours.accent.tint), QColor(colours.accent.tint_ink)
        return QColor(0, 0, 0, 0), QColor(colours.quiet_ink)

    def sizeHint(self) -> QSize:
        if not self._upright:
            return super().sizeHint()
        return QSize(self.tokens.touch_px(), self._height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint() if not self._upright else QSize(self.tokens.touch_px(), self._height())

    def words(self) -> tuple[Block, QRectF]:
        if not self._upright:
            return super().words()
        room = self._room()
        font = shrink(self.text(), self.font(), int(room.width()), int(room.height()))
        return lay_out(self.text(), font, int(room.width())), room

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        surface, ink = self.colours()
        side = self.tokens.icon_px()
        block, room = self.words()
        if self._upright:
            place = QRectF((self.width() - side) / 2, FOCUS_PX + GRID_PX / 2 + 2, side, side)
            self._draw_pill(painter, surface, place)
        else:
            self._draw_surface(painter, surface, ink)
            place = QRectF(2 * GRID_PX + FOCUS_PX, (self.height() - side) / 2, side, side)
        if self._icon:
            draw_icon(painter, self._icon, ink, place)
        left = room.left() + ((room.width() - block.width) / 2 if self._upright else 0)
        block.draw(painter, left, room.top() + (room.height() - block.height) / 2, ink)
        self._draw_count(painter, place)

    def _draw_pill(self, painter: QPainter, surface: QColor, icon_place: QRectF) -> None:
        """Where one is: a pill behind the icon; where the keys are: a ring around the whole part."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(surface)
        pill = icon_place.adjusted(-2 * GRID_PX, -4, 2 * GRID_PX, 4)
        painter.drawRoundedRect(pill, pill.height() / 2, pill.height() / 2)
        if self.ring:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self.tokens.colours.accent.fill), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), GRID_PX, GRID_PX)

    def _draw_count(self, painter: QPainter, icon_place: QRectF) -> None:
        if not self._count:
            return
        paint = self.tokens.paint(self._count_tone)
        font = QFont(self.tokens.font(Size.SMALL, bold=True))
        font.setPixelSize(min(font.pixelSize() - 2, 18))
        number = str(self._count) if self._count < 1000 else "999+"
        block = lay_out(number, font, 200)
        high = block.height - 2
        wide = max(high, block.width + GRID_PX)
        right = min(icon_place.right() + wide - 8, self.width() - 1)
        bubble = QRectF(right - wide, max(1.0, icon_place.top() - 6), wide, high)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(paint.fill))
        painter.drawRoundedRect(bubble, high / 2, high / 2)
        block.draw(
            painter, bubble.center().x() - block.width / 2, bubble.center().y() - block.height / 2, paint.on_fill
        )

    def _room(self) -> QRectF:
        if not self._upright:
            return super()._room()
        top = FOCUS_PX + self.tokens.icon_px() + GRID_PX + 2
        return QRectF(2, top, max(1, self.width() - 4), self.height() - top - FOCUS_PX)

    def _height(self) -> int:
        if not self._upright:
            return super()._height()
        return self.tokens.icon_px() + line_height(self.font()) + GRID_PX + 2 * FOCUS_PX + 4
