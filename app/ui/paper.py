"""Paper: the scanner doctor's sheet as a PDF of one page. Main thread, with or without a window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRectF, Qt
from PySide6.QtGui import QFont, QGuiApplication, QPageLayout, QPageSize, QPainter, QPdfWriter

from app.base.texts import Texts
from app.ui.fonts import load_fonts
from app.ui.symbol_picture import INK, draw_symbol, symbol_of
from app.ui.theme import FONT_FAMILY
from devices.sheet import SheetCode

_DPI = 600
_MM = _DPI / 25.4
_MARGIN_MM = 15.0
_BAR_MM = 0.33  # width of a module: a scanner at arm's length reads it, a plain printer prints it
_BAR_HEIGHT_MM = 18.0
_DOT_MM = 0.9
_TITLE_MM, _TEXT_MM = 7.0, 3.8
_COLUMNS_MM = (0.0, 122.0)
_TOP_MM, _ROW_MM = 32.0, 62.0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a code stands on the page, in millimetres from the margins."""

    left: float
    top: float


class Paper:
    """Draws pages. Makes a Qt of its own where no window runs."""

    def __init__(self) -> None:
        self._qt = QGuiApplication.instance() or QGuiApplication(["matou", "-platform", "offscreen"])
        load_fonts()
        self._texts = Texts.load()

    def write_sheet(self, path: Path, codes: tuple[SheetCode, ...], lang: str) -> None:
        """Write the page; OSError where the file cannot be written, and then nothing of it is left half done."""
        page = QBuffer()
        page.open(QIODevice.OpenModeFlag.WriteOnly)
        self._draw(page, codes, lang)
        path.write_bytes(page.data().data())

    def _draw(self, page: QBuffer, codes: tuple[SheetCode, ...], lang: str) -> None:
        writer = QPdfWriter(page)
        writer.setTitle(self._texts.title("doctor_sheet_title", lang))
        writer.setResolution(_DPI)
        margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
        writer.setPageLayout(
            QPageLayout(
                QPageSize(QPageSize.PageSizeId.A4),
                QPageLayout.Orientation.Portrait,
                margins,
                QPageLayout.Unit.Millimeter,
            )
        )
        painter = QPainter(writer)
        try:
            self._write(painter, _Place(0, 0), _TITLE_MM, self._texts.title("doctor_sheet_title", lang), bold=True)
            self._write(painter, _Place(0, 13), _TEXT_MM, self._texts.advice("doctor_sheet_title", lang))
            for number, code in enumerate(codes):
                row, column = divmod(number, len(_COLUMNS_MM))
                self._code(painter, code, _Place(_COLUMNS_MM[column], _TOP_MM + row * _ROW_MM), lang)
        finally:
            painter.end()

    def _code(self, painter: QPainter, code: SheetCode, place: _Place, lang: str) -> None:
        symbol = symbol_of(code)
        module = _DOT_MM if symbol.is_matrix else _BAR_MM
        height = symbol.rows * _DOT_MM if symbol.is_matrix else _BAR_HEIGHT_MM
        self._write(painter, place, _TEXT_MM, self._texts.title(f"doctor_code_{code.key}", lang), bold=True)
        room = QRectF(
            (place.left + symbol.quiet * module) * _MM,
            (place.top + 9) * _MM,
            symbol.columns * module * _MM,
            height * _MM,
        )
        draw_symbol(painter, symbol, room)

    def _write(self, painter: QPainter, place: _Place, size_mm: float, text: str, *, bold: bool = False) -> None:
        font = QFont(FONT_FAMILY)
        font.setPixelSize(round(size_mm * _MM))
        font.setBold(bold)
        painter.setFont(font)
        painter.setPen(INK)
        room = QRectF(place.left * _MM, place.top * _MM, 180 * _MM, 2 * size_mm * _MM)
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, text)
