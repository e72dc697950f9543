"""A desk with a line to each door of the sandbox's insurance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sync.endpoints import txn9001
from sync.endpoints.txn1101 import Cert
from sync.endpoints.txn_passthrough import Visit
from sync.envelope import Nodes, Sender
from sync.envelope_form import EnvelopeForm, form_of
from sync.insurance import InsuranceLine
from sync.message_ids import MessageIds
from sync.ports import SyncSettings
from sync.sealing import SealSecrets, seal_of
from sync.transport import Call, HttpTransport, Reply, Transport
from tests.fixtures.sandbox import SandboxProcess

CLERK = Sender("1002", "演示员乙")
LIMITS = SyncSettings(connect_s=20.0, read_s=20.0)
IDS = MessageIds("H99010000001", "pda-1", slot=0, slots=1)
"""One for all desks of a test's process: the sandbox that they share remembers every number."""
DOORS = ("north", "south", "middleware")
PROVINCES = ("north", "south")


@dataclass
class Desk:
    """One device's lines; `sandbox` is the hospital."""

    sandbox: SandboxProcess
    device: str = "pda-1"
    ids: MessageIds = IDS

    def __post_init__(self) -> None:
        self.told: Mapping[str, Any] = self.sandbox.evoucher()["forms"]
        self.transport = HttpTransport(self.sandbox.url, self.device, settings=LIMITS)
        self.provinces = HttpTransport(self.sandbox.first_line["evoucher"], self.device, settings=LIMITS)

    def form(self, door: str) -> EnvelopeForm:
        return form_of(self.told[door]["form"])

    def line(self, door: str, **more: Any) -> InsuranceLine:
        form = more.pop("form", None) or self.form(door)
        seal = seal_of(form.seal, SealSecrets(**self.told[door]["secrets"]))
        transport = self.transport if door == "middleware" else self.provinces
        return InsuranceLine(transport, form, seal, self.ids, sign_in=txn9001.sign_in, **more)

    def patient(self, place: int = 0) -> dict[str, Any]:
        return self.sandbox.patients()[place]

    def visit(self, place: int = 0, kind: str = "02") -> Visit:
        """A patient under the first kind of insurance, by identity card."""
        one = self.patient(place)
        insured = one["insured"][0]
        return Visit(cert_of(one, kind), one["psn_no"], insured["insutype"], insured["area"])

    def close(self) -> None:
        self.transport.close()
        self.provinces.close()


class Listening:
    """A transport that remembers its calls."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.calls: list[Call] = []

    def exchange(self, call: Call) -> Reply:
        self.calls.append(call)
        return self._inner.exchange(call)

    def close(self) -> None:
        self._inner.close()


def cert_of(patient: Mapping[str, Any], kind: str) -> Cert:
    if kind == "01":
        return Cert("01", patient["ec_token"])
    return Cert("02", patient["id_no"]) if kind == "02" else Cert("03", patient["card_no"], patient["card_sn"])


def of_the_his(infno: str, mdtrt_id: str = "", bchno: str = "B1") -> Nodes:
    """What the HIS would add for a strict door."""
    fees: dict[str, Any] = {
        "medfee_sumamt": Decimal("128.50"), "psn_setlway": "01", "acct_used_flag": "1", "med_type": "11",
        "chrg_bchno": bchno, "invono": "F1", "fulamt_ownpay_amt": Decimal("0.00"), "overlmt_selfpay": 0,
        "preselfpay_amt": 0, "inscp_scp_amt": Decimal("120.50"), "mid_setl_flag": "0", "mdtrt_id": mdtrt_id,
    }  # fmt: skip
    doctor = {"atddr_no": "D1", "dr_name": "演示医师", "dept_code": "A01", "dept_name": "门诊", "caty": "A01"}
    ward = {
        "med_type": "21", "ipt_no": "I1", "atddr_no": "D1", "chfpdr_name": "演示医师", "adm_diag_dscr": "演示诊断",
        "adm_dept_codg": "A01", "adm_dept_name": "病区", "adm_bed": "1", "dscg_maindiag_code": "X00",
        "dscg_maindiag_name": "演示诊断",
    }  # fmt: skip
    begins = {"begntime": "2026-11-23 09:00:00"}
    if infno == "2201":
        return {"data": {**begins, "ipt_otp_no": "O1", **doctor}}
    if infno == "2401":
        return {"mdtrtinfo": {**begins, **ward}, "diseinfo": [{"diag_code": "X00", "diag_name": "演示诊断"}]}
    return {"data": fees}
