"""One line to the insurance, or to the middleware that stands before it: an envelope out, its reply back.

Lives on the thread, and in the process, of whoever asks: it holds a patient's data only while a call runs. Nothing is
repeated by itself; where a call may have arrived, its number is told, and it can be sent again under that number.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sync.endpoints.endpoint import Endpoint
from sync.envelope import (
    EnvelopeReply,
    Nodes,
    Sender,
    build_envelope,
    envelope_bytes,
    local_time,
    must_be_good,
    read_reply,
)
from sync.envelope_form import EnvelopeForm, SealForm
from sync.errors import SyncError
from sync.message_ids import MessageIds
from sync.sealing.seal import Seal
from sync.transport import Call, Transport, body_of

MIDDLEWARE_PATH = "v1/evoucher/transactions"


def by_middleware(form: EnvelopeForm) -> EnvelopeForm:
    """The same form where the hospital's middleware takes the envelope: it signs, signs in and unwraps by itself."""
    return replace(form, path=MIDDLEWARE_PATH, paths=(), reply_path=(), sign_in="none", seal=SealForm())


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class InsuranceLine:
    """A form, who signs, and the way there. `sign_in` makes the number that a form with 9001 wants in every call."""

    transport: Transport
    form: EnvelopeForm
    seal: Seal
    ids: MessageIds
    now: Callable[[], datetime] = _now
    read_s: float | None = None
    sign_in: Callable[[InsuranceLine, Sender], str] | None = None
    _signed_in: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def new_number(self) -> str:
        """A number for one transaction."""
        return self.ids.next(local_time(self.form, self.now()))

    def ask(
        self, endpoint: Endpoint, infno: str, nodes: Nodes, sender: Sender, *, insuplc: str = "",
        otherwise: str = "insurance_refused", number: str | None = None,
    ) -> EnvelopeReply:  # fmt: skip
        """The good reply. `number`: that of an earlier try of the same transaction; `otherwise`: what a no means.

        Raises SyncError, of which Refusal is the other side's own no. A sign-in that it forgot is made once more.
        """
        number = number or self.new_number()
        try:
            return self._once(endpoint, infno, nodes, sender, insuplc, otherwise, number)
        except SyncError as error:
            if error.code != "signed_out" or self.form.sign_in == "none" or not self._forget(sender):
                raise
        return self._once(endpoint, infno, nodes, sender, insuplc, otherwise, self.new_number())

    def _once(
        self, endpoint: Endpoint, infno: str, nodes: Nodes, sender: Sender, insuplc: str, otherwise: str, number: str
    ) -> EnvelopeReply:
        sign_no = self._sign_no(sender) if infno != "9001" else ""
        form = self.form
        envelope = build_envelope(
            form, infno, nodes, sender=sender, msgid=number, at=self.now(), insuplc=insuplc, sign_no=sign_no
        )
        envelope |= self.seal.members(envelope)
        now_ms = int(self.now().timestamp() * 1000)
        headers = self.seal.headers(now_ms, lambda: secrets.token_hex(16))
        if form.charset != "utf-8":
            headers["Content-Type"] = f"application/json; charset={form.charset.upper()}"
        call = Call(
            endpoint.method, form.path_of(infno), (), envelope_bytes(form, envelope), self.read_s, endpoint.reply_bytes,
            tuple(headers.items()),
        )  # fmt: skip
        reply = must_be_good(form, read_reply(form, body_of(self.transport.exchange(call))), otherwise)
        return replace(reply, number=number)

    def _sign_no(self, sender: Sender) -> str:
        if self.form.sign_in == "none" or self.sign_in is None:
            return ""
        today = (f"{local_time(self.form, self.now()):%Y%m%d}", sender.opter)
        if today not in self._signed_in:
            self._signed_in = {key: known for key, known in self._signed_in.items() if key[0] == today[0]}
            self._signed_in[today] = self.sign_in(self, sender)
        return self._signed_in[today]

    def _forget(self, sender: Sender) -> bool:
        """Drop the sign-in of an operator; False where there was none."""
        known = [key for key in self._signed_in if key[1] == sender.opter]
        for key in known:
            del self._signed_in[key]
        return bool(known)
