"""The simulated hospital with its memory: what came is in the journal before it takes effect or is answered.

Lives on the sandbox's event loop.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import msgspec

from sync.sandbox.bad_order import BadOrder
from sync.sandbox.hospital import Hospital, Site
from sync.sandbox.journal import Birth, Journal, Ordered, Received, Relayed
from sync.sandbox.judging import Forced, Judge, Letter, open_letter
from sync.sandbox.orders import carry_out, check_order, read_order
from sync.sandbox.relay_orders import carry_out_relay, read_relay_order, release_order
from sync.sandbox.seeding import Patient, Seeding
from sync.sandbox.wire import Answer

Size = Literal["small", "large"]


class OtherHospital(Exception):
    """The state folder belongs to a hospital of another seed or size."""


@dataclass(frozen=True, slots=True)
class World:
    """One hospital, open for business."""

    hospital: Hospital
    judge: Judge
    patients: tuple[Patient, ...]
    texts: Mapping[str, str]
    journal: Journal
    relay_token: str

    def receive(self, raw: list[msgspec.Raw], letters: list[Letter], forced: dict[int, Forced]) -> list[Answer]:
        """Judge a batch.

        Raises:
            OSError: it could not be kept, so nothing took effect.
        """
        if not all(self._is_repeat(letter) for letter in letters):
            self.journal.write(Received(raw, {str(place): how for place, how in forced.items()}))
        return self.judge.receive(letters, forced)

    def seed(self, body: bytes) -> dict[str, int]:
        """Carry out a seed order.

        Raises:
            BadOrder: with what is wrong; nothing was done.
            OSError: it could not be kept; nothing was done.
        """
        order = read_order(body)
        drugs = check_order(order, self.hospital)
        self.journal.write(Ordered(msgspec.Raw(body)))
        return carry_out(order, drugs, self.hospital)

    def order_relay(self, body: bytes) -> dict[str, object]:
        """Carry out an order to the relay.

        Raises:
            BadOrder: with what is wrong; nothing was done.
            OSError: it could not be kept; nothing was done.
        """
        order = read_relay_order(body, self.hospital.relay)
        self.journal.write(Relayed(msgspec.Raw(body)))
        return carry_out_relay(order, self.hospital.relay)

    def count_heads_call(self) -> None:
        """Somebody asks the relay for heads: a late manifest that was asked for often enough comes now.

        Raises:
            OSError: it could not be kept; it comes another time.
        """
        relay = self.hospital.relay
        relay.heads_calls += 1
        for delivery in relay.due():
            self.order_relay(release_order(delivery))

    def _is_repeat(self, letter: Letter) -> bool:
        known = self.hospital.settled.get(letter.id)
        return known is not None and (known.answer.result in ("accepted", "conflict") or known.mark != letter.mark)


def open_world(seed: int, size: Size, folder: Path | None, seeding: Seeding) -> World:
    """Make the hospital of a seed, and let happen again what its journal remembers.

    Raises:
        OtherHospital: the folder was made with another seed or size.
        OSError: the folder cannot be used.
    """
    journal = Journal(folder)
    records = list(journal.read())
    birth = records[0] if records else Birth(seed, size, secrets.token_hex(4))
    if not isinstance(birth, Birth) or (birth.seed, birth.size) != (seed, size):
        journal.close()
        raise OtherHospital
    if not records:
        journal.write(birth)
    hospital = Hospital(Site(f"sandbox-{seed}", seeding.site_name, "+08:00", seeding.near_expiry_days), birth.tag)
    seeding.fill(hospital, size)
    world = World(hospital, Judge(hospital), seeding.patients, seeding.texts, journal, f"demo-relay-{seed}")
    for record in records[1:]:
        if isinstance(record, Received):
            forced = {int(place): cast(Forced, how) for place, how in record.forced.items()}
            world.judge.receive([open_letter(raw) for raw in record.items], forced)
        elif isinstance(record, Ordered):
            order = read_order(bytes(record.body))
            carry_out(order, check_order(order, hospital), hospital)
        elif isinstance(record, Relayed):
            carry_out_relay(read_relay_order(bytes(record.body), hospital.relay), hospital.relay)
    return world


__all__ = ["BadOrder", "OtherHospital", "Size", "World", "open_world"]
