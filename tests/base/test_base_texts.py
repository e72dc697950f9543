"""The quick reading of the words is the same as a TOML parser's, and what it cannot read is left to one."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from app.base.paths import resources_dir
from app.base.texts import Texts

PLAIN = '[a]\ntitle_zh = "甲"\nadvice_zh = ""\ntitle_en = "A"\nadvice_en = ""\n'


def test_every_file_reads_as_a_toml_parser_reads_it() -> None:
    wanted: dict[str, object] = {}
    for path in (resources_dir() / "texts").glob("*.toml"):
        wanted |= tomllib.loads(path.read_text(encoding="utf-8"))
    assert {code: dict(entry) for code, entry in Texts.load().table.items()} == wanted


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        f"# words\n\n{PLAIN}\n\n# more\n",
        PLAIN.replace('"A"', r'"A \"quoted\" \u4e2d"'),
        PLAIN.replace('"A"', "'A'"),
        PLAIN.replace('"A"\n', '"A"  # said\n'),
        PLAIN.replace("title_en", "extra = 1\ntitle_en"),
        PLAIN + 'title = "below"\n',
    ],
)
def test_any_form_reads_the_same(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.toml").write_text(text, encoding="utf-8")
    wanted = tomllib.loads(text)["a"]
    fields = ("title_zh", "advice_zh", "title_en", "advice_en")
    assert Texts.load(tmp_path).table == {"a": {field: wanted[field] for field in fields}}


def test_a_code_that_stands_twice_is_a_bug(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(PLAIN, encoding="utf-8")
    with pytest.raises(ValueError, match="stands twice"):
        Texts.load(tmp_path)


def test_broken_toml_is_told(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text("[a\n", encoding="utf-8")
    with pytest.raises(tomllib.TOMLDecodeError):
        Texts.load(tmp_path)
