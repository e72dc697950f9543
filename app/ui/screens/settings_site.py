"""What a technician sets for the whole site: the line, the relay, the national messages, acceptance, the upload log.
Somebody else sees what is in force, and who may change it. UI thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.base.texts import Texts
from app.domain.acceptance_rules import REQUIREMENTS
from app.flows.views import SettingRow
from app.ui.screens import settings_checks as checks
from app.ui.screens.settings_evoucher import EVOUCHER_OPTIONS, WHOLE, evoucher_parts
from app.ui.screens.settings_parts import Picked, SavedField, SavedText, Several
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.cards import Card
from app.ui.widgets.fitting import Label

OWN_SCHEME = "own"
SCHEMES = ("none", "bearer", "api_key", "hmac", "tif", OWN_SCHEME)
PROFILES = ("national", "hubei", "inner_mongolia", "shenzhen")
ROUTES = ("one", "one_with_codes", "three", "stock_take")
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "auth_scheme": SCHEMES,
    "relay_auth": ("hospital", "keyring"),
    "claims_profile": PROFILES,
    "collection_model": ROUTES,
    "acceptance": ("separate", "folded"),
    "acceptance_requires": REQUIREMENTS,
    **EVOUCHER_OPTIONS,
}
Part = SavedField | SavedText | Picked | Several


class Scheme(Picked):
    """How calls prove who they are: one that the program knows, or a file of the site's own."""

    def __init__(self, code: str, parent: QWidget | None = None) -> None:
        super().__init__(code, SCHEMES, parent)
        self.file = SavedField("settings_scheme_file", checks.scheme_file)
        layout = self.layout()
        assert layout is not None
        layout.addWidget(self.file)
        self.file.saved.connect(self.saved)
        self.file.hide()

    def draw(self, value: str) -> None:
        is_own = value.endswith(checks.SCHEME_FILE)
        super().draw(OWN_SCHEME if is_own else value)
        self.file.setVisible(is_own)
        self.file.draw(value if is_own else "")

    def _pick(self, value: str) -> None:
        if value != OWN_SCHEME:
            super()._pick(value)
            return
        Picked.draw(self, value)
        self.file.show()
        self.file.field.edit.setFocus()


@dataclass(frozen=True, slots=True)
class Group:
    """The settings of one card, under its name."""

    code: str
    parts: Mapping[str, Part]
    advised: bool = False  # there is something to say of all of them


class SiteCards(QWidget):
    """`changed` gives key and text. What nobody here may change is one card of names and values.

    They are made when they are first seen: most people never open them, and fifty fields are megabytes.
    """

    changed = Signal(str, str)

    def __init__(self, groups: Callable[[], Sequence[Group]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._groups = groups
        self._look, self._texts = Look(), Texts({})
        self._rows: Mapping[str, SettingRow] = {}

    @cached_property
    def parts(self) -> dict[str, Part]:
        """The fields by their keys; asking for them makes them and all around them."""
        groups = self._groups()
        parts = {key: part for group in groups for key, part in group.parts.items()}
        self.cards = [_card(group) for group in groups]
        self.locked = Card()
        self.values = {key: Label() for key in parts}
        self.names = {key: Label(f"settings_{key}", size=Size.SMALL, tone=Tone.QUIET, bold=True) for key in parts}
        self.locked.add(Label("settings_site_locked", size=Size.TITLE, bold=True))
        for key, value in self.values.items():
            pair = QVBoxLayout()
            pair.setSpacing(0)
            pair.addWidget(self.names[key])
            pair.addWidget(value)
            self.locked.add(pair)
        self.locked.add(Label("settings_locked", size=Size.SMALL, tone=Tone.QUIET))
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX + GRID_PX // 2)
        for card in (*self.cards, self.locked):
            rows.addWidget(card)
        for key, part in parts.items():
            part.saved.connect(lambda text, key=key: self.changed.emit(key, text))
        theme_tree(self, self._look, self._texts)
        self._show(parts)
        return parts

    def draw(self, rows: Mapping[str, SettingRow]) -> None:
        """What is in force."""
        self._rows = rows
        self._show_again()

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self._show_again()

    def showEvent(self, event: QShowEvent) -> None:
        _ = self.parts
        super().showEvent(event)

    def _show_again(self) -> None:
        if "parts" in self.__dict__:
            self._show(self.parts)

    def _show(self, parts: Mapping[str, Part]) -> None:
        rows = [self._rows[key] for key in parts if key in self._rows]
        may_change = bool(rows) and all(row.may_change for row in rows)
        for card in self.cards:
            card.setVisible(may_change)
        self.locked.setVisible(bool(rows) and not may_change)
        for row in rows:
            parts[row.key].draw(shown(row))
            words = self._words(row)
            self.values[row.key].show_text(words)
            for label in (self.names[row.key], self.values[row.key]):
                label.setVisible(bool(words))

    def _words(self, row: SettingRow) -> str:
        """A value as it is read; what is not set is left out."""
        options = OPTIONS.get(row.key)
        if options is None:
            return shown(row)
        words = row.value.split() if row.key == "acceptance_requires" else [row.value]
        lang = self._look.lang
        said = [self._texts.title(f"settings_{row.key}_{word}", lang) if word in options else word for word in words]
        return ("、" if lang == "zh" else ", ").join(said)


def shown(row: SettingRow) -> str:
    """The value as a person writes it: whole days, whole seconds."""
    return row.value.removesuffix(".0") if row.key in ("upload_log_days", *WHOLE) else row.value


def line_cards() -> SiteCards:
    """Whom we believe, and how we say who we are; the relay."""
    return SiteCards(
        lambda: (
            Group(
                "settings_line_title",
                {
                    "client_certificate": SavedField("settings_client_certificate", checks.file),
                    "client_key": SavedField("settings_client_key", checks.file),
                    "auth_scheme": Scheme("settings_auth_scheme"),
                    "auth_key": SavedField("settings_auth_key"),
                    "pinned_keys": SavedText("settings_pinned_keys", checks.pins),
                    "pinned_hosts": SavedText("settings_pinned_hosts", checks.hosts),
                },
                advised=True,
            ),
            Group(
                "settings_relay_title",
                {
                    "relay_url": SavedField("settings_relay_url", checks.address),
                    "relay_auth": Picked("settings_relay_auth", OPTIONS["relay_auth"]),
                    "relay_pinned_keys": SavedText("settings_relay_pinned_keys", checks.pins),
                },
                advised=True,
            ),
        )
    )


def work_cards() -> SiteCards:
    """Acceptance, the national messages, how long traces are kept."""
    return SiteCards(
        lambda: (
            Group(
                "settings_acceptance_title",
                {
                    "acceptance": Picked("settings_acceptance", OPTIONS["acceptance"]),
                    "acceptance_requires": Several("settings_acceptance_requires", REQUIREMENTS),
                    "storage_ranges": SavedText("settings_storage_ranges", checks.ranges),
                },
            ),
            Group(
                "settings_claims_title",
                {
                    "claims_profile": Picked("settings_claims_profile", PROFILES),
                    "collection_model": Picked("settings_collection_model", ROUTES),
                    "upload_log_days": SavedField("settings_upload_log_days", checks.days),
                },
                advised=True,
            ),
            Group("settings_evoucher_title", evoucher_parts(), advised=True),
        )
    )


def _card(group: Group) -> Card:
    card = Card()
    card.rows.setSpacing(2 * GRID_PX)
    card.add(Label(group.code, size=Size.TITLE, bold=True))
    if group.advised:
        card.add(Label(group.code, size=Size.SMALL, tone=Tone.QUIET, part="advice"))
    for part in group.parts.values():
        card.add(part)
    return card
