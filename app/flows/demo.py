"""The demonstration's hospital: a sandbox as a child process, its folder, and the goods that stand at its dock. No Qt.

The child ends with its standard input, so with this program, whatever ends it; its books lie in the demo's own folder
and outlive a restart. Built and closed on the main thread; the questions to the control door go out on any one thread.
"""

from __future__ import annotations

import contextlib
import json
import logging
import random
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import httpx
import platformdirs

from app.base.errors import Trouble

FIRST_LINE_S = 30.0
CALL_S = 15.0
END_S = 10.0
DEMO_ENTRY = "demo.json"
FRESH_DRUG = "YP-0001"
FRESH_PREFIXES = ("8999013", "8999012", "8999011")  # carton, bundle, box of that drug
FRESH_BUNDLES, FRESH_BOXES = 2, 10
STRANGE_PRODUCT = "6901234567892"  # a product code: every box of that product carries it
STRANGE_TEXT = "WULIU-20261122-7"  # a carrier's note, which no manifest names
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pack:
    """A coded package at the dock: `level` 1 is the smallest, `parent` the package that holds it."""

    code: str
    level: int
    parent: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """One delivery as it stands at the dock, also where nobody sent its codes."""

    delivery: str
    supplier: str
    manifest: str  # complete, late, wrong, missing
    packs: tuple[Pack, ...]

    def inside(self, code: str | None) -> tuple[Pack, ...]:
        """What lies in a package; None: what stands on the shelf itself."""
        return tuple(pack for pack in self.packs if pack.parent == code)

    def boxes_in(self, code: str) -> int:
        """Smallest packs under a code, itself if it holds nothing."""
        below = self.inside(code)
        return sum(self.boxes_in(pack.code) for pack in below) if below else 1

    def find(self, code: str) -> Pack | None:
        return next((pack for pack in self.packs if pack.code == code), None)


@dataclass(frozen=True, slots=True)
class Dock:
    """All that can be shot in the demonstration. `voucher` is an invented patient's."""

    shelves: tuple[Shelf, ...]
    voucher: str
    received_before: str | None  # a box of an earlier receipt

    def shelf(self, delivery: str) -> Shelf | None:
        return next((shelf for shelf in self.shelves if shelf.delivery == delivery), None)

    def other_than(self, delivery: str) -> str | None:
        """A box that another delivery brings, of a drug that this one has not."""
        here = self.shelf(delivery)
        known = {pack.code[:7] for pack in here.packs} if here else set()
        for shelf in self.shelves:
            for pack in shelf.packs:
                strange = shelf.delivery != delivery and pack.code[:7] not in known
                if strange and pack.level == 1 and _is_trace(pack.code):
                    return pack.code
        return None

    def foreign_to(self, delivery: str, chance: random.Random) -> str | None:
        """A box of a drug that this delivery has not, and that no delivery brings."""
        other = self.other_than(delivery)
        return None if other is None else _drawn(other[:7], chance)

    def extra_to(self, delivery: str, chance: random.Random) -> str | None:
        """A box of a drug of this delivery that nobody sent."""
        here = self.shelf(delivery)
        box = next((pack for pack in here.packs if pack.level == 1 and _is_trace(pack.code)), None) if here else None
        return None if box is None else _drawn(box.code[:7], chance)


class DemoFolder:
    """The demonstration's own data folder; it never takes a folder that holds anything else."""

    def __init__(self, root: Path | None = None) -> None:
        """Raises Trouble: demo_folder_taken, data_folder_read_only."""
        self.root = root or Path(platformdirs.user_data_dir("matou-demo", appauthor=False))
        mark = self.root / DEMO_ENTRY
        self.seen_before = mark.exists()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not self.seen_before:
                if any(self.root.iterdir()):
                    raise Trouble("demo_folder_taken", folder=self.root.name)
                mark.write_text(json.dumps({"demo": True}) + "\n", encoding="utf-8")
        except OSError as error:
            raise Trouble("data_folder_read_only", folder=self.root.name) from error

    @property
    def hospital(self) -> Path:
        """Where the simulated hospital keeps its books."""
        return self.root / "hospital"


class DemoHospital:
    """The child process and its control door. Use as a context manager, or call `close`."""

    def __init__(self, books: Path, *, command: Sequence[str] | None = None) -> None:
        """Raises Trouble `demo_hospital_failed` where the child does not come up within FIRST_LINE_S."""
        books.mkdir(parents=True, exist_ok=True)
        self._complaints = (books / "complaints.txt").open("wb")
        self._child = _start([*(command or program_command()), "sandbox", "--state", str(books)], self._complaints)
        try:
            first = _first_line(self._child)
        except Trouble:
            self.close()
            raise
        self.url = str(first["url"])
        self._door = httpx.Client(base_url=str(first["control"]), timeout=CALL_S, trust_env=False)
        _log.info("the demo hospital answers")

    def __enter__(self) -> DemoHospital:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def process_id(self) -> int:
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    def close(self) -> None:
        """End the child: politely, then not. May be called again."""
        if hasattr(self, "_door"):
            self._door.close()
        if self._child.stdin is not None:
            with contextlib.suppress(OSError):
                self._child.stdin.close()
        try:
            self._child.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._complaints.close()

    def dock(self) -> Dock:
        """What stands at the dock now. Raises Trouble `demo_hospital_failed`."""
        deliveries = self._get("deliveries")["deliveries"]
        patients = self._get("patients")["patients"]
        numbers = {row["delivery"] for row in deliveries}
        earlier = [row["code"] for row in self._get("ledger")["codes"] if row["delivery"] not in numbers]
        shelves = tuple(_shelf(row) for row in deliveries)
        return Dock(shelves, str(patients[0]["voucher"]) if patients else "", earlier[0] if earlier else None)

    def open_deliveries(self) -> int:
        """How many deliveries still wait for their receipt."""
        closed = {row["delivery"] for row in self._get("ledger")["receipts"] if row["state"] == "closed"}
        return sum(row["delivery"] not in closed for row in self._get("deliveries")["deliveries"])

    def another_truck(self, chance: random.Random | None = None) -> str:
        """A new delivery comes in; its number. Raises Trouble `demo_hospital_failed`."""
        known = self._get("deliveries")["deliveries"]
        numbers = [row["delivery"] for row in known]
        number, order = fresh_delivery(numbers, str(known[0]["supplier"]), chance or random.Random())
        self._post("seed", order)
        return number

    def cut_network(self, seconds: float) -> None:
        """Nobody reaches the hospital for so long; the control door stays open."""
        self._post("faults", {"plan": [{"fault": "refuse_connection", "for_s": seconds}]})

    def _get(self, what: str) -> Mapping[str, Any]:
        return self._asked("GET", what, None)

    def _post(self, what: str, order: Mapping[str, object]) -> None:
        self._asked("POST", what, order)

    def _asked(self, method: str, what: str, order: Mapping[str, object] | None) -> Mapping[str, Any]:
        try:
            reply = self._door.request(method, f"/{what}", json=order)
            reply.raise_for_status()
            return cast("Mapping[str, Any]", reply.json())
        except (httpx.HTTPError, ValueError) as error:
            raise Trouble("demo_hospital_failed", why=type(error).__name__) from error


def program_command() -> tuple[str, ...]:
    """How this very program is called: the frozen one by itself, from source through its interpreter."""
    return (sys.executable,) if getattr(sys, "frozen", False) else (sys.executable, "-m", "app")


def fresh_delivery(taken: Iterable[str], supplier: str, chance: random.Random) -> tuple[str, Mapping[str, object]]:
    """A small delivery that nobody has yet: a carton of two bundles; its number, and the order that seeds it."""
    known = set(taken)
    number = next(name for n in range(31, 10_000) if (name := f"DEMO-20261122-{n:02d}") not in known)
    carton, bundle, box = FRESH_PREFIXES
    packs = [Pack(_drawn(carton, chance), 3, None, 1)]
    for _ in range(FRESH_BUNDLES):
        packs.append(Pack(_drawn(bundle, chance), 2, packs[0].code, 1))
        packs += [Pack(_drawn(box, chance), 1, packs[-1].code, 1) for _ in range(FRESH_BOXES)]
    line = {"line": 1, "drug": FRESH_DRUG, "batch": "261101", "made": "2026-11-01", "expiry": "2029-10-31"}
    delivery = {
        "delivery": number,
        "supplier": supplier,
        "manifest": "complete",
        "store_room": "YK",
        "lines": [line | {"packs": FRESH_BUNDLES * FRESH_BOXES}],
        "packages": [{"code": p.code, "level": p.level, "parent": p.parent, "line": p.line} for p in packs],
    }
    return number, {"deliveries": [delivery]}


def _shelf(row: Mapping[str, Any]) -> Shelf:
    packs = tuple(
        Pack(str(pack["code"]), int(pack["level"]), pack["parent"], int(pack["line"])) for pack in row["packages"]
    )
    return Shelf(str(row["delivery"]), str(row["supplier"]), str(row["manifest"]), packs)


def _is_trace(code: str) -> bool:
    return len(code) == 20 and code.isdigit()


def _drawn(prefix: str, chance: random.Random) -> str:
    return prefix + f"{chance.randrange(10**13):013d}"


def _start(command: Sequence[str], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    hidden = int(getattr(subprocess, "CREATE_NO_WINDOW", 0))  # else Windows opens a console beside the window
    return subprocess.Popen(  # noqa: S603 - our own program
        command,
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        creationflags=hidden,
    )


def _first_line(child: subprocess.Popen[bytes]) -> Mapping[str, Any]:
    """The child's first line, for which we wait no longer than FIRST_LINE_S."""
    assert child.stdout is not None
    stream: IO[bytes] = child.stdout
    found: list[bytes] = []
    reading = threading.Thread(target=lambda: found.append(stream.readline()), name="demo-first-line", daemon=True)
    reading.start()
    reading.join(FIRST_LINE_S)
    try:
        return cast("Mapping[str, Any]", json.loads(found[0]))
    except (IndexError, ValueError) as error:
        child.kill()
        raise Trouble("demo_hospital_failed", why=f"exit {child.poll()}") from error
