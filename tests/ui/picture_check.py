"""The automatic picture check: what a careful eye would find wrong in a window, as a list of sentences. UI thread.

`check(widget)` looks at everything that is shown: words that do not fit their place or are cut, words over words,
characters without a glyph in the bundled font, too little contrast, parts too small for a thumb, parts without a
name. An empty list is a pass. The widget must be visible and laid out (events processed).

`look_over(widget, file)` takes the picture for eyes, too. Writing one costs as much as looking it over, so it is kept
only if something is wrong in it, or if all of them are asked for: MATOU_PICTURES=1. `telling(pictures)` leaves out
those that say what others say.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPalette, QRawFont
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QComboBox, QLabel, QLineEdit, QWidget

from app.ui.theme import TOUCH_PX
from app.ui.widgets.buttons import Button
from app.ui.widgets.cards import Badge
from app.ui.widgets.choices import Switch
from app.ui.widgets.fitting import Label
from app.ui.widgets.rows import ROW_ROLE, Row, RowList
from app.ui.widgets.verdict_panel import VerdictPanel

AA, AA_LARGE = 4.5, 3.0
LARGE_PX, LARGE_BOLD_PX = 24, 19
INVISIBLE = frozenset("\n\u2028\u200b")
SLACK_PX = 1
ALL_WANTED = bool(os.environ.get("MATOU_PICTURES"))
SAYS_THE_SAME = frozenset({("pocket", "dark"), ("pocket", "light_200"), ("desk", "light"), ("desk", "dark_200")})
"""A mode moves no word and a shape changes no colour. So each shape is seen at both text sizes, and each mode in both
shapes and at both sizes, but not every product of the three."""


@dataclass(frozen=True, slots=True)
class Said:
    """A part that shows words: where it is seen in the window, in which font, in which colour (None: unknown)."""

    part: QWidget
    text: str
    font: QFont
    seen: QRect
    ink: QColor | None


def look_over(widget: QWidget, file: Path) -> list[str]:
    """All that is wrong in the picture of `widget`, which is kept in `file` for eyes."""
    picture = widget.grab().toImage()
    problems = check(widget, picture)
    if problems or ALL_WANTED:
        file.parent.mkdir(parents=True, exist_ok=True)
        assert picture.save(str(file)), file
    else:
        file.unlink(missing_ok=True)  # an older one would tell of an older fault
    return problems


def telling(pictures: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """These pairs of a shape and a look, without those of which others say the same; all with MATOU_PICTURES=1."""
    return tuple(one for one in pictures if ALL_WANTED or one not in SAYS_THE_SAME)


def check(widget: QWidget, picture: QImage | None = None) -> list[str]:
    """All that is wrong in the picture of `widget`."""
    picture = picture or widget.grab().toImage()
    parts = list(shown_parts(widget))
    said = [one for part in parts if (one := words_of(part, widget)) is not None]
    problems = [problem for part in parts for problem in _fits(part)]
    problems += [problem for one in said for problem in _cut(one, widget)]
    problems += [problem for one in said for problem in missing_glyphs(one.text, one.font)]
    problems += [problem for one in said for problem in _contrast(one, picture)]
    problems += _overlaps(said)
    problems += [problem for part in parts for problem in (*_target(part), *_nameless(part))]
    return problems


def shown_parts(widget: QWidget) -> Iterator[QWidget]:
    """The widget and everything in it that can be seen at least in part."""
    for part in (widget, *cast("Iterable[QWidget]", widget.findChildren(QWidget))):
        if part.isVisibleTo(widget) and not seen_of(part, widget).isEmpty():
            yield part


def seen_of(part: QWidget, within: QWidget) -> QRect:
    """The part's place in the window, less what scrolling areas hide of it."""
    seen = QRect(part.mapTo(within, QPoint(0, 0)), part.size())
    above = part.parentWidget()
    while above is not None and part is not within:
        seen &= QRect(above.mapTo(within, QPoint(0, 0)), above.size())
        if above is within:
            break
        above = above.parentWidget()
    return seen


def words_of(part: QWidget, within: QWidget) -> Said | None:
    """What the part itself says, if it says something."""
    ink: QColor | None = None
    if isinstance(part, Label):
        text, ink = part.text(), part.ink
    elif isinstance(part, Button):
        text, ink = (part.text() if part.words()[0].width else ""), part.colours()[1]
    elif isinstance(part, Badge | Switch):
        text = part.text()
    elif isinstance(part, QLabel):
        text, ink = part.text(), part.palette().color(part.foregroundRole())
    elif isinstance(part, QAbstractButton):
        text = part.text()
    elif isinstance(part, QLineEdit):
        hint = not part.text()
        text = part.placeholderText() if hint else part.text()
        ink = part.palette().color(QPalette.ColorRole.PlaceholderText if hint else QPalette.ColorRole.Text)
    elif isinstance(part, VerdictPanel):
        text, ink = " ".join((part.said.word, part.said.sentence, part.said.hint)), QColor(part.paint_of().on_fill)
    else:
        return None
    return Said(part, text, part.font(), seen_of(part, within), ink) if text.strip() else None


def _fits(part: QWidget) -> Iterator[str]:
    """Words wider or higher than their place, by the widget's own measure where it has one."""
    if isinstance(part, Label):
        block, room = part.block(), part.contentsRect()
        if part.text() and (block.height > room.height() + SLACK_PX or block.width > room.width() + SLACK_PX):
            yield _told(part, f"words {block.width}×{block.height} in {room.width()}×{room.height()}")
        if block.layout.text() != part.text().replace("\n", "\u2028"):
            yield _told(part, "words are cut short")
    elif isinstance(part, Button):
        block, place = part.words()
        if block.width and (block.height > place.height() + SLACK_PX or block.width > place.width() + SLACK_PX):
            yield _told(part, f"words {block.width}×{block.height} in {place.width():.0f}×{place.height():.0f}")
    elif isinstance(part, VerdictPanel):
        if not part.plan().fits:
            yield _told(part, f"the verdict does not fit {part.width()}×{part.height()}")
    elif isinstance(part, RowList):
        yield from _rows_fit(part)
    elif isinstance(part, QLabel | QAbstractButton) and not isinstance(part, Badge | Switch):
        yield from _plain_fits(part)


def _plain_fits(part: QLabel | QAbstractButton) -> Iterator[str]:
    metrics, room, text = part.fontMetrics(), part.contentsRect(), part.text()
    wraps = isinstance(part, QLabel) and part.wordWrap()
    flags = int(Qt.TextFlag.TextWordWrap) if wraps else 0
    needed = metrics.boundingRect(QRect(0, 0, room.width() if wraps else 100_000, 100_000), flags, text)
    if text and (needed.width() > room.width() + SLACK_PX or needed.height() > room.height() + SLACK_PX):
        yield _told(part, f"words {needed.width()}×{needed.height()} in {room.width()}×{room.height()}")


def _rows_fit(part: RowList) -> Iterator[str]:
    model, width = part.model_of_rows, part.viewport().width() - 4
    for place in range(model.rowCount()):
        index = model.index(place, 0, QModelIndex())
        row = index.data(ROW_ROLE)
        if not isinstance(row, Row) or not part.visualRect(index).intersects(part.viewport().rect()):
            continue
        if not part.drawer.plan(row, width).fits:
            yield _told(part, f"row {row.title!r} does not fit")
        for text in (row.title, row.detail, row.value):
            yield from missing_glyphs(text, part.drawer.font_of_rows())


def _cut(one: Said, within: QWidget) -> Iterator[str]:
    """A part that reaches out of the one that holds it; scrolling up and down is no fault."""
    part, above = one.part, one.part.parentWidget()
    while above is not None and part is not within:
        scrolls = isinstance(above.parentWidget(), QAbstractScrollArea)
        place = QRect(one.part.mapTo(above, QPoint(0, 0)), one.part.size())
        sideways = place.left() < 0 or place.right() > above.width()
        upright = not scrolls and (place.top() < 0 or place.bottom() > above.height())
        if sideways or upright:
            yield _told(one.part, f"reaches out of {type(above).__name__}")
            return
        if above is within or scrolls:
            return
        above = above.parentWidget()


def missing_glyphs(text: str, font: QFont) -> Iterator[str]:
    """Characters that the font itself cannot show; no other font of this machine is counted on."""
    raw = QRawFont.fromFont(font)
    lacking = "".join(sorted({sign for sign in text if sign not in INVISIBLE and not raw.supportsCharacter(ord(sign))}))
    if lacking:
        yield f"no glyph for {lacking!r} in {font.family()}"


def _contrast(one: Said, picture: QImage) -> Iterator[str]:
    """Ink as the widget says it, ground as it is in the picture."""
    half_hidden = one.seen.width() * one.seen.height() * 2 < one.part.width() * one.part.height()
    if one.ink is None or half_hidden:
        return  # what cannot be used just now is read all the same
    ground = commonest(picture, one.seen)
    ink = over(one.ink, ground)
    size, bold = one.font.pixelSize(), one.font.weight() >= QFont.Weight.DemiBold
    least = AA_LARGE if size >= LARGE_PX or (bold and size >= LARGE_BOLD_PX) else AA
    ratio = contrast(ink, ground)
    if ratio < least:
        yield _told(one.part, f"contrast {ratio:.1f} of {ink.name()} on {ground.name()}")


def commonest(picture: QImage, place: QRect) -> QColor:
    """The colour that most of the place has."""
    ratio = picture.devicePixelRatio()
    counts: Counter[int] = Counter()
    for y in range(place.top(), place.bottom() + 1, max(1, -(-place.height() // 10))):
        for x in range(place.left(), place.right() + 1, max(1, -(-place.width() // 20))):
            counts[picture.pixel(int(x * ratio), int(y * ratio))] += 1
    return QColor.fromRgb(counts.most_common(1)[0][0])


def over(ink: QColor, ground: QColor) -> QColor:
    """What is seen of an ink that lets the ground through."""
    part = ink.alphaF()
    pairs = ((ink.redF(), ground.redF()), (ink.greenF(), ground.greenF()), (ink.blueF(), ground.blueF()))
    return QColor.fromRgbF(*(part * above + (1 - part) * below for above, below in pairs))


def contrast(one: QColor, other: QColor) -> float:
    """WCAG 2 contrast ratio."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _overlaps(said: list[Said]) -> Iterator[str]:
    for at, one in enumerate(said):
        for other in said[:at]:
            if one.part.isAncestorOf(other.part) or other.part.isAncestorOf(one.part):
                continue
            over = one.seen & other.seen
            if over.width() > SLACK_PX and over.height() > SLACK_PX:
                yield _told(one.part, f"lies over {other.text[:16]!r}")


def _target(part: QWidget) -> Iterator[str]:
    if not isinstance(part, QAbstractButton | QLineEdit | QComboBox) or not part.isEnabled():
        return
    if part.width() < TOUCH_PX or part.height() < TOUCH_PX:
        yield _told(part, f"target of {part.width()}×{part.height()}")


def _nameless(part: QWidget) -> Iterator[str]:
    pressed = isinstance(part, QAbstractButton | QLineEdit | QComboBox | RowList)
    if pressed and not part.accessibleName().strip():
        text = part.text() if isinstance(part, QAbstractButton) else ""
        if not text.strip():
            yield _told(part, "has no name for readers")


def _told(part: QWidget, problem: str) -> str:
    text = part.text() if isinstance(part, QLabel | QAbstractButton) else part.accessibleName()
    return f"{type(part).__name__} {text[:24]!r}: {problem}"
