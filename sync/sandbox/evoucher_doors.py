"""The doors at which envelopes come in, and what each wants of one: two invented provinces, and the middleware.

Written from `docs/remote/evoucher.yaml` and apart from the client. Pure; lives on the sandbox's event loop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from sync.sandbox.evoucher_people import Refused

AREA = "990100"
INSTITUTION = "H99010000001"
_MEMBERS = {
    "infno": (6, True), "msgid": (30, True), "mdtrtarea_admvs": (6, True), "insuplc_admdvs": (6, False),
    "recer_sys_code": (10, True), "dev_no": (100, False), "dev_safe_info": (2000, False), "cainfo": (1024, False),
    "signtype": (10, False), "infver": (6, True), "opter_type": (3, True), "opter": (30, True),
    "opter_name": (50, True), "inf_time": (19, True), "fixmedins_code": (12, True), "fixmedins_name": (200, True),
    "sign_no": (30, False),
}  # fmt: skip
_MSGID = re.compile(r"(?P<code>.{12})(?P<time>[0-9]{14})[0-9]{4}", re.ASCII | re.DOTALL)
_TIME = "%Y-%m-%d %H:%M:%S"
_ZONE = timedelta(hours=8)
_SIGNS = 40_000
_AMOUNTS = frozenset(
    {"medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"}
)  # fmt: skip
_READER: msgspec.json.Decoder[object] = msgspec.json.Decoder(object, float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Door:
    """One way in, and how it differs from the others."""

    name: str
    takes: tuple[str, ...]  # "object", "string"
    numbers: str  # "string", "number", "any"
    decode: str  # the number under which a voucher's text comes in; "": not at this door
    strict: bool = True  # the whole of each message is demanded; otherwise the HIS completes it
    constants: tuple[tuple[str, str], ...] = ()
    receiver: str = "YBXT"
    sign_in: bool = False
    clock_s: float | None = None  # how far `inf_time` may be off
    sign: int = 1  # of the numbers of its refusals


NORTH = Door("north", ("object",), "string", "6101", clock_s=3600.0)
SOUTH = Door(
    "south", ("string",), "number", "1162", constants=(("enc_type", "plain"),), receiver="MBS_LOCAL", sign_in=True,
    sign=-1,
)  # fmt: skip
MIDDLEWARE = Door("middleware", ("object", "string"), "any", "", strict=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """An envelope that is in order."""

    infno: str
    msgid: str
    insuplc: str
    opter: str
    sign_no: str
    nodes: Mapping[str, Any]


def open_envelope(door: Door, body: Mapping[str, Any], now_s: float) -> Letter:
    """Raises Refused: with the member that is wrong."""
    for name, (most, required) in _MEMBERS.items():
        value = body.get(name, "")
        if not isinstance(value, str):
            raise Refused("member_wrong", name)
        if required and not value:
            raise Refused("member_missing", name)
        if len(value) > most:
            raise Refused("member_long", name)
    given = dict(door.constants)
    if door.strict and (more := body.keys() - _MEMBERS.keys() - given.keys() - {"input"}):
        raise Refused("member_unknown", min(more)[:40])
    same = {"mdtrtarea_admvs": AREA, "fixmedins_code": INSTITUTION, "recer_sys_code": door.receiver, **given}
    for name, value in same.items():
        if body.get(name) != value and (door.strict or name in ("mdtrtarea_admvs", "fixmedins_code")):
            raise Refused("member_wrong", name)
    if body["opter_type"] not in ("1", "2", "3"):
        raise Refused("member_wrong", "opter_type")
    _check_times(door, body, now_s)
    nodes = _input(door, body.get("input"))
    _check_numbers(door, nodes)
    if _holds_person(nodes) and not body.get("insuplc_admdvs"):
        raise Refused("member_missing", "insuplc_admdvs")
    words = (body["infno"], body["msgid"], body.get("insuplc_admdvs", ""), body["opter"], body.get("sign_no", ""))
    return Letter(*words, nodes)


def _check_times(door: Door, body: Mapping[str, Any], now_s: float) -> None:
    found = _MSGID.fullmatch(body["msgid"])
    if found is None or found["code"] != body["fixmedins_code"]:
        raise Refused("member_wrong", "msgid")
    try:
        datetime.strptime(found["time"], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise Refused("member_wrong", "msgid") from None
    try:
        told = datetime.strptime(body["inf_time"], _TIME).replace(tzinfo=UTC) - _ZONE
    except (ValueError, OverflowError):
        raise Refused("member_wrong", "inf_time") from None
    if door.clock_s is not None and abs(told.timestamp() - now_s) > door.clock_s:
        raise Refused("inf_time_off", "inf_time")


def _input(door: Door, given: object) -> Mapping[str, Any]:
    kind = "string" if isinstance(given, str) else "object"
    if kind not in door.takes:
        raise Refused("member_wrong", "input")
    size = given if isinstance(given, str) else msgspec.json.encode(given).decode()
    if len(size) > _SIGNS:
        raise Refused("member_long", "input")
    try:
        found = _READER.decode(given) if isinstance(given, str) else given
    except (msgspec.MsgspecError, RecursionError, ArithmeticError):
        raise Refused("member_wrong", "input") from None
    if not isinstance(found, dict) or not found:
        raise Refused("member_wrong", "input")
    return found


def _check_numbers(door: Door, nodes: object) -> None:
    if isinstance(nodes, list):
        for each in nodes:
            _check_numbers(door, each)
    if not isinstance(nodes, dict):
        return
    for name, value in nodes.items():
        if name not in _AMOUNTS:
            _check_numbers(door, value)
        elif not _is_amount(value) or (door.numbers != "any" and isinstance(value, str) != (door.numbers == "string")):
            raise Refused("member_wrong", name)


def _is_amount(value: object) -> bool:
    try:
        return not isinstance(value, bool) and isinstance(value, str | int | Decimal) and Decimal(value).is_finite()
    except ArithmeticError:
        return False


def _holds_person(value: object) -> bool:
    if isinstance(value, dict):
        return bool(value.get("psn_no")) or any(_holds_person(each) for each in value.values())
    return isinstance(value, list) and any(_holds_person(each) for each in value)
