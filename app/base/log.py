"""The log: a rolling file in the data folder and a ring in memory, with patients and credentials masked. Any thread."""

from __future__ import annotations

import contextlib
import logging
import re
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path

_IDENTITY_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_FILE_BYTES = 2_000_000
_FILES_KEPT = 5
_RING_LINES = 500


def masked(text: str, credentials: re.Pattern[str]) -> str:
    """The text with credentials and identity numbers replaced by *** (product promise 7)."""
    return _IDENTITY_NUMBER.sub("***", credentials.sub("***", text))


class _MaskingFormatter(logging.Formatter):
    def __init__(self, form: str, credentials: re.Pattern[str]) -> None:
        super().__init__(form)
        self._credentials = credentials

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record), self._credentials)


class _QuietFile(RotatingFileHandler):
    """A log that cannot be written must not talk over the one line that a person reads: the ring still has it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        del record


class MemoryRing(logging.Handler):
    """The last lines, for the diagnosis page."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=_RING_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class LogBook:
    """The handlers of one run of the program; `close` takes them away again."""

    def __init__(self, folder: Path, credentials: re.Pattern[str]) -> None:
        """`credentials`: what a patient's voucher looks like; it never reaches a line."""
        with contextlib.suppress(OSError):  # a full disk: the lines stay in the ring
            folder.mkdir(parents=True, exist_ok=True)
        self.ring = MemoryRing()
        file = _QuietFile(
            folder / "matou.log", maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, encoding="utf-8", delay=True
        )
        self._handlers: tuple[logging.Handler, ...] = (file, self.ring)
        form = _MaskingFormatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s", credentials)
        root = logging.getLogger()
        for handler in self._handlers:
            handler.setFormatter(form)
            handler.setLevel(logging.INFO)
            root.addHandler(handler)
        root.setLevel(logging.INFO)
        # httpx logs whole URLs at INFO; an address may hold what nobody else should read.
        logging.getLogger("httpx").setLevel(logging.WARNING)

    def close(self) -> None:
        root = logging.getLogger()
        for handler in self._handlers:
            root.removeHandler(handler)
            handler.close()
