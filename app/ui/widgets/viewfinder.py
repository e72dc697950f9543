"""A camera's picture with a sign on every code in it: told apart by shape and colour. UI thread.

The picture is grey: it is what the decoder sees, and the signs are the only colour in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF, QTransform
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.base.texts import Texts
from app.domain.reasons import Panel
from app.ui.theme import GRID_PX, RADIUS_PX, Look, Tone, tone_of
from app.ui.turner import image_of
from app.ui.widgets.shapes import draw_shape
from devices.places import middle
from devices.symbols import GreyPicture, Quad

SIGN_PX, LEAST_SIGN_PX = 32, 16
LINE_PX = 3
LEAST_PX = 140


@dataclass(frozen=True, slots=True)
class Sign:
    """One code in the picture. `panel` None: it is being read and has no verdict yet."""

    place: Quad
    panel: Panel | None


class Viewfinder(QWidget):
    """Shows the newest picture and the signs; `tapped` gives a place as shares of the picture's width and height."""

    tapped = Signal(float, float)

    def __init__(self, code: str, parent: QWidget | None = None) -> None:
        """`code`: the text that names it for readers; it may hold `{count}`, the codes in view."""
        super().__init__(parent)
        self._code, self._look, self._texts = code, Look(), Texts({})
        self._picture: GreyPicture | None = None
        self._image = QImage()
        self._turned = 0
        self._signs: tuple[Sign, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(LEAST_PX)

    @property
    def signs(self) -> tuple[Sign, ...]:
        """What is marked now."""
        return self._signs

    @property
    def picture(self) -> GreyPicture | None:
        """The picture that is shown."""
        return self._picture

    def show_picture(self, picture: GreyPicture | None, turned: int = 0) -> None:
        """The newest frame, lying turned by so many degrees; None: there is none."""
        self._picture = picture if picture is not None and picture.is_whole else None
        self._image = image_of(self._picture) if self._picture is not None else QImage()
        self._turned = turned
        self.update()

    def show_signs(self, signs: Sequence[Sign]) -> None:
        """The codes in view, in pixels of the picture."""
        if tuple(signs) != self._signs:
            self._signs = tuple(signs)
            self._name()
            self.update()

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self._name()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, LEAST_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, LEAST_PX)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._picture is None:
            return
        back, possible = self._transform().inverted()
        at = back.map(event.position())
        across, down = at.x() / self._picture.width, at.y() / self._picture.height
        if possible and 0 <= across <= 1 and 0 <= down <= 1:
            self.tapped.emit(across, down)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        colours = self._look.tokens.colours
        rounded = QPainterPath()
        rounded.addRoundedRect(QRectF(self.rect()), RADIUS_PX, RADIUS_PX)
        painter.setClipPath(rounded)
        painter.fillRect(self.rect(), QColor(colours.sunken))
        if self._picture is None:
            side = min(self.width(), self.height()) * 0.4
            place = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
            draw_shape(painter, None, place, colours.quiet_ink, colours.sunken)
            return
        transform = self._transform()
        painter.setTransform(transform)
        painter.drawImage(0, 0, self._image)
        painter.resetTransform()
        for sign in self._signs:
            self._draw_sign(painter, sign, transform)

    def _draw_sign(self, painter: QPainter, sign: Sign, transform: QTransform) -> None:
        tone = tone_of(sign.panel) if sign.panel is not None else Tone.ACCENT
        paint = self._look.tokens.paint(tone)
        outline = transform.map(QPolygonF([QPointF(x, y) for x, y in sign.place]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(paint.on_fill), LINE_PX + 3), (QColor(paint.fill), LINE_PX)):
            pen = QPen(colour, width)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.drawPolygon(outline)
        if sign.panel is None:
            return
        at = transform.map(QPointF(*middle(sign.place)))
        around = outline.boundingRect()
        side = min(max(min(around.width(), around.height()), LEAST_SIGN_PX), SIGN_PX)
        ground = QRectF(at.x() - side / 2 - 2, at.y() - side / 2 - 2, side + 4, side + 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(paint.on_fill))
        painter.drawEllipse(ground)
        draw_shape(painter, sign.panel, ground.adjusted(2, 2, -2, -2), paint.fill, paint.on_fill)

    def _transform(self) -> QTransform:
        """From the picture to the widget: upright, all of it, as large as fits."""
        assert self._picture is not None
        wide, high = self._picture.width, self._picture.height
        shown_wide, shown_high = (high, wide) if self._turned % 180 else (wide, high)
        inner = QRectF(self.rect()).adjusted(GRID_PX / 2, GRID_PX / 2, -GRID_PX / 2, -GRID_PX / 2)
        scale = min(inner.width() / shown_wide, inner.height() / shown_high)
        transform = QTransform()
        transform.translate(self.width() / 2, self.height() / 2)
        transform.scale(scale, scale)
        transform.rotate(self._turned)
        transform.translate(-wide / 2, -high / 2)
        return transform

    def _name(self) -> None:
        self.setAccessibleName(self._texts.title(self._code, self._look.lang, count=len(self._signs)))
