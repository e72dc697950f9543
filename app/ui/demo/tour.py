"""The guided tour: one step at a time, told in a card that never covers what it talks of; it can be skipped. UI thread.

A step goes on by itself when the person has done it, or by its button. Nothing is locked meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QGraphicsDropShadowEffect,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.base.texts import Texts
from app.ui.theme import GRID_PX, RADIUS_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import Button, Kind, PrimaryButton
from app.ui.widgets.cards import Card
from app.ui.widgets.fitting import Label
from app.ui.widgets.rows import RowList

CARD_PX = 336
EDGE_PX = 2 * GRID_PX
LOOK_MS = 250
"""So often the card looks whether what it covers has changed: parts come and go without a word to it."""


@dataclass(frozen=True, slots=True)
class Step:
    """`code` names its words, `event` what the person does to fulfil it, `target` the part that it is about."""

    code: str
    event: str = ""
    target: Callable[[], QWidget | None] = lambda: None


class Ring(QWidget):
    """A bright line around the part that is meant. Everything goes through it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = Look()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def retheme(self, look: Look, _texts: Texts) -> None:
        self._look = look

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._look.tokens.colours.accent.fill), 4))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), RADIUS_PX, RADIUS_PX)


class TourCard(QWidget):
    """Words of the step, where one is, the way on and the way out."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.card = Card()
        self.place = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.title = Label(size=Size.TITLE, bold=True)
        self.advice = Label(part="advice")
        self.next = PrimaryButton("tour_next")
        self.skip = Button("tour_skip", kind=Kind.QUIET)
        self.card.add(self.place)
        self.card.add(self.title)
        self.card.add(self.advice)
        row = QHBoxLayout()
        row.setSpacing(GRID_PX)
        row.addWidget(self.skip)
        row.addWidget(self.next, 1)
        self.card.add(row)
        shadow = QGraphicsDropShadowEffect(self.card)
        shadow.setBlurRadius(4 * GRID_PX)
        shadow.setOffset(0, 4)
        shadow.setColor(QColor(0, 0, 0, 90))
        self.card.setGraphicsEffect(shadow)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(EDGE_PX, EDGE_PX, EDGE_PX, EDGE_PX)
        rows.addWidget(self.card)


class Tour(QObject):
    """Leads through the steps inside `host`. `ended` when it is over, done or skipped."""

    ended = Signal()

    def __init__(self, host: QWidget, steps: Sequence[Step], look: Look, texts: Texts) -> None:
        super().__init__(host)
        self._host, self._steps = host, tuple(steps)
        self._look, self._texts = look, texts
        self._at: int | None = None
        self.ring, self.card = Ring(host), TourCard(host)
        self.ring.hide()
        self.card.hide()
        self.card.next.clicked.connect(self.go_on)
        self.card.skip.clicked.connect(self.end)
        self._look_again = QTimer(self)
        self._look_again.setInterval(LOOK_MS)
        self._look_again.timeout.connect(self._put)
        host.installEventFilter(self)

    @property
    def step(self) -> Step | None:
        """Where one is; None when it is over."""
        return None if self._at is None else self._steps[self._at]

    def start(self) -> None:
        """From the beginning."""
        self._at = 0
        self._look_again.start()
        self._show()

    def go_on(self) -> None:
        if self._at is None:
            return
        if self._at + 1 == len(self._steps):
            self.end()
            return
        self._at += 1
        self._show()

    def end(self) -> None:
        if self._at is None:
            return
        self._at = None
        self._look_again.stop()
        self.ring.hide()
        self.card.hide()
        self.ended.emit()

    def happened(self, event: str) -> None:
        """The person did something: the step that asked for it is fulfilled; a later one that did is gone to."""
        if self._at is None:
            return
        ahead = [place for place in range(self._at, len(self._steps)) if self._steps[place].event == event]
        if ahead:
            self._at = ahead[0]
            self.go_on()

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        if self._at is not None:
            self._show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The window changed its shape: the card goes along."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest) and self._at is not None:
            self._put()
        return super().eventFilter(watched, event)

    def _show(self) -> None:
        step = self.step
        if step is None or self._at is None:
            return
        last = self._at + 1 == len(self._steps)
        self.card.place.say("tour_place", at=self._at + 1, count=len(self._steps))
        self.card.title.say(step.code)
        self.card.advice.say(step.code)
        self.card.next.say("tour_done" if last else "tour_next")
        self.card.skip.setVisible(not last)
        for part in (self.card, self.ring):
            theme_tree(part, self._look, self._texts)
        self.ring.retheme(self._look, self._texts)
        self._put()

    def _put(self) -> None:
        step = self.step
        if step is None:
            return
        target = step.target()
        seen = target is not None and target.isVisible() and self._host.isAncestorOf(target)
        around = QRect()
        if seen and target is not None:
            around = QRect(target.mapTo(self._host, QPoint(0, 0)), target.size())
            self.ring.setGeometry(around.adjusted(-4, -4, 4, 4))
            self.ring.show()
            self.ring.raise_()
        else:
            self.ring.hide()
        width = min(CARD_PX + 2 * EDGE_PX, self._host.width())
        height = self.card.heightForWidth(width)
        self.card.setGeometry(self._room_for(around, width, max(height, self.card.minimumSizeHint().height())))
        self.card.show()
        self.card.raise_()

    def _room_for(self, around: QRect, width: int, height: int) -> QRect:
        """Beside the part, or in a corner; where the card covers least of what can be pressed."""
        host = self._host.rect()
        low, right = host.height() - height, host.width() - width
        top, left = max(0, min(around.top(), low)), max(0, min(around.left(), right))
        beside = (
            QPoint(around.right() + 1, top),
            QPoint(left, around.bottom() + 1),
            QPoint(left, around.top() - height),
            QPoint(around.left() - width, top),
        )
        corners = (QPoint(right, low), QPoint(0, low), QPoint(right, 0), QPoint(0, 0))
        cards = [QRect(place.x(), place.y(), width, height) for place in (*beside, *corners)]
        free = [card for card in cards if host.contains(card) and not card.intersects(around)]
        pressed = list(self._pressed())
        first = QRect(corners[0].x(), corners[0].y(), width, height)
        return min(free or [first], key=lambda card: sum(_area(card & part) for part in pressed))

    def _pressed(self) -> Iterator[QRect]:
        """The places of what people press now."""
        for part in cast("Iterable[QWidget]", self._host.findChildren(QWidget)):  # the 6.8 stubs say Iterable[Never]
            if not isinstance(part, QAbstractButton | QLineEdit | RowList) or self.card.isAncestorOf(part):
                continue
            if part.isVisibleTo(self._host) and part.isEnabled():
                high = part.height_for(len(part.rows)) if isinstance(part, RowList) else part.height()
                yield QRect(part.mapTo(self._host, QPoint(0, 0)), QSize(part.width(), min(part.height(), high)))


def _area(place: QRect) -> int:
    return place.width() * place.height() if place.isValid() else 0
