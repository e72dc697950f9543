"""The data folder of one running program: made, checked and held, so that one program at a time writes."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from app.base.errors import Trouble
from app.base.paths import DataPaths


@dataclass(frozen=True, slots=True)
class Holder:
    """Who took a folder, by what it wrote down itself; it may have been killed since."""

    pid: int
    purpose: str


def holder_of(root: Path) -> Holder | None:
    """Who holds the folder, or was killed while holding it; None where nobody says so."""
    try:
        found = json.loads(_holder_file(DataPaths(root)).read_text(encoding="utf-8"))
        return Holder(int(found["pid"]), str(found["purpose"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _holder_file(paths: DataPaths) -> Path:
    return paths.lock.with_suffix(".lock.json")


class DataFolder:
    """Holds `matou.lock` while open; `matou.lock.json` beside it says who holds it."""

    def __init__(self, root: Path, purpose: str) -> None:
        """Raises Trouble: data_folder_in_use, data_folder_read_only, data_folder_bad."""
        from filelock import FileLock, Timeout  # noqa: PLC0415 - not before the first paint

        self.paths = DataPaths(root)
        self._make()
        self._lock = FileLock(self.paths.lock, thread_local=False)  # whoever closes lets go, on any thread
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise Trouble("data_folder_in_use", folder=root.name, **self._holder()) from None
        except PermissionError as error:
            raise Trouble("data_folder_read_only", folder=root.name) from error
        except OSError as error:
            raise Trouble("data_folder_bad", folder=root.name, why=error.strerror) from error
        self._note(purpose)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            _holder_file(self.paths).unlink(missing_ok=True)
        self._lock.release()

    def _make(self) -> None:
        try:
            self.paths.root.mkdir(parents=True, exist_ok=True)
        except (PermissionError, FileExistsError, NotADirectoryError) as error:
            code = "data_folder_read_only" if isinstance(error, PermissionError) else "data_folder_bad"
            raise Trouble(code, folder=self.paths.root.name, why=error.strerror) from error
        except OSError as error:
            read_only = error.errno is not None and os.strerror(error.errno) == "Read-only file system"
            code = "data_folder_read_only" if read_only else "data_folder_bad"
            raise Trouble(code, folder=self.paths.root.name, why=error.strerror) from error

    def _note(self, purpose: str) -> None:
        holder = {"pid": os.getpid(), "purpose": purpose, "program": Path(sys.argv[0]).name}
        with contextlib.suppress(OSError):
            _holder_file(self.paths).write_text(json.dumps(holder), encoding="utf-8")

    def _holder(self) -> dict[str, object]:
        holder = holder_of(self.paths.root)
        return {"pid": holder.pid if holder else "?", "purpose": holder.purpose if holder else "?"}
