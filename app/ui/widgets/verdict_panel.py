"""The last scan, huge: colour and shape and word, readable at arm's length. It stays until the next. UI thread.

good = round tick on green, soft = the same, pale; attention = triangle on amber; stop = octagon on red, with a
button that confirms it. Everything is sized to the panel: 72 px at 200 % is two Chinese characters wide, so the
word is made to fit, together with the sentence and the hint under it.
"""

from __future__ import annotations

from dataclasses import dataclass

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
STEPS = 24


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
        high = round(168 * (1 + (self._look.text_scale - 1) / 2))
        return QSize(200, high + (self._button.sizeHint().height() + GRID_PX if self.holding else 0))

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
        self._button.setVisible(holds)
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
    """Find the largest sizes at which shape, word, sentence and hint fit the room. Pure.

    A narrow room has the shape above the word, a wide and low one beside it.
    """
    beside = room.width() > 1.6 * room.height()
    plan = None
    for step in range(STEPS):
        plan = _arrange_at(said, room, text_scale, 1 - step * 0.75 / STEPS, beside=beside)
        if plan.fits:
            break
    assert plan is not None
    return plan


def _arrange_at(said: Words, room: QRectF, text_scale: float, part: float, *, beside: bool) -> Plan:
    air = 1.0 if text_scale < 1.5 else 0.75
    side = min(room.height() * (0.62 if beside else 0.4), 168.0, room.width() * 0.32) * (0.5 + part / 2) * air
    gap = 2.0 * GRID_PX
    width = room.width() - (side + 1.5 * gap if beside else 0)
    blocks = _blocks(said, width, text_scale, part, centred=not beside)
    spaces = [GRID_PX / 2 if i else 0.0 for i in range(len(blocks))]
    words_high = sum(block.height for block in blocks) + sum(spaces)
    high = max(side, words_high) if beside else side + GRID_PX + words_high
    fits = (
        high <= room.height()
        and all(block.width <= width + 0.5 for block in blocks)
        and (not blocks or (blocks[0].lines == 1 and not any(block.breaks_words for block in blocks)))
    )
    top = room.top() + (room.height() - high) / 2
    left = room.left()
    if beside:
        widest = max((block.width for block in blocks), default=0)
        left += (room.width() - side - 1.5 * gap - widest) / 2
        shape = QRectF(left, room.top() + (room.height() - side) / 2, side, side)
        left += side + 1.5 * gap
        top = room.top() + (room.height() - words_high) / 2
    else:
        shape = QRectF(room.left() + (room.width() - side) / 2, top, side, side)
        top += side + GRID_PX
    placed = []
    for block, space in zip(blocks, spaces, strict=True):
        top += space
        placed.append((block, left, top))
        top += block.height
    return Plan(tuple(placed), shape, fits)


def _blocks(said: Words, width: float, text_scale: float, part: float, *, centred: bool) -> list[Block]:
    align = Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignLeft
    found = []
    for text, px, bold in ((said.word, WORD_PX, True), (said.sentence, SENTENCE_PX, True), (said.hint, HINT_PX, False)):
        if not text:
            continue
        full_px = int(Size.HUGE) if said.panel is None and bold else px
        fitted = font_of(max(LEAST_PX, round(full_px * text_scale * part)), bold=bold)
        if text is said.word:
            fitted = _in_one_line(text, fitted, int(width))
        found.append(lay_out(text, fitted, int(width), align=align))
    return found


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
