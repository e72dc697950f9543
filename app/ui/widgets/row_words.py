"""A row's words laid out: a title that breaks where it reads well, a detail that leaves whole parts out. UI thread."""

from __future__ import annotations

from PySide6.QtGui import QFont

from app.ui.theme import SMALLEST_PX
from app.ui.widgets.fitting import Block, in_one_line, lay_out, line_height, shrink

PARTS = " · "  # between the parts of a detail
LEAST_SHARE = 0.7  # of its size, where a detail stops shrinking


def lay_out_title(text: str, font: QFont, width_px: int) -> Block:
    """A title that needs two lines is broken between its words, if that costs no further line."""
    block = lay_out(text, font, width_px)
    if block.lines == 1 or " " not in text:
        return block
    tidy = lay_out("\n".join(text.rsplit(" ", 1)), font, width_px)
    return tidy if tidy.lines <= block.lines and not tidy.breaks_words else block


def lay_out_detail(text: str, font: QFont, width_px: int, free_px: int) -> Block:
    """Whole in one line, or in two if the title left one over; else without its last parts, and an ellipsis for them.

    A part is never cut in its middle while another can go: what stands first tells most.
    """
    smallest = max(SMALLEST_PX, int(font.pixelSize() * LEAST_SHARE))
    parts = text.split(PARTS)
    for kept in range(len(parts), 0, -1):
        words = text if kept == len(parts) else PARTS.join(parts[:kept]) + " …"
        block = lay_out(words, shrink(words, font, width_px, line_height(font), smallest_px=smallest), width_px)
        if block.lines == 1:
            return block
        if kept == len(parts) and free_px >= line_height(font):
            block = lay_out(text, shrink(text, font, width_px, 2 * line_height(font), smallest_px=smallest), width_px)
            if block.lines == 2 and not block.breaks_words:
                return block
    return in_one_line(text, font, width_px, least_share=LEAST_SHARE)
