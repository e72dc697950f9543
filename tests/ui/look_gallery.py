"""A page with every widget, and a window with the shell and plausible pages: the look's test subject. UI thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.base.texts import Texts
from app.domain.reasons import SCAN_REASONS, Panel
from app.ui.icons import Icon
from app.ui.screens.screen import Screen
from app.ui.shell.frame import Frame
from app.ui.shell.notices import Notice
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.widgets.buttons import Button, IconButton, Kind, PlainButton, PrimaryButton
from app.ui.widgets.cards import Badge, Card, EmptyState, IconMark, Page, SectionTitle
from app.ui.widgets.choices import Choice, Field, Switch
from app.ui.widgets.fitting import Fit, Label
from app.ui.widgets.keypad import Keypad
from app.ui.widgets.panes import Form, Panes
from app.ui.widgets.progress import Counts, LineProgress, TotalProgress
from app.ui.widgets.rows import Row, RowList
from app.ui.widgets.verdict_panel import VerdictPanel

LONG_CODE = "01069012345678901725123110B20240817‹GS›21SN000000123456789"
DRUGS = ("阿莫西林胶囊 0.25g×24粒", "盐酸利多卡因注射液 5ml:0.1g×5支", "注射用青霉素钠 80万单位×50瓶（冷藏）")
NEXT_CODE = "ui_screen_receiving"


def line_rows(count: int) -> list[Row]:
    """Lines of a delivery in every state."""
    found = []
    for place in range(count):
        received, otherwise, expected = ((20, 0, 20), (7, 2, 40), (0, 0, 12), (111, 0, 1200))[place % 4]
        found.append(
            Row(
                str(place),
                DRUGS[place % 3],
                f"B2024081{place % 10} · 2027-05-31",
                f"{received}/{expected}",
                Tone.GOOD if received == expected else Tone.INK,
                counts=Counts(received, otherwise, expected),
            )
        )
    return found


def entry_rows() -> list[Row]:
    """Last scans, one of each kind."""
    return [
        Row("9", "阿莫西林胶囊", "81234567890123456789", "10:42", icon=Icon.GOOD, tone=Tone.GOOD),
        Row("8", "重复：本单已扫过此码", "81234567890123456789", "10:41", icon=Icon.ATTENTION, tone=Tone.ATTENTION),
        Row("7", "非本单", LONG_CODE, "10:40", icon=Icon.STOP, tone=Tone.STOP),
        Row("6", "氯雷他定片", "81234567890123456700", "10:39", icon=Icon.UNDO, faded=True),
    ]


class ReceivingPage(Screen):
    """Verdict, progress, lines."""

    name: ClassVar[str] = "receiving"
    icon: ClassVar[Icon] = Icon.RECEIVE

    def __init__(self, look: Look, texts: Texts) -> None:
        super().__init__(look, texts)
        self.panel, self.total = VerdictPanel(), TotalProgress()
        self.lines = RowList("ui_screen_receiving", bars=True)
        first, second = QWidget(), QWidget()
        self.second = second
        left, right = QVBoxLayout(first), QVBoxLayout(second)
        for box in (left, right):
            box.setContentsMargins(0, 0, 0, 0)
            box.setSpacing(GRID_PX)
        self.card = Card()
        self.card.add(self.total)
        left.addWidget(self.panel, 1)
        left.addWidget(self.card)
        right.addWidget(self.lines)
        self.panes = Panes(first, second, desk=(3, 2), pocket=(3, 2))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 0)
        outer.addWidget(self.panes)
        self.total.set_counts(127, 2, 200)
        self.lines.set_rows(line_rows(40))

    def arrange(self, form: Form) -> None:
        self.panes.set_form(form)
        self.second.setHidden(form is Form.POCKET and self.look.text_scale > 1.7)  # the verdict needs the room

    def show_reason(self, reason: str) -> None:
        values = {"drug": DRUGS[0], "received": 7, "expected": 20, "batch": "B20240817", "expiry": "2027-05-31"}
        row = SCAN_REASONS[reason]
        self.panel.show_outcome(
            row.panel,
            self.say(f"ui_word_{reason}"),
            self.say(reason, **values),
            self.texts.advice(reason, self.look.lang, **values),
            holds=row.panel is Panel.STOP,
        )


class TasksPage(Screen):
    """A list, as most screens are."""

    name: ClassVar[str] = "tasks"
    icon: ClassVar[Icon] = Icon.TASKS

    def __init__(self, look: Look, texts: Texts) -> None:
        super().__init__(look, texts)
        self.list = RowList(self.title_code, title_lines=1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 0)
        rows.addWidget(Label("ui_screen_tasks", size=Size.LARGE, bold=True))
        rows.addWidget(Label("ui_screen_tasks", part="advice", tone=Tone.QUIET))
        rows.addSpacing(GRID_PX)
        rows.addWidget(self.list)
        self.list.set_rows(entry_rows())


class WidgetsPage(Screen):
    """Every other widget in one column."""

    name: ClassVar[str] = "lookup"
    icon: ClassVar[Icon] = Icon.LOOKUP

    def __init__(self, look: Look, texts: Texts) -> None:
        super().__init__(look, texts)
        self.page = Page()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.page)
        for build in (self._words, self._buttons, self._settings):
            self.page.add(build())
        self.page.add_stretch()

    def _words(self) -> QWidget:
        card = Card()
        code = Label(size=Size.SMALL, tone=Tone.QUIET)
        code.show_text(LONG_CODE)
        name = Label(size=Size.TITLE, bold=True)
        name.show_text(DRUGS[2])
        one_line = Label(fit=Fit.SHRINK)
        one_line.show_text("B20240817 · 2027-05-31")
        card.add(name)
        badges = [Badge(code, tone=tone) for code, tone in (("ui_word_ok", Tone.GOOD), ("ui_word_recalled", Tone.STOP))]
        card.add_row(*badges).addStretch(1)
        for label in (one_line, code):
            card.add(label)
        line = LineProgress()
        line.set_counts(7, 2, 40)
        card.add(line)
        card.add_row(IconMark(Icon.DELIVERY), Label("ui_screen_tasks", part="advice")).setStretch(1, 1)
        return card

    def _buttons(self) -> QWidget:
        card = Card()
        card.add(SectionTitle("ui_navigation"))
        card.add(PrimaryButton(NEXT_CODE, icon=Icon.RECEIVE))
        card.add_row(PlainButton("ui_dismiss", icon=Icon.UNDO), Button("ui_confirm_stop", kind=Kind.DANGER))
        off = PrimaryButton("ui_key_done")
        off.setEnabled(False)
        card.add_row(off, IconButton("ui_dismiss", Icon.CLOSE))
        card.add(Button("ui_screen_more", kind=Kind.QUIET))
        return card

    def _settings(self) -> QWidget:
        card = Card()
        choice = Choice("ui_screen_settings", (("one", "ui_screen_tasks"), ("two", "ui_screen_receiving")))
        choice.set_value("one")
        switch = Switch("ui_confirm_stop")
        switch.setChecked(True)
        for part in (choice, switch, Switch("ui_navigation"), Field("ui_screen_lookup")):
            card.add(part)
        return card


class SignInPage(Screen):
    """The keypad, alone."""

    name: ClassVar[str] = "sign_in"
    icon: ClassVar[Icon] = Icon.PERSON
    alone: ClassVar[bool] = True

    def __init__(self, look: Look, texts: Texts) -> None:
        super().__init__(look, texts)
        self.keypad = Keypad()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        rows.addWidget(Label("ui_keypad", size=Size.TITLE, bold=True))
        rows.addWidget(self.keypad)


class EmptyPage(Screen):
    """Nothing waits."""

    def __init__(self, look: Look, texts: Texts, name: str, icon: Icon) -> None:
        self._name, self._icon = name, icon
        super().__init__(look, texts)
        rows = QVBoxLayout(self)
        rows.addWidget(EmptyState(icon, f"ui_screen_{name}", "ui_screen_receiving"))

    @property
    def name(self) -> str:  # type: ignore[override]  # several pages of one class, in the gallery only
        return self._name

    @property
    def icon(self) -> Icon:  # type: ignore[override]
        return self._icon


def build_frame(look: Look, texts: Texts) -> Frame:
    """The whole window with plausible data."""
    pages: list[Screen] = [page(look, texts) for page in (TasksPage, ReceivingPage, WidgetsPage, SignInPage)]
    for name, icon in (
        ("uploads", Icon.UPLOADS),
        ("devices", Icon.DEVICES),
        ("settings", Icon.SETTINGS),
        ("about", Icon.ABOUT),
    ):
        pages.append(EmptyPage(look, texts, name, icon))
    frame = Frame(pages, look, texts)
    frame.strip.draw(
        Status((ScannerStatus("扫码枪 1", ready=True),), Network.ONLINE, 12, 0, "演示员甲", demo=True),
    )
    frame.set_count("uploads", 3, Tone.ATTENTION)
    return frame


def idle(frame: Frame) -> None:
    frame.go("receiving")


def reason(code: str) -> Callable[[Frame], None]:
    """The receiving page after a scan that was answered so."""

    def show(frame: Frame) -> None:
        page = frame.screen_named("receiving")
        assert isinstance(page, ReceivingPage)
        page.show_reason(code)
        frame.go("receiving")

    return show


def trouble(frame: Frame) -> None:
    frame.strip.draw(
        Status(
            (ScannerStatus("扫码枪 1", ready=False), ScannerStatus("扫码枪 2", ready=True)),
            Network.OFFLINE,
            1204,
            3,
            "演示员甲",
        )
    )
    frame.notices.tell(Notice("no_sound_device"))
    frame.notices.tell(Notice("font_missing", Tone.STOP))
    frame.go("tasks")


SCENES: dict[str, Callable[[Frame], None]] = {
    "idle": idle,
    "good": reason("ok"),
    "soft": reason("covered_by_parent"),
    "attention": reason("duplicate_in_receipt"),
    "stop": reason("not_in_delivery"),
    "tasks": lambda frame: frame.go("tasks"),
    "trouble": trouble,
    "widgets": lambda frame: frame.go("lookup"),
    "empty": lambda frame: frame.go("uploads"),
    "more": lambda frame: frame.go("more"),
    "sign_in": lambda frame: frame.go("sign_in"),
}
