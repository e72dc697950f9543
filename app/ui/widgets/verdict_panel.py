"""The last scan, huge: colour and shape and word, readable at arm's length. It stays until the next. UI thread.

good = round tick on green, soft = the same, pale; attention = triangle on amber; stop = octagon on red, with a
button that confirms it. Everything is sized to the panel: 72 px at 200 % is two Chinese characters wide, so the
word is made to fit, together with the sentence and the hint under it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.base.texts import Texts
from app.domain.reasons import Panel
from app.ui.theme import GRID_PX, RADIUS_PX, Look, Paint, Size, Tone, font_of, tone_of
from app.ui.widgets.buttons import Button, Kind
from app.ui.widgets.fitting import Block, lay_out, line_height, text_width
from app.ui.widgets.shapes import draw_shape

WORD_PX, SENTENCE_PX, HINT_PX = int(Size.GIANT), int(Size.LARGE), int(Size.TITLE)
LEAST_PX = 14
MOST_SHAPE_PX = 220.0
SMALLER = 0.25
STEPS = 20
MOST_GROWN = 1.7  # on a desk the panel is large, and its words with it


@dataclass(frozen=True, slots=True)
class Words:
    """What the panel says. `panel` None is the idle state."""

    panel: Panel | None
    word: str
    sentence: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything goes: blocks with the top of each, and the place of the shape, in pixels."""

    blocks: tuple[tuple[Block, float, float], ...]
    shape: QRectF
    fits: bool


class VerdictPanel(QWidget):
    """Shows the outcome of a scan; `confirmed` is emitted when a person confirms a stop."""

    confirmed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._texts = Look(), Texts({})
        self._said = Words(None, "")
        self._idle_code: str | None = "ui_idle"
        self._idle_values: dict[str, object] = {}
        self._plan: Plan | None = None
        self._button = ConfirmButton(self)
        self._button.clicked.connect(self.confirmed)
        self._button.hide()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def said(self) -> Words:
        """What is shown now."""
        return self._said

    @property
    def holding(self) -> bool:
        """True while a stop waits to be confirmed."""
        return not self._button.isHidden()

    def show_outcome(self, panel: Panel, word: str, sentence: str = "", hint: str = "", *, holds: bool = False) -> None:
        """Show one verdict in words that are ready to be read. `holds` shows the button that confirms a stop."""
        self._idle_code = None
        self._set(Words(panel, word, sentence, hint), holds=holds)

    def show_idle(self, code: str = "ui_idle", **values: object) -> None:
        """Nothing was scanned yet, or nothing can be: title and advice of `code`."""
        self._idle_code, self._idle_values = code, values
        self._say_idle()

    def release(self) -> None:
        """The stop was confirmed: the words stay, the button goes."""
        self._button.hide()
        self.updateGeometry()
        self._replan()

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        if self._idle_code is not None:
            self._say_idle()
        self.updateGeometry()
        self._replan()

    def sizeHint(self) -> QSize:
        return QSize(320, round(240 * (1 + (self._look.text_scale - 1) / 2)))

    def minimumSizeHint(self) -> QSize:
        """Always with room for the button, so that nothing moves under the hand when a stop comes."""
        high = round(168 * (1 + (self._look.text_scale - 1) * 0.3))
        return QSize(200, high + self._button.sizeHint().height() + GRID_PX)

    def paint_of(self) -> Paint:
        """Fill and ink in force; idle is a plain card."""
        colours = self._look.tokens.colours
        if self._said.panel is None:
            return Paint(colours.card, colours.ink, colours.card, colours.quiet_ink)
        return self._look.tokens.paint(tone_of(self._said.panel))

    def plan(self) -> Plan:
        """How the words lie in the present size."""
        if self._plan is None:
            self._plan = arrange(self._said, self._room(), self._look.text_scale)
        return self._plan

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint, plan = self.paint_of(), self.plan()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(paint.fill))
        painter.drawRoundedRect(QRectF(self.rect()), RADIUS_PX + 4, RADIUS_PX + 4)
        accent = self._look.tokens.colours.accent
        if self._said.panel is None:
            draw_shape(painter, None, plan.shape, accent.tint_ink, accent.tint)
        else:
            draw_shape(painter, self._said.panel, plan.shape, paint.on_fill, paint.fill)
        for block, left, top in plan.blocks:
            block.draw(painter, left, top, paint.on_fill)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._replan()

    def _set(self, words: Words, *, holds: bool) -> None:
        self._said = words
        if holds is self._button.isHidden():
            self._button.setVisible(holds)
            self.updateGeometry()
        name = " ".join(part for part in (words.word, words.sentence, words.hint) if part)
        self.setAccessibleName(name)
        self._replan()

    def _say_idle(self) -> None:
        code, lang = self._idle_code or "ui_idle", self._look.lang
        title = self._texts.title(code, lang, **self._idle_values)
        self._set(Words(None, title, "", self._texts.advice(code, lang, **self._idle_values)), holds=False)

    def _replan(self) -> None:
        high = self._button.sizeHint().height()
        pad = 2 * GRID_PX
        self._button.setGeometry(pad, self.height() - pad - high + 4, max(1, self.width() - 2 * pad), high)
        self._plan = None
        self.update()

    def _room(self) -> QRectF:
        pad = 2 * GRID_PX
        low = self._button.sizeHint().height() + GRID_PX if self.holding else 0
        return QRectF(self.rect()).adjusted(pad, pad, -pad, -pad - low)


def arrange(said: Words, room: QRectF, text_scale: float) -> Plan:
    """Find the largest sizes at which shape, word, sentence and hint fit the room, the shape beside or above. Pure."""
    beside_first = room.width() > room.height()
    grown = min(MOST_GROWN, max(1.0, min(room.width() / 420, room.height() / 260) / text_scale))
    plan = None
    for step in range(STEPS):
        part = 1 - step * 0.8 / STEPS
        for beside in (beside_first, not beside_first):
            plan = _arrange_at(said, room, text_scale * grown, part, beside=beside)
            if plan.fits:
                return plan
    if said.hint:  # far too small a room: better two parts whole than three cut; the hint stays in the name
        return arrange(replace(said, hint=""), room, text_scale)
    if text_scale > 1:  # and better smaller words than words that are cut
        return arrange(said, room, max(1.0, text_scale - SMALLER))
    assert plan is not None
    return plan


def _arrange_at(said: Words, room: QRectF, text_scale: float, part: float, *, beside: bool) -> Plan:
    gap = 2.0 * GRID_PX
    side = (
        min(room.height() * 0.6, room.width() * 0.26, MOST_SHAPE_PX)
        if beside
        else min(room.height() * 0.36, MOST_SHAPE_PX)
    )
    side *= 0.7 + 0.3 * part
    width = room.width() - (side + gap if beside else 0)
    blocks = _blocks(said, width, text_scale, part, centred=not beside)
    words_high = sum(block.height for block in blocks) + GRID_PX / 2 * (len(blocks) - 1)
    high = max(side, words_high) if beside else side + GRID_PX + words_high
    fits = (
        high <= room.height()
        and all(block.width <= width + 0.5 and not block.breaks_words for block in blocks)
        and blocks[0].lines == 1
    )
    left, top = room.left(), room.top() + (room.height() - high) / 2
    if beside:
        left += max(0.0, room.width() - side - gap - max(block.width for block in blocks)) / 2
        shape = QRectF(left, room.top() + (room.height() - side) / 2, side, side)
        left, top = left + side + gap, room.top() + (room.height() - words_high) / 2
    else:
        shape = QRectF(room.left() + (room.width() - side) / 2, top, side, side)
        top += side + GRID_PX
    placed = []
    for block in blocks:
        placed.append((block, left, top))
        top += block.height + GRID_PX / 2
    return Plan(tuple(placed), shape, fits)


def _blocks(said: Words, width: float, text_scale: float, part: float, *, centred: bool) -> list[Block]:
    """Word, sentence, hint; the word gives way sooner than what explains it."""
    align = Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignLeft
    idle = said.panel is None
    word = font_of(round((int(Size.HUGE) if idle else WORD_PX) * text_scale * part), bold=True)
    found = [lay_out(said.word, _in_one_line(said.word, word, int(width)), int(width), align=align)]
    slower = 0.4 + 0.6 * part
    for text, px, bold in ((said.sentence, SENTENCE_PX, True), (said.hint, HINT_PX, False)):
        if text:
            font = font_of(max(LEAST_PX, round(px * text_scale * slower)), bold=bold)
            found.append(_in_fewer_lines(text, font, int(width), align))
    return found


def _in_fewer_lines(text: str, font: QFont, width_px: int, align: Qt.AlignmentFlag) -> Block:
    """A little smaller, if that saves a line: no sentence ends with one lonely character."""
    full = lay_out(text, font, width_px, align=align)
    if full.lines == 1:
        return full
    smaller = QFont(font)
    smaller.setPixelSize(max(LEAST_PX, int(font.pixelSize() * 0.86)))
    tighter = lay_out(text, smaller, width_px, align=align)
    return tighter if tighter.lines < full.lines else full


def _in_one_line(word: str, font: QFont, width_px: int) -> QFont:
    """The word decides by itself how large it is; a long one must not make the sentence small."""
    wide = text_width(word, font)
    if wide <= width_px:
        return font
    return font_of(max(LEAST_PX, int(font.pixelSize() * width_px / wide)), bold=True)


class ConfirmButton(Button):
    """Confirms a stop: ink and fill of the stop the other way round, so that it is the one thing to press."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("ui_confirm_stop", kind=Kind.PRIMARY, parent=parent)

    def colours(self) -> tuple[QColor, QColor]:
        paint = self.tokens.paint(Tone.STOP)
        return QColor(paint.on_fill), QColor(paint.fill)

    def _height(self) -> int:
        return max(super()._height() + GRID_PX, line_height(self.font()) + 3 * GRID_PX)
