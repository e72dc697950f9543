"""What can be made of a closed receipt: a PDF, a table, a page on the printer; and what became of it. UI thread.

A file goes into the download folder under the receipt's number; an older one of that name is replaced once the new one
is whole.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.base.errors import Trouble
from app.base.texts import Texts
from app.flows.receipt_document import ReceiptDocument, ReceiptPaper
from app.ui.drawing import Drawing
from app.ui.icons import Icon
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.widgets.buttons import PlainButton
from app.ui.widgets.fitting import Label

KINDS = ("pdf", "print", "xlsx")
Said = tuple[Tone, str, dict[str, object]]


def downloads() -> Path:
    """Where people look for a file that a program has saved."""
    found = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation)
    return Path(found) if found else Path.home()


def file_name(receipt: str, kind: str) -> str:
    """A receipt's number may hold signs that no file name may."""
    plain = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in receipt)
    return f"{plain}.{kind}"


class ReceiptButtons(QWidget):
    """Three buttons and one sentence."""

    wished = Signal(str, str, object)
    """(receipt, one of KINDS, (folder, language)): as `Conductor.accept` takes it."""

    def __init__(self, *, folder: Callable[[], Path] = downloads, paper: Callable[[], ReceiptPaper] | None = None):
        super().__init__()
        self._look, self._texts = Look(), Texts({})
        self._receipt, self._waits = "", ""
        self._folder, self._paper = folder, paper or _receipt_paper
        self._said: Said | None = None
        self._drawing = Drawing()
        self.buttons = {kind: PlainButton(f"paper_{kind}", icon=Icon.DOCUMENT) for kind in KINDS}
        self.answer = Label(size=Size.SMALL)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._box.setSpacing(GRID_PX)
        for kind, button in self.buttons.items():
            button.clicked.connect(lambda _=False, kind=kind: self._wish(kind))
            self._box.addWidget(button, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX // 2)
        rows.addLayout(self._box)
        rows.addWidget(self.answer)
        self.answer.hide()

    @property
    def receipt(self) -> str:
        """Of which receipt."""
        return self._receipt

    def show_receipt(self, receipt: str) -> None:
        """The buttons are about this one from now on."""
        if receipt != self._receipt:
            self._receipt, self._waits, self._said = receipt, "", None
            self._say()

    def take(self, receipt: str, kind: str, made: object) -> None:
        """The document to put on paper, or the file that was written. What nobody here asked for is another's.

        Paper is drawn beside the window, which says so meanwhile.
        """
        if (receipt, kind) != (self._receipt, self._waits):
            return
        if not isinstance(made, ReceiptDocument):
            self._tell(receipt, kind, (Tone.GOOD, "paper_saved", {"file": made}))
            return
        paper, lang, path = self._paper(), self._look.lang, self._folder() / file_name(receipt, kind)
        self._said = (Tone.QUIET, "paper_drawing", {})
        self._say()
        self._drawing.run(
            lambda: _drawn(paper, made, kind, path, lang), lambda said: self._tell(receipt, kind, said)
        )  # fmt: skip

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self._arrange()
        self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Under each other where their words would not fit beside each other."""
        needed = max(button.sizeHint().width() for button in self.buttons.values()) * len(KINDS)
        needed += self._box.spacing() * (len(KINDS) - 1)
        beside, below = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        wanted = beside if self.width() >= needed else below
        if self._box.direction() != wanted:
            self._box.setDirection(wanted)

    def _wish(self, kind: str) -> None:
        self._waits, self._said = kind, None
        self._say()
        self.wished.emit(self._receipt, kind, (str(self._folder()), self._look.lang))

    def _tell(self, receipt: str, kind: str, said: Said | Trouble) -> None:
        """What became of it, if it is still waited for."""
        if not isValid(self) or (receipt, kind) != (self._receipt, self._waits):
            return
        self._waits = ""
        self._said = (Tone.ATTENTION, said.code, dict(said.values)) if isinstance(said, Trouble) else said
        self._say()

    def _say(self) -> None:
        self.answer.setVisible(self._said is not None)
        if self._said is not None:
            tone, code, values = self._said
            self.answer.set_tone(tone)
            self.answer.show_text(self._texts.line(code, self._look.lang, **values))


def _drawn(paper: ReceiptPaper, document: ReceiptDocument, kind: str, path: Path, lang: str) -> Said:
    """On the drawing's thread. Raises Trouble: of the file, or of the printer."""
    if kind == "print":
        return Tone.GOOD, "paper_printed", {"pages": paper.print_receipt(document, None, lang)}
    paper.write_receipt(path, document, lang)
    return Tone.GOOD, "paper_saved", {"file": path}


def _receipt_paper() -> ReceiptPaper:
    from app.ui.receipt_paper import ReceiptPrinter  # noqa: PLC0415 - brings the printing system, only when asked for

    return ReceiptPrinter()
