"""What the patient process needs of the world: somebody who decodes a voucher, somebody who knows the insured. Pure.

Nothing here shows what it holds: neither `repr` nor an error carries a voucher, a token, a number or a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from app.patient.plan import Who


class PatientTrouble(Exception):
    """The world said no to a patient. `code` has a text; `values` are words of a remote for the operator."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


@dataclass(frozen=True, slots=True)
class Decoded:
    """What 6101 makes of a voucher."""

    name: str = field(repr=False)
    id_no: str = field(repr=False)
    id_type: str = field(repr=False)
    token: str = field(repr=False)
    area: str = ""  # insuOrg, a hint


@dataclass(frozen=True, slots=True)
class Credential:
    """With what a person is named to the insurance: `mdtrt_cert_type`, `mdtrt_cert_no`, `card_sn`."""

    kind: str
    number: str = field(repr=False)
    card_sn: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Insured:
    """One row of `insuinfo`."""

    kind: str
    area: str
    active: bool
    person_kind: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """What 1101 says."""

    number: str = field(repr=False)  # psn_no
    name: str = field(repr=False)
    id_no: str = field(repr=False)
    insured: tuple[Insured, ...] = ()

    def named(self, name: str, id_no: str) -> Person:
        """With what 6101 said where 1101 says nothing."""
        return replace(self, name=self.name or name, id_no=self.id_no or id_no)


class Decoder(Protocol):
    """6101, whatever stands behind it."""

    def decode(self, voucher: str, business: str, who: Who) -> Decoded:
        """`voucher` "" where the decoder reads it itself. Raises PatientTrouble."""


class Insurance(Protocol):
    """1101, and the transactions that are handed on."""

    @property
    def area(self) -> str:
        """Of this hospital; "" where nobody said."""

    def person(self, credential: Credential, who: Who) -> Person:
        """Raises PatientTrouble."""

    def hand_over(
        self, infno: str, credential: Credential, person: Person, insured: Insured | None,
        known: Mapping[str, str], who: Who,
    ) -> Mapping[str, str]:  # fmt: skip
        """The ids that came back. `known`: those of earlier transactions of this visit. Raises PatientTrouble."""
