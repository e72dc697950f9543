"""Every setting of the program, declared once, and the two files that hold them: site.toml and device.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.base.errors import Trouble
from app.base.paths import DataPaths


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: where it lives, who may change it, since which version."""

    key: str
    kind: type
    default: object
    file: str  # "site" (read-only to clerks) or "device"
    who: str  # the right that may change it
    since: str
    meaning: str


SETTINGS: tuple[Setting, ...] = (
    Setting("server", str, "", "site", "install", "0.1.0", "address of the hospital middleware"),
    Setting("ca_file", str, "", "site", "install", "0.1.0", "PEM file of the site's own certificate authority"),
    Setting(
        "stop_holds", bool, True, "site", "install", "0.1.0", "a stop holds scanning in the window until confirmed"
    ),
    Setting("scanners", list, [], "device", "install", "0.1.0", "scanners opened at start, as on the command line"),
)
_BY_KEY = {setting.key: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force: the files over the defaults."""

    values: Mapping[str, object]

    @classmethod
    def load(cls, paths: DataPaths) -> Settings:
        """Raises Trouble `setting_bad` for a file that cannot be read, an unknown key or a wrong type."""
        values: dict[str, object] = {setting.key: setting.default for setting in SETTINGS}
        for file, path in (("site", paths.site_file), ("device", paths.device_file)):
            values.update(_read(file, path))
        return cls(values)

    def text(self, key: str) -> str:
        return str(self.values[key])

    def flag(self, key: str) -> bool:
        return bool(self.values[key])

    def words(self, key: str) -> tuple[str, ...]:
        value = self.values[key]
        return tuple(str(word) for word in value) if isinstance(value, list) else ()


def _read(file: str, path: Path) -> dict[str, object]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Trouble("setting_bad", file=path.name, key="-", why=type(error).__name__) from error
    for key, value in found.items():
        setting = _BY_KEY.get(key)
        if setting is None or setting.file != file:
            raise Trouble("setting_bad", file=path.name, key=key, why="unknown")
        if not isinstance(value, setting.kind):
            raise Trouble("setting_bad", file=path.name, key=key, why=f"not {setting.kind.__name__}")
    return found
