"""The settings of a site that identifies patients: parts of one card. UI thread."""

from __future__ import annotations

from collections.abc import Mapping

from app.base.settings import setting_of
from app.ui.screens import settings_checks as checks
from app.ui.screens.settings_checks import Check
from app.ui.screens.settings_parts import Picked, SavedField, SavedText

EVOUCHER_OPTIONS: Mapping[str, tuple[str, ...]] = {
    key: setting_of(key).choices
    for key in (
        "evoucher",
        "evoucher_credential",
        "evoucher_settlement",
        "evoucher_library_style",
        "evoucher_library_charset",
    )
}
WHOLE = ("evoucher_margin_s", "evoucher_idle_s", "evoucher_library_buffer")
"""Numbers that are written without a point."""


def evoucher_parts() -> dict[str, SavedField | SavedText | Picked]:
    """Every setting of it, in the order in which a technician meets them."""
    keys = (
        ("evoucher", None), ("evoucher_url", checks.address), ("evoucher_seal_key", checks.anything),
        ("evoucher_scenes", SavedText), ("evoucher_hand_over", SavedText), ("evoucher_credential", None),
        ("evoucher_settlement", None), ("evoucher_margin_s", number_of("evoucher_margin_s")),
        ("evoucher_idle_s", number_of("evoucher_idle_s")), ("evoucher_library_file", checks.anything),
        ("evoucher_library_style", None), ("evoucher_library_charset", None),
        ("evoucher_library_url", checks.anything), ("evoucher_library_init", checks.anything),
        ("evoucher_library_buffer", number_of("evoucher_library_buffer")), ("evoucher_silent", SavedText),
    )  # fmt: skip
    return {key: _part(key, how) for key, how in keys}


def number_of(key: str) -> Check:
    """A whole number within the setting's limits."""
    setting = setting_of(key)

    def check(text: str) -> str | None:
        fits = text.isascii() and text.isdigit() and len(text) < 9 and setting.accepts(float(text))
        return None if fits else "settings_bad_number"

    return check


def _part(key: str, how: Check | type[SavedText] | None) -> SavedField | SavedText | Picked:
    code = f"settings_{key}"
    if how is None:
        return Picked(code, EVOUCHER_OPTIONS[key])
    return SavedText(code, checks.anything) if how is SavedText else SavedField(code, how)  # type: ignore[arg-type]
