"""Settings on the screen: who may change them, what stays in the files, what a crash or a bad value leaves."""

from __future__ import annotations

import os
import string
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import Trouble
from app.base.paths import DataPaths
from app.base.settings import SETTINGS, Settings
from app.domain.rights import Operator
from app.flows.site_settings import SiteSettings, _with_key

TECHNICIAN = Operator("1003", "丙", "technician", frozenset({"install"}))
CLERK = Operator("1001", "甲", "clerk", frozenset({"receive"}))


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    return DataPaths(tmp_path)


def refusal(paths: DataPaths, who: Operator | None, key: str, text: str) -> str:
    with pytest.raises(Trouble) as caught:
        SiteSettings(paths).change(who, key, text)
    return caught.value.code


def test_everybody_sees_all_and_changes_what_is_theirs(paths: DataPaths) -> None:
    rows = SiteSettings(paths).view(Settings.load(paths), CLERK)
    free = {row.key for row in rows if row.may_change}
    assert free == {"lang", "theme", "text_scale", "camera", "sound"}
    assert len(rows) == len(SETTINGS)
    assert all(row.may_change for row in SiteSettings(paths).view(Settings.load(paths), TECHNICIAN))
    assert {row.key for row in SiteSettings(paths).view(Settings.load(paths), None) if row.may_change} == free


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("lang", "en", "en"),
        ("theme", "dark", "dark"),
        ("text_scale", "1.5", 1.5),
        ("text_scale", "2", 2.0),
        ("sound", "false", False),
        ("server", " https://他院.example/v1 ", "https://他院.example/v1"),
        ("scanners", 'serial:COM3?suffix=CR\n\nreplay:a "b".txt', ["serial:COM3?suffix=CR", 'replay:a "b".txt']),
    ],
)
def test_a_change_is_in_force_and_in_the_file(paths: DataPaths, key: str, text: str, value: object) -> None:
    changed = SiteSettings(paths).change(TECHNICIAN, key, text)
    assert changed.values[key] == value
    assert Settings.load(paths) == changed
    (row,) = [row for row in SiteSettings(paths).view(changed, None) if row.key == key]
    assert SiteSettings(paths).change(TECHNICIAN, key, row.value) == changed


@pytest.mark.parametrize(
    ("who", "key", "text", "code"),
    [
        (CLERK, "server", "https://x", "no_right"),
        (None, "stop_holds", "false", "no_right"),
        (TECHNICIAN, "colour", "red", "setting_unknown"),
        (TECHNICIAN, "lang", "fr", "setting_value_bad"),
        (TECHNICIAN, "text_scale", "3", "setting_value_bad"),
        (TECHNICIAN, "text_scale", "nan", "setting_value_bad"),
        (TECHNICIAN, "text_scale", "big", "setting_value_bad"),
        (TECHNICIAN, "sound", "yes", "setting_value_bad"),
        (TECHNICIAN, "server", "https://x\ny", "setting_value_bad"),
    ],
)
def test_a_change_that_cannot_be_leaves_no_file(
    paths: DataPaths, who: Operator | None, key: str, text: str, code: str
) -> None:
    assert refusal(paths, who, key, text) == code
    assert list(paths.root.iterdir()) == []


def test_comments_order_and_unknown_keys_stay(paths: DataPaths) -> None:
    below = 'newer = 3\nlang = "zh" # tongue\n[later]\nlang = "x"\n'
    old = f'# ours\nscanners = [\n  "serial:A", # left\n  "serial:B",\n]\n{below}'
    text = _with_key(old, "scanners", '["serial:C"]')
    assert text == f'# ours\nscanners = ["serial:C"]\n{below}'
    assert _with_key(text, "sound", "false").splitlines()[4:6] == ["sound = false", "[later]"]


def test_a_file_from_notepad_is_changed(paths: DataPaths) -> None:
    paths.device_file.write_text('\ufefflang = "zh"\r\n', encoding="utf-8")
    assert SiteSettings(paths).change(CLERK, "lang", "en").text("lang") == "en"


def test_a_file_that_cannot_be_understood_is_not_touched(paths: DataPaths) -> None:
    paths.device_file.write_text("lang = \n", encoding="utf-8")
    assert refusal(paths, CLERK, "lang", "en") == "setting_bad"
    assert paths.device_file.read_text(encoding="utf-8") == "lang = \n"


def test_a_layout_that_hides_the_key_is_not_touched(paths: DataPaths) -> None:
    hidden = 'server = """\nstop_holds = true\n"""\n'
    paths.site_file.write_text(hidden, encoding="utf-8")
    assert refusal(paths, TECHNICIAN, "stop_holds", "false") == "setting_bad"
    assert paths.site_file.read_text(encoding="utf-8") == hidden


def test_a_disk_that_refuses_leaves_the_old_file(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    SiteSettings(paths).change(CLERK, "lang", "en")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert refusal(paths, CLERK, "lang", "zh") == "disk_full"
    assert [path.name for path in paths.root.iterdir()] == ["device.toml"]
    assert Settings.load(paths).text("lang") == "en"


def test_a_whole_number_is_a_scale_too_and_a_wild_one_is_trouble(paths: DataPaths) -> None:
    paths.device_file.write_text("text_scale = 2\n", encoding="utf-8")
    assert Settings.load(paths).number("text_scale") == 2.0
    paths.device_file.write_text("text_scale = 9.0\n", encoding="utf-8")
    with pytest.raises(Trouble) as caught:
        Settings.load(paths)
    assert caught.value.code == "setting_bad"


@given(
    before=st.dictionaries(st.text(string.ascii_lowercase, min_size=1, max_size=6), st.integers(0, 99), max_size=5),
    table=st.booleans(),
    number=st.integers(0, 10**6),
)
def test_one_key_changes_and_no_other(before: dict[str, int], table: bool, number: int) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in before.items()) + ("[a_table]\nkey = 1\n" if table else "")
    after = tomllib.loads(_with_key(text, "key", str(number)))
    assert after == tomllib.loads(text) | {"key": number}
