"""Vouchers, tokens and insured people of the simulated voucher centre. Lives on the sandbox's event loop.

What `GET {control}/patients` tells as `voucher` never ends, so that a demonstration can be repeated; codes as a
patient's telephone shows them (good once, for a minute) are shown on order.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from sync.sandbox.seeding import Patient

TOKEN_S = 7200.0
_VOUCHER = re.compile(r"424[0-9]{25}|opc[0-9A-Za-z]{20,40}", re.ASCII)


class Refused(Exception):
    """The other side's no: a word of `texts.toml`, and what it is about."""

    def __init__(self, why: str, about: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.about = about


class ShowOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST {control}/vouchers`: the patient of this place opens the app."""

    patient: Annotated[int, Meta(ge=0)] = 0
    life_s: Annotated[float, Meta(ge=0)] = 60.0
    uses: Annotated[int, Meta(ge=0)] = 1
    token_s: Annotated[float, Meta(ge=0)] = TOKEN_S
    opc: bool = False
    """In the second form, of the national mini-program."""


@dataclass(slots=True)
class _Shown:
    patient: Patient
    until_s: float
    uses: float
    token_s: float


class VoucherCentre:
    """Turns codes into people. `now_s` is the hospital's clock."""

    def __init__(self, patients: Sequence[Patient], now_s: Callable[[], float]) -> None:
        self.patients = tuple(patients)
        self._now_s = now_s
        self._random = random.SystemRandom()
        endless = float("inf")
        self._shown = {one.voucher: _Shown(one, endless, endless, TOKEN_S) for one in self.patients}
        self._tokens: dict[str, float] = {}

    def show(self, order: ShowOrder) -> str:
        """A new code of a patient.

        Raises:
            Refused: there is no such patient.
        """
        if order.patient >= len(self.patients):
            raise Refused("person_unknown")
        digits = "".join(self._random.choice("0123456789") for _ in range(25))
        voucher = f"opc{digits}" if order.opc else f"424{digits}"
        until_s = self._now_s() + order.life_s
        self._shown[voucher] = _Shown(self.patients[order.patient], until_s, order.uses, order.token_s)
        return voucher

    def decode(self, voucher: str) -> Patient:
        """6101: the patient of a code, whose token lives from now on.

        Raises:
            Refused: with the reason.
        """
        shown = self._shown.get(voucher)
        if shown is None or _VOUCHER.fullmatch(voucher) is None:
            raise Refused("voucher_not_one")
        if shown.patient.case == "not_activated":
            raise Refused("voucher_not_activated")
        if shown.uses < 1:
            raise Refused("voucher_used")
        if self._now_s() >= shown.until_s:
            raise Refused("voucher_expired")
        shown.uses -= 1
        self._tokens[shown.patient.ec_token] = self._now_s() + shown.token_s
        return shown.patient

    def end_tokens(self) -> None:
        """Every token dies now."""
        self._tokens = dict.fromkeys(self._tokens, 0.0)

    def by_certificate(self, kind: str, number: str, card_sn: str) -> Patient:
        """1101: whose token, identity card or social-security card this is.

        Raises:
            Refused: with the reason.
        """
        if kind == "01":
            until_s = self._tokens.get(number)
            if until_s is None:
                raise Refused("token_unknown")
            if self._now_s() >= until_s:
                raise Refused("token_expired")
            return next(one for one in self.patients if one.ec_token == number)
        if kind == "03" and not card_sn:
            raise Refused("member_missing", "card_sn")
        if kind not in ("02", "03"):
            raise Refused("member_wrong", "mdtrt_cert_type")
        for one in self.patients:
            given = (one.id_no, "") if kind == "02" else (one.card_no, one.card_sn)
            if given == (number, card_sn if kind == "03" else ""):
                return one
        raise Refused("person_unknown")
