"""The national envelope: a transaction wrapped by a form, and a reply unwrapped. Pure; any thread.

What is in it may be a patient's: nothing of it stands in a repr, and no error says more than the name of a member.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TypeAlias

import msgspec

from sync.envelope_form import LENGTHS, REQUIRED, EnvelopeForm
from sync.errors import Refusal, SyncError

Json: TypeAlias = "str | int | bool | Decimal | list[Json] | dict[str, Json] | None"
Nodes: TypeAlias = Mapping[str, Json]

SIGN_IN = "9001"
_NUMBERS = msgspec.json.Encoder(decimal_format="number")
_READER: msgspec.json.Decoder[object] = msgspec.json.Decoder(object, float_hook=Decimal)
_DEPTH = 6
_INFCODE = re.compile(r"\s*(?P<whole>[+-]?[0-9]{1,12})(?:\.0{1,6})?\s*", re.ASCII)
"""Never through a number of the library's: one with a large exponent would take for ever."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who works at this desk, as the institution numbers its people."""

    opter: str
    opter_name: str


@dataclass(frozen=True, slots=True)
class EnvelopeReply:
    """A reply. `infcode` 0 is success, -1 a failure of the system; `output` is empty where there was none.

    `number` is our own of the call that it answers, where somebody said so."""

    infcode: int
    refmsgid: str
    err_msg: str = field(default="", repr=False)
    output: dict[str, Json] = field(default_factory=dict, repr=False)
    warn: str = field(default="", repr=False)
    number: str = ""


def build_envelope(
    form: EnvelopeForm, infno: str, nodes: Nodes, *, sender: Sender, msgid: str, at: datetime, insuplc: str = "",
    sign_no: str = "",
) -> dict[str, Json]:  # fmt: skip
    """The envelope of one transaction, not yet sealed, its members by their names here.

    Raises SyncError: envelope_lacks, envelope_too_long, envelope_too_large; `subject` is the national name.
    """
    values = {
        "infno": infno, "msgid": msgid, "mdtrtarea_admvs": form.area, "insuplc_admdvs": insuplc,
        "recer_sys_code": form.receiver, "dev_no": form.device, "dev_safe_info": form.device_proof,
        "infver": form.version, "opter_type": form.operator_kind, "opter": sender.opter,
        "opter_name": sender.opter_name, "inf_time": time_text(form, at), "fixmedins_code": form.institution,
        "fixmedins_name": form.institution_name, "sign_no": sign_no,
    }  # fmt: skip
    needed = set(REQUIRED)
    if _holds(dict(nodes), "psn_no"):
        needed.add("insuplc_admdvs")
    if form.sign_in == "cached" and infno != SIGN_IN:
        needed.add("sign_no")
    names = dict(form.names)
    found: dict[str, Json] = {}
    for name in LENGTHS:
        value = values.get(name, "")
        if not value and name in needed:
            raise SyncError("envelope_lacks", name, subject=name)
        if len(value) > form.length_of(name):
            raise SyncError("envelope_too_long", name, subject=name)
        if value or (form.empty == "blank" and name in values):
            found[names.get(name, name)] = value
    found |= dict(form.constants)
    inside = _plain(dict(nodes), form)
    try:
        text = _text(inside)
    except UnicodeEncodeError:  # half a sign, as a scanner's broken bytes can make one
        raise SyncError("envelope_too_long", "utf-8", subject="input") from None
    if len(text) > form.most_signs:
        raise SyncError("envelope_too_large", subject="input")
    found[names.get("input", "input")] = text if form.input == "string" else inside
    return found


def envelope_bytes(form: EnvelopeForm, envelope: Mapping[str, Json]) -> bytes:
    """As it travels. Raises SyncError envelope_too_long: a sign that the form's character set does not have."""
    try:
        return _text(dict(envelope)).encode(form.charset)
    except UnicodeEncodeError:
        raise SyncError("envelope_too_long", form.charset, subject="input") from None


def read_reply(form: EnvelopeForm, raw: bytes) -> EnvelopeReply:
    """Raises SyncError where it is none: bad_reply, html_reply, reply_lacks; Refusal gateway_refused where somebody in
    between said no. An `infcode` that is a no is a reply, see `must_be_good`."""
    found = _parsed(form, raw)
    inner = _inside(found, form.reply_path)
    if inner is None or "infcode" not in inner:
        _refused_by_gateway(form, found)
        raise SyncError("reply_lacks", "infcode", may_have_left=True, subject="infcode")
    return EnvelopeReply(
        _code(inner["infcode"]),
        _said(inner.get("inf_refmsgid")),
        _said(inner.get("err_msg")),
        _output(inner.get("output")),
        _said(inner.get("warn_msg")),
    )


def must_be_good(form: EnvelopeForm, reply: EnvelopeReply, otherwise: str = "insurance_refused") -> EnvelopeReply:
    """The reply, if it is a yes. Raises Refusal with what the other side said, for the person at the desk."""
    if reply.infcode == 0:
        return reply
    code = form.meaning_of(str(reply.infcode), reply.err_msg)
    code = code or ("insurance_down" if reply.infcode == -1 else otherwise)
    raise Refusal(code, said=reply.err_msg, number=str(reply.infcode), reference=reply.refmsgid)


def read_json(text: object) -> Json:
    """JSON that came as a text inside of JSON; the value itself where it is none."""
    if not isinstance(text, str):
        return text  # type: ignore[return-value]
    try:
        return _READER.decode(text)  # type: ignore[return-value]
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ArithmeticError):
        return text


def local_time(form: EnvelopeForm, at: datetime) -> datetime:
    """A moment in the zone of the institution. `at` knows its own."""
    sign = -1 if form.zone[0] == "-" else 1
    return at.astimezone(timezone(sign * timedelta(hours=int(form.zone[1:3]), minutes=int(form.zone[4:6]))))


def time_text(form: EnvelopeForm, at: datetime) -> str:
    """A moment as this form writes it."""
    local = local_time(form, at)
    parts = {"yyyy": local.year, "MM": local.month, "dd": local.day, "HH": local.hour, "mm": local.minute}
    found = form.datetime
    for word, number in {**parts, "ss": local.second}.items():
        found = found.replace(word, f"{number:0{len(word)}}")
    return found


def _holds(value: Json, name: str) -> bool:
    if isinstance(value, dict):
        return bool(value.get(name)) or any(_holds(each, name) for each in value.values())
    return isinstance(value, list) and any(_holds(each, name) for each in value)


def _plain(value: Json, form: EnvelopeForm) -> Json:
    """Numbers and empty members as the form wants them."""
    if isinstance(value, dict):
        made = {name: _plain(each, form) for name, each in value.items()}
        if form.empty == "omit":
            return {name: each for name, each in made.items() if each is not None and each != ""}
        return {name: "" if each is None else each for name, each in made.items()}
    if isinstance(value, list):
        return [_plain(each, form) for each in value]
    if isinstance(value, bool | float):
        raise TypeError("the national messages know neither true nor floating numbers")
    if isinstance(value, int | Decimal) and form.numbers == "string":
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    return value


def _text(value: Json) -> str:
    return _NUMBERS.encode(value).decode("utf-8")


def _parsed(form: EnvelopeForm, raw: bytes) -> dict[str, Json]:
    try:
        text = raw.decode("utf-8-sig" if form.charset == "utf-8" else form.charset)
        found = _READER.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ArithmeticError):
        code = "html_reply" if raw.lstrip()[:1] == b"<" else "bad_reply"
        raise SyncError(code, may_have_left=True) from None
    found = read_json(found)
    if not isinstance(found, dict):
        raise SyncError("bad_reply", "not an object", may_have_left=True)
    return found


def _inside(found: dict[str, Json], path: tuple[str, ...]) -> dict[str, Json] | None:
    """What stands at the end of the path; what needs no path is taken as it is."""
    if "infcode" in found:
        return found
    here: Json = found
    for name in path[:_DEPTH]:
        here = read_json(here.get(name)) if isinstance(here, dict) else None
    return here if isinstance(here, dict) and path else None


def _refused_by_gateway(form: EnvelopeForm, found: dict[str, Json]) -> None:
    code = _said(found.get("code"))
    if code and code not in form.gateway_good:
        said = _said(found.get("msg") or found.get("message"))
        raise Refusal(form.meaning_of(code, said) or "gateway_refused", said=said, number=code)


def _code(value: Json) -> int:
    found = _INFCODE.fullmatch(_said(value))
    if found is None:
        raise SyncError("bad_reply", "infcode", may_have_left=True, subject="infcode")
    return int(found["whole"])


def _said(value: Json) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


def _output(value: Json) -> dict[str, Json]:
    found = read_json(value)
    if isinstance(found, dict):
        return found
    return {"output": found} if found not in (None, "") else {}
