"""What an event looks like on its way to the hospital (docs/remote/middleware.yaml, Item). Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from app.domain.documents import Equation
from sync import NewItem


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every item carries: its own id, and who did it where and when."""

    id: str
    device: str
    receipt: str
    seq: int
    at_ms: int
    operator: str


def scan_item(
    stamp: Stamp,
    *,
    payload: str,
    code: str,
    line: int,
    count: int,
    digest: str | None,
    estimated: bool,
    waits_for: str | None,
    line_guessed: bool = False,
) -> NewItem:
    """A counted scan: one item whatever it stands for; the hospital expands it."""
    body: dict[str, object] = {"payload": payload, "code": code, "line": line, "count": count, "digest": digest}
    if estimated:
        body["estimated"] = True
    if line_guessed:
        body["line_guessed"] = True
    return _item(stamp, "scan", body, waits_for=waits_for)


def reversal_item(stamp: Stamp, *, negates: str) -> NewItem:
    return _item(stamp, "reversal", {"negates": negates}, negates=negates)


def outcome_item(
    stamp: Stamp,
    *,
    outcome: str,
    line: int,
    code: str | None,
    count: int,
    digest: str | None,
    reason: str,
    line_guessed: bool = False,
) -> NewItem:
    body: dict[str, object] = {"outcome": outcome, "line": line, "code": code, "count": count, "digest": digest}
    body["reason"] = reason
    if line_guessed:
        body["line_guessed"] = True
    return _item(stamp, "outcome", body)


def package_item(stamp: Stamp, **facts: object) -> NewItem:
    """What somebody learnt about a package or did to it: knowledge, no quantity. `facts`: verb, code, parent, …"""
    return _item(stamp, "package_event", facts)


def close_item(stamp: Stamp, *, equation: Equation) -> NewItem:
    """A finished document goes at once."""
    return _item(stamp, "close", {"equation": equation.as_dict()}, urgent=True)


def acceptance_item(stamp: Stamp, *, fact: str, says: dict[str, object]) -> NewItem:
    """What somebody found or concluded between the dock and the shelf: no quantity."""
    return _item(stamp, "acceptance", {"fact": fact, "says": says})


def claim_item(stamp: Stamp, *, infno: str, profile: str, serial: str, back: bool, message: str) -> NewItem:
    """A row that a closed receipt tells the insurance. `message` is JSON as the site's profile writes it, as a text:
    no reader on the way turns its exact numbers into others.
    """
    body: dict[str, object] = {"infno": infno, "profile": profile, "serial": serial, "back": back, "message": message}
    return _item(stamp, "claim", body)


def claims_due_item(stamp: Stamp) -> NewItem:
    """Stands in the upload log for rows that cannot go yet; held, and never sent itself."""
    return _item(stamp, "claims_due", {})


def _item(
    stamp: Stamp,
    kind: str,
    rest: dict[str, object],
    *,
    negates: str | None = None,
    urgent: bool = False,
    waits_for: str | None = None,
) -> NewItem:
    body = {
        "id": stamp.id,
        "device": stamp.device,
        "receipt": stamp.receipt,
        "seq": stamp.seq,
        "kind": kind,
        "at_ms": stamp.at_ms,
        "operator": stamp.operator,
        **rest,
    }
    wire = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return NewItem(stamp.id, stamp.receipt, stamp.seq, kind, wire, stamp.at_ms, negates, urgent, waits_for)
