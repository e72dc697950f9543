"""The settings of a site in a technician's hands: words for each, what is kept back, and what everybody else sees."""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from app.base.log import LogBook
from app.base.paths import DataPaths, resources_dir
from app.base.settings import ANYBODY, SETTINGS, Settings, setting_of, value_of
from app.base.texts import LANGUAGES, Texts
from app.domain.acceptance_rules import REQUIREMENTS
from app.domain.rights import INSTALL, Operator
from app.flows.claim_profiles import load_profile, profile_names
from app.flows.site_settings import SiteSettings
from app.ui.relay_words import RelayView
from app.ui.screens import settings_checks as checks
from app.ui.screens.relay_card import RelayCard
from app.ui.screens.settings import SettingsScreen
from app.ui.screens.settings_parts import Picked, SavedField, SavedText, Several
from app.ui.screens.settings_site import OPTIONS, PROFILES, ROUTES, SCHEMES, Scheme
from app.ui.screens.sign_in import SignInScreen
from app.ui.theme import Look
from sync import SyncStatus
from sync import credentials as known
from sync.errors import SyncError
from sync.status import RelayStatus
from sync.transport import checked_address
from sync.trust import Trust
from tests.ui import screens_b_views as views

TECHNICIAN = Operator("1003", "演示员丙", "technician", frozenset({INSTALL}))
SITE_KEYS = [one.key for one in SETTINGS if one.file == "site"]


@pytest.fixture
def screen(qtbot: QtBot) -> SettingsScreen:
    made = SettingsScreen(Look(), Texts.load())
    qtbot.addWidget(made)
    made.resize(480, 800)
    made.show()
    made.draw(views.settings(may_change=True))
    return made


def part(screen: SettingsScreen, key: str) -> SavedField | SavedText | Picked | Several:
    return (screen.line.parts | screen.work.parts)[key]


def press(qtbot: QtBot, screen: SettingsScreen, key: str, value: str) -> list[tuple[str, str]]:
    """Type or choose `value`; the wishes that came of it."""
    wishes: list[tuple[str, str]] = []
    screen.changed.connect(lambda asked, text: wishes.append((asked, text)))
    field = part(screen, key)
    if isinstance(field, SavedField):
        field.field.edit.setText(value)
        qtbot.mouseClick(field.save, Qt.MouseButton.LeftButton)
    elif isinstance(field, SavedText):
        field.edit.setPlainText(value)
        qtbot.mouseClick(field.save, Qt.MouseButton.LeftButton)
    elif isinstance(field, Picked):
        (segment,) = [each._segments[value] for each in field.choices if value in each._segments]
        qtbot.mouseClick(segment, Qt.MouseButton.LeftButton)
    else:
        qtbot.mouseClick(field.switches[value], Qt.MouseButton.LeftButton)
    return wishes


def test_every_setting_of_the_site_has_a_place_and_words(screen: SettingsScreen) -> None:
    texts = Texts.load()
    shown = {"server", "ca_file", "stop_holds", *screen.line.parts, *screen.work.parts}
    assert shown == set(SITE_KEYS)
    wanted = {f"settings_{key}" for key in SITE_KEYS}
    wanted |= {f"settings_{key}_{word}" for key, words in OPTIONS.items() for word in words}
    assert [code for code in sorted(wanted) if not all(texts.title(code, lang) != code for lang in LANGUAGES)] == []
    assert {one.who for one in SETTINGS if one.key in SITE_KEYS} == {INSTALL}
    assert ANYBODY not in {one.who for one in SETTINGS if one.key in SITE_KEYS}


def test_what_can_be_chosen_is_what_the_program_knows() -> None:
    assert set(PROFILES) == set(profile_names())
    assert set(ROUTES) == set(load_profile("national").routes)
    assert set(SCHEMES) == {"none", "own", *known.SCHEMES}
    for name in PROFILES:
        data = tomllib.loads((resources_dir() / "profiles" / f"{name}.toml").read_text(encoding="utf-8"))
        assert Texts.load().title(f"settings_claims_profile_{name}") == data["zh"]
    for key in ("relay_auth", "acceptance"):
        assert OPTIONS[key] == setting_of(key).choices
    assert OPTIONS["acceptance_requires"] == REQUIREMENTS


def test_what_is_chosen_or_typed_is_what_the_file_takes(screen: SettingsScreen, qtbot: QtBot, tmp_path: Path) -> None:
    """Each wish of the screen goes through the flow into site.toml and comes back as the row that is drawn."""
    settings = SiteSettings(DataPaths(tmp_path))
    changed = Settings.load(DataPaths(tmp_path))
    for key, value in (
        ("acceptance", "separate"), ("claims_profile", "shenzhen"), ("collection_model", "three"),
        ("relay_auth", "hospital"), ("auth_scheme", "bearer"), ("upload_log_days", "90"), ("auth_key", "院-1"),
        ("relay_url", "https://ym.example/v1"), ("pinned_hosts", "a.example\n10.0.0.9"),
        ("relay_pinned_keys", f"{views.PIN}\n{views.PIN}"),
    ):  # fmt: skip
        ((asked, text),) = press(qtbot, screen, key, value)
        assert (asked, text) == (key, value)
        changed = settings.change(TECHNICIAN, key, value)
        assert changed.values[key] == value_of(setting_of(key), value)
        screen.draw(settings.view(changed, TECHNICIAN))
    assert Settings.load(DataPaths(tmp_path)) == changed
    assert not [
        field for field in screen.line.parts.values() if isinstance(field, SavedField) and field.save.isVisible()
    ]


def test_a_switch_more_or_less_and_words_of_a_newer_version_stay(screen: SettingsScreen, qtbot: QtBot) -> None:
    screen.draw(views.settings(may_change=True, acceptance_requires="invoice\nwitness\nseal"))
    ((_, text),) = press(qtbot, screen, "acceptance_requires", "temperature")
    assert text == "temperature\ninvoice\nwitness\nseal"
    screen.draw(views.settings(may_change=True, acceptance_requires=text))
    assert press(qtbot, screen, "acceptance_requires", "witness")[-1] == (
        "acceptance_requires",
        "temperature\ninvoice\nseal",
    )


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        ("pinned_keys", "sha256/abc", "settings_bad_pin"),
        ("pinned_keys", f"{views.PIN}\n{views.PIN[7:]}", "settings_bad_pin"),
        ("relay_pinned_keys", "指纹", "settings_bad_pin"),
        ("pinned_hosts", "https://a.example", "settings_bad_host"),
        ("pinned_hosts", "a.example\nb.example:8443", "settings_bad_host"),
        ("relay_url", "ym.example", "settings_bad_address"),
        ("relay_url", "https://ym.example/?a=1", "settings_bad_address"),
        ("relay_url", "https://[bad", "settings_bad_address"),
        ("relay_url", "http://10.1.2.3", "settings_bad_http"),
        ("upload_log_days", "0", "settings_bad_days"),
        ("upload_log_days", "一百", "settings_bad_days"),
        ("storage_ranges", "室温 15", "settings_bad_range"),
        ("upload_log_days", "3651", "settings_bad_days"),
    ],
)
def test_a_value_that_cannot_be_is_answered_under_its_field(
    screen: SettingsScreen, qtbot: QtBot, key: str, text: str, code: str
) -> None:
    assert press(qtbot, screen, key, text) == []
    field, texts = part(screen, key), Texts.load()
    assert isinstance(field, SavedField | SavedText)
    assert field.wrong.isVisible()
    assert (field.wrong.title.text(), field.wrong.advice.text()) == (texts.title(code), texts.advice(code))
    edit = field.edit if isinstance(field, SavedText) else field.field.edit
    assert (edit.toPlainText() if isinstance(edit, QPlainTextEdit) else edit.text()) == text
    edit.clear()
    assert not field.wrong.isVisible()


def test_a_file_must_be_in_the_data_folder(screen: SettingsScreen, qtbot: QtBot, tmp_path: Path) -> None:
    assert checks.file("anything.pem") is None, "no program is open: nobody knows where to look"
    log = LogBook(tmp_path / "logs", lambda _: None)
    try:
        assert press(qtbot, screen, "client_key", "pda.key") == []
        (tmp_path / "pda.key").write_text("-----", encoding="utf-8")
        assert press(qtbot, screen, "client_key", "pda.key") == [("client_key", "pda.key")]
        assert checks.scheme_file("ours.toml") == "settings_bad_file"
        assert checks.file("a\0b") == "settings_bad_file"
    finally:
        log.close()


def test_a_scheme_of_our_own_asks_for_its_file_first(screen: SettingsScreen, qtbot: QtBot) -> None:
    scheme = part(screen, "auth_scheme")
    assert isinstance(scheme, Scheme)
    assert not scheme.file.isVisible()
    assert press(qtbot, screen, "auth_scheme", "own") == []
    assert scheme.file.isVisible()
    scheme.file.field.edit.setText("ours")
    assert not scheme.file.wrong.isVisible()
    with qtbot.waitSignal(screen.changed) as changed:
        scheme.file.field.edit.setText("ours.toml")
        qtbot.mouseClick(scheme.file.save, Qt.MouseButton.LeftButton)
    assert changed.args == ["auth_scheme", "ours.toml"]
    screen.draw(views.settings(may_change=True, auth_scheme="ours.toml"))
    assert [choice.value for choice in scheme.choices] == [None, None, "own"]
    screen.draw(views.settings(may_change=True, auth_scheme="tif"))
    assert not scheme.file.isVisible()


def test_whoever_may_not_change_them_reads_them_in_words(screen: SettingsScreen) -> None:
    screen.draw(views.settings(may_change=False))
    for cards in (screen.line, screen.work):
        assert not [card for card in cards.cards if card.isVisible()]
        assert cards.locked.isVisible()
    assert screen.work.values["acceptance_requires"].text() == "冷藏药的温度记录、发票、许可证、第二人复核"
    assert screen.line.values["auth_scheme"].text() == "签名"
    assert screen.work.values["upload_log_days"].text() == "180"
    assert not screen.line.names["client_key"].isVisible(), "not set, not told"


@given(st.binary(min_size=0, max_size=40))
def test_a_pin_is_what_the_line_can_compare(raw: bytes) -> None:
    pin = "sha256/" + base64.b64encode(raw).decode()
    assert (checks.pins(pin) is None) == (len(raw) == 32)
    assert checks.pins("") is None


@given(st.text(max_size=30))
def test_whatever_is_typed_gets_an_answer(text: str) -> None:
    for check in (checks.pins, checks.hosts, checks.address, checks.file, checks.scheme_file, checks.days):
        code = check(text)
        assert code is None or code.startswith("settings_bad_")
    if text and checks.address(text) is None:
        checked_address(text)


@pytest.mark.parametrize("text", ["https://h:8443/v1", "http://127.0.0.1:8765", "http://localhost", "https://[::1]:9/"])
def test_an_address_that_may_be_saved_is_one_the_line_takes(text: str) -> None:
    assert checks.address(text) is None
    checked_address(text)
    with pytest.raises(SyncError):
        checked_address(f"{text}?x=1")


def test_a_host_that_may_be_saved_is_one_the_line_admits() -> None:
    for host in ("qzj.yy.example", "10.1.2.3", "::1", "前置机.example"):
        assert checks.hosts(host) is None
        assert Trust(hosts=(host,)).admits(host)


def test_a_reply_that_lacks_something_names_it_everywhere(qtbot: QtBot) -> None:
    texts, look = Texts.load(), Look()
    card = RelayCard()
    qtbot.addWidget(card)
    card.retheme(look, texts)
    card.draw(RelayView(RelayStatus("online", trouble="relay_bad_reply", subject="manifests.0.id")))
    assert "manifests.0.id" in card.why.text()
    door = SignInScreen(look, texts)
    qtbot.addWidget(door)
    door.retheme(look, texts)
    door.set_ready()
    door.draw_sync(SyncStatus("online", trouble="reply_lacks", subject="cursor"))
    assert "cursor" in door.nobody.title.text()
