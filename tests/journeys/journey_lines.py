"""Lines of input that no scanner should send and some will: made from a number, each with what must be kept of it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

GS = b"\x1d"
LARGE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """A line without its end. `kept`: the bytes that the store must have of it; None: a credential, nothing at all."""

    line: bytes
    kept: bytes | None
    command: bool = False


def fuzzed_lines(count: int, seed: int, codes: list[str]) -> list[Fuzzed]:
    """So many lines; one of them is a megabyte long. `codes` are real ones of the delivery."""
    draw = random.Random(seed)
    makers = (
        _bytes, _bytes, _text, _text, _gbk, _gs1, _gs1, _json_like, _json_payload, _json_hex, _command, _command,
        _printed, _voucher, lambda draw: _known(draw, codes), lambda draw: _known(draw, codes), _digits, _nulls,
    )  # fmt: skip
    lines = [draw.choice(makers)(draw) for _ in range(count - 1)]
    large = bytes(draw.choices(b"0123456789ABCDEFabcdef\x1d]-", k=LARGE_BYTES))
    lines.insert(draw.randrange(len(lines)), Fuzzed(large, large))
    return lines


def as_scan(body: bytes) -> Fuzzed:
    """A line that is neither command nor object: kept as it is, but for the one carriage return of a line end."""
    body = body.replace(b"\n", b" ")
    while body[:1] in (b"!", b"{") or body.startswith(b"MATOU"):
        body = b"-" + body
    return Fuzzed(body, body.removesuffix(b"\r"))


def _bytes(draw: random.Random) -> Fuzzed:
    return as_scan(draw.randbytes(draw.choice((0, 1, 2, 7, 20, 60, 300))))


def _text(draw: random.Random) -> Fuzzed:
    signs = "阿莫西林\u2028\u202e\u200b\ufeff\U0001f48a８９９é\x00\x07\x1b[2J\t 8999]d2\"\\'%s{}"
    return as_scan("".join(draw.choices(signs, k=draw.randrange(1, 40))).encode())


def _gbk(draw: random.Random) -> Fuzzed:
    return as_scan("".join(draw.choices("演示医药破损拒收001", k=draw.randrange(1, 12))).encode("gbk"))


def _gs1(draw: random.Random) -> Fuzzed:
    parts = [b"0109529999002020", b"17270331", b"10SYN2611B", b"21INS0000001", b"]d2", b"]C1", b"(01)", b"99", b"240X"]
    chosen = draw.choices(parts, k=draw.randrange(1, 7))
    joined = b"".join(part + (GS if draw.random() < 0.4 else b"") for part in chosen)
    return as_scan(GS * draw.randrange(3) + joined)


def _digits(draw: random.Random) -> Fuzzed:
    # Never as many as a credential has.
    return as_scan(b"8" + bytes(draw.choices(b"0123456789", k=draw.choice((6, 12, 13, 18, 19, 20)))))


def _nulls(draw: random.Random) -> Fuzzed:
    return as_scan(b"\x00" * draw.randrange(1, 9) + draw.randbytes(3) + b"\x00")


def _known(draw: random.Random, codes: list[str]) -> Fuzzed:
    before, after = draw.choice((b"", b"", b" ", b"\t", b"]Q3", b"\x00")), draw.choice((b"", b"\r"))
    return as_scan(before + draw.choice(codes).encode() + after)


def _json_like(draw: random.Random) -> Fuzzed:
    """Begins like an object and is none of ours: a code like any other."""
    texts = (
        b"{", b"{}", b"{]", b'{"payload"', b'{"payload": 5}', b'{"payload": null}', b'{"raw_hex": "zz"}', b'{"o": 1}',
        b'{"payload": "a", "raw_hex": "61"}', b'{"payload": "a", "at_ms": "now"}', b'{"payload": "a", "at_ms": -1}',
        b'{"payload": "a", "at_ms": true}', b'{"payload": "a", "x": 1}', b'{"payload": "a", "device": 7}',
        b'{"payload": "a", "at_ms": 1e400}', b'{"payload": "\\ud8"}', b"{" * 100_000, b'{"a":' * 20_000,
        b'{"payload": "\xff"}', b'{"payload": "a", "at_ms": 99999999999999999999999999}',
    )  # fmt: skip
    line = draw.choice(texts)
    return Fuzzed(line, line)


def _json_payload(draw: random.Random) -> Fuzzed:
    signs = ["\x1d", "!", "{", "8", "码", "\n", "\r", "\x00", "\ud800", "\udcff", "\U0001f48a", "\\", '"', "\u2029"]
    payload = "x" + "".join(draw.choices(signs, k=draw.randrange(0, 12)))
    found: dict[str, object] = {"payload": payload}
    if draw.random() < 0.5:
        found |= {"at_ms": draw.choice((0, 1, 1_795_327_219_000, 9_999_999_999_999)), "device": "serial:模拟"}
    line = json.dumps(found, ensure_ascii=True)
    # Two halves that meet become one sign, as JSON has it; a half alone stays as the bytes that it would be.
    return Fuzzed(line.encode(), str(json.loads(line)["payload"]).encode("utf-8", "surrogatepass"))


def _json_hex(draw: random.Random) -> Fuzzed:
    raw = b"y" + draw.randbytes(draw.randrange(0, 30))
    return Fuzzed(json.dumps({"raw_hex": draw.choice((raw.hex(), raw.hex().upper()))}).encode(), raw)


def _command(draw: random.Random) -> Fuzzed:
    """Anything but a close, which may end the sitting."""
    words = ("undo", "short", "over", "damaged", "reject", "exempt", "open", "level", "confirm", "next", "Undo", "撤销")
    ends = ("", " 1 1 破损", " 9 9 x", " 1", " -5 1 x", " 1 999999999 x", " 89990110000000000001 x", " \x1d x",
            " " * 50, "\x00", " 99999999", " 1234567", " " + "长" * 3000)  # fmt: skip
    text = draw.choice(words) + draw.choice(ends)
    return Fuzzed(b"!" + text.encode(), text.encode(), command=True)


def _printed(draw: random.Random) -> Fuzzed:
    text = draw.choice(("undo", "undo 1", "undo 89990110000000000001", "confirm", "", "???", "short 1 1 x"))
    if not text:
        return Fuzzed(b"MATOU!", b"", command=True)
    return Fuzzed(b"MATOU!" + text.encode(), text.encode(), command=True)


def _voucher(draw: random.Random) -> Fuzzed:
    """A patient's credential, bare or wrapped; its digits stand nowhere else among the lines."""
    number = b"424" + bytes(draw.choices(b"0123456789", k=25))
    wraps = (b"%s", b"]Q3%s", b"  %s", b"\xef\xbb\xbf%s", b'{"payload": "%s"}', b"!damaged %s x", b"\x1d%s\x1d")
    return Fuzzed(draw.choice(wraps) % number, None)
