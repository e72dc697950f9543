"""POST /v1/evoucher/decode: the hospital's middleware turns a voucher's text into an identity and a token.

The thread of whoever asks. In the body only, never in an address; nothing is tried a second time.
"""

from __future__ import annotations

import msgspec

from sync.endpoints.declared import HIS_VOUCHER
from sync.endpoints.endpoint import decoded
from sync.endpoints.txn6101 import Decoded, must_be_text
from sync.envelope import Sender
from sync.errors import Refusal, SyncError
from sync.transport import Transport, body_of, call_of

ENDPOINT = HIS_VOUCHER
_MEANINGS = frozenset(
    {"voucher_not_one", "voucher_expired", "voucher_used", "voucher_not_activated", "voucher_refused", "insurance_down"}
)


class _Identity(msgspec.Struct, frozen=True):
    user_name: str
    id_no: str
    id_type: str
    ec_token: str
    insu_org: str | None = None


class _No(msgspec.Struct, frozen=True):
    code: str
    text: str = ""


class _Reply(msgspec.Struct, frozen=True):
    identity: _Identity | None = None
    refused: _No | None = None


_DECODER = msgspec.json.Decoder(_Reply)


def decode(transport: Transport, voucher: str, business: str, sender: Sender, read_s: float | None = None) -> Decoded:
    """Raises SyncError, of which Refusal is the voucher centre's own no."""
    body = msgspec.json.encode(
        {
            "voucher": must_be_text(voucher),
            "business": business,
            "operator": sender.opter,
            "operator_name": sender.opter_name,
        }
    )
    reply = decoded(_DECODER.decode, body_of(transport.exchange(call_of(ENDPOINT, body=body, read_s=read_s))))
    if reply.identity is None:
        no = reply.refused
        if no is None:
            raise SyncError("reply_lacks", "identity", may_have_left=True, subject="identity")
        raise Refusal(no.code if no.code in _MEANINGS else "voucher_refused", said=no.text, number=no.code)
    who = reply.identity
    return Decoded(who.user_name, who.id_no, who.id_type, who.ec_token, who.insu_org or "")
