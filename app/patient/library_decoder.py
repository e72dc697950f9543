"""6101 by the national library: the patient process asks a child of its own, and outlives whatever becomes of it."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
from collections.abc import Sequence
from typing import IO

import msgspec

from app.patient.library import Called, Request, is_good
from app.patient.plan import Plan, Who
from app.patient.ports import Decoded, PatientTrouble

SAID_MOST = 120
_NOT_A_VOUCHER = "500159"


class LibraryDecoder:
    """`Decoder` over a library that reads its own scanner. Used on one thread."""

    def __init__(self, plan: Plan, command: Sequence[str]) -> None:
        """`command` starts the child that loads the library."""
        self._plan, self._command = plan, tuple(command)
        self._child: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def decode(self, voucher: str, business: str, who: Who) -> Decoded:  # noqa: ARG002 - it reads the voucher itself
        called = self._ask(_question(self._plan, business, who))
        if called.code:
            raise PatientTrouble(called.code, size=str(self._plan.library.buffer))
        return decoded_of(called, self._plan.silent)

    def close(self) -> None:
        """The child goes; one that hangs is killed."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def _ask(self, text: str) -> Called:
        child = self._child or self._start()
        assert child.stdin is not None
        try:
            child.stdin.write(msgspec.json.encode(Request(text)) + b"\n")
            child.stdin.flush()
            line = self._answers.get(timeout=self._plan.library.limit_s)
        except queue.Empty:
            self.close()
            raise PatientTrouble("library_hangs", seconds=f"{self._plan.library.limit_s:.0f}") from None
        except OSError:
            line = b""
        if not line:
            self.close()
            raise PatientTrouble("library_crashed")
        return msgspec.json.decode(line, type=Called)

    def _start(self) -> subprocess.Popen[bytes]:
        hidden = int(getattr(subprocess, "CREATE_NO_WINDOW", 0))
        try:
            child = subprocess.Popen(  # noqa: S603 - our own program
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                creationflags=hidden,
            )  # fmt: skip
        except OSError:
            raise PatientTrouble("library_crashed") from None
        self._child, self._answers = child, queue.SimpleQueue()
        assert child.stdin is not None
        assert child.stdout is not None
        threading.Thread(
            target=_pass_on, args=(child.stdout, self._answers), name="library-reader", daemon=True
        ).start()
        with contextlib.suppress(OSError):
            child.stdin.write(msgspec.json.encode(self._plan.library) + b"\n")
        return child


def decoded_of(called: Called, silent: Sequence[str]) -> Decoded:
    """Both results looked at: that of the call, and the code in what was written. Raises PatientTrouble."""
    found = _object(called.out)
    if found is None:
        if not is_good(called.status):
            raise PatientTrouble("library_refused", number=called.status, said=called.out[:SAID_MOST])
        raise PatientTrouble("library_rubbish")
    code, said = str(found.get("code", "")).strip(), str(found.get("message", ""))[:SAID_MOST]
    if code != "0" or not is_good(called.status):
        code = code if code not in ("", "0") else called.status
        if code in silent:
            raise PatientTrouble("decoder_silent")
        raise PatientTrouble("voucher_not_one" if code == _NOT_A_VOUCHER else "voucher_refused", number=code, said=said)
    data = found.get("data")
    inside = data if isinstance(data, dict) else _object(data if isinstance(data, str) else "")
    if inside is None or not all(isinstance(inside.get(name), str) and inside[name] for name in _NEEDED):
        raise PatientTrouble("library_rubbish")
    name, id_no, id_type, token = (str(inside[name]) for name in _NEEDED)
    return Decoded(name, id_no, id_type, token, str(inside.get("insuOrg") or ""))


_NEEDED = ("userName", "idNo", "idType", "ecToken")


def _question(plan: Plan, business: str, who: Who) -> str:
    """§3.2 and §3.4."""
    data = {
        "orgId": plan.org,
        "businessType": business,
        "operatorId": who.id,
        "operatorName": who.name,
        "officeId": plan.office,
        "officeName": plan.office_name,
    }
    return msgspec.json.encode({"orgId": plan.org, "transType": "ec.query", "data": data}).decode("utf-8")


def _object(text: str) -> dict[str, object] | None:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _pass_on(stream: IO[bytes], answers: queue.SimpleQueue[bytes]) -> None:
    """An empty line is the end."""
    while line := stream.readline():
        answers.put(line)
    answers.put(b"")
