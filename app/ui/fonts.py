"""Brings the bundled Chinese font into Qt: a PDA may have none. UI thread, once, before the first widget."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QFontDatabase

from app.base.paths import resources_dir
from app.ui.theme import FONT_FAMILY

log = logging.getLogger(__name__)

FACES = ("MatouSansSC-Regular.otf", "MatouSansSC-Bold.otf")


@dataclass(frozen=True, slots=True)
class Fonts:
    """What was loaded. Where `missing` is not empty the system's own fonts stand in: `font_missing` is the trouble."""

    family: str
    missing: tuple[str, ...]

    @property
    def trouble(self) -> str | None:
        return "font_missing" if self.missing else None


def load_fonts(folder: Path | None = None) -> Fonts:
    """Load both weights from resources/fonts; a file that is missing or broken is named, never raised."""
    place = folder or resources_dir() / "fonts"
    missing = tuple(name for name in FACES if not _load(place / name))
    if missing:
        log.warning("fonts not loaded: %s", ", ".join(missing))
    return Fonts(FONT_FAMILY, missing)


def _load(path: Path) -> bool:
    """By name of file, not by bytes: Qt then maps it and reads only the glyphs that are drawn."""
    return path.is_file() and QFontDatabase.addApplicationFont(str(path)) >= 0
