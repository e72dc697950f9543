"""Words of acceptance that are data (resources/acceptance/words.toml), read once. Any thread."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.base.paths import resources_dir
from app.domain.temperature import Range, StorageWords


@dataclass(frozen=True, slots=True)
class AcceptanceWords:
    """`columns`: kind of a logger's column → words of its heading."""

    storage: StorageWords
    columns: Mapping[str, tuple[str, ...]]

    @classmethod
    def load(cls, file: Path | None = None) -> AcceptanceWords:
        found = tomllib.loads((file or resources_dir() / "acceptance" / "words.toml").read_text(encoding="utf-8"))
        named = {word: Range(*map(float, ends)) for word, ends in found["storage"].items()}
        limits = found["limits"]
        columns = {kind: tuple(words) for kind, words in found["columns"].items()}
        return cls(StorageWords(named, tuple(limits["at_most"]), tuple(limits["at_least"])), columns)
