"""Registration and settlement handed on: 2201, 2206A, 2207A, 2401, 2303A, 2304A, with what we know of the patient.

The thread of whoever asks. The rest of each message is the HIS's; a middleware completes it. An answer that was lost
may have taken effect: the error says so, and the same number sent again is the same transaction to a middleware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.endpoints.declared import TXN_HAND_OVER
from sync.endpoints.reading import text
from sync.endpoints.txn1101 import Cert
from sync.envelope import Json, Nodes, Sender
from sync.insurance import InsuranceLine

ENDPOINT = TXN_HAND_OVER
NODES: Mapping[str, tuple[str, str]] = {
    "2201": ("data", "data"),
    "2206A": ("data", "setlinfo"),
    "2207A": ("data", "setlinfo"),
    "2401": ("mdtrtinfo", "result"),
    "2303A": ("data", "setlinfo"),
    "2304A": ("data", "setlinfo"),
}
"""Transaction → the node that names the patient, and the node of the reply that brings the ids."""
IDS = ("mdtrt_id", "setl_id", "medins_setl_id", "ipt_otp_no", "psn_no")
AMOUNTS = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay", "balc")
_WITH_VISIT = frozenset({"2206A", "2207A", "2303A", "2304A"})


@dataclass(frozen=True, slots=True)
class Visit:
    """On whose behalf, under which insurance, and the ids that earlier transactions of this visit brought."""

    cert: Cert
    psn_no: str = field(repr=False)
    insutype: str
    insuplc: str
    mdtrt_id: str = ""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """An accepted transaction. `number` is our own of it (`msgid`), `reference` the insurance's."""

    infno: str
    number: str
    reference: str
    ids: tuple[tuple[str, str], ...] = field(repr=False)
    amounts: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def id(self, name: str) -> str:
        """One of IDS; "" where it did not come."""
        return dict(self.ids).get(name, "")


def hand_over(
    line: InsuranceLine, infno: str, visit: Visit, sender: Sender, more: Nodes | None = None, number: str | None = None
) -> HandedOver:
    """`more`: further members by node, as the HIS gave them; ours stand over them. Raises SyncError."""
    node, answer = NODES[infno]
    ours: dict[str, Json] = {**visit.cert.members(), "psn_no": visit.psn_no, "insutype": visit.insutype}
    if visit.mdtrt_id and infno in _WITH_VISIT:
        ours["mdtrt_id"] = visit.mdtrt_id
    given = dict(more or {})
    under = given.get(node)
    nodes: Nodes = given | {node: (under if isinstance(under, dict) else {}) | ours}
    there = dict(line.form.hand_over).get(infno, infno)
    reply = line.ask(ENDPOINT, there, nodes, sender, insuplc=visit.insuplc, number=number)
    found = _answer(reply.output, answer)
    ids = tuple((name, text(found, name)) for name in IDS if text(found, name))
    amounts = tuple((name, text(found, name)) for name in AMOUNTS if text(found, name))
    return HandedOver(infno, reply.number, reply.refmsgid, ids, amounts)


def _answer(output: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    for key in (name, "setlinfo", "result", "data"):
        found = output.get(key)
        if isinstance(found, dict):
            return found
    return output
