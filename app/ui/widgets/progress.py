"""How much is in: a bar with its numbers, for a line and for the whole delivery. UI thread.

A bar has three parts, told apart by place and pattern as well as colour: received (full), accounted for in another
way (hatched: short, damaged, rejected, exempt), still missing (empty track).
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEasingCurve, QRectF, QSize, Qt, QVariantAnimation
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.base.texts import Texts
from app.ui.theme import GRID_PX, SLOWEST_MS, Look, Size, Tokens, Tone
from app.ui.widgets.fitting import lay_out, line_height, shrink, text_width


@dataclass(frozen=True, slots=True)
class Counts:
    """Smallest packs: received, accounted for otherwise, expected in all."""

    received: int = 0
    otherwise: int = 0
    expected: int = 0

    @property
    def missing(self) -> int:
        return max(0, self.expected - self.received - self.otherwise)

    @property
    def complete(self) -> bool:
        return self.expected > 0 and self.missing == 0

    def shares(self) -> tuple[float, float]:
        """Parts of the bar that are received and accounted for otherwise, together at most 1."""
        whole = max(self.expected, self.received + self.otherwise, 1)
        return self.received / whole, self.otherwise / whole


def draw_bar(painter: QPainter, place: QRectF, shares: tuple[float, float], tokens: Tokens, *, complete: bool) -> None:
    """Paint one bar; `shares` as in `Counts.shares`."""
    colours, round_px = tokens.colours, place.height() / 2
    outline = QPainterPath()
    outline.addRoundedRect(place, round_px, round_px)
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.fillPath(outline, QColor(colours.sunken))
    painter.setClipPath(outline)
    received = place.width() * shares[0]
    fill = QColor(colours.good.fill if complete else colours.accent.fill)
    if shares[0] > 0:
        painter.setBrush(fill)
        painter.drawRoundedRect(
            QRectF(place.left(), place.top(), max(received, place.height()), place.height()), round_px, round_px
        )
    if shares[1] > 0:
        rest = QRectF(place.left() + received, place.top(), place.width() * shares[1], place.height())
        painter.fillRect(rest, QColor(colours.attention.tint))
        painter.fillRect(rest, QBrush(QColor(colours.attention.tint_ink), Qt.BrushStyle.BDiagPattern))
    painter.restore()


class _Counting(QWidget):
    """Counts that move to new counts in under 150 ms."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._texts = Look(), Texts({})
        self.counts = Counts()
        self._from, self._shares = (0.0, 0.0), (0.0, 0.0)
        self._motion = QVariantAnimation(self)
        self._motion.setDuration(SLOWEST_MS)
        self._motion.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._motion.setStartValue(0.0)
        self._motion.setEndValue(1.0)
        self._motion.valueChanged.connect(self._move)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_counts(self, received: int, otherwise: int, expected: int) -> None:
        """Show new numbers at once; the bar follows."""
        counts = Counts(received, otherwise, expected)
        if counts == self.counts:
            return
        self.counts = counts
        self._from = self._shares
        self._reword()
        if self.isVisible():
            self._motion.start()
        else:
            self._shares = counts.shares()
        self.update()

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self._reword()
        self.updateGeometry()
        self.update()

    @property
    def shown_shares(self) -> tuple[float, float]:
        """What the bar shows just now, on its way to the counts."""
        return self._shares

    def settle(self) -> None:
        """End the motion at once (for pictures)."""
        self._motion.stop()
        self._shares = self.counts.shares()
        self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(12 * GRID_PX, self.sizeHint().height())

    def _move(self, part: float) -> None:
        goal = self.counts.shares()
        one, other = (start + (end - start) * part for start, end in zip(self._from, goal, strict=True))
        self._shares = (one, other)
        self.update()

    def _reword(self) -> None:
        self.setAccessibleName(
            self._texts.title(
                "ui_progress",
                self._look.lang,
                received=self.counts.received,
                expected=self.counts.expected,
                missing=self.counts.missing,
            )
        )


class LineProgress(_Counting):
    """One line's bar with `received/expected` at its right."""

    def sizeHint(self) -> QSize:
        return QSize(24 * GRID_PX, line_height(self._look.tokens.font(Size.SMALL, bold=True)))

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._look.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = tokens.font(Size.SMALL, bold=True)
        words = f"{self.counts.received}/{self.counts.expected}"
        room = max(text_width(words, font), text_width("00/00", font)) + 1
        block = lay_out(words, font, room)
        ink = tokens.ink(Tone.GOOD if self.counts.complete else Tone.INK)
        block.draw(painter, self.width() - block.width, (self.height() - block.height) / 2, ink)
        bar = QRectF(0, (self.height() - GRID_PX) / 2, max(GRID_PX, self.width() - room - GRID_PX), GRID_PX)
        draw_bar(painter, bar, self._shares, tokens, complete=self.counts.complete)


class TotalProgress(_Counting):
    """The whole delivery: the number that is in, large, of how many; what is missing; the bar under it."""

    def sizeHint(self) -> QSize:
        tokens = self._look.tokens
        return QSize(40 * GRID_PX, line_height(tokens.font(Size.LARGE, bold=True)) + GRID_PX + self._bar_px())

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._look.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        high = self.height() - GRID_PX - self._bar_px()
        big, plain = tokens.font(Size.LARGE, bold=True), tokens.font(Size.BODY)
        done, of, rest = self.words()
        tone = Tone.GOOD if self.counts.complete else Tone.QUIET
        rest_font = shrink(rest, plain, self.width() // 2, high)
        rest_block = lay_out(rest, rest_font, self.width() // 2)
        room = self.width() - rest_block.width - 2 * GRID_PX
        whole = text_width(done, big) + text_width(of, plain)
        part = min(1.0, room / max(1, whole))
        big.setPixelSize(max(1, int(big.pixelSize() * part)))
        plain.setPixelSize(max(1, int(plain.pixelSize() * part)))
        done_block = lay_out(done, big, room)
        base = (high - done_block.height) / 2
        done_block.draw(painter, 0, base, tokens.ink(Tone.INK))
        of_block = lay_out(of, plain, room)
        level = base + (done_block.height - of_block.height) / 2 + (big.pixelSize() - plain.pixelSize()) * 0.34
        of_block.draw(painter, done_block.width, level, tokens.ink(Tone.QUIET))
        drop = base + (done_block.height - rest_block.height) / 2 + (big.pixelSize() - rest_font.pixelSize()) * 0.34
        rest_block.draw(painter, self.width() - rest_block.width, drop, tokens.ink(tone))
        bar = QRectF(0, self.height() - self._bar_px(), self.width(), self._bar_px())
        draw_bar(painter, bar, self._shares, tokens, complete=self.counts.complete)

    def words(self) -> tuple[str, str, str]:
        """Number that is in, of how many, what is missing."""
        rest = "ui_progress_done" if self.counts.complete else "ui_progress_missing"
        said = self._texts.title(rest, self._look.lang, missing=self.counts.missing)
        return str(self.counts.received), f" / {self.counts.expected}", said

    def _bar_px(self) -> int:
        return GRID_PX + GRID_PX // 2
