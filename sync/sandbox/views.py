"""What the control door shows: the ledger and the answer key, as contracts §4 has them.

Lives on the sandbox's event loop. The ledger comes in pieces, so a million codes never stand in memory as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from sync.sandbox.deliveries import Delivery
from sync.sandbox.hospital import Hospital
from sync.sandbox.ledger import Book, EarlierCode, Pack, most_at_once
from sync.sandbox.relay import Relay

_PIECE = 2000


def ledger_pieces(hospital: Hospital, delivery: str | None) -> Iterator[bytes]:
    """The ledger as JSON text, piece by piece; of one delivery if it is named."""
    yield b'{"receipts":['
    yield from _joined(row for row in _receipts(hospital) if delivery in (None, row["delivery"]))
    yield b'],"codes":['
    yield from _joined(row for row in _codes(hospital, delivery))
    yield b'],"quantities":['
    yield from _joined(row for row in _quantities(hospital) if delivery in (None, row["delivery"]))
    yield b'],"conflicts":['
    yield from _joined(
        {"code": one.code, "id": one.id, "with": one.with_, "reason": one.reason} for one in hospital.conflicts.values()
    )
    yield b'],"acceptance":['
    yield from _joined(row for row in _acceptance(hospital) if delivery in (None, row["delivery"]))
    yield b'],"claims":['
    yield from _joined(row for row in _claims(hospital) if delivery in (None, row["delivery"]))
    yield b"]}"


def _claims(hospital: Hospital) -> Iterator[dict[str, object]]:
    """Rows for the insurance, as they came."""
    for item in hospital.claims:
        yield {
            "receipt": item.receipt, "delivery": item.receipt.rpartition("-R")[0], "id": item.id, "infno": item.infno,
            "profile": item.profile, "serial": item.serial, "back": item.back, "message": item.message,
        }  # fmt: skip


def _acceptance(hospital: Hospital) -> Iterator[dict[str, object]]:
    """What was found between the dock and the shelf, as it came."""
    for receipt, items in hospital.acceptance.items():
        for item in items:
            yield {
                "receipt": receipt, "delivery": receipt.rpartition("-R")[0], "id": item.id, "fact": item.fact,
                "says": item.says, "operator": item.operator, "device": item.device, "at_ms": item.at_ms,
            }  # fmt: skip


def _joined(rows: Iterable[dict[str, object]]) -> Iterator[bytes]:
    encoder = msgspec.json.Encoder()
    piece = bytearray()
    for count, row in enumerate(rows):
        if count:
            piece += b","
        piece += encoder.encode(row)
        if count % _PIECE == _PIECE - 1:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def _receipts(hospital: Hospital) -> Iterator[dict[str, object]]:
    for earlier in hospital.earlier_receipts.values():
        yield {
            "id": earlier.id,
            "delivery": earlier.delivery,
            "state": earlier.state,
            "equation": earlier.equation,
            "devices": earlier.devices,
            "operators": earlier.operators,
        }
    for book in hospital.books.values():
        yield {
            "id": book.id,
            "delivery": book.delivery,
            "state": "closed" if book.closed is not None else "open",
            "equation": book.closed or book.equation(hospital.deliveries[book.delivery].expected()),
            "devices": sorted(book.devices),
            "operators": sorted(book.operators),
        }


def _codes(hospital: Hospital, delivery: str | None) -> Iterator[dict[str, object]]:
    shared: dict[str, list[tuple[Book, Pack]]] = {}
    for book in hospital.books.values():
        for code, pack in book.packs.items():
            if pack.effects:
                shared.setdefault(code, []).append((book, pack))
    for earlier in hospital.earlier.values():
        if earlier.code not in shared and delivery in (None, earlier.delivery):
            yield _earlier(earlier)
    for bulk in hospital.bulk:
        for number in range(bulk.count if delivery in (None, bulk.delivery) else 0):
            row = _code(bulk.code(number), bulk.delivery, 1, None, "in", 1)
            yield {**row, "effects": [bulk.item_id(number)]}
    for code, places in shared.items():
        row = _pack(places, hospital.earlier.get(code))
        if delivery in (None, row["delivery"]):
            yield row


def _code(code: str, delivery: str, line: int, via: str | None, state: str, times: int) -> dict[str, object]:
    return {"code": code, "delivery": delivery, "line": line, "via": via, "state": state, "times": times}


def _earlier(code: EarlierCode) -> dict[str, object]:
    row = _code(code.code, code.delivery, code.line, code.via, code.state, code.times)
    return {**row, "effects": code.effects}


def _pack(places: list[tuple[Book, Pack]], earlier: EarlierCode | None) -> dict[str, object]:
    """One row per pack, whichever receipts had it: the one that has it now speaks, else the last that had it."""
    book, pack = max(places, key=lambda place: (place[1].is_in, place[1].effects[-1].number))
    events = sorted((entry.number, entry.item.id) for _, one in places for entry in one.effects)
    times = most_at_once(one.effects for _, one in places)
    before: tuple[str, ...] = ()
    if earlier is not None:
        before = earlier.effects
        times = max(times + earlier.times if earlier.is_held else times, earlier.times)
    row = _code(pack.code, book.delivery, pack.line, pack.via, "in" if pack.is_in else "reversed", times)
    row["effects"] = [*before, *(item_id for _, item_id in events)]
    if pack.estimated:
        row["packs"] = pack.weight
        row["estimated"] = True
    return row


def _quantities(hospital: Hospital) -> Iterator[dict[str, object]]:
    for book in hospital.books.values():
        for line, effects in book.quantity_effects.items():
            packs = book.number(line, "exempt")
            yield {
                "delivery": book.delivery,
                "line": line,
                "packs": packs,
                "state": "in" if packs else "reversed",
                "times": 1,
                "effects": [entry.item.id for entry in effects],
            }


def relay_view(relay: Relay) -> bytes:
    """What the relay has, without its rows; `waiting` are deliveries whose manifest is late."""
    manifests = [
        {**one.head("withdrawn" if one.withdrawn else "complete"), "acks": one.acks} for one in relay.every_version()
    ]
    return msgspec.json.encode({"manifests": manifests, "events": relay.events, "waiting": relay.waiting()})


def _about_relay(delivery: Delivery) -> dict[str, object]:
    """What the answer key says more of a delivery whose packages only the relay tells."""
    if delivery.seed.knowledge == "feed":
        return {}
    return {"knowledge": "relay", "cases": delivery.seed.cases}


def answer_key(deliveries: Iterable[Delivery]) -> bytes:
    """All deliveries with the goods as they really stand there, manifest or not."""
    rows = [
        {
            "delivery": delivery.seed.delivery,
            "supplier": delivery.seed.supplier,
            "manifest": delivery.seed.manifest,
            "lines": [
                {name: getattr(line, name) for name in ("line", "drug", "batch", "expiry", "packs")}
                for line in delivery.seed.lines
            ],
            "packages": delivery.seed.packages,
            **_about_relay(delivery),
        }
        for delivery in deliveries
    ]
    return msgspec.json.encode({"deliveries": rows})
