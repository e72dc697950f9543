"""Takes in a relation file on a thread of its own (`file-import`): a large one takes minutes, and scans go on.

Begun, cancelled and ended on the window's worker.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.base.errors import Trouble
from app.flows.relation_report import FileReport, Progress, Step

END_S = 2.0
PARTS = {"look": (0, 10), "read": (10, 65), "check": (65, 70), "store": (70, 100)}
"""How much of the bar each phase has, in hundredths."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ImportView:
    """How far a file is. At the end there is a report, or the code of what went wrong."""

    file: str
    phase: str = "look"
    percent: int = 0
    report: FileReport | None = None
    trouble: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        return self.report is not None or self.trouble is not None


class FileImport:
    """One file at a time. `tell` is called on any thread, when something moved that can be seen."""

    def __init__(self, take_in: Callable[[Path, Progress], FileReport], tell: Callable[[ImportView], None]) -> None:
        self._take_in = take_in
        self._tell = tell
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, path: Path) -> None:
        """Raises Trouble `import_busy` while another file is under way."""
        if self._thread is not None and self._thread.is_alive():
            raise Trouble("import_busy", file=path.name)
        self._stop.clear()
        self._thread = threading.Thread(target=self._work, args=(path,), name="file-import", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Nothing of the file under way is kept; its report says so."""
        self._stop.set()

    def end(self) -> None:
        """Cancel, and wait for it: the store closes after this."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(END_S)

    def _work(self, path: Path) -> None:
        last = ImportView(path.name)

        def go_on(step: Step) -> bool:
            nonlocal last
            now = ImportView(path.name, step.phase, percent_of(step))
            if now != last:
                last = now
                self._tell(now)
            return not self._stop.is_set()

        self._tell(last)
        try:
            end = ImportView(path.name, report=self._take_in(path, go_on))
        except Trouble as trouble:
            end = ImportView(path.name, trouble=trouble.code, values=trouble.values)
        except Exception as error:
            _log.critical("bug in the import of a file", exc_info=True)
            end = ImportView(path.name, trouble="bug", values={"kind": type(error).__name__})
        self._tell(end)


def percent_of(step: Step) -> int:
    """How much of the whole way is behind."""
    first, last = PARTS[step.phase]
    return first + ((last - first) * min(step.done, step.total) // step.total if step.total else 0)
