"""1101, who is insured, and how: by voucher, identity card or social-security card. The thread of whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from sync.endpoints.declared import TXN_PERSON
from sync.endpoints.reading import amount, must_text, object_in, rows_in, text
from sync.envelope import Json, Sender
from sync.insurance import InsuranceLine

ENDPOINT = TXN_PERSON
INFNO = "1101"
CertType = Literal["01", "02", "03"]


@dataclass(frozen=True, slots=True)
class Cert:
    """With what patients prove who they are: 01 a voucher's token, 02 an identity card, 03 a card with `card_sn`."""

    type: CertType
    number: str = field(repr=False)
    card_sn: str = field(default="", repr=False)

    def members(self) -> dict[str, Json]:
        """As every transaction names it."""
        found: dict[str, Json] = {"mdtrt_cert_type": self.type, "mdtrt_cert_no": self.number}
        return found | ({"card_sn": self.card_sn} if self.card_sn else {})


@dataclass(frozen=True, slots=True)
class Insured:
    """One kind of insurance of a person. `status` "1" is in force (inferred; a site may know better)."""

    insutype: str
    insuplc: str
    status: str
    psn_type: str
    balance: Decimal | None = field(repr=False, default=None)
    since: str = ""
    paused: str = ""
    civil_servant: str = ""
    employer: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class Person:
    """What 1101 says of a person."""

    psn_no: str = field(repr=False)
    psn_name: str = field(repr=False)
    certno: str = field(repr=False)
    cert_type: str
    gender: str
    born: str = field(repr=False)
    age: str = field(repr=False)
    insured: tuple[Insured, ...] = ()


def person(line: InsuranceLine, cert: Cert, sender: Sender) -> Person:
    """Raises SyncError, of which Refusal person_unknown is the insurance's own no."""
    reply = line.ask(ENDPOINT, INFNO, {"data": cert.members()}, sender, otherwise="person_unknown")
    return person_of(reply.output)


def person_of(output: Mapping[str, Json]) -> Person:
    """Raises SyncError reply_lacks: there is no person in it."""
    base = object_in(output, "baseinfo")
    return Person(
        must_text(base, "psn_no"),
        must_text(base, "psn_name"),
        text(base, "certno"),
        text(base, "psn_cert_type"),
        text(base, "gend"),
        text(base, "brdy"),
        text(base, "age"),
        tuple(_insured(row) for row in rows_in(output, "insuinfo") if text(row, "insutype")),
    )


def _insured(row: Mapping[str, Json]) -> Insured:
    return Insured(
        text(row, "insutype"),
        text(row, "insuplc_admdvs"),
        text(row, "psn_insu_stas"),
        text(row, "psn_type"),
        amount(row, "balc"),
        text(row, "psn_insu_date"),
        text(row, "paus_insu_date"),
        text(row, "cvlserv_flag"),
        text(row, "emp_name"),
    )
