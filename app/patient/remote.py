"""6101, 1101 and what is handed on, over the wire: `sync.endpoints` behind the ports of the patient process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from app.patient.plan import Who
from app.patient.ports import Credential, Decoded, Insured, PatientTrouble, Person
from sync.endpoints import his_voucher, txn1101, txn6101, txn9001, txn_passthrough
from sync.endpoints.txn1101 import Cert, CertType
from sync.endpoints.txn_passthrough import Visit
from sync.envelope import Sender
from sync.errors import Refusal, SyncError
from sync.insurance import InsuranceLine
from sync.transport import Transport

T = TypeVar("T")
SHOWN_IDS = ("mdtrt_id", "setl_id", "medins_setl_id", "ipt_otp_no")
"""What may come back to the window; a person's number may not."""
IN_FORCE = "1"


def told(call: Callable[[], T]) -> T:
    """The answer. Raises PatientTrouble for what the world said, with its own words where it had some."""
    try:
        return call()
    except Refusal as no:
        raise PatientTrouble(no.code, said=no.said, number=no.number, reference=no.reference) from None
    except SyncError as error:
        raise PatientTrouble(error.code, subject=error.subject or "") from None


def sender_of(who: Who) -> Sender:
    """The operator as calls name them."""
    return Sender(who.id, who.name)


class HisDecoder:
    """`Decoder`: the hospital's own service takes the text."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def decode(self, voucher: str, business: str, who: Who) -> Decoded:
        found = told(lambda: his_voucher.decode(self._transport, voucher, business, sender_of(who)))
        return _decoded(found)


class EnvelopeDecoder:
    """`Decoder`: an envelope takes the text. What 1101 says comes with some answers and is kept for `person`."""

    def __init__(self, line: InsuranceLine) -> None:
        self._line = line
        self.came_along: dict[str, txn1101.Person] = {}

    def decode(self, voucher: str, business: str, who: Who) -> Decoded:
        found = told(lambda: txn6101.decode(self._line, voucher, business, sender_of(who)))
        if found.person is not None:
            self.came_along[found.ec_token] = found.person
        return _decoded(found)


class NoDecoder:
    """`Decoder` where none is set up."""

    def decode(self, voucher: str, business: str, who: Who) -> Decoded:  # noqa: ARG002
        raise PatientTrouble("decoder_absent")


@dataclass(slots=True)
class EnvelopeInsurance:
    """`Insurance` by envelopes. A transaction whose answer was lost is sent again under the number that it had."""

    line: InsuranceLine  # for questions
    handing: InsuranceLine  # to whoever hands transactions on
    came_along: Mapping[str, txn1101.Person] = field(default_factory=dict, repr=False)
    _numbers: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def area(self) -> str:
        return self.line.form.area

    def person(self, credential: Credential, who: Who) -> Person:
        known = self.came_along.get(credential.number)
        cert = _cert(credential)
        found = known or told(lambda: txn1101.person(self.line, cert, sender_of(who)))
        rows = tuple(
            Insured(one.insutype, one.insuplc, one.status in ("", IN_FORCE), one.psn_type) for one in found.insured
        )
        return Person(found.psn_no, found.psn_name, found.certno, rows)

    def hand_over(
        self, infno: str, credential: Credential, person: Person, insured: Insured | None,
        known: Mapping[str, str], who: Who,
    ) -> Mapping[str, str]:  # fmt: skip
        if infno not in txn_passthrough.NODES:
            raise PatientTrouble("hand_over_unknown", infno=infno)
        if insured is None:
            raise PatientTrouble("insurance_not_chosen")
        visit = Visit(_cert(credential), person.number, insured.kind, insured.area, known.get("mdtrt_id", ""))
        number = self._numbers.setdefault(infno, self.handing.new_number())
        try:
            done = txn_passthrough.hand_over(self.handing, infno, visit, sender_of(who), number=number)
        except SyncError as error:
            if not error.may_have_left:
                self._numbers.pop(infno, None)
                told(_raising(error))
            raise PatientTrouble("hand_over_unsure", infno=infno) from None
        self._numbers.pop(infno, None)
        return {name: value for name, value in done.ids if name in SHOWN_IDS}


class SignIn:
    """9001 for a line: the number of an earlier process first, then one of its own, which it tells."""

    def __init__(self, known: str, tell: Callable[[str], None]) -> None:
        self._known, self._tell = known, tell

    def __call__(self, line: InsuranceLine, sender: Sender) -> str:
        known, self._known = self._known, ""
        if known:
            return known
        found = txn9001.sign_in(line, sender)
        self._tell(found)
        return found


def _raising(error: SyncError) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def _decoded(found: txn6101.Decoded) -> Decoded:
    return Decoded(found.user_name, found.id_no, found.id_type, found.ec_token, found.insu_org)


def _cert(credential: Credential) -> Cert:
    return Cert(cast("CertType", credential.kind), credential.number, credential.card_sn)
