"""Ours, for `voucher`: a voucher decoded and a person asked for, by the middleware and by two provinces' envelopes.

Called by run_voucher.py as a program of its own; prints one JSON line. With a file's name behind it, the bodies that
would travel are written there for the bare program instead.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sync.endpoints import his_voucher, txn1101, txn6101, txn9001
from sync.endpoints.txn1101 import Cert
from sync.envelope import Sender
from sync.envelope_form import form_of
from sync.insurance import InsuranceLine
from sync.message_ids import MessageIds
from sync.ports import SyncSettings
from sync.sealing import SealSecrets, seal_of
from sync.transport import Call, HttpTransport, Reply

CLERK = Sender("1002", "bench")
DOORS = ("middleware", "north", "south")


class Pen:
    """A transport that sends, and writes down what it sent."""

    def __init__(self, inner: HttpTransport, address: str, notes: list[dict[str, Any]]) -> None:
        self._inner, self._address, self._notes = inner, address, notes
        self.kind = "before"

    def exchange(self, call: Call) -> Reply:
        """As the inner one."""
        headers = {"Matou-Device": "bench", "Content-Type": "application/json", **dict(call.headers)}
        url = f"{self._address}/{call.path.lstrip('/')}"
        self._notes.append({"url": url, "headers": headers, "body": (call.body or b"").decode(), "kind": self.kind})
        return self._inner.exchange(call)

    def close(self) -> None:
        """As the inner one."""
        self._inner.close()


def main() -> None:
    """Arguments: a file that says where the hospital is, how many times, what to write instead of timing."""
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    notes: list[dict[str, Any]] | None = [] if len(sys.argv) > 3 else None
    times: dict[str, list[float]] = {}
    for door in DOORS:
        with _calls(told, door, notes) as work:
            for kind, call, named in work:
                for _ in range(int(sys.argv[2])):
                    with named(kind):
                        began = time.perf_counter()
                        call()
                        times.setdefault(kind, []).append((time.perf_counter() - began) * 1000)
    if notes is not None:
        lines = [json.dumps(note) for note in notes]
        Path(sys.argv[3]).write_text("\n".join(lines), encoding="utf-8")
    sys.stdout.write(json.dumps(times) + "\n")


Named = Callable[[str], AbstractContextManager[None]]


@contextmanager
def _calls(
    told: dict[str, Any], door: str, notes: list[dict[str, Any]] | None
) -> Iterator[list[tuple[str, Callable[[], object], Named]]]:
    address = told["url"] if door == "middleware" else told["evoucher"]
    transport: Any = HttpTransport(address, "bench", settings=SyncSettings(read_s=20.0))
    if notes is not None:
        transport = Pen(transport, address, notes)

    @contextmanager
    def named(kind: str) -> Iterator[None]:
        if notes is not None:
            transport.kind = kind
        yield

    form = form_of(told["forms"][door]["form"])
    seal = seal_of(form.seal, SealSecrets(**told["forms"][door]["secrets"]))
    ids = MessageIds(form.institution, "bench", DOORS.index(door), len(DOORS))
    line = InsuranceLine(transport, form, seal, ids, sign_in=txn9001.sign_in)
    voucher, cert = told["voucher"], Cert("02", told["card"])

    def decode() -> object:
        if door == "middleware":
            return his_voucher.decode(transport, voucher, "01302", CLERK)
        return txn6101.decode(line, voucher, "01302", CLERK)

    txn1101.person(line, cert, CLERK)  # connected and signed in, as after the first patient
    yield [
        (f"{door}_decode", decode, named),
        (f"{door}_person", lambda: txn1101.person(line, cert, CLERK), named),
    ]
    transport.close()


if __name__ == "__main__":
    main()
