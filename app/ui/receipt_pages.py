"""Pages of a receipt: blocks of text and tables are measured, put on pages, and drawn. Any one thread.

All lengths are millimetres; a block never breaks, a table breaks between its rows and begins anew under its heading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPagedPaintDevice, QPainter, QPen, QTextLayout, QTextOption

from app.ui.symbol_picture import INK
from app.ui.theme import FONT_FAMILY

WIDTH, HEIGHT = 186.0, 262.0  # of A4 without the margins and the foot
FOOT_MM = 11.0
MARGIN_MM = 12.0
_PAD = 1.0
_RULE = QColor("#9AA5B1")
_SHADE = QColor("#EEF2F6")
_RULE_MM = 0.15


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers stand on the right."""

    title: str
    width: float
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Something of a height; `draw` gets its top. `heading` is drawn again where a page begins with this block."""

    height: float
    draw: Callable[[QPainter, float], None]
    heading: Block | None = None


class Ink:
    """Writes and measures text for one paper device."""

    def __init__(self, device: QPagedPaintDevice) -> None:
        self._device = device
        self.per_mm = device.logicalDpiX() / 25.4

    def text(self, text: str, width: float, size: float, *, bold: bool = False, right: bool = False) -> QTextLayout:
        """Text broken to a width, between words or, where it must be, anywhere."""
        font = QFont(FONT_FAMILY)
        font.setPixelSize(max(1, round(size * self.per_mm)))
        font.setBold(bold)
        font.setFeature(QFont.Tag("locl"), 0)  # its other digits have no sign of their own: a PDF could not be searched
        layout = QTextLayout(text.replace("\n", " "), font, self._device)
        option = QTextOption(Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.beginLayout()
        top = 0.0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width * self.per_mm)
            line.setPosition(QPointF(0, top))
            top += line.height()
        layout.endLayout()
        return layout

    def height(self, layout: QTextLayout) -> float:
        return layout.boundingRect().height() / self.per_mm

    def place(self, painter: QPainter, layout: QTextLayout, left: float, top: float) -> None:
        painter.setPen(INK)
        layout.draw(painter, QPointF(left * self.per_mm, top * self.per_mm))

    def box(self, left: float, top: float, width: float, height: float) -> QRectF:
        return QRectF(left * self.per_mm, top * self.per_mm, width * self.per_mm, height * self.per_mm)

    def rule(self) -> QPen:
        return QPen(_RULE, _RULE_MM * self.per_mm)


def paragraph(ink: Ink, text: str, size: float, *, bold: bool = False, after: float = 2.0) -> Block:
    """A text over the whole width."""
    layout = ink.text(text, WIDTH, size, bold=bold)
    return Block(ink.height(layout) + after, lambda painter, top: ink.place(painter, layout, 0, top))


def pairs(ink: Ink, found: Sequence[tuple[str, str]], size: float) -> list[Block]:
    """Labels and values, two beside each other."""
    half, label = WIDTH / 2, 28.0
    blocks = []
    for start in range(0, len(found), 2):
        parts = [
            (ink.text(name, label, size), ink.text(value, half - label - 4, size, bold=True))
            for name, value in found[start : start + 2]
        ]
        height = max(ink.height(part) for pair in parts for part in pair) + 1.2

        def draw(painter: QPainter, top: float, parts: list[tuple[QTextLayout, QTextLayout]] = parts) -> None:
            for number, (name, value) in enumerate(parts):
                ink.place(painter, name, number * half, top)
                ink.place(painter, value, number * half + label, top)

        blocks.append(Block(height, draw))
    return blocks


def table(
    ink: Ink, columns: Sequence[Column], rows: Sequence[Sequence[str]], size: float, heading_size: float
) -> list[Block]:
    """A heading and rows, each row a block."""
    heading = _row(ink, columns, [column.title for column in columns], heading_size, shaded=True)
    blocks = [_row(ink, columns, row, size) for row in rows]
    return [heading, *(Block(block.height, block.draw, heading) for block in blocks)]


def sum_row(ink: Ink, columns: Sequence[Column], row: Sequence[str], size: float) -> Block:
    """The last row of a table."""
    return _row(ink, columns, row, size, shaded=True)


def gap(height: float) -> Block:
    return Block(height, lambda _painter, _top: None)


def signatures(ink: Ink, names: Sequence[str], date: str, size: float) -> Block:
    """Lines to sign on, two beside each other, never torn apart."""
    half, step = WIDTH / 2, 17.0
    layouts = [(ink.text(name, 26.0, size), ink.text(date, 14.0, size)) for name in names]

    def draw(painter: QPainter, top: float) -> None:
        painter.setPen(ink.rule())
        for number in range(len(layouts)):
            left, base = number % 2 * half, (top + number // 2 * step + 12) * ink.per_mm
            for begin, end in ((26.0, 56.0), (66.0, half - 4)):
                painter.drawLine(QPointF((left + begin) * ink.per_mm, base), QPointF((left + end) * ink.per_mm, base))
        for number, (name, day) in enumerate(layouts):
            left, line = number % 2 * half, top + number // 2 * step + 7.5
            ink.place(painter, name, left, line)
            ink.place(painter, day, left + 57.0, line)

    return Block(step * ((len(names) + 1) // 2) + 2, draw)


def pages_of(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks on pages. A page that begins inside a table begins with its heading."""
    pages: list[list[Block]] = [[]]
    used = 0.0
    for number, block in enumerate(blocks):
        follower = blocks[number + 1] if number + 1 < len(blocks) else None
        with_it = follower.height if follower and follower.heading is block else 0.0  # no heading alone at the foot
        if pages[-1] and used + block.height + with_it > HEIGHT:
            pages.append([block.heading] if block.heading else [])
            used = block.heading.height if block.heading else 0.0
        pages[-1].append(block)
        used += block.height
    return pages


def draw_pages(
    device: QPagedPaintDevice, ink: Ink, pages: Sequence[Sequence[Block]], foot: Callable[[int], tuple[str, str]]
) -> bool:
    """Draw them all; `foot` says what stands below a page on the left and on the right. False: the device refused."""
    painter = QPainter()
    if not painter.begin(device):
        return False
    try:
        for number, blocks in enumerate(pages):
            if number and not device.newPage():
                return False
            top = 0.0
            for block in blocks:
                block.draw(painter, top)
                top += block.height
            left, right = foot(number + 1)
            base = HEIGHT + FOOT_MM - 5.0
            painter.setPen(ink.rule())
            painter.drawLine(QPointF(0, (base - 1) * ink.per_mm), QPointF(WIDTH * ink.per_mm, (base - 1) * ink.per_mm))
            ink.place(painter, ink.text(left, WIDTH - 44, 2.8), 0, base)
            ink.place(painter, ink.text(right, 44, 2.8, right=True), WIDTH - 44, base)
    finally:
        ended = painter.end()
    return ended


def _row(ink: Ink, columns: Sequence[Column], row: Sequence[str], size: float, *, shaded: bool = False) -> Block:
    layouts = [
        ink.text(cell, column.width - 2 * _PAD, size, bold=shaded, right=column.is_number)
        for column, cell in zip(columns, row, strict=True)
    ]
    height = max(ink.height(layout) for layout in layouts) + 2 * _PAD

    def draw(painter: QPainter, top: float) -> None:
        painter.setPen(ink.rule())
        left = 0.0
        for column in columns:
            box = ink.box(left, top, column.width, height)
            if shaded:
                painter.fillRect(box, _SHADE)
            painter.drawRect(box)
            left += column.width
        left = 0.0
        for column, layout in zip(columns, layouts, strict=True):
            ink.place(painter, layout, left + _PAD, top + _PAD)
            left += column.width

    return Block(height, draw)
