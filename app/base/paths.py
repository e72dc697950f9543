"""Places: the data folder, and the resources both from source and in the frozen program. Pure, any thread."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs


def resources_dir() -> Path:
    """Folder of icons, texts and seeds; beside the packages from source, inside the bundle when frozen."""
    bundle = getattr(sys, "_MEIPASS", None)
    root = Path(bundle) if bundle else Path(__file__).resolve().parents[2]
    return root / "resources"


def default_data_dir() -> Path:
    """Per user when run from source; the installed program is given its machine folder by `--data-dir`."""
    return Path(platformdirs.user_data_dir("matou", appauthor=False))


@dataclass(frozen=True, slots=True)
class DataPaths:
    """The files of one data folder (contracts §5)."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "matou.db"

    @property
    def lock(self) -> Path:
        return self.root / "matou.lock"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def recordings(self) -> Path:
        return self.root / "recordings"

    @property
    def site_file(self) -> Path:
        return self.root / "site.toml"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def device_file(self) -> Path:
        return self.root / "device.toml"
