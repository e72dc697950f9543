"""What the architecture tests read: the files of the checkout that belong to the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
NOT_OURS = frozenset({"__pycache__", "out", "dist", "node_modules"})
HIDDEN_BUT_OURS = frozenset({".ci", ".gitignore", ".gitattributes", ".editorconfig"})


def _belongs(name: str) -> bool:
    return name not in NOT_OURS and not name.endswith(".egg-info") and (name[0] != "." or name in HIDDEN_BUT_OURS)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds pyproject.toml."""
    return CHECKOUT


@pytest.fixture(scope="session")
def tracked(checkout: Path) -> tuple[Path, ...]:
    """Every file that is or may be committed; artefacts, caches and environments are left out."""
    found: list[Path] = []
    for folder, folders, files in os.walk(checkout):
        folders[:] = sorted(name for name in folders if _belongs(name))
        found += [
            Path(folder, name) for name in sorted(files) if _belongs(name) and not name.endswith((".pyc", ".pyo"))
        ]
    return tuple(found)


@pytest.fixture(scope="session")
def modules(tracked: tuple[Path, ...]) -> tuple[Path, ...]:
    """Every Python file of the project, tests and build scripts too."""
    return tuple(path for path in tracked if path.suffix == ".py")
