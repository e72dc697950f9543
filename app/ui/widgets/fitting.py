"""Text that wraps or shrinks rather than clips: layout of words in a given room, and the label made of it. UI thread.

Qt's own label never breaks a long code, and lets a word that is too wide run out of its place. Here a line is broken
between words, or inside one where nothing else helps, and `shrink` finds the largest size that fits.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app.base.texts import Texts
from app.ui.theme import LINE_HEIGHT, SMALLEST_PX, Look, Size, Tone, font_of

ENDLESS_PX = 100_000
KEPT_HEIGHTS = 16  # layouts ask for the same few widths again and again
PREFERRED_EM = 24  # a label that wraps asks for lines of at most so many Chinese characters


@dataclass(frozen=True, slots=True)
class Block:
    """Words laid out in lines: ready to be measured and drawn. Sizes in pixels."""

    layout: QTextLayout
    width: int  # of the widest line
    height: int
    lines: int
    breaks_words: bool  # a Latin word or a number had to be broken

    def draw(self, painter: QPainter, left: float, top: float, colour: QColor | str) -> None:
        painter.setPen(QColor(colour))
        self.layout.draw(painter, QPointF(left, top))


def lay_out(
    text: str,
    font: QFont,
    width_px: int,
    *,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> Block:
    """Break `text` into lines no wider than `width_px`; every character is in the block."""
    layout = QTextLayout(text.replace("\n", "\u2028"), font)
    option = QTextOption(align)
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    line_px = line_height(font)
    count, widest, broken = 0, 0.0, False
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(max(1, width_px))
        line.setPosition(QPointF(0, count * line_px + (line_px - line.height()) / 2))
        widest = max(widest, line.naturalTextWidth())
        broken = broken or _breaks_word(text, line.textStart() + line.textLength())
        count += 1
    layout.endLayout()
    return Block(layout, -int(-widest // 1), max(1, count) * line_px, max(1, count), broken)


def _breaks_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and all(sign.isascii() and sign.isalnum() for sign in text[at - 1 : at + 1])


def line_height(font: QFont) -> int:
    """Height of one line in pixels."""
    return round(font.pixelSize() * LINE_HEIGHT)


def text_width(text: str, font: QFont) -> int:
    """Width of the widest of the text's own lines, unbroken, in pixels."""
    metrics = QFontMetrics(font)
    return max(metrics.horizontalAdvance(line) for line in text.split("\n"))


def shrink(text: str, font: QFont, width_px: int, height_px: int, *, smallest_px: int = SMALLEST_PX) -> QFont:
    """The font, made smaller until the text fits the room in whole words; never under `smallest_px`."""
    largest = font.pixelSize()
    for size in range(largest, smallest_px - 1, -1 if largest < 2 * Size.BODY else -2):
        tried = QFont(font)
        tried.setPixelSize(size)
        block = lay_out(text, tried, width_px)
        if block.height <= height_px and block.width <= width_px and not block.breaks_words:
            return tried
    return font_of(min(largest, smallest_px), bold=font.weight() >= QFont.Weight.DemiBold)


def in_one_line(
    text: str,
    font: QFont,
    width_px: int,
    *,
    least_share: float = 0.6,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> Block:
    """One line, smaller if it must be; a code that is too long even so loses its middle, for its ends tell most.

    `least_share` of the size is where shrinking stops.
    """
    least_px = max(SMALLEST_PX, int(font.pixelSize() * least_share))
    fitted = shrink(text, font, width_px, line_height(font), smallest_px=least_px)
    block = lay_out(text, fitted, width_px, align=align)
    if block.lines == 1:
        return block
    shorter = QFontMetrics(fitted).elidedText(text, Qt.TextElideMode.ElideMiddle, width_px - fitted.pixelSize() // 4)
    return lay_out(shorter, fitted, width_px, align=align)


class Fit(enum.Enum):
    """What a label does when its words are wider than its place."""

    WRAP = "wrap"  # more lines
    SHRINK = "shrink"  # one line, smaller


class Label(QLabel):
    """Words in a size and a tone: a code of the texts (`say`), which follows the language, or data (`show_text`)."""

    def __init__(
        self,
        code: str = "",
        *,
        size: Size = Size.BODY,
        tone: Tone = Tone.INK,
        bold: bool = False,
        fit: Fit = Fit.WRAP,
        part: str = "title",
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        middle: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """`part` is `title`, `advice` or `line` of the text `code`; `middle` is for a label beside something higher."""
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._code, self._values, self._part = code, dict[str, object](), part
        self._size, self._tone, self._bold, self._fit, self._align = size, tone, bold, fit, align
        self.middle = middle or fit is Fit.SHRINK
        self._heights: dict[tuple[str, int, int, int], int] = {}
        self._look, self._texts = Look(), Texts({})
        # a wrapping label may be higher than its hint, which knows nothing of the width that it will get
        upright = QSizePolicy.Policy.Minimum if fit is Fit.WRAP else QSizePolicy.Policy.Fixed
        self.setSizePolicy(QSizePolicy.Policy.Preferred, upright)
        self.setWordWrap(fit is Fit.WRAP)  # tells layouts to ask for the height that a width needs
        self.setFont(self._look.tokens.font(size, bold=bold))

    def say(self, code: str, **values: object) -> None:
        """Show the words of a text code; they follow the language."""
        self._code, self._values = code, values
        self._reword()

    def show_text(self, text: str) -> None:
        """Show data: a name, a number, a code."""
        self._code = ""
        if text != self.text():
            self.setText(text)

    def set_tone(self, tone: Tone) -> None:
        self._tone = tone
        self.update()

    @property
    def ink(self) -> QColor:
        """Colour of the words."""
        return self._look.tokens.ink(self._tone)

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self.setFont(look.tokens.font(self._size, bold=self._bold))
        self._reword()
        self.updateGeometry()
        self.update()

    def block(self) -> Block:
        """The words as they are drawn in the present room."""
        room = self.contentsRect()
        if self._fit is Fit.SHRINK:
            return in_one_line(self.text(), self.font(), room.width(), align=self._align)
        return lay_out(self.text(), self.font(), room.width(), align=self._align)

    def hasHeightForWidth(self) -> bool:
        return self._fit is Fit.WRAP

    def heightForWidth(self, width: int) -> int:
        margins = self.contentsMargins()
        room = width - margins.left() - margins.right()
        text, font = self.text(), self.font()
        key = (text, font.pixelSize(), font.weight(), room)
        if key not in self._heights:
            if len(self._heights) >= KEPT_HEIGHTS:
                self._heights.clear()
            self._heights[key] = lay_out(text, font, room).height
        return self._heights[key] + margins.top() + margins.bottom()

    def sizeHint(self) -> QSize:
        font = self.font()
        width = text_width(self.text(), font) + 1
        if self._fit is Fit.WRAP:
            width = min(width, PREFERRED_EM * font.pixelSize())
            return QSize(width, self.heightForWidth(width))
        return QSize(width, line_height(font))

    def minimumSizeHint(self) -> QSize:
        font = self.font()
        if self._fit is Fit.SHRINK:
            return QSize(min(text_width(self.text(), font_of(SMALLEST_PX)), 4 * font.pixelSize()), line_height(font))
        return QSize(min(text_width(self.text(), font) + 1, 4 * font.pixelSize()), line_height(font))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        room = QRectF(self.contentsRect())
        block = self.block()
        top = room.top() + max(0.0, (room.height() - block.height) / 2 if self.middle else 0.0)
        block.draw(painter, room.left(), top, self.ink)

    def _reword(self) -> None:
        if not self._code:
            return
        say = {"title": self._texts.title, "advice": self._texts.advice, "line": self._texts.line}[self._part]
        words = say(self._code, self._look.lang, **self._values)
        if words != self.text():
            self.setText(words)
            self.updateGeometry()
