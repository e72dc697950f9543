"""Codes to words: one table per stable code in resources/texts/*.toml, 中文 and English. Read once, any thread."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from app.base.paths import resources_dir

LANGUAGES = ("zh", "en")
_FIELDS = ("title_zh", "advice_zh", "title_en", "advice_en")  # as they follow each other in a file


# The plain form in which our files are written, a tenth of a TOML parser's time: the first paint waits for it.
_PLAIN = re.compile(r"^\[([\w-]+)\]\n" + "".join(f'{field} = "([^"\n]*)"\n' for field in _FIELDS), re.MULTILINE)


class _Forgiving(Formatter):
    """A missing value shows as its name: a half sentence is better than no sentence."""

    def get_value(self, key: int | str, args: object, kwargs: Mapping[str, object]) -> object:  # noqa: ARG002
        return kwargs.get(str(key), f"{{{key}}}")


@dataclass(frozen=True, slots=True)
class Texts:
    """All words of the program. `table[code]` holds title_zh, advice_zh, title_en, advice_en."""

    table: Mapping[str, Mapping[str, str]]

    @classmethod
    def load(cls, folder: Path | None = None) -> Texts:
        """Read every file; a code that stands in two files is a bug (ValueError)."""
        table: dict[str, Mapping[str, str]] = {}
        for path in sorted((folder or resources_dir() / "texts").glob("*.toml")):
            for code, entry in _entries(path.read_text(encoding="utf-8")):
                if code in table:
                    raise ValueError(f"text code {code!r} stands twice ({path.name})")
                table[code] = {field: str(entry[field]) for field in _FIELDS}
        return cls(table)

    def has(self, code: str) -> bool:
        return code in self.table

    def title(self, code: str, lang: str = "zh", /, **values: object) -> str:
        """What happened, in a few words. Unknown codes come back as themselves."""
        return self._part("title", code, lang, values)

    def advice(self, code: str, lang: str = "zh", /, **values: object) -> str:
        """What to do next; may be empty."""
        return self._part("advice", code, lang, values)

    def line(self, code: str, lang: str = "zh", /, **values: object) -> str:
        """Title and advice as one sentence."""
        title, advice = self.title(code, lang, **values), self.advice(code, lang, **values)
        joint = "，" if lang == "zh" else "; "
        return f"{title}{joint}{advice}" if advice else title

    def _part(self, part: str, code: str, lang: str, values: Mapping[str, object]) -> str:
        entry = self.table.get(code)
        if entry is None:
            return code if part == "title" else ""
        right = self.table.get(f"right_{values.get('right')}")  # a function is named by its word, not by its code
        if right is not None:
            values = {**values, "right": right[f"title_{lang}"]}
        return _Forgiving().vformat(entry[f"{part}_{lang}"], (), values)


def _entries(text: str) -> Iterable[tuple[str, Mapping[str, str]]]:
    """The entries of one file; whatever is not in the plain form is left to a parser of the whole language."""
    found = _PLAIN.findall(text)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    if "\\" in text or len(lines) != len(found) * (1 + len(_FIELDS)):
        return tomllib.loads(text).items()
    return ((code, dict(zip(_FIELDS, values, strict=True))) for code, *values in found)
