"""Taking in a relation file (关联关系文件): what lies on the stick, how far it is, what came of it. UI thread."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout

from app.base.texts import Texts
from app.flows.relation_words import report_words
from app.ui.file_import import ImportView
from app.ui.icons import Icon
from app.ui.screens.file_places import SUFFIX, FileFinder, FoundFile
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import Button, IconButton, Kind, PlainButton, PrimaryButton
from app.ui.widgets.cards import Card, Page
from app.ui.widgets.fitting import Label
from app.ui.widgets.progress import LineProgress
from app.ui.widgets.rows import Row, RowList

FILES_SEEN = 5  # at once; the others are scrolled to
STATE_TONES = {"taken_in": Tone.GOOD, "already_here": Tone.GOOD, "cancelled": Tone.INK}
MEGA = 1_000_000
MOST_SIGNS = 24


class ImportPage(Page):
    """Three cards, one at a time: choose, under way, what came of it. `wanted` gives the path of a file."""

    wanted = Signal(str)
    cancelled = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._look, self._texts = Look(), Texts({})
        self._files: tuple[FoundFile, ...] = ()
        self._view: ImportView | None = None
        self.finder = FileFinder(self)
        self.finder.found.connect(self.draw_files)
        self._back = IconButton("import_back", Icon.BACK)
        self._title = Label("import_open", size=Size.TITLE, bold=True)
        self._choose, self._work, self._report = Card(), Card(), Card()
        self.files = RowList("import_files", title_lines=2)
        self.nothing = Label("import_nothing", tone=Tone.QUIET, part="line")
        self.again = PlainButton("import_again", icon=Icon.RETRY)
        self.browse = PlainButton("import_browse", icon=Icon.DOCUMENT)
        self.name, self.phase = Label(bold=True), Label(tone=Tone.QUIET)
        self.progress = LineProgress()
        self.stop = Button("import_stop", kind=Kind.PLAIN, icon=Icon.CLOSE)
        self.result = Label(size=Size.TITLE, bold=True)
        self.more = PrimaryButton("import_more", icon=Icon.DOCUMENT)
        self._sentences: list[Label] = []
        self._lay_out()
        self._join()
        self._show()

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is said of the last file, the result first."""
        return tuple(label.text() for label in (self.result, *self._sentences))

    def open(self) -> None:
        """Look for files, unless one is under way or has just ended."""
        if self._view is None:
            self.finder.look()
        self.take_keys()

    def take_keys(self) -> None:
        """The keys are where one goes on."""
        if self._view is None:
            (self.files if self._files else self.browse).setFocus()
        else:
            (self.more if self._view.over else self.stop).setFocus()

    def draw_files(self, files: Sequence[FoundFile]) -> None:
        """What was found."""
        had_none = not self._files
        self._files = tuple(files)
        self._show_files()
        if had_none and self._files and self._view is None and self.isVisible():
            self.take_keys()

    def draw(self, view: ImportView) -> None:
        """How far the file is, or what came of it."""
        moved = self._view is None or view.over != self._view.over
        self._view = view
        self._show()
        if moved and self.isVisible():
            self.take_keys()

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self._show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(event)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID_PX)
        head.addWidget(self._back)
        head.addWidget(self._title, 1, Qt.AlignmentFlag.AlignVCenter)
        self.add(head)
        for card, parts in (
            (self._choose, (self.files, self.nothing, self.again, self.browse)),
            (self._work, (self.name, self.phase, self.progress, self.stop)),
            (self._report, (self.result,)),
        ):
            for part in parts:
                card.add(part)
            self.add(card)
        self.add(self.more)
        self.add_stretch()

    def _join(self) -> None:
        self._back.clicked.connect(self.left)
        self.files.chosen.connect(lambda key: self.wanted.emit(str(self._files[int(key)].path)))
        self.again.clicked.connect(self.finder.look)
        self.browse.clicked.connect(self._browse)
        self.stop.clicked.connect(self.cancelled)
        self.more.clicked.connect(self._once_more)

    def _show(self) -> None:
        view = self._view
        self._choose.setVisible(view is None)
        self._work.setVisible(view is not None and not view.over)
        self._report.setVisible(view is not None and view.over)
        self.more.setVisible(view is not None and view.over)
        if view is None:
            self._show_files()
        elif view.over:
            self._show_report(view)
        else:
            self.name.show_text(view.file)
            self.phase.say(f"import_phase_{view.phase}")
            self.progress.set_counts(view.percent, 0, 100)

    def _show_files(self) -> None:
        self.files.setVisible(bool(self._files))
        self.nothing.setVisible(not self._files)
        self.files.set_rows([self._row(place, file) for place, file in enumerate(self._files)])
        self.files.setFixedHeight(self.files.height_for(max(1, min(FILES_SEEN, len(self._files)))))

    def _row(self, place: int, file: FoundFile) -> Row:
        size = f"{file.size_bytes / MEGA:.1f} MB" if file.size_bytes >= MEGA else f"{-(-file.size_bytes // 1000)} kB"
        changed = dt.datetime.fromtimestamp(file.changed_ms / 1000, dt.UTC).astimezone()
        detail = f"{changed:%m-%d %H:%M} · {size} · {file.place}"
        name = file.path.name
        if len(name) > MOST_SIGNS:  # its ends tell most
            name = f"{name[: MOST_SIGNS // 2]}…{name[-MOST_SIGNS // 2 :]}"
        return Row(str(place), name, detail, icon=Icon.DOCUMENT)

    def _show_report(self, view: ImportView) -> None:
        for label in self._sentences:
            label.hide()
            label.deleteLater()
        self._sentences = []
        tone, words = self._words_of(view)
        self.result.set_tone(tone)
        self.result.show_text(words[0])
        for sentence in words[1:]:
            label = Label()
            label.show_text(sentence)
            self._report.add(label)
            self._sentences.append(label)
        theme_tree(self._report, self._look, self._texts)

    def _words_of(self, view: ImportView) -> tuple[Tone, list[str]]:
        lang = self._look.lang
        if view.report is None:
            code = view.trouble or ""
            title = self._texts.title(code, lang, **view.values)
            return Tone.ATTENTION, [title, self._texts.advice(code, lang, **view.values)]
        tone = STATE_TONES.get(view.report.state, Tone.ATTENTION)
        return tone, list(report_words(view.report, self._texts, lang))

    def _browse(self) -> None:
        title = self._texts.title("import_browse", self._look.lang)
        kinds = self._texts.title("import_kind", self._look.lang)
        dialog = QFileDialog(self, title, "", f"{kinds} (*{SUFFIX} *{SUFFIX.upper()});;* (*)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.wanted)
        dialog.open()

    def _once_more(self) -> None:
        self._view = None
        self._show()
        self.open()
