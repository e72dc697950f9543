"""The top of a receipt: whose delivery it is, the way back, and how much of it is in. UI thread."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.domain.documents import Equation
from app.flows.views import LineView, ReceiptView
from app.ui.icons import Icon
from app.ui.screens.receiving_words import say_guesses
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.cards import Badge
from app.ui.widgets.fitting import Fit, Label
from app.ui.widgets.progress import LineProgress, TotalProgress


class Header(QWidget):
    """Back, supplier and number, pause. A closed receipt says so."""

    left = Signal()
    paused = Signal()
    camera_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._back = IconButton("recv_back", Icon.BACK)
        self._pause = IconButton("recv_pause", Icon.PAUSE)
        self._camera = IconButton("camera_open", Icon.CAMERA)
        self._supplier = Label(bold=True, fit=Fit.SHRINK)
        self._number = Label(size=Size.SMALL, tone=Tone.QUIET, fit=Fit.SHRINK)
        self._closed = Badge("closed", tone=Tone.GOOD)
        self._open = False
        self._slim = False
        self._back.clicked.connect(self.left)
        self._pause.clicked.connect(self.paused)
        self._camera.clicked.connect(self.camera_wanted)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._supplier)
        words.addWidget(self._number)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID_PX)
        row.addWidget(self._back)
        row.addLayout(words, 1)
        row.addWidget(self._closed)
        row.addWidget(self._camera)
        row.addWidget(self._pause)
        self._closed.hide()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def draw(self, view: ReceiptView) -> None:
        """Show whose delivery it is."""
        self._supplier.show_text(view.supplier)
        parts = (view.delivery, "" if view.closed else view.store_room)
        self._number.show_text(" · ".join(part for part in parts if part))
        self._open = not view.closed
        self._show()

    def set_slim(self, *, slim: bool) -> None:
        """Where there is little room only the delivery is named."""
        self._slim = slim
        self._show()

    def _show(self) -> None:
        self._closed.setVisible(not self._open and not self._slim)
        for button in (self._camera, self._pause):
            button.setVisible(self._open and not self._slim)
        self._back.setVisible(not self._slim)
        self._supplier.setVisible(not self._slim)

    def full_height(self) -> int:
        """Pixels of the whole header."""
        words = self._supplier.sizeHint().height() + self._number.sizeHint().height()
        return max(self._back.sizeHint().height(), words)


class Totals(QWidget):
    """The whole delivery: large, or one line where there is little room."""

    def __init__(self) -> None:
        super().__init__()
        self._look, self._texts = Look(), Texts({})
        self._equation, self._lines = Equation(), tuple[LineView, ...]()
        self.large, self.small = TotalProgress(), LineProgress()
        self.estimated = Label(size=Size.SMALL, tone=Tone.ATTENTION, bold=True, fit=Fit.SHRINK)
        self.badge = Badge(tone=Tone.ATTENTION)
        self.refused = Badge("recv_manifest_refused_short", tone=Tone.ATTENTION)
        self._is_small = self._refused = self._guesses = False
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(2)
        rows.addWidget(self.large)
        low = QHBoxLayout()
        low.setSpacing(GRID_PX)
        low.addWidget(self.small, 1)
        low.addWidget(self.badge)
        rows.addLayout(low)
        rows.addWidget(self.refused, 0, Qt.AlignmentFlag.AlignRight)
        rows.addWidget(self.estimated)
        for part in (self.small, self.badge, self.refused, self.estimated):
            part.hide()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def draw(self, equation: Equation, lines: Sequence[LineView] = (), *, manifest_refused: bool = False) -> None:
        """Show these numbers, how much of them is a guess, and whether the manifest is to be done without."""
        self._equation, self._lines, self._refused = equation, tuple(lines), manifest_refused
        self._say_estimated()
        self.receive(equation.received)

    def receive(self, received: int) -> None:
        """Between two views only what is received moves. Smallest packs."""
        rest = self._equation
        otherwise = rest.short + rest.damaged + rest.rejected + rest.exempt
        for bar in (self.large, self.small):
            bar.set_counts(received, otherwise, rest.expected)

    def guess(self, lines: Sequence[LineView]) -> None:
        """A scan was counted by a guess: said at once, not with the next view."""
        self._lines = tuple(lines)
        self._say_estimated()

    def set_small(self, *, small: bool) -> None:
        """Choose the form."""
        self._is_small = small
        self.large.setVisible(not small)
        self.small.setVisible(small)
        self._show_estimated()

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self._say_estimated()

    def _say_estimated(self) -> None:
        refused = self._texts.title("recv_manifest_refused_short", self._look.lang) if self._refused else ""
        self.estimated.show_text(say_guesses(self._texts, self._look.lang, self._lines, more=refused))
        estimated, guessed = (sum(getattr(line, kind) for line in self._lines) for kind in ("estimated", "guessed"))
        code, count = ("recv_estimated_badge", estimated) if estimated else ("recv_guessed_badge", guessed)
        self.badge.say(code, Tone.ATTENTION, count=f"{count:,}")
        self._guesses = bool(count)
        self._show_estimated()

    def _show_estimated(self) -> None:
        said = bool(self.estimated.text())
        self.estimated.setVisible(said and not self._is_small)
        self.badge.setVisible(self._guesses and self._is_small)
        self.refused.setVisible(self._refused and self._is_small)

    def full_height(self) -> int:
        """Pixels of the large form."""
        return self.large.sizeHint().height() + (self.estimated.sizeHint().height() if self.estimated.text() else 0)
