"""关于: version, self-test, where the data lies, the last lines of the log, licences. UI thread."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from app import __version__
from app.base.texts import Texts
from app.ui.conductor import Conductor
from app.ui.icons import Icon
from app.ui.screens.installation import Check, Inspection, libraries, licence_files, place_of_data
from app.ui.screens.screen import Form, Screen
from app.ui.theme import COLUMN_PX, GRID_PX, Look, Size, Tone
from app.ui.widgets.buttons import PlainButton, PrimaryButton
from app.ui.widgets.cards import Card, IconMark, Page
from app.ui.widgets.choices import Choice
from app.ui.widgets.fitting import Label
from app.ui.widgets.rows import Row, RowList
from sync import SyncStatus

PARTS = ("product", "check", "log", "licences")
LOG_LINES = 200
CHECK_TONES = {"pass": Tone.GOOD, "attention": Tone.ATTENTION, "fail": Tone.STOP}
CHECK_ICONS = {"pass": Icon.GOOD, "attention": Icon.ATTENTION, "fail": Icon.STOP}


class AboutScreen(Screen):
    """Four parts behind one choice. `inspected` asks for the self-test."""

    name: ClassVar[str] = "about"
    icon: ClassVar[Icon] = Icon.ABOUT

    inspected = Signal()

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(look, texts, parent)
        self._checks: tuple[Check, ...] = ()
        self._running = False
        self.parts = Choice("about_parts", [(part, f"about_part_{part}") for part in PARTS])
        self.folder = Label()
        self.run = PrimaryButton("about_run", icon=Icon.TOOLS)
        self.summary = Label(bold=True)
        self.checks = RowList("about_part_check", details=True, title_lines=2)
        self.log = QPlainTextEdit()
        self.copy_log = PlainButton("about_copy", icon=Icon.COPY)
        self.licences = RowList("about_part_licences", details=True)
        self.licence = QPlainTextEdit()
        self.licence_back = PlainButton("about_licence_back", icon=Icon.BACK)
        self._build()
        self._connect()
        self.show_part("product")
        self.retheme(look, texts)

    def show_part(self, part: str) -> None:
        """One of PARTS."""
        self.parts.set_value(part)
        self._stack.setCurrentIndex(PARTS.index(part))
        if part == "log":
            self._show_log()
        if part == "licences" and not self.licences.rows:
            self._show_licences()

    @Slot(object)
    def draw(self, checks: Sequence[Check]) -> None:
        """The results of the self-test."""
        self._checks, self._running = tuple(checks), False
        self._show_checks()

    def set_running(self) -> None:
        """The self-test has begun."""
        self._running = True
        self._show_checks()

    def reword(self) -> None:
        self._show_checks()
        if self.licences.rows:
            self._show_licences()
        self._show_place()
        for edit, code in ((self.log, "about_part_log"), (self.licence, "about_part_licences")):
            edit.setAccessibleName(self.say(code))
            edit.setFont(self.look.tokens.font(Size.SMALL))

    def arrange(self, form: Form) -> None:
        side = 3 * GRID_PX if form is Form.DESK else 2 * GRID_PX
        self._outer.setContentsMargins(side, 2 * GRID_PX, side, 2 * GRID_PX)

    def opened(self) -> None:
        self._show_place()
        if self._stack.currentIndex() == PARTS.index("log"):
            self._show_log()

    def _build(self) -> None:
        self._stack = QStackedWidget()
        for part in (self._product_part(), self._check_part(), self._log_part(), self._licence_part()):
            self._stack.addWidget(part)
        whole = QWidget()
        whole.setMaximumWidth(COLUMN_PX)
        rows = QVBoxLayout(whole)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX + GRID_PX // 2)
        rows.addWidget(self.parts)
        rows.addWidget(self._stack, 1)
        self._outer = QHBoxLayout(self)
        self._outer.addStretch(1)
        self._outer.addWidget(whole, 1000)
        self._outer.addStretch(1)
        for edit in (self.log, self.licence):
            edit.setReadOnly(True)

    def _product_part(self) -> Page:
        page = Page()
        page.rows.setContentsMargins(0, 0, 0, 0)
        card = Card()
        head, words = QHBoxLayout(), QVBoxLayout()
        head.setSpacing(2 * GRID_PX)
        words.setSpacing(2)
        words.addWidget(Label("window_name", size=Size.TITLE, bold=True))
        words.addWidget(Label("window_name", part="advice", tone=Tone.QUIET))
        head.addWidget(IconMark(Icon.RECEIVE, grids=6), 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        card.add(head)
        version = Label()
        version.say("about_version", version=__version__, system=f"{platform.system()} {platform.machine()}")
        card.add(version)
        data = Card()
        data.add(Label("about_folder", size=Size.SMALL, tone=Tone.QUIET, bold=True))
        data.add(self.folder)
        data.add(Label("about_folder", size=Size.SMALL, tone=Tone.QUIET, part="advice"))
        free = Card()
        free.add(Label("about_free", size=Size.SMALL, tone=Tone.QUIET, bold=True))
        free.add(Label("about_free", part="advice"))
        for one in (card, data, free):
            page.add(one)
        page.add_stretch()
        return page

    def _check_part(self) -> QWidget:
        return _column(self.run, self.summary, self.checks)

    def _log_part(self) -> QWidget:
        return _column(self.copy_log, self.log)

    def _licence_part(self) -> QWidget:
        return _column(self.licence_back, self.licences, self.licence)

    def _connect(self) -> None:
        self.parts.chosen.connect(self.show_part)
        self.run.clicked.connect(self.inspected)
        self.copy_log.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.log.toPlainText()))
        self.licences.chosen.connect(self._open_licence)
        self.licence_back.clicked.connect(lambda: self._open_licence(""))
        self._open_licence("")

    def _show_place(self) -> None:
        folder = place_of_data().folder
        self.folder.show_text(str(folder) if folder else self.say("about_folder_none"))

    def _show_log(self) -> None:
        self.log.setPlainText("\n".join(place_of_data().lines[-LOG_LINES:]))
        self.log.verticalScrollBar().setValue(self.log.verticalScrollBar().maximum())

    def _show_checks(self) -> None:
        self.run.setEnabled(not self._running)
        bad = sum(check.state != "pass" for check in self._checks)
        if self._running:
            self.summary.say("about_running")
        elif not self._checks:
            self.summary.say("about_not_run")
        else:
            self.summary.say("about_all_pass" if not bad else "about_some_bad", count=bad)
        self.checks.set_rows([self._check_row(check) for check in self._checks])

    def _check_row(self, check: Check) -> Row:
        code, lang = f"check_{check.name}", self.look.lang
        values = dict(check.values)
        found = values.get("found")
        if isinstance(found, str) and self.texts.has(found):
            values["found"] = self.say(found, subject=values.get("subject", ""))
        cure = "" if check.state == "pass" else self.texts.advice(code, lang)
        return Row(
            check.name,
            self.texts.title(code, lang, **values),
            cure,
            self.say(f"self_test_{check.state}"),
            CHECK_TONES[check.state],
            CHECK_ICONS[check.state],
            CHECK_TONES[check.state],
        )

    def _show_licences(self) -> None:
        ours = [
            Row(path.name, self.say(f"about_licence_{path.parent.name}"), path.name, icon=Icon.DOCUMENT)
            for path in licence_files()
        ]
        qt = Row("qt", self.say("about_licence_qt"), self.texts.advice("about_licence_qt", self.look.lang), "LGPL-3.0")
        rest = [
            Row(f"library {one.name}", one.name, one.licence, one.version)
            for one in libraries()
            if one.name != "PySide6"
        ]
        self.licences.set_rows([*ours, qt, *rest])

    def _open_licence(self, key: str) -> None:
        path = next((path for path in licence_files() if path.name == key), None)
        if path is not None:
            self.licence.setPlainText(path.read_text(encoding="utf-8"))
        self.licence.setVisible(path is not None)
        self.licence_back.setVisible(path is not None)
        self.licences.setVisible(path is None)


def _column(*parts: QWidget) -> QWidget:
    """Parts under each other; the last one takes the room."""
    whole = QWidget()
    rows = QVBoxLayout(whole)
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setSpacing(GRID_PX)
    for part in parts:
        rows.addWidget(part, 1 if part is parts[-1] else 0)
    return whole


def join(screen: Screen, conductor: Conductor) -> None:
    """Wishes down, answers up."""
    assert isinstance(screen, AboutScreen)
    inspection = Inspection(screen)
    statuses = [SyncStatus()]

    def inspect() -> None:
        screen.set_running()
        inspection.run(statuses[-1])

    def hear(status: SyncStatus) -> None:
        statuses[-1] = status

    screen.inspected.connect(inspect)
    inspection.done.connect(screen.draw)
    conductor.sync_changed.connect(hear)
