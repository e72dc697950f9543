"""What the simulated insurance does with each transaction, and what it remembers. Lives on the sandbox's event loop.

What a strict door demands of a message are the required fields of the national interface; through the middleware
the HIS, which is simulated too, completes what a dispensing desk cannot know.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from sync.sandbox.evoucher_doors import Door, Letter
from sync.sandbox.evoucher_people import Refused, VoucherCentre
from sync.sandbox.seeding import InsuredSeed, Patient

_OURS = ("psn_no", "mdtrt_cert_type", "mdtrt_cert_no", "insutype")
_FEES = ("medfee_sumamt", "psn_setlway", "acct_used_flag")
_SPLIT = ("invono", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
_DOCTOR = ("begntime", "ipt_otp_no", "atddr_no", "dr_name", "dept_code", "dept_name", "caty")
_WARD = (
    "begntime", "med_type", "ipt_no", "atddr_no", "chfpdr_name", "adm_diag_dscr", "adm_dept_codg", "adm_dept_name",
    "adm_bed", "dscg_maindiag_code", "dscg_maindiag_name",
)  # fmt: skip
_DEMANDED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "2201": ("data", _DOCTOR),
    "2206A": ("data", ("med_type", "mdtrt_id", "chrg_bchno", *_FEES)),
    "2207A": ("data", ("med_type", "mdtrt_id", "chrg_bchno", *_FEES, *_SPLIT)),
    "2401": ("mdtrtinfo", _WARD),
    "2303A": ("data", ("mdtrt_id", "mid_setl_flag", *_FEES, *_SPLIT)),
    "2304A": ("data", ("mdtrt_id", "mid_setl_flag", *_FEES, *_SPLIT)),
}
_ADMITS = {"2201": "out", "2401": "in"}
_STAYS = {"2206A": "out", "2207A": "out", "2303A": "in", "2304A": "in"}
_SETTLES = frozenset({"2207A", "2304A"})


@dataclass(slots=True)
class Visit:
    """A registration or an admission."""

    mdtrt_id: str
    psn_no: str
    kind: str
    number: str
    cert_type: str
    settled: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Books:
    """What the insurance remembers; the control door shows it."""

    sign_ins: dict[str, tuple[str, str]] = field(default_factory=dict)  # opter → (sign_no, day)
    visits: dict[str, Visit] = field(default_factory=dict)
    answers: dict[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)  # msgid → (digest, output)
    calls: Counter[str] = field(default_factory=Counter)


class Insurance:
    """Carries out letters. `now_s` is its clock."""

    def __init__(self, centre: VoucherCentre, seed: int, now_s: Callable[[], float]) -> None:
        self._centre = centre
        self._now_s = now_s
        self._random = random.Random(f"insurance {seed}")
        self.books = Books()
        self._does = {
            "9001": self._sign_in, "1101": self._person, "6101": self._decode, "1162": self._decode,
            **dict.fromkeys(_ADMITS, self._admit), **dict.fromkeys(_STAYS, self._settle),
        }  # fmt: skip

    def carry_out(self, door: Door, letter: Letter) -> Mapping[str, Any]:
        """The output. A message that came before is answered as before by the middleware, and refused by a province.

        Raises:
            Refused: with the reason.
        """
        self.books.calls[letter.infno] += 1
        does = self._does.get(letter.infno)
        if does is None or (letter.infno in ("6101", "1162") and letter.infno != door.decode):
            raise Refused("infno_unknown", "infno")
        words = [letter.infno, letter.insuplc, letter.nodes]
        digest = hashlib.sha256(msgspec.json.encode(words, order="deterministic")).hexdigest()
        known = self.books.answers.get(letter.msgid)
        if known is not None:
            if door.strict or known[0] != digest:
                raise Refused("msgid_used", "msgid")
            return known[1]
        if door.sign_in and letter.infno != "9001" and self._day_of(letter) != self._today():
            raise Refused("signed_out", "sign_no")
        output = does(door, letter)
        self.books.answers[letter.msgid] = (digest, output)
        return output

    def reference(self) -> str:
        """A number of the other side for a reply."""
        return f"990100{self._now():%Y%m%d%H%M%S}{self._random.randrange(10**10):010}"

    def _day_of(self, letter: Letter) -> str:
        sign_no, day = self.books.sign_ins.get(letter.opter, ("", ""))
        return day if sign_no and sign_no == letter.sign_no else ""

    def _sign_in(self, door: Door, letter: Letter) -> Mapping[str, Any]:
        del door
        node = _node(letter, "signIn")
        _demand(node, ("opter_no", "mac", "ip"))
        if node["opter_no"] != letter.opter:
            raise Refused("member_wrong", "opter_no")
        sign_no = f"S{self._random.randrange(10**12):012}"
        self.books.sign_ins[letter.opter] = (sign_no, self._today())
        return {"signinoutb": {"sign_no": sign_no, "sign_time": f"{self._now():%Y-%m-%d %H:%M:%S}"}}

    def _decode(self, door: Door, letter: Letter) -> Mapping[str, Any]:
        node = _node(letter, "data")
        _demand(node, ("orgId", "businessType", "operatorId", "operatorName", "officeId", "officeName", "ecQrCode"))
        check_business(node["businessType"])
        patient = self._centre.decode(node["ecQrCode"])
        if door.decode == "1162":
            more = {"ecToken": patient.ec_token, "cardno": patient.card_no, "card_sn": patient.card_sn}
            return {**self._told(patient), **more}
        identity = {
            "userName": patient.name, "idNo": patient.id_no, "idType": "01", "ecToken": patient.ec_token,
            "insuOrg": patient.insured[0].area, "gender": "1", "birthday": _born(patient, "."), "ecQrCode": "",
        }  # fmt: skip
        return {"data": identity}

    def _person(self, door: Door, letter: Letter) -> Mapping[str, Any]:
        del door
        node = _node(letter, "data")
        _demand(node, ("mdtrt_cert_type", "mdtrt_cert_no"))
        patient = self._by_certificate(node)
        if patient.case == "area_not_open":
            raise Refused("area_not_open")
        return self._told(patient)

    def _admit(self, door: Door, letter: Letter) -> Mapping[str, Any]:
        node, patient = self._ours(door, letter)
        if letter.infno == "2401" and door.strict and not letter.nodes.get("diseinfo"):
            raise Refused("member_missing", "diseinfo")
        kind = _ADMITS[letter.infno]
        number = node.get("ipt_otp_no") or node.get("ipt_no") or f"HIS{self._random.randrange(10**9):09}"
        visit = Visit(f"DM{self._random.randrange(10**14):014}", patient.psn_no, kind, number, node["mdtrt_cert_type"])
        self.books.visits[visit.mdtrt_id] = visit
        told = {"mdtrt_id": visit.mdtrt_id, "psn_no": patient.psn_no}
        return {"data": {**told, "ipt_otp_no": number}} if kind == "out" else {"result": told}

    def _settle(self, door: Door, letter: Letter) -> Mapping[str, Any]:
        node, patient = self._ours(door, letter)
        visit = self._visit(node, patient, _STAYS[letter.infno])
        amount = node.get("medfee_sumamt", "128.50")
        told = {
            "mdtrt_id": visit.mdtrt_id, "psn_no": patient.psn_no, "medins_setl_id": letter.msgid,
            "medfee_sumamt": amount, "fund_pay_sumamt": "100.00", "psn_part_amt": "28.50", "acct_pay": "20.00",
            "psn_cash_pay": "8.50", "balc": patient.insured[0].balc,
        }  # fmt: skip
        if letter.infno in _SETTLES:
            batch = str(node.get("chrg_bchno", letter.infno))
            if batch in visit.settled:
                raise Refused("settled_before", "chrg_bchno")
            visit.settled[batch] = told["setl_id"] = f"DS{self._random.randrange(10**14):014}"
            told["setl_time"] = f"{self._now():%Y-%m-%d %H:%M:%S}"
        return {"setlinfo": told, "setldetail": []}

    def _ours(self, door: Door, letter: Letter) -> tuple[Mapping[str, Any], Patient]:
        """The node with what is ours in it, and whose it is."""
        name, rest = _DEMANDED[letter.infno]
        node = _node(letter, name)
        _demand(node, (*_OURS, *(rest if door.strict else ())))
        patient = self._by_certificate(node)
        if patient.psn_no != node["psn_no"]:
            raise Refused("other_person", "psn_no")
        wanted = (node["insutype"], letter.insuplc)
        if not any((one.insutype, one.area) == wanted and one.status == "1" for one in patient.insured):
            raise Refused("insured_wrong", "insutype")
        return node, patient

    def _visit(self, node: Mapping[str, Any], patient: Patient, kind: str) -> Visit:
        """The visit that is named; the HIS knows the last one of a patient."""
        fits = [one for one in self.books.visits.values() if (one.psn_no, one.kind) == (patient.psn_no, kind)]
        named = node.get("mdtrt_id")
        found = [one for one in fits if named in (None, one.mdtrt_id)]
        if not found:
            raise Refused("visit_unknown", "mdtrt_id")
        return found[-1]

    def _by_certificate(self, node: Mapping[str, Any]) -> Patient:
        words = [node.get(name, "") for name in ("mdtrt_cert_type", "mdtrt_cert_no", "card_sn")]
        if not all(isinstance(word, str) for word in words):
            raise Refused("member_wrong", "mdtrt_cert_no")
        return self._centre.by_certificate(*words)

    def _told(self, patient: Patient) -> dict[str, Any]:
        base = {
            "psn_no": patient.psn_no, "psn_cert_type": "01", "certno": patient.id_no, "psn_name": patient.name,
            "gend": "1", "naty": "01", "brdy": _born(patient, "-"),
            "age": f"{self._now().year - int(patient.id_no[6:10])}.0", "exp_content": "",
        }  # fmt: skip
        return {"baseinfo": base, "insuinfo": [_insured(one) for one in patient.insured], "idetinfo": []}

    def _today(self) -> str:
        return f"{self._now():%Y%m%d}"

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._now_s() + 8 * 3600, UTC)


BUSINESS = frozenset(
    {
        "01101", "01102", "01103", "01104", "01201", "01202", "01203", "01204", "01301", "01302", "01303", "01304",
        "01305", "02121", "02122", "03131",
    }
)  # fmt: skip


def check_business(kind: str) -> None:
    """Raises Refused: no such businessType."""
    if kind not in BUSINESS:
        raise Refused("member_wrong", "businessType")


def _born(patient: Patient, between: str) -> str:
    return between.join((patient.id_no[6:10], patient.id_no[10:12], patient.id_no[12:14]))


def _insured(one: InsuredSeed) -> dict[str, str]:
    return {
        "balc": one.balc, "insutype": one.insutype, "psn_type": one.psn_type, "psn_insu_stas": one.status,
        "psn_insu_date": "2020-01-01", "paus_insu_date": "" if one.status == "1" else "2025-12-31",
        "cvlserv_flag": "0", "insuplc_admdvs": one.area, "emp_name": "",
    }  # fmt: skip


def _node(letter: Letter, name: str) -> Mapping[str, Any]:
    found = letter.nodes.get(name)
    if not isinstance(found, dict):
        raise Refused("member_missing", name)
    return found


def _demand(node: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Raises Refused: a required member is missing, or none of the texts and numbers that all of them are."""
    for name in names:
        value = node.get(name)
        if value is None or value == "":
            raise Refused("member_missing", name)
        if isinstance(value, bool | list | dict):
            raise Refused("member_wrong", name)
        if not isinstance(value, str) and not name.endswith(("amt", "selfpay")):
            raise Refused("member_wrong", name)
