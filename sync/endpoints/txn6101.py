"""6101 by an envelope that carries the voucher's text (1162 and others by number): identity and token back.

The thread of whoever asks. A voucher is good once and for about a minute, so nothing is tried a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.endpoints.declared import TXN_VOUCHER
from sync.endpoints.reading import must_text, object_in, text
from sync.endpoints.txn1101 import Person, person_of
from sync.envelope import Json, Sender
from sync.errors import Refusal
from sync.insurance import InsuranceLine

ENDPOINT = TXN_VOUCHER
TEXT_MOST = 200


@dataclass(frozen=True, slots=True)
class Decoded:
    """Who showed a voucher. `person` is there where the reply was that of 1101, too."""

    user_name: str = field(repr=False)
    id_no: str = field(repr=False)
    id_type: str
    ec_token: str = field(repr=False)
    insu_org: str = ""
    channel: str = ""
    person: Person | None = field(default=None, repr=False)


def must_be_text(voucher: str) -> str:
    """A voucher's text that can be sent. What it should look like is not known, so most may pass.

    Raises Refusal voucher_not_one: nothing, controls, halves of signs, or far too much.
    """
    if not 0 < len(voucher) <= TEXT_MOST or not voucher.isprintable():
        raise Refusal("voucher_not_one")
    return voucher


def decode(line: InsuranceLine, voucher: str, business: str, sender: Sender) -> Decoded:
    """`business` is the businessType of the scene. Raises SyncError, of which Refusal is the other side's own no."""
    form = line.form.decode
    data: dict[str, Json] = {
        "orgId": form.org_id or line.form.institution,
        "businessType": business,
        "operatorId": sender.opter,
        "operatorName": sender.opter_name,
        "officeId": form.office_id,
        "officeName": form.office_name,
        "deviceType": form.device_type,
        "ecQrCode": must_be_text(voucher),
    }
    node: dict[str, Json] = {name: value for name, value in data.items() if value or form.empty == "blank"}
    reply = line.ask(
        ENDPOINT, form.infno, {form.node: node | dict(form.constants)}, sender, otherwise="voucher_refused"
    )
    return decoded_of(reply.output)


def decoded_of(output: Mapping[str, Json]) -> Decoded:
    """An identity, or what 1101 answers with a token beside it. Raises SyncError reply_lacks: neither."""
    found = object_in(output, "data")
    if "baseinfo" in found:
        who = person_of(found)
        area = who.insured[0].insuplc if who.insured else ""
        return Decoded(who.psn_name, who.certno, who.cert_type, _token(found), area, "", who)
    return Decoded(
        must_text(found, "userName"),
        must_text(found, "idNo"),
        must_text(found, "idType"),
        _token(found),
        text(found, "insuOrg"),
        text(found, "chnlId"),
    )


def _token(node: Mapping[str, Json]) -> str:
    return must_text(node, "ecToken")
