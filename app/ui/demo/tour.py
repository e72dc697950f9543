"""The guided tour: one step at a time, told in a card that never covers what it talks of; it can be skipped. UI thread.

A step goes on by itself when the person has done it, or by its button. Nothing is locked meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGraphicsDropShadowEffect, QHBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.ui.theme import GRID_PX, RADIUS_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import Button, Kind, PrimaryButton
from app.ui.widgets.cards import Card
from app.ui.widgets.fitting import Label

CARD_PX = 336
EDGE_PX = 2 * GRID_PX


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
        host.installEventFilter(self)

    @property
    def step(self) -> Step | None:
        """Where one is; None when it is over."""
        return None if self._at is None else self._steps[self._at]

    def start(self) -> None:
        """From the beginning."""
        self._at = 0
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
        """Right of the part, below it, above it, or at the bottom: the first place that leaves it free."""
        host = self._host.rect()
        places = (
            QPoint(around.right() + 1, max(0, min(around.top(), host.height() - height))),
            QPoint(max(0, min(around.left(), host.width() - width)), around.bottom() + 1),
            QPoint(max(0, min(around.left(), host.width() - width)), around.top() - height),
            QPoint(around.left() - width, max(0, min(around.top(), host.height() - height))),
        )
        for place in places if not around.isEmpty() else ():
            card = QRect(place.x(), place.y(), width, height)
            if host.contains(card):
                return card
        return QRect(host.width() - width, host.height() - height, width, height)
