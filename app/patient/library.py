"""The national library (动态库) called through ctypes, in a process that may hang or fall over without harm.

Runs in a child of the patient process: lines of JSON in and out, one call after the other. The library reads its own
scanner; no text is handed to it (e-voucher-6101.md §1, §3). It may write over the end of the buffer: behind it lies a
wide ground that belongs to nobody, and what is found there is told.
"""

from __future__ import annotations

import ctypes
import os
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

from app.patient.plan import LibraryPlan

GROUND = 2_000_000
"""Bytes behind the buffer that a library may spoil."""
_MARK = 0xA5
_STATUS_GOOD = "0000"


@dataclass(frozen=True, slots=True)
class Called:
    """One call: `code` says what went wrong (a text code), else `out` is what the library wrote."""

    code: str = ""
    status: str = ""
    out: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """What the library is asked."""

    text: str


class LibraryFault(Exception):
    """The library cannot be used. `code` has a text."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


Function = Callable[[bytes, ctypes.Array[ctypes.c_char]], str]


class Library:
    """One loaded library. Used on one thread."""

    def __init__(self, plan: LibraryPlan) -> None:
        """Raises LibraryFault: library_missing, library_unusable, library_refused."""
        self._plan = plan
        if not plan.path or not Path(plan.path).is_file():
            raise LibraryFault("library_missing")
        load = getattr(ctypes, "WinDLL", ctypes.CDLL)  # stdcall where there is such a thing
        try:
            self._loaded = load(plan.path)
            self._call: Function = self._ecquery() if plan.style == "ecquery" else self._nation()
        except (OSError, AttributeError):  # no library of this machine, or without that function
            raise LibraryFault("library_unusable") from None

    def ask(self, text: str) -> Called:
        """One call, with what came of it."""
        charset, size = self._plan.charset, max(self._plan.buffer, 1)
        room = ctypes.create_string_buffer(size + GROUND)
        ctypes.memset(ctypes.addressof(room) + size, _MARK, GROUND)
        try:
            given = text.encode(charset)
        except UnicodeEncodeError:
            return Called("library_unusable")
        status = self._call(given, room)
        behind = bytes(memoryview(room)[size : size + 64])
        whole = bytes(memoryview(room)[:size])
        if behind != bytes([_MARK]) * 64 or 0 not in whole:
            return Called("library_overran", status)
        try:
            return Called("", status, whole[: whole.index(0)].decode(charset))
        except UnicodeDecodeError:
            return Called("library_rubbish", status)

    def _nation(self) -> Function:
        """`NationEcTrans(url, in, out)`: gives a pointer to a status, `0000` if the call succeeded."""
        function = self._loaded.NationEcTrans
        by_number = self._plan.style == "nation_int"
        function.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p)
        function.restype = ctypes.c_int if by_number else ctypes.c_char_p
        url = self._plan.url.encode(self._plan.charset)

        def call(given: bytes, room: ctypes.Array[ctypes.c_char]) -> str:
            found = function(url, given, room)
            if by_number:
                return _STATUS_GOOD if found == 0 else str(found)
            return (found or b"").decode("ascii", "replace").strip()

        return call

    def _ecquery(self) -> Function:
        """`Init(json)` once, then `EcQuery(in, out)`; 0 is good."""
        begin, function = self._loaded.Init, self._loaded.EcQuery
        begin.argtypes, begin.restype = (ctypes.c_char_p,), ctypes.c_int
        function.argtypes, function.restype = (ctypes.c_char_p, ctypes.c_char_p), ctypes.c_int
        if begin(self._plan.init.encode(self._plan.charset)) != 0:
            raise LibraryFault("library_refused")

        def call(given: bytes, room: ctypes.Array[ctypes.c_char]) -> str:
            found = function(given, room)
            return _STATUS_GOOD if found == 0 else str(found)

        return call


def is_good(status: str) -> bool:
    """Whether the library says that its call succeeded."""
    return status in (_STATUS_GOOD, "0")


def serve_library(source: BinaryIO, out: BinaryIO) -> None:
    """The first line is the plan; then a request, an answer, until the pipe ends. Does not return."""
    plan = msgspec.json.decode(source.readline(), type=LibraryPlan)
    inbox: queue.SimpleQueue[Request] = queue.SimpleQueue()

    def work() -> None:
        library: Library | None = None
        while True:
            request = inbox.get()
            try:
                library = library or Library(plan)
                called = library.ask(request.text)
            except LibraryFault as fault:
                called = Called(fault.code)
            out.write(msgspec.json.encode(called) + b"\n")
            out.flush()

    threading.Thread(target=work, name="library", daemon=True).start()
    while line := source.readline():
        inbox.put(msgspec.json.decode(line, type=Request))
    os._exit(0)  # also while the library hangs


def own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Standard input, and standard output for us alone: what a library prints goes nowhere."""
    mine = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return sys.stdin.buffer, mine
