"""设置: what a person may change here, at once; what they may not is shown with the reason. UI thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.domain.reasons import Panel
from app.domain.rights import Operator
from app.flows.views import SettingRow
from app.ui.conductor import Conductor
from app.ui.feedback import Feedback
from app.ui.icons import Icon
from app.ui.screens.relay_card import RelayCard
from app.ui.screens.screen import Form, Screen
from app.ui.screens.settings_checks import address, file
from app.ui.screens.settings_parts import Guarded, SavedField, SavedText
from app.ui.screens.settings_site import line_cards, work_cards
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.widgets.buttons import Button, PlainButton
from app.ui.widgets.cards import Card, IconMark, Page, SectionTitle
from app.ui.widgets.choices import Choice, Switch
from app.ui.widgets.fitting import Label

WIDEST_PX = 1120
SCALES = (1.0, 1.25, 1.5, 1.75, 2.0)
SOUND_ICONS = {Panel.GOOD: Icon.GOOD, Panel.SOFT: Icon.CHECK, Panel.ATTENTION: Icon.ATTENTION, Panel.STOP: Icon.STOP}


class SettingsScreen(Screen):
    """Draws the settings' rows. `changed` gives key and text; `tried` asks for a tone."""

    name: ClassVar[str] = "settings"
    icon: ClassVar[Icon] = Icon.SETTINGS

    changed = Signal(str, str)
    tried = Signal(object)
    signed_off = Signal()

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(look, texts, parent)
        self._rows: Mapping[str, SettingRow] = {}
        self._operator: Operator | None = None
        self.lang = Choice("settings_lang", [("zh", "settings_lang_zh"), ("en", "settings_lang_en")])
        themes = [(name, f"settings_theme_{name}") for name in ("auto", "light", "dark")]
        self.theme = Choice("settings_theme", themes)
        self.scale = Choice("settings_scale", [(str(one), f"settings_scale_{round(one * 100)}") for one in SCALES])
        self.sound = Switch("settings_sound")
        self.tones = {panel: Button(f"settings_tone_{panel.value}", icon=icon) for panel, icon in SOUND_ICONS.items()}
        self.no_sound = Label("no_sound_device", tone=Tone.ATTENTION, part="line")
        self.holds = Guarded("settings_stop_holds", Switch("settings_stop_holds"))
        self.server = Guarded("settings_server", SavedField("settings_server", address))
        self.ca_file = Guarded("settings_ca_file", SavedField("settings_ca_file", file))
        self.line, self.work = line_cards(), work_cards()
        self.scanners = Guarded("settings_scanners", SavedText("settings_scanners"))
        self.person = Label(size=Size.TITLE, bold=True)
        self.role = Label(tone=Tone.QUIET)
        self.relay = RelayCard()
        self.sign_out = PlainButton("settings_sign_out", icon=Icon.SIGN_OUT)
        self._build()
        self._connect()
        self.no_sound.hide()
        self.retheme(look, texts)

    @Slot(object)
    def draw(self, rows: Sequence[SettingRow]) -> None:
        """What is in force, and what may be changed by whoever is signed in."""
        self._rows = {row.key: row for row in rows}
        self._show()

    @Slot(object)
    def set_operator(self, operator: Operator | None) -> None:
        self._operator = operator
        self._show_person()

    @Slot(bool)
    def set_silent(self, silent: bool) -> None:
        """There is no sound device: said where somebody tries the tones."""
        self.no_sound.setVisible(silent)

    def reword(self) -> None:
        self._show()
        self._show_person()

    def arrange(self, form: Form) -> None:
        desk = form is Form.DESK
        self._columns.setDirection(QBoxLayout.Direction.LeftToRight if desk else QBoxLayout.Direction.TopToBottom)

    def _build(self) -> None:
        page = Page(width_px=WIDEST_PX)
        left, right = QVBoxLayout(), QVBoxLayout()
        for column, cards in (
            (left, (self._person_card(), self._look_card(), self._sound_card(), self.work)),
            (right, (self._site_card(), self.relay, self._scanner_card(), self.line)),
        ):
            column.setSpacing(GRID_PX + GRID_PX // 2)
            for card in cards:
                column.addWidget(card)
            column.addStretch(1)
        self._columns = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._columns.setSpacing(GRID_PX + GRID_PX // 2)
        self._columns.addLayout(left, 1)
        self._columns.addLayout(right, 1)
        page.add(self._columns)
        page.add_stretch()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(page)

    def _person_card(self) -> Card:
        self._person = card = Card()
        row, words = QHBoxLayout(), QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.person)
        words.addWidget(self.role)
        row.setSpacing(2 * GRID_PX)
        row.addWidget(IconMark(Icon.PERSON, grids=7), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        card.add(row)
        card.add(self.sign_out)
        return card

    def _look_card(self) -> Card:
        card = Card()
        for code, part in (
            ("settings_lang", self.lang),
            ("settings_theme", self.theme),
            ("settings_scale", self.scale),
        ):
            title = SectionTitle(code)
            title.setContentsMargins(0, 0, 0, 0)
            card.add(title)
            card.add(part)
            card.rows.addSpacing(GRID_PX // 2)
        return card

    def _sound_card(self) -> Card:
        card = Card()
        card.add(self.sound)
        grid = QGridLayout()
        grid.setSpacing(GRID_PX)
        for place, button in enumerate(self.tones.values()):
            grid.addWidget(button, place // 2, place % 2)
        card.add(grid)
        card.add(self.no_sound)
        return card

    def _site_card(self) -> Card:
        card = Card()
        card.rows.setSpacing(2 * GRID_PX)
        for part in (self.server, self.ca_file, self.holds):
            card.add(part)
        card.add(Label("settings_next_start", size=Size.SMALL, tone=Tone.QUIET))
        return card

    def _scanner_card(self) -> Card:
        card = Card()
        card.add(self.scanners)
        return card

    def _connect(self) -> None:
        for key, choice in (("lang", self.lang), ("theme", self.theme), ("text_scale", self.scale)):
            choice.chosen.connect(lambda value, key=key: self.changed.emit(key, value))
        self.sound.clicked.connect(lambda on: self.changed.emit("sound", _word(on)))
        for panel, button in self.tones.items():
            button.clicked.connect(lambda _on=False, panel=panel: self.tried.emit(panel))
        for key, guarded in (("server", self.server), ("ca_file", self.ca_file), ("scanners", self.scanners)):
            assert isinstance(guarded.part, SavedField | SavedText)
            guarded.part.saved.connect(lambda text, key=key: self.changed.emit(key, text))
        assert isinstance(self.holds.part, Switch)
        self.holds.part.clicked.connect(lambda on: self.changed.emit("stop_holds", _word(on)))
        for cards in (self.line, self.work):
            cards.changed.connect(self.changed)
        self.sign_out.clicked.connect(self.signed_off)

    def _show(self) -> None:
        rows = self._rows
        if not rows:
            return
        self.lang.set_value(rows["lang"].value)
        self.theme.set_value(rows["theme"].value)
        self.scale.set_value(rows["text_scale"].value)
        self.sound.setChecked(rows["sound"].value == "true")
        for key, guarded in (("server", self.server), ("ca_file", self.ca_file), ("scanners", self.scanners)):
            assert isinstance(guarded.part, SavedField | SavedText)
            guarded.part.draw(rows[key].value)
            guarded.draw(rows[key].value or self.say("settings_unset"), may_change=rows[key].may_change)
        holds = rows["stop_holds"]
        assert isinstance(self.holds.part, Switch)
        self.holds.part.setChecked(holds.value == "true")
        words = self.say("settings_on" if holds.value == "true" else "settings_off")
        self.holds.draw(words, may_change=holds.may_change)
        for cards in (self.line, self.work):
            cards.draw(rows)

    def _show_person(self) -> None:
        person = self._operator
        self._person.setVisible(person is not None)
        if person is not None:
            self.person.show_text(person.name)
            self.role.show_text(self.say("settings_person", id=person.id, role=self.say(f"role_{person.role}")))


def _word(on: bool) -> str:
    return "true" if on else "false"


def join(screen: Screen, conductor: Conductor) -> None:
    """Wishes down, answers up. The tones are tried on a player of the screen's own, woken by the first try."""
    assert isinstance(screen, SettingsScreen)
    feedback = Feedback()
    awake: list[bool] = []

    def try_tone(panel: Panel) -> None:
        if not awake:
            feedback.wake()
            awake.append(True)
        feedback.play(panel)
        screen.set_silent(feedback.trouble is not None)

    screen.tried.connect(try_tone)
    screen.changed.connect(conductor.set_setting)
    screen.signed_off.connect(conductor.sign_out)
    conductor.settings_changed.connect(screen.draw)
    conductor.relay_changed.connect(screen.relay.draw)
    conductor.site_changed.connect(lambda site: screen.relay.set_zone(site.zone))
    conductor.signed_in.connect(screen.set_operator)
    conductor.signed_out.connect(lambda: screen.set_operator(None))
