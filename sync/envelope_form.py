"""How one province, or one hospital's front-end machine, wants the national envelope: every switch as data. Pure.

`form_of` reads them from tables as TOML gives them (a profile's `wire`, and what the site says over it); nothing here
is a secret: those come apart, see `sync.sealing`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, TypeAlias, cast

Pairs: TypeAlias = tuple[tuple[str, str], ...]

_ZONE = re.compile(r"[+-](0[0-9]|1[0-4]):[0-5][0-9]", re.ASCII)

LENGTHS: Mapping[str, int] = {
    "infno": 6, "msgid": 30, "mdtrtarea_admvs": 6, "insuplc_admdvs": 6, "recer_sys_code": 10, "dev_no": 100,
    "dev_safe_info": 2000, "cainfo": 1024, "signtype": 10, "infver": 6, "opter_type": 3, "opter": 30, "opter_name": 50,
    "inf_time": 19, "fixmedins_code": 30, "fixmedins_name": 200, "sign_no": 30,
}  # fmt: skip
"""The members of a request around its `input`, in their order, with the signs that each may have."""
REQUIRED = frozenset(
    {
        "infno", "msgid", "mdtrtarea_admvs", "recer_sys_code", "infver", "opter_type", "opter", "opter_name",
        "inf_time", "fixmedins_code", "fixmedins_name",
    }
)  # fmt: skip
SEALS = ("none", "api_key", "tif", "csb", "cainfo_sm2")
MEANINGS = (
    "voucher_not_one",
    "voucher_expired",
    "voucher_used",
    "voucher_not_activated",
    "voucher_refused",
    "decoder_silent",
    "person_unknown",
    "area_not_open",
    "token_expired",
    "insurance_refused",
    "insurance_down",
    "signed_out",
)
"""What a code or a sentence of the other side can mean to us: codes of `sync.errors`."""


@dataclass(frozen=True, slots=True)
class SealForm:
    """Which plug-in signs, and how its headers are called where the province names them otherwise."""

    kind: str = "none"  # one of SEALS, or several joined by +
    header: str = "X-Api-Key"  # of api_key
    user_id: str = "1234567812345678"  # of cainfo_sm2
    sign_type: str = "SM2"  # member `signtype` with cainfo_sm2
    signature: Literal["der", "raw"] = "der"  # of cainfo_sm2: what is written in hex
    blanks: Literal["skip", "keep"] = "skip"  # of cainfo_sm2: members without a value in the signed text
    service: str = ""  # of tif: x-tif-serviceId; of csb: _api_name
    service_version: str = "1.0.0"  # of csb: _api_version


@dataclass(frozen=True, slots=True)
class DecodeForm:
    """How a voucher's text is turned into an identity, by an envelope."""

    infno: str = "6101"
    node: str = "data"
    org_id: str = ""  # of the voucher centre; "": the institution's code
    office_id: str = ""
    office_name: str = ""
    device_type: str = ""
    constants: Pairs = ()  # further members: termId, termIp, ecQrChannel, businessInfo …
    empty: Literal["omit", "blank"] = "omit"


@dataclass(frozen=True, slots=True)
class EnvelopeForm:
    """Every switch of an envelope that differs from place to place."""

    area: str  # mdtrtarea_admvs
    institution: str  # fixmedins_code
    institution_name: str  # fixmedins_name
    receiver: str = "YBXT"  # recer_sys_code
    version: str = "V1.0"  # infver
    operator_kind: str = "1"  # opter_type
    device: str = ""  # dev_no
    device_proof: str = ""  # dev_safe_info
    input: Literal["object", "string"] = "object"
    numbers: Literal["number", "string"] = "number"
    empty: Literal["omit", "blank"] = "omit"
    datetime: str = "yyyy-MM-dd HH:mm:ss"
    zone: str = "+08:00"
    charset: Literal["utf-8", "gbk"] = "utf-8"
    constants: Pairs = ()  # extra members: (name, value)
    names: Pairs = ()  # (national name, the name here)
    most: tuple[tuple[str, int], ...] = ()  # lengths that differ from LENGTHS
    most_signs: int = 40_000  # of the input
    path: str = ""  # relative to the server's address; {infno} is filled in
    paths: Pairs = ()  # (infno, its own path)
    reply_path: tuple[str, ...] = ()  # members down to the real reply
    gateway_good: tuple[str, ...] = ("0", "200")  # codes of what stands around it
    sign_in: Literal["none", "cached"] = "none"  # cached: 9001 once a day and operator
    mac: str = ""  # of this machine, for 9001
    ip: str = ""
    hand_over: Pairs = ()  # (our name of a transaction, its number here), where it is another one
    meanings: Pairs = ()  # (code, or ~ and a part of the sentence; what it means: one of MEANINGS)
    decode: DecodeForm = field(default_factory=DecodeForm)
    seal: SealForm = field(default_factory=SealForm)

    def path_of(self, infno: str) -> str:
        """Where a transaction is posted to."""
        return dict(self.paths).get(infno, self.path).replace("{infno}", infno)

    def length_of(self, member: str) -> int:
        """Signs that a member of the envelope may have."""
        return dict(self.most).get(member, LENGTHS[member])

    def meaning_of(self, code: str, said: str) -> str | None:
        """What the site knows a code or a sentence to mean; a code goes before a sentence."""
        known = dict(self.meanings)
        if code in known:
            return known[code]
        return next((to for word, to in self.meanings if word[:1] == "~" and word[1:] and word[1:] in said), None)


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "input": ("object", "string"),
    "numbers": ("number", "string"),
    "empty": ("omit", "blank"),
    "charset": ("utf-8", "gbk"),
    "sign_in": ("none", "cached"),
    "signature": ("der", "raw"),
    "blanks": ("skip", "keep"),
}


def form_of(data: Mapping[str, object]) -> EnvelopeForm:
    """A form out of tables of a file. Raises ValueError, saying which word is wrong with it."""
    given = dict(data)
    decode = DecodeForm(**_read(DecodeForm, _table(given.pop("decode", {}), "decode"), "decode."))  # type: ignore[arg-type]
    seal = SealForm(**_read(SealForm, _table(given.pop("seal", {}), "seal"), "seal."))  # type: ignore[arg-type]
    known = _read(EnvelopeForm, given, "")
    lacking = [name for name in ("area", "institution", "institution_name") if not known.get(name)]
    if lacking:
        raise ValueError(f"{lacking[0]} is missing")
    form = EnvelopeForm(**known, decode=decode, seal=seal)  # type: ignore[arg-type]
    _check(form)
    return form


def _check(form: EnvelopeForm) -> None:
    if any(kind not in SEALS for kind in form.seal.kind.split("+")):
        raise ValueError(f"seal.kind: of {', '.join(SEALS)}")
    for word, to in form.meanings:
        if to not in MEANINGS or not word.strip("~ "):
            raise ValueError(f"meanings.{word}: one of {', '.join(MEANINGS)}")
    for name, _ in (*form.most, *form.names):
        if name not in LENGTHS and name != "input":
            raise ValueError(f"{name} is no member of the envelope")
    if _ZONE.fullmatch(form.zone) is None:
        raise ValueError("zone is written +08:00")


def _read(kind: type, data: Mapping[str, object], place: str) -> dict[str, object]:
    types = {each.name: str(each.type) for each in fields(kind)}
    found: dict[str, object] = {}
    for name, value in data.items():
        if name not in types or name in ("decode", "seal"):
            raise ValueError(f"{place}{name} is unknown")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise ValueError(f"{place}{name}: one of {', '.join(_CHOICES[name])}")
        found[name] = _value(types[name], value, f"{place}{name}")
    return found


def _value(kind: str, value: object, place: str) -> object:
    if kind == "Pairs":
        table = _table(value, place)
        if not all(isinstance(each, str) for each in table.values()):
            raise ValueError(f"{place}: every value is a text")
        return tuple(cast("Mapping[str, str]", table).items())
    if kind.startswith("tuple[tuple[str, int]"):
        table = _table(value, place)
        if not all(type(each) is int and each > 0 for each in table.values()):
            raise ValueError(f"{place}: every value is a count")
        return tuple(table.items())
    if kind.startswith("tuple"):
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise ValueError(f"{place} is a list of texts")
        return tuple(value)
    if kind == "int":
        if type(value) is not int or value <= 0:
            raise ValueError(f"{place} is a count")
        return value
    if not isinstance(value, str):
        raise ValueError(f"{place} is a text")  # noqa: TRY004 - a file's mistake, not a programmer's
    return value


def _table(value: object, place: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{place} is a table")  # noqa: TRY004 - a file's mistake, not a programmer's
    return value
