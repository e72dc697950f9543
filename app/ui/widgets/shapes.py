"""The shapes of the verdicts: round tick, triangle, octagon. Drawn, so that they are sharp at any size. UI thread.

Four states that are told apart without colour: a filled circle with a tick, a ring with a tick, a triangle with an
exclamation mark, an octagon with a bar.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.domain.reasons import Panel

TICK = ((0.28, 0.52), (0.44, 0.67), (0.73, 0.36))


def draw_shape(painter: QPainter, panel: Panel | None, place: QRectF, body: QColor | str, sign: QColor | str) -> None:
    """Paint the shape of a verdict: `body` fills it, `sign` is the mark on it. None is idle: a scanner's frame."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(body))
    match panel:
        case None:
            _draw_idle(painter, place, QColor(body))
        case Panel.GOOD:
            painter.drawEllipse(place)
            _draw_tick(painter, place, QColor(sign))
        case Panel.SOFT:
            _draw_ring(painter, place, QColor(body))
            _draw_tick(painter, place, QColor(body))
        case Panel.ATTENTION:
            _draw_triangle(painter, place, QColor(body), QColor(sign))
        case Panel.STOP:
            painter.drawPolygon(octagon(place))
            painter.setBrush(QColor(sign))
            bar = _within(place, 0.24, 0.43, 0.52, 0.14)
            painter.drawRoundedRect(bar, bar.height() * 0.25, bar.height() * 0.25)
    painter.restore()


def octagon(place: QRectF) -> QPolygonF:
    """The eight corners of a stop sign inside `place`."""
    centre, radius = place.center(), place.width() / 2 / math.cos(math.pi / 8)
    return QPolygonF(
        [
            QPointF(
                centre.x() + radius * math.cos(math.pi / 8 + math.pi / 4 * i),
                centre.y() + radius * math.sin(math.pi / 8 + math.pi / 4 * i),
            )
            for i in range(8)
        ]
    )


def _draw_tick(painter: QPainter, place: QRectF, colour: QColor) -> None:
    pen = QPen(colour, place.width() * 0.09)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline([_point(place, x, y) for x, y in TICK])


def _draw_ring(painter: QPainter, place: QRectF, colour: QColor) -> None:
    width = place.width() * 0.07
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, width))
    painter.drawEllipse(place.adjusted(width / 2, width / 2, -width / 2, -width / 2))


def _draw_triangle(painter: QPainter, place: QRectF, body: QColor, sign: QColor) -> None:
    pen = QPen(body, place.width() * 0.1)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.drawPolygon([_point(place, 0.5, 0.12), _point(place, 0.94, 0.88), _point(place, 0.06, 0.88)])
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(sign)
    stroke = _within(place, 0.455, 0.36, 0.09, 0.27)
    painter.drawRoundedRect(stroke, stroke.width() / 2, stroke.width() / 2)
    painter.drawEllipse(_within(place, 0.445, 0.7, 0.11, 0.11))


def _draw_idle(painter: QPainter, place: QRectF, colour: QColor) -> None:
    """Four corners and a line: where the code belongs."""
    pen = QPen(colour, place.width() * 0.07)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    near, far, arm = 0.08, 0.92, 0.22
    for x, y, dx, dy in (
        (near, near, arm, arm),
        (far, near, -arm, arm),
        (far, far, -arm, -arm),
        (near, far, arm, -arm),
    ):
        painter.drawPolyline([_point(place, x + dx, y), _point(place, x, y), _point(place, x, y + dy)])
    painter.drawLine(_point(place, 0.26, 0.5), _point(place, 0.74, 0.5))


def _point(place: QRectF, x: float, y: float) -> QPointF:
    return QPointF(place.left() + x * place.width(), place.top() + y * place.height())


def _within(place: QRectF, x: float, y: float, width: float, height: float) -> QRectF:
    return QRectF(_point(place, x, y), _point(place, x + width, y + height))
