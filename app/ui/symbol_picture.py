"""Codes as pictures: dark modules as rectangles, sharp at any size, on paper and on the screen. UI thread."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from devices.sheet import SheetCode, Symbology

_FORMATS = {
    Symbology.CODE_128: "Code128",
    Symbology.GS1_128: "Code128",
    Symbology.GS1_DATAMATRIX: "DataMatrix",
    Symbology.QR: "QRCode",
    Symbology.EAN_13: "EAN13",
}
_GS1 = (Symbology.GS1_128, Symbology.GS1_DATAMATRIX)
_QUIET = {False: 10, True: 4}  # modules of empty space around bars, and around a matrix
PAPER = QColor(Qt.GlobalColor.white)  # codes are dark on light in any colour scheme
INK = QColor(Qt.GlobalColor.black)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A code as dark runs: column, row, length; bars have one row."""

    columns: int
    rows: int
    runs: tuple[tuple[int, int, int], ...]

    @property
    def is_matrix(self) -> bool:
        return self.rows > 1

    @property
    def quiet(self) -> int:
        """Modules of empty space that belong to it on each side."""
        return _QUIET[self.is_matrix]


def symbol_of(code: SheetCode) -> Symbol:
    """The picture of one code of the sheet."""
    zxing = importlib.import_module("zxingcpp")  # the first paint does not wait for it
    options: dict[str, bool] = {"gs1": True} if code.symbology in _GS1 else {}
    if code.symbology is Symbology.GS1_DATAMATRIX:
        options["force_square"] = True  # else a long rectangle that many scanners do not know
    made = zxing.create_barcode(code.content, getattr(zxing.BarcodeFormat, _FORMATS[code.symbology]), **options)
    pixels = memoryview(made.to_image(scale=1, add_quiet_zones=False))
    rows, columns = pixels.shape or (0, 0)
    if code.symbology not in (Symbology.GS1_DATAMATRIX, Symbology.QR):
        rows = 1
    dark = [[pixels[row, column] < 128 for column in range(columns)] for row in range(rows)]
    return Symbol(columns, rows, tuple(run for row, line in enumerate(dark) for run in _runs(row, line)))


def module_in(symbol: Symbol, room: QRectF, *, bar_height: float) -> float:
    """The side of a module that fits into the room with its empty space; bars may be `bar_height` modules high."""
    height = symbol.rows if symbol.is_matrix else bar_height
    return min(room.width() / (symbol.columns + 2 * symbol.quiet), room.height() / (height + 2 * symbol.quiet))


def draw_symbol(painter: QPainter, symbol: Symbol, at: QRectF) -> None:
    """Fill exactly this rectangle, empty space not included."""
    wide, high = at.width() / symbol.columns, at.height() / symbol.rows
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(INK)
    for column, row, length in symbol.runs:
        painter.drawRect(QRectF(at.x() + column * wide, at.y() + row * high, length * wide, high))


def _runs(row: int, line: list[bool]) -> Iterator[tuple[int, int, int]]:
    begin = None
    for column, is_dark in enumerate([*line, False]):
        if is_dark and begin is None:
            begin = column
        elif not is_dark and begin is not None:
            yield begin, row, column - begin
            begin = None
