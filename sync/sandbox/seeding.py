"""From the data in `resources/sandbox/` and a number to a hospital: the same number gives the same hospital.

Runs once, before the sandbox listens. What is told about a drug, a person or a delivery is data; here are only codes.
"""

from __future__ import annotations

import hashlib
import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from sync.sandbox.deliveries import DeliverySeed
from sync.sandbox.feed import Late, Single
from sync.sandbox.hospital import EarlierReceipt, Hospital
from sync.sandbox.ledger import EarlierCode
from sync.sandbox.wire import Drug, Equation, Line, Package, Recall, ReceiptId

RESOURCES = Path(__file__).resolve().parents[2] / "resources" / "sandbox"
_SCRYPT = {"n": 16384, "r": 8, "p": 1}
T = TypeVar("T")
_MAKER_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


class InsuredSeed(Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of insurance of a patient."""

    insutype: str
    area: str
    status: str = "1"
    psn_type: str = "11"
    balc: str = "0.00"


@dataclass(frozen=True, slots=True)
class Patient:
    """An invented patient. `case` says what is unusual about them, see `evoucher.yaml`."""

    voucher: str
    ec_token: str
    id_no: str
    name: str
    prescriptions: tuple[str, ...] = ()
    case: str = "ordinary"
    psn_no: str = ""
    card_no: str = ""
    card_sn: str = ""
    insured: tuple[InsuredSeed, ...] = ()


class _Operator(Struct, frozen=True):
    id: str
    name: str
    role: str
    pin: str
    rights: tuple[str, ...]


class _StoreRoom(Struct, frozen=True, tag_field="kind", tag="store_room"):
    id: str
    name: str
    type: Literal["store", "pharmacy", "ward"]


class _PatientSeed(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    id_no: str
    case: str = "ordinary"
    insured: tuple[InsuredSeed, ...] = ()


class _Catalogue(Struct, frozen=True):
    site_name: str
    near_expiry_days: int
    operators: tuple[_Operator, ...]
    store_rooms: tuple[_StoreRoom, ...]
    patients: tuple[_PatientSeed, ...]
    drugs: tuple[Drug, ...]
    recalls: tuple[Recall, ...]


class Unit(Struct, frozen=True, forbid_unknown_fields=True):
    """A package to be made: its prefix, how many alike, and what is in each."""

    prefix: str
    level: int = 1
    times: int = 1
    line: int | None = None
    inside: tuple[Unit, ...] = ()


class _Order(Struct, frozen=True):
    delivery: str
    supplier: str
    manifest: Literal["complete", "late", "wrong", "missing"]
    store_room: str
    invoice_no: str
    lines: tuple[Line, ...]
    goods: tuple[Unit, ...] = ()
    sizes: tuple[str, ...] = ("small", "large")


class _Past(Struct, frozen=True):
    receipt: str
    delivery: str
    device: str
    operator: str
    prefix: str
    codes: int


class _Deliveries(Struct, frozen=True):
    deliveries: tuple[_Order, ...]
    past: tuple[_Past, ...]


class CodeMaker:
    """Draws codes without repetition. First digits 8 and 9 of a serial are kept for made load, see `bulk`."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._used: set[str] = set()

    def code(self, prefix: str) -> str:
        """A new code: 20 digits, the key of a GS1 code (prefix is a GTIN), or a maker's own layout."""
        while True:
            code = self._draw(prefix)
            if code not in self._used:
                self._used.add(code)
                return code

    def digits(self, count: int) -> str:
        """Random digits."""
        return "".join(self._random.choice("0123456789") for _ in range(count))

    def _draw(self, prefix: str) -> str:
        if len(prefix) == 7:
            return f"{prefix}{self._random.randrange(8)}{self.digits(12)}"
        if len(prefix) == 14:
            return f"01{prefix}21INS{self.digits(9)}"
        return prefix + "".join(self._random.choice(_MAKER_LETTERS) for _ in range(16 - len(prefix)))


class Seeding:
    """The data read, and the drawing begun.

    Raises:
        OSError: the data is not there.
        msgspec.ValidationError: the data is not of its shape.
    """

    def __init__(self, seed: int, folder: Path = RESOURCES) -> None:
        self._catalogue = _load(folder / "catalogue.toml", _Catalogue)
        self._orders = _load(folder / "deliveries.toml", _Deliveries)
        self._seed = seed
        self._maker = CodeMaker(seed)
        self.texts: Mapping[str, str] = load_texts(folder)
        self.site_name = self._catalogue.site_name
        self.near_expiry_days = self._catalogue.near_expiry_days
        people = random.Random(f"patients {seed}")
        self.patients = tuple(_patient(patient, people) for patient in self._catalogue.patients)

    def fill(self, hospital: Hospital, size: str) -> None:
        """Put everything of a size into an empty hospital."""
        for operator in self._catalogue.operators:
            hospital.feed.add(Late(partial(_operator_change, operator, self._seed)))
        for room in self._catalogue.store_rooms:
            hospital.feed.add(Single(room))
        for drug in self._catalogue.drugs:
            hospital.put_drug(drug)
        for recall in self._catalogue.recalls:
            hospital.put_recall(recall)
        for past in self._orders.past:
            self._put_past(past, hospital)
        for order in self._orders.deliveries:
            # Every delivery is drawn in every size, so that a delivery has the same codes in all of them.
            seed = self._delivery(order)
            if size in order.sizes:
                hospital.put_delivery(seed)

    def _put_past(self, past: _Past, hospital: Hospital) -> None:
        equation = Equation(expected=past.codes, received=past.codes, short=0, damaged=0, rejected=0, exempt=0)
        receipt_id = ReceiptId(past.receipt)
        receipt = EarlierReceipt(receipt_id, past.delivery, "closed", equation, (past.device,), (past.operator,))
        codes = [
            EarlierCode(
                code=self._maker.code(past.prefix),
                receipt=receipt_id,
                delivery=past.delivery,
                line=1,
                via=None,
                state="in",
                times=1,
                effects=(f"01a1be16-60a0-7a00-8000-{number:012x}",),
                device=past.device,
            )
            for number in range(1, past.codes + 1)
        ]
        hospital.put_earlier((receipt,), codes)

    def _delivery(self, order: _Order) -> DeliverySeed:
        packages: list[Package] = []
        for unit in order.goods:
            self._make(unit, None, unit.line, packages)
        shown = {
            name: getattr(order, name) for name in ("delivery", "supplier", "manifest", "store_room", "invoice_no")
        }
        return DeliverySeed(lines=order.lines, packages=tuple(packages), **shown)

    def _make(self, unit: Unit, parent: str | None, line: int | None, packages: list[Package]) -> None:
        """Draw a unit and all in it, top-down. A package of mixed lines belongs to the first of them."""
        here = unit.line or line or _first_line(unit)
        for _ in range(unit.times):
            code = self._maker.code(unit.prefix)
            packages.append(Package(code, unit.level, parent, here))
            for inner in unit.inside:
                self._make(inner, code, unit.line or line, packages)


def _first_line(unit: Unit) -> int:
    if unit.line is not None or not unit.inside:
        return unit.line or 1
    return _first_line(unit.inside[0])


def load_texts(folder: Path = RESOURCES) -> Mapping[str, str]:
    """Stable code → Chinese sentence."""
    return _load(folder / "texts.toml", dict[str, dict[str, str]])["zh_CN"]


def _load(path: Path, kind: type[T]) -> T:
    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), type=kind)


def _operator_change(operator: _Operator, seed: int) -> dict[str, object]:
    """An operator with the scrypt verifier of the PIN; the salt comes from the seed."""
    salt = hashlib.sha256(f"{seed} {operator.id}".encode()).digest()[:16]
    verifier = hashlib.scrypt(operator.pin.encode(), salt=salt, dklen=32, **_SCRYPT)
    return {
        "kind": "operator",
        "id": operator.id,
        "name": operator.name,
        "role": operator.role,
        "rights": operator.rights,
        "active": True,
        "pin": {"scheme": "scrypt", "salt": salt.hex(), **_SCRYPT, "verifier": verifier.hex()},
    }


def _patient(seed: _PatientSeed, drawn: random.Random) -> Patient:
    digits = "".join(drawn.choice("0123456789") for _ in range(25))
    token = f"EC-DEMO-{drawn.getrandbits(96):024x}"
    own = random.Random(f"{digits} {seed.id_no}")
    return Patient(
        f"424{digits}", token, seed.id_no, seed.name, (), seed.case, f"9900{own.randrange(10**10):010}",
        f"DEMO{own.randrange(10**9):09}", f"{own.getrandbits(128):032X}", seed.insured,
    )  # fmt: skip
