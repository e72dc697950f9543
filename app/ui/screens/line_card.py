"""Where the line to the hospital stands, over the upload queue: a sentence, and behind it every call. UI thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.ui.icons import Icon
from app.ui.screens.line_words import call_lines, is_away, last_words, line_words
from app.ui.screens.moments import DEFAULT_ZONE
from app.ui.screens.upload_story import Lines
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.cards import Card, Page
from app.ui.widgets.fitting import Label
from sync import SyncStatus

REDRAWN_MS = 10_000  # minutes pass while nothing else is heard


class LinePanel(Card):
    """One sentence, there only while something is wrong, and the way to the page of the calls."""

    def __init__(self, told: Callable[[], None], parent: QWidget | None = None) -> None:
        """`told`: asked to tell it anew while it is seen."""
        super().__init__(padding_px=GRID_PX // 2, parent=parent)
        self.words = Label(bold=True, middle=True)
        self.words.setContentsMargins(GRID_PX, GRID_PX // 2, 0, GRID_PX // 2)
        self.more = IconButton("line_more", Icon.NEXT)
        row = QHBoxLayout()
        row.setSpacing(GRID_PX)
        row.addWidget(self.words, 1)
        row.addWidget(self.more)
        self.add(row)
        self._clock = QTimer(self)
        self._clock.setInterval(REDRAWN_MS)
        self._clock.timeout.connect(told)
        self.hide()

    def draw(self, words: str, *, away: bool) -> None:
        """No words: nothing is shown. Offline is normal and looks calm; a call in trouble asks to be seen."""
        self.set_tone(None if away else Tone.ATTENTION)
        self.words.show_text(words)
        self.setVisible(bool(words))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()


class LinePage(QWidget):
    """Every call: how it stands, since when, what the hospital said, when it is tried again."""

    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.back = IconButton("conflict_back", Icon.BACK)
        self.words = Label(bold=True)
        self.advice = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.last = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.calls = Lines("line_calls")
        top = QHBoxLayout()
        top.setSpacing(GRID_PX)
        top.addWidget(self.back)
        top.addWidget(Label("line_title", size=Size.TITLE, bold=True, middle=True), 1)
        card = Card()
        for part in (self.words, self.advice, self.last):
            card.add(part)
        page = Page()
        page.rows.setContentsMargins(0, 0, GRID_PX, 0)
        page.add(top)
        page.add(card)
        page.add(self.calls)
        page.add_stretch()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(page)
        self.back.clicked.connect(self.left)


class LineView:
    """Sentence and page together: what was heard last, told anew as the minutes pass."""

    def __init__(self, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self.now_ms = now_ms
        self._look, self._texts, self._zone = Look(), Texts({}), DEFAULT_ZONE
        self._status = SyncStatus()
        self.panel, self.page = LinePanel(self.show), LinePage()

    def draw(self, status: SyncStatus) -> None:
        """Where the exchange stands."""
        self._status = status
        self.show()

    def set_zone(self, zone: str) -> None:
        """The hospital's."""
        self._zone = zone
        self.show()

    def retheme(self, look: Look, texts: Texts) -> None:
        """Other words."""
        self._look, self._texts = look, texts
        self.show()

    def show(self) -> None:
        """Tell it as it is at this moment."""
        texts, lang, status, now_ms, zone = self._texts, self._look.lang, self._status, self.now_ms(), self._zone
        words = line_words(texts, lang, status, now_ms, zone)
        self.panel.draw(words, away=is_away(status))
        page = self.page
        page.words.show_text(words or texts.title("line_well", lang))
        page.words.set_tone(Tone.ATTENTION if words else Tone.GOOD)
        trouble = status.trouble
        page.advice.show_text(texts.advice(trouble, lang) if trouble is not None else "")
        page.advice.setVisible(bool(page.advice.text()))
        page.last.show_text(last_words(texts, lang, status, zone))
        page.calls.draw(call_lines(texts, lang, status, now_ms, zone))
        theme_tree(page.calls, self._look, self._texts)
