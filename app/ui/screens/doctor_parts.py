"""Parts of the doctor's page: a code on the screen, a line of the checklist, a setting and its cure. UI thread."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.base.texts import Texts
from app.flows.doctor import CodeRow, Cure
from app.ui.icons import Icon
from app.ui.symbol_picture import PAPER, Symbol, draw_symbol, module_in, symbol_of
from app.ui.theme import GRID_PX, RADIUS_PX, Size, Tone
from app.ui.widgets.buttons import Button, Kind
from app.ui.widgets.cards import Badge, Card, IconMark
from app.ui.widgets.fitting import Label
from devices.sheet import BY_KEY

_SMALLEST = QSize(240, 208)
_BAR_HEIGHT = 60.0  # in modules
_STATES: Mapping[str, tuple[Icon, Tone]] = {
    "waiting": (Icon.WAITING, Tone.QUIET),
    "good": (Icon.GOOD, Tone.GOOD),
    "wrong": (Icon.ATTENTION, Tone.ATTENTION),
    "missing": (Icon.STOP, Tone.STOP),
}


class SymbolView(QWidget):
    """One code of the sheet as large as it fits, whole pixels per module, dark on white by day and night."""

    fitted = Signal(bool)
    """Whether the present code can be drawn at all: a pixel per module, and its empty space."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._symbol: Symbol | None = None
        self.key = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_code(self, key: str) -> None:
        if key != self.key:
            self.key, self._symbol = key, symbol_of(BY_KEY[key])
            self.setAccessibleName(BY_KEY[key].content)
            self.fitted.emit(self._module() > 0)
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fitted.emit(self._module() > 0)

    def sizeHint(self) -> QSize:
        return _SMALLEST

    def minimumSizeHint(self) -> QSize:
        return _SMALLEST

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(PAPER)
        painter.drawRoundedRect(QRectF(self.rect()), RADIUS_PX, RADIUS_PX)
        symbol, module, ratio = self._symbol, self._module(), self.devicePixelRatioF()
        if symbol is None or module == 0:
            return
        high = symbol.rows * module if symbol.is_matrix else self.height() - 4 * GRID_PX
        wide = symbol.columns * module
        left, top = int((self.width() - wide) / 2 * ratio) / ratio, int((self.height() - high) / 2 * ratio) / ratio
        draw_symbol(painter, symbol, QRectF(left, top, wide, high))

    def _module(self) -> float:
        """Whole pixels of this screen, in Qt's measure; 0 where not even one fits."""
        if self._symbol is None:
            return 1.0
        ratio = self.devicePixelRatioF()
        return int(module_in(self._symbol, QRectF(self.rect()), bar_height=_BAR_HEIGHT) * ratio) / ratio


class CodeButton(Button):
    """A line of the checklist; pressed, its code is shown."""

    def __init__(self, row: CodeRow, parent: QWidget | None = None) -> None:
        super().__init__(f"doctor_code_{row.key}", kind=Kind.QUIET, icon=_STATES[row.state][0], parent=parent)


class CodeLine(QWidget):
    """A code, and what became of it."""

    def __init__(self, row: CodeRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        tone = _STATES[row.state][1]
        self.key = row.key
        self.button = CodeButton(row)
        self.state = Badge(f"doctor_row_{row.state}", tone=tone)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(GRID_PX)
        line.addWidget(self.button, 1, Qt.AlignmentFlag.AlignLeft)
        line.addWidget(self.state)


class CureCard(Card):
    """One wrong setting: what is wrong, what to do, and what the maker calls it."""

    def __init__(self, number: int, cure: Cure, texts: Texts, lang: str, parent: QWidget | None = None) -> None:
        super().__init__(tone=Tone.ATTENTION, parent=parent)
        detail = detail_of(cure.detail, texts, lang)
        self.title, advice = Label(bold=True), Label()
        self.title.show_text(f"{number}. {texts.title(cure.code, lang, detail=detail)}")
        advice.show_text(texts.advice(cure.code, lang, detail=detail))
        self.add(self.title)
        self.add(advice)
        if cure.hint is not None:
            hint = Label(tone=Tone.ATTENTION, size=Size.SMALL)
            hint.show_text(texts.title(cure.hint, lang))
            self.add(hint)


class VisitHead(Card):
    """How the visit stands, in a word and a sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.mark = IconMark(Icon.SCAN)
        self.title = Label("doctor_waiting", size=Size.TITLE, bold=True, middle=True)
        self.advice = Label("doctor_waiting", part="advice", tone=Tone.QUIET)
        line = QHBoxLayout()
        line.setSpacing(GRID_PX + GRID_PX // 2)
        line.addWidget(self.mark)
        line.addWidget(self.title, 1)
        self.add(line)
        self.add(self.advice)

    def draw(self, code: str, icon: Icon, tone: Tone, **values: object) -> None:
        self.mark.set_icon(icon, tone)
        for label in (self.title, self.advice):
            label.say(code, **values)


def detail_of(detail: str, texts: Texts, lang: str) -> str:
    """A symbology or a kind by its name; anything else as it arrived."""
    named = next((code for code in (f"symbology_{detail}", f"kind_{detail}") if texts.has(code)), None)
    return detail if named is None else texts.title(named, lang)
