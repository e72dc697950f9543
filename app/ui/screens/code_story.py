"""What happened to a looked-up code, told from the journal: a line of stations, the oldest first. UI thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.base.texts import Texts
from app.domain.reasons import OK, SCAN_REASONS, Panel
from app.flows.lookups import CodeView, EventView
from app.ui.screens.moments import moment
from app.ui.theme import GRID_PX, Look, Size, Tone, tone_of
from app.ui.widgets.cards import Card, SectionTitle
from app.ui.widgets.fitting import Label, lay_out, line_height

CAN_BE_UNDONE = ("scan", "short", "over", "damaged", "reject", "exempt")


@dataclass(frozen=True, slots=True)
class Station:
    """One happening in the story."""

    when: str
    what: str
    detail: str
    tone: Tone
    faded: bool


class StoryLine(QWidget):
    """What happened one after the other: a dot for each, words beside it, a line that joins them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = Look()
        self._stations: tuple[Station, ...] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def draw(self, stations: Sequence[Station]) -> None:
        self._stations = tuple(stations)
        self.setAccessibleName("; ".join(f"{each.when} {each.what} {each.detail}" for each in stations))
        self.updateGeometry()
        self.update()

    def retheme(self, look: Look, _texts: Texts) -> None:
        self._look = look
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return sum(self._height(each, width) for each in self._stations)

    def sizeHint(self) -> QSize:
        return QSize(40 * GRID_PX, self.heightForWidth(40 * GRID_PX))

    def minimumSizeHint(self) -> QSize:
        return QSize(20 * GRID_PX, 0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens, top = self._look.tokens, 0
        dot, left = GRID_PX + 4, self._left()
        for place, each in enumerate(self._stations):
            high = self._height(each, self.width())
            level = top + line_height(tokens.font(Size.SMALL)) / 2
            if place + 1 < len(self._stations):
                painter.setPen(QPen(QColor(tokens.colours.line), 2))
                painter.drawLine(dot // 2 + 1, int(level), dot // 2 + 1, int(top + high + level - top))
            painter.setPen(Qt.PenStyle.NoPen)
            tone = Tone.QUIET if each.faded else each.tone
            painter.setBrush(QColor(tokens.ink(tone)))
            painter.drawEllipse(QRectF(1, level - dot / 2, dot, dot))
            at = float(top)
            for text, size, bold, ink in self._words(each):
                block = lay_out(text, tokens.font(size, bold=bold), self.width() - left)
                block.draw(painter, left, at, tokens.ink(ink))
                at += block.height
            top += high

    def _left(self) -> int:
        return 3 * GRID_PX + GRID_PX // 2

    def _height(self, each: Station, width: int) -> int:
        room = max(1, width - self._left())
        tokens = self._look.tokens
        words = self._words(each)
        return (
            sum(lay_out(text, tokens.font(size, bold=bold), room).height for text, size, bold, _ in words) + 2 * GRID_PX
        )

    def _words(self, each: Station) -> list[tuple[str, Size, bool, Tone]]:
        rows = [
            (each.when, Size.SMALL, False, Tone.QUIET),
            (each.what, Size.BODY, True, Tone.QUIET if each.faded else Tone.INK),
            (each.detail, Size.SMALL, False, Tone.QUIET),
        ]
        return [row for row in rows if row[0]]


class HistoryCard(Card):
    """The journal's entries about the code as a story, the oldest first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._look, self._texts = Look(), Texts({})
        self.title = SectionTitle("lookup_history")
        self.title.setContentsMargins(0, 0, 0, 0)
        self.none = Label("lookup_history_none", tone=Tone.QUIET)
        self.story = StoryLine()
        self.add(self.title)
        self.add(self.none)
        self.add(self.story)

    def draw(self, view: CodeView, zone: str) -> None:
        self.none.setVisible(not view.history)
        self.story.setVisible(bool(view.history))
        self.story.draw([self._station(event, zone) for event in view.history])

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._look, self._texts = look, texts

    def _station(self, event: EventView, zone: str) -> Station:
        say, lang = self._texts.title, self._look.lang
        what = say("show_scan" if event.what == "scan" else f"command_name_{event.what}", lang)
        row = SCAN_REASONS.get(event.reason)
        past = event.what in CAN_BE_UNDONE and row is not None and row.counted and not event.in_force
        # A command that worked needs no reason; that of a scan says whether the box was counted.
        if event.what == "scan" or event.reason != OK:
            what = f"{what} · {say(f'reason_{event.reason}', lang)}"
        return Station(
            moment(event.at_ms, zone),
            say("lookup_event_past", lang, what=what) if past else what,
            say(
                "lookup_event_detail", lang, operator=event.operator, receipt=event.receipt, seq=event.seq,
                upload=say(f"upload_{event.upload or 'none'}", lang),
            ),
            tone_of(row.panel if row else Panel.GOOD),
            past,
        )  # fmt: skip
