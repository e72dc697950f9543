"""Looks from outside for what must not be left: files of a folder, free pages of SQLite, a process's memory."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

_MAPPED = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r")
_PIECE = 16 << 20
_FOUR = 4  # signs: of a shorter secret nothing can be told


def forms_of(secret: str) -> tuple[bytes, ...]:
    """As it would lie there: by any of the encodings that come into it."""
    forms = {secret.encode(one, "ignore") for one in ("utf-8", "gbk", "utf-16-le")}
    return tuple(sorted(form for form in forms if len(form) >= _FOUR))


def in_files(folder: Path, secrets: Mapping[str, str]) -> list[str]:
    """What was found where: `token in logs/matou.log`. Every file as it lies there, whatever it is."""
    found: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            held = path.read_bytes()
            found += [f"{name} in {path.relative_to(folder)}" for name in _held(held, secrets)]
            found += [
                f"{name} in the name of {path.relative_to(folder)}" for name in _held(path.name.encode(), secrets)
            ]
    return found


def in_memory(pid: int, secrets: Mapping[str, str]) -> list[str]:
    """Which of the secrets stand in the memory of a process now. Raises OSError where nobody may look."""
    found: set[str] = set()
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="ascii", errors="replace")
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for match in _MAPPED.finditer(maps):
            first, last = (int(text, 16) for text in match.groups())
            for at in range(first, last, _PIECE):
                with contextlib.suppress(OSError, ValueError, OverflowError):
                    memory.seek(at)
                    found |= set(_held(memory.read(min(_PIECE, last - at) + 256), secrets))
    return sorted(found)


def _held(held: bytes, secrets: Mapping[str, str]) -> Iterable[str]:
    return [name for name, secret in secrets.items() if any(form in held for form in forms_of(secret))]
