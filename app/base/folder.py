"""The data folder of one running program: made, checked and held, so that one program at a time writes."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from app.base.errors import Trouble
from app.base.paths import DataPaths


class DataFolder:
    """Holds `matou.lock` while open; `matou.lock.json` beside it says who holds it."""

    def __init__(self, root: Path, purpose: str) -> None:
        """Raises Trouble: data_folder_in_use, data_folder_read_only, data_folder_bad."""
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
            self._holder_file.unlink(missing_ok=True)
        self._lock.release()

    @property
    def _holder_file(self) -> Path:
        return self.paths.lock.with_suffix(".lock.json")

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
            self._holder_file.write_text(json.dumps(holder), encoding="utf-8")

    def _holder(self) -> dict[str, object]:
        try:
            found = json.loads(self._holder_file.read_text(encoding="utf-8"))
            return {"pid": int(found["pid"]), "purpose": str(found["purpose"])}
        except (OSError, ValueError, KeyError, TypeError):
            return {"pid": "?", "purpose": "?"}
