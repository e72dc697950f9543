"""The doors of `docs/remote/evoucher.yaml`: a middleware and two provinces. Lives on the sandbox's event loop."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.sandbox.api import Problem, as_json, faults_of
from sync.sandbox.evoucher_cases import Insurance, check_business
from sync.sandbox.evoucher_doors import AREA, INSTITUTION, MIDDLEWARE, NORTH, SOUTH, Door, open_envelope
from sync.sandbox.evoucher_people import Refused, ShowOrder, VoucherCentre
from sync.sandbox.evoucher_sm2 import is_signed, made_key, public_of
from sync.sandbox.wire import DEVICE_PATTERN
from sync.sandbox.world import World

_BYTES_MOST = 262_144
_WINDOW_S = 300
_USER_ID = "1234567812345678"
_NUMBERS = {
    "voucher_not_one": 500159, "voucher_expired": 5901, "voucher_used": 5902, "voucher_not_activated": 5903,
    "person_unknown": 1101, "area_not_open": 1102, "token_expired": 1103, "token_unknown": 1104, "signed_out": 9001,
    "infno_unknown": 1001, "member_missing": 1002, "member_wrong": 1003, "member_long": 1004, "member_unknown": 1005,
    "inf_time_off": 1006, "msgid_used": 1007, "signature_wrong": 1008, "other_person": 2001, "insured_wrong": 2002,
    "visit_unknown": 2003, "settled_before": 2004,
}  # fmt: skip
_MEANINGS = {
    "voucher_not_one": "voucher_not_one", "voucher_expired": "voucher_expired", "voucher_used": "voucher_used",
    "voucher_not_activated": "voucher_not_activated", "person_unknown": "person_unknown",
    "area_not_open": "area_not_open", "token_expired": "token_expired", "token_unknown": "token_expired",
    "signed_out": "signed_out",
}  # fmt: skip
_READER: msgspec.json.Decoder[object] = msgspec.json.Decoder(object, float_hook=Decimal)
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)

_Short = Annotated[str, Meta(min_length=1, max_length=100)]


class _Ask(Struct, frozen=True):
    voucher: Annotated[str, Meta(min_length=1, max_length=200)]
    business: Annotated[str, Meta(pattern=r"\A[0-9]{5}\Z")]
    operator: _Short
    operator_name: _Short


class _Tokens(Struct, frozen=True, forbid_unknown_fields=True):
    end_tokens: bool = False


class EvoucherApi:
    """All doors with what stands behind them. `now_s` is the hospital's clock."""

    def __init__(self, world: World, seed: int, now_s: Callable[[], float]) -> None:
        self._world = world
        self._now_s = now_s
        self._seed = seed
        self._skew_s = 0
        self._centre = VoucherCentre(world.patients, self._clock)
        self._insurance = Insurance(self._centre, seed, self._clock)
        self._nonces: set[str] = set()

    def routes(self) -> list[Route]:
        """What clients reach."""
        return [
            Route("/v1/evoucher/decode", self.decode, methods=["POST"]),
            Route("/v1/evoucher/transactions", self.middleware, methods=["POST"]),
            Route("/evoucher/north/api", self.north, methods=["POST"]),
            Route("/evoucher/south/api/{infno}", self.south, methods=["POST"]),
            Route("/evoucher/south/localcfc/api/hsecfc/localQrCodeQuery", self.south, methods=["POST"]),
        ]

    def control_routes(self) -> list[Route]:
        """What tests and the demonstration reach."""
        return [
            Route("/vouchers", self.show, methods=["POST"]),
            Route("/evoucher", self.told, methods=["GET"]),
            Route("/evoucher", self.order, methods=["POST"]),
        ]

    async def decode(self, request: Request) -> Response:
        """POST /v1/evoucher/decode."""
        ask = _read(await _body(request), _Ask)
        self._set_clock(request)
        try:
            check_business(ask.business)
        except Refused:
            raise Problem(400, "bad_request") from None
        try:
            patient = self._centre.decode(ask.voucher)
        except Refused as no:
            return as_json({"refused": {"code": no.why, "text": self._text(no)}})
        identity = {
            "user_name": patient.name, "id_no": patient.id_no, "id_type": "01", "ec_token": patient.ec_token,
            "insu_org": patient.insured[0].area,
        }  # fmt: skip
        return as_json({"identity": identity})

    async def middleware(self, request: Request) -> Response:
        """POST /v1/evoucher/transactions."""
        body = _object(await _body(request))
        self._set_clock(request)
        return as_json(self._answer(MIDDLEWARE, body, None))

    async def north(self, request: Request) -> Response:
        """POST /evoucher/north/api."""
        if not hmac.compare_digest(request.headers.get("x-api-key", "").encode(), self._key("north").encode()):
            raise Problem(401, "credentials_refused")
        body = _object(await _body(request, devices=False))
        self._set_clock(request)
        return as_json(self._answer(NORTH, body, None))

    async def south(self, request: Request) -> Response:
        """POST /evoucher/south/…: what stands around the reply is the gateway's."""
        body = _object(await _body(request, devices=False))
        self._set_clock(request)
        if not self._admits(request):
            return as_json({"code": "999", "msg": self._world.texts["gateway_refused"]})
        path = request.path_params.get("infno", SOUTH.decode)
        reply = self._answer(SOUTH, body, path)
        reply["output"] = msgspec.json.encode(reply["output"]).decode()
        reply["infcode"] = str(reply["infcode"])
        return as_json({"code": 0, "msg": "", "data": msgspec.json.encode(reply).decode()})

    async def show(self, request: Request) -> Response:
        """POST {control}/vouchers."""
        try:
            voucher = self._centre.show(msgspec.json.decode(await request.body(), type=ShowOrder))
        except (msgspec.MsgspecError, Refused):
            return _bad("bad_order")
        return as_json({"voucher": voucher})

    async def told(self, request: Request) -> Response:
        """GET {control}/evoucher: the forms of all doors, and what the insurance remembers."""
        del request
        books = self._insurance.books
        return as_json({"forms": self._forms(), "calls": books.calls, "visits": list(books.visits.values())})

    async def order(self, request: Request) -> Response:
        """POST {control}/evoucher."""
        try:
            order = msgspec.json.decode(await request.body(), type=_Tokens)
        except msgspec.MsgspecError:
            return _bad("bad_order")
        if order.end_tokens:
            self._centre.end_tokens()
        return as_json({})

    def _answer(self, door: Door, body: Mapping[str, Any], path: str | None) -> dict[str, Any]:
        """The reply to an envelope."""
        try:
            if door is SOUTH:
                self._check_signature(body)
            letter = open_envelope(door, body, self._clock())
            if path is not None and letter.infno != path:
                raise Refused("infno_unknown", "infno")
            return self._reply(0, "", self._insurance.carry_out(door, letter))
        except Refused as no:
            return self._reply(_NUMBERS[no.why] * door.sign, self._text(no), {})

    def _reply(self, infcode: int, said: str, output: Mapping[str, Any]) -> dict[str, Any]:
        now = f"{int(self._clock() * 1000)}"
        return {
            "infcode": infcode, "inf_refmsgid": self._insurance.reference(), "refmsg_time": now, "respond_time": now,
            "err_msg": said, "output": output,
        }  # fmt: skip

    def _check_signature(self, body: Mapping[str, Any]) -> None:
        names = sorted(name for name in body if name not in ("cainfo", "input") and body[name] not in ("", None))
        text = "&".join(f"{name}={body[name]}" for name in names)
        try:
            signature = bytes.fromhex(str(body.get("cainfo", "")))
        except ValueError:
            raise Refused("signature_wrong", "cainfo") from None
        if body.get("signtype") != "SM2" or not is_signed(self._public, _USER_ID.encode(), text.encode(), signature):
            raise Refused("signature_wrong", "cainfo")

    @cached_property
    def _public(self) -> tuple[int, int]:
        return public_of(made_key(self._seed))

    def _admits(self, request: Request) -> bool:
        given = request.headers
        at, once = given.get("x-tif-timestamp", ""), given.get("x-tif-nonce", "")
        if _TIMESTAMP.fullmatch(at) is None or abs(int(at) - self._clock()) > _WINDOW_S or not 8 <= len(once) <= 64:
            return False
        wanted = hashlib.sha256(f"{at}{self._key('south')}{once}{at}".encode("latin-1", "replace")).hexdigest()
        fits = hmac.compare_digest(given.get("x-tif-signature", "").encode(), wanted.encode())
        if not fits or given.get("x-tif-paasid") != "demo" or once in self._nonces:
            return False
        self._nonces.add(once)
        return True

    def _forms(self) -> dict[str, Any]:
        """What a client is told by its profile and its site: switches, and the secrets of this demonstration.

        Paths of the provinces are relative to the address `evoucher` of `GET /v1/site`."""
        own = {"area": AREA, "institution": INSTITUTION, "institution_name": self._world.hospital.site.name}
        desk = {"office_id": "YF", "office_name": "YF"}
        south = {
            **own, "input": "string", "receiver": "MBS_LOCAL", "constants": {"enc_type": "plain"},
            "path": "south/api/{infno}", "reply_path": ["data"], "sign_in": "cached",
            "mac": "02-00-00-00-00-01", "ip": "127.0.0.1",
            "paths": {"1162": "south/localcfc/api/hsecfc/localQrCodeQuery"},
            "meanings": {str(-_NUMBERS[why]): to for why, to in _MEANINGS.items()},
            "decode": {"infno": "1162", **desk}, "seal": {"kind": "tif+cainfo_sm2"},
        }  # fmt: skip
        north = {
            **own, "numbers": "string", "path": "north/api", "decode": {"infno": "6101", **desk},
            "meanings": {str(_NUMBERS[why]): to for why, to in _MEANINGS.items()},
            "seal": {"kind": "api_key", "header": "X-Api-Key"},
        }  # fmt: skip
        middle = {**own, "path": "v1/evoucher/transactions", "meanings": north["meanings"]}
        return {
            "north": {"form": north, "secrets": {"key": "", "secret": self._key("north"), "signing": ""}},
            "south": {
                "form": south,
                "secrets": {"key": "demo", "secret": self._key("south"), "signing": f"{made_key(self._seed):064x}"},
            },
            "middleware": {"form": middle, "secrets": {"key": "", "secret": "", "signing": ""}},
        }

    def _key(self, door: str) -> str:
        return f"demo-{door}-{self._seed}"

    def _text(self, no: Refused) -> str:
        said = self._world.texts[no.why]
        return f"{said} ({no.about})" if no.about else said

    def _clock(self) -> float:
        return self._now_s() + self._skew_s

    def _set_clock(self, request: Request) -> None:
        """The clock of this call: nothing here waits, so no other call sees it."""
        self._skew_s = sum(fault.number() for fault in faults_of(request, "clock_skew"))


async def _body(request: Request, *, devices: bool = True) -> bytes:
    """The body of a call; `devices`: whoever calls says its device, as everywhere at the middleware."""
    device = request.headers.get("matou-device")
    if devices and device is None:
        raise Problem(400, "device_missing")
    if devices and re.fullmatch(DEVICE_PATTERN, device or "") is None:
        raise Problem(400, "bad_request")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "wrong_content_type")
    body = await request.body()
    if len(body) > _BYTES_MOST:
        raise Problem(413, "too_large")
    return body


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = _READER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError):
        raise Problem(400, "bad_request") from None
    if not isinstance(found, dict):
        raise Problem(400, "bad_request")
    return found


def _read(body: bytes, kind: type[_Ask]) -> _Ask:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Problem(400, "bad_request") from None


def _bad(code: str) -> Response:
    response = as_json({"code": code})
    response.status_code = 400
    return response
