"""What this installation is made of and whether it is whole: facts and checks for the about screen. No Qt widgets.

The checks run on a thread of their own, beside a program that holds the data folder: they look through a `Reader`,
which holds nothing, and try the disk in a file of their own.
"""

from __future__ import annotations

import importlib.metadata
import logging
import platform
import shutil
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QFontDatabase

from app.base.errors import Trouble
from app.base.log import MemoryRing
from app.base.paths import resources_dir
from app.base.texts import Texts
from app.store.database import PRAGMAS
from app.ui.bridge import Bridge
from app.ui.feedback import Feedback
from app.ui.icons import Icon
from app.ui.theme import FONT_FAMILY
from app.wiring import Reader
from devices import list_ports
from sync import SyncStatus

ENOUGH_MB = 500
LONGEST_NAME = 60  # of a licence; some packages put its whole text there
LIBRARIES = (
    "PySide6", "shiboken6", "pyserial", "hidapi", "zxing-cpp", "peewee", "httpx", "keyring", "biip", "msgspec",
    "cryptography", "filelock", "platformdirs", "starlette", "uvicorn",
)  # fmt: skip
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """One part: `state` is pass, attention or fail; `values` fill the text `check_<name>`."""

    name: str
    state: str
    values: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Library:
    """Something that we ship, with the licence that it says of itself."""

    name: str
    version: str
    licence: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the program's data lies, and the last lines of its log."""

    folder: Path | None
    lines: tuple[str, ...]


def place_of_data() -> Place:
    """Read off the handlers that a running program has put on the root logger; nothing before it is open."""
    folder: Path | None = None
    lines: tuple[str, ...] = ()
    for handler in logging.getLogger().handlers:
        if isinstance(handler, RotatingFileHandler):
            folder = Path(handler.baseFilename).parent.parent
        elif isinstance(handler, MemoryRing):
            lines = tuple(handler.lines)
    return Place(folder, lines)


def libraries() -> tuple[Library, ...]:
    """Every library of the program as it is installed here; in a frozen program those whose notes were packed."""
    found = []
    for name in LIBRARIES:
        try:
            about = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found.append(Library(name, about["Version"] or "", _licence_of(about)))
    return tuple(found)


def licence_files() -> tuple[Path, ...]:
    """The licences of what we bring along: fonts and icons."""
    root = resources_dir()
    return tuple(sorted((*root.glob("fonts/LICENSE*"), *root.glob("icons/LICENSE*"))))


def _licence_of(about: importlib.metadata.PackageMetadata) -> str:
    for name in ("License-Expression", "License"):
        short = str(next(iter(about.get_all(name) or ()), ""))
        if short and len(short) < LONGEST_NAME and "\n" not in short:
            return short
    for line in about.get_all("Classifier") or ():
        if line.startswith("License :: "):
            return str(line).rpartition(" :: ")[2]
    return ""


class Inspection(QObject):
    """Runs the checks, one after the other, on a thread of its own."""

    done = Signal(object)
    """tuple[Check, …]."""

    def __init__(self, parent: QObject | None = None, *, feedback: Feedback | None = None) -> None:
        """`feedback` is asked whether it can be heard."""
        super().__init__(parent)
        self._feedback = feedback or Feedback()
        self._bridge = Bridge(self)
        self._running = False

    @property
    def running(self) -> bool:
        return self._running

    def run(self, status: SyncStatus) -> None:
        """Answer: `done`. `status`: where the exchange stands."""
        if self._running:
            return
        self._running = True
        seen = tuple(_seen_checks(self._feedback))  # fonts and sound are asked on the UI thread
        work = partial(self._work, seen, status, place_of_data().folder)
        threading.Thread(target=work, name="inspection", daemon=True).start()

    def _work(self, seen: tuple[Check, ...], status: SyncStatus, folder: Path | None) -> None:
        checks = [*_machine_checks(), *seen]
        try:
            checks += list(_folder_checks(folder))
        except (Trouble, OSError, sqlite3.Error) as error:
            found = error.code if isinstance(error, Trouble) else type(error).__name__
            checks.append(Check("folder", "fail", {"found": found}))
        checks += _exchange_checks(status)
        try:
            self._bridge.post(partial(self._tell, tuple(checks)))
        except RuntimeError:  # the window was closed meanwhile
            _log.info("nobody waits for the inspection any more")

    def _tell(self, checks: tuple[Check, ...]) -> None:
        self._running = False
        self.done.emit(checks)


def _machine_checks() -> Iterator[Check]:
    yield Check("python", _pass_if(sys.version_info >= (3, 11)), {"found": platform.python_version()})
    yield Check("sqlite", _pass_if(sqlite3.sqlite_version_info >= (3, 35)), {"found": sqlite3.sqlite_version})
    texts = Texts.load()
    yield Check("texts", _pass_if(texts.has("ok") and texts.has("disk_full")), {"found": len(texts.table)})
    yield Check("qt", "pass", {"found": importlib.metadata.version("PySide6")})
    try:
        ports = len(list_ports())
    except OSError:
        ports = 0
    yield Check("serial", "pass" if ports else "attention", {"found": ports})


def _seen_checks(feedback: Feedback) -> Iterator[Check]:
    """What only the UI thread may ask."""
    yield Check("fonts", _pass_if(FONT_FAMILY in QFontDatabase.families()), {"found": FONT_FAMILY})
    missing = [icon.value for icon in Icon if not (resources_dir() / "icons" / f"{icon.value}.svg").is_file()]
    yield Check("icons", _pass_if(not missing), {"found": len(Icon) - len(missing)})
    feedback.wake()
    trouble = feedback.trouble
    yield Check("sound", "attention" if trouble else "pass", {"found": trouble or "ok"})


def _folder_checks(folder: Path | None) -> Iterator[Check]:
    """Raises Trouble, OSError, sqlite3.Error: the folder cannot be looked into."""
    if folder is None:
        yield Check("folder", "fail", {"found": "-"})
        return
    yield Check("folder", "pass", {"found": folder.name})
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    yield Check("space", "pass" if free_mb >= ENOUGH_MB else "attention", {"found": free_mb})
    with Reader(folder) as reader:
        answer = reader.database.execute_sql("PRAGMA quick_check").fetchone()[0]
        counts = reader.outbox.counts()
    yield Check("database", _pass_if(answer == "ok"), {"found": answer})
    yield _tried("commit", partial(_commit, folder))
    values: dict[str, object] = {"waiting": counts.waiting, "refused": counts.refused, "held": counts.held}
    yield Check("queue", "attention" if counts.refused or counts.held else "pass", values)


def _commit(folder: Path) -> str:
    """A real commit with full sync beside the real file."""
    with tempfile.TemporaryDirectory(dir=folder) as place, closing(sqlite3.connect(Path(place) / "t.db")) as trial:
        for name, value in PRAGMAS:
            trial.execute(f"PRAGMA {name} = {value}")
        trial.execute("CREATE TABLE t (a)")
        trial.commit()
    return "ok"


def _exchange_checks(status: SyncStatus) -> list[Check]:
    if status.network == "online" and status.trouble is None:
        return [Check("server", "pass", {"found": "ok"})]
    return [Check("server", "attention", {"found": status.trouble or "-", "subject": status.subject or ""})]


def _tried(name: str, ask: Callable[[], str]) -> Check:
    try:
        return Check(name, "pass", {"found": ask()})
    except (sqlite3.Error, OSError) as error:
        return Check(name, "fail", {"found": type(error).__name__})


def _pass_if(fine: bool) -> str:
    return "pass" if fine else "fail"
