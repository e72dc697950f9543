"""9001, sign-in of an operator: `sign_no` for all that follows on this day. The thread of whoever asks."""

from __future__ import annotations

from sync.endpoints.declared import TXN_SIGN_IN
from sync.endpoints.reading import must_text, object_in
from sync.envelope import SIGN_IN, Sender
from sync.insurance import InsuranceLine

ENDPOINT = TXN_SIGN_IN


def sign_in(line: InsuranceLine, sender: Sender) -> str:
    """The number of the sign-in. Raises SyncError."""
    node = {"opter_no": sender.opter, "mac": line.form.mac, "ip": line.form.ip}
    reply = line.ask(ENDPOINT, SIGN_IN, {"signIn": {**node}}, sender)
    return must_text(object_in(reply.output, "signinoutb"), "sign_no")
