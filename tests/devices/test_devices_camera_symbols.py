"""Symbols of a picture: bytes and identifiers exactly as printed, wherever and however the picture lies in memory."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from devices.places import Turn, cut, middle, overlap, shifted, turned_back
from devices.symbols import FORMATS, GreyPicture, Quad, formats_with, is_kanji, read_symbols
from tests.fixtures.labels import DOCK, PillowTurner, grey, page, symbol

GTIN_MESSAGE = "(01)09529999002020(17)270331(10)50SYN2611C(21)1A1B2C3D4E5"
GTIN_BYTES = b"0109529999002020172703311050SYN2611C\x1d211A1B2C3D4E5"


@pytest.mark.parametrize(
    ("kind", "text", "payload", "aim"),
    [
        ("Code128", "89990139836900602677", b"89990139836900602677", "]C0"),
        ("Code128", "aBc-09 ~", b"aBc-09 ~", "]C0"),
        ("Code128", GTIN_MESSAGE, GTIN_BYTES, "]C1"),
        ("DataMatrix", GTIN_MESSAGE, GTIN_BYTES, "]d2"),
        ("DataMatrix", "plain", b"plain", "]d1"),
        ("QRCode", "https://id.example/01/09529999002020", b"https://id.example/01/09529999002020", "]Q1"),
        ("QRCode", "追溯码", "追溯码".encode(), "]Q1"),
        ("EAN13", "6901234567892", b"6901234567892", "]E0"),
        ("UPCA", "036000291452", b"0036000291452", "]E0"),
        ("EAN8", "12345670", b"12345670", "]E4"),
    ],
)
def test_bytes_and_identifier_as_printed(kind, text, payload, aim):
    (found,) = read_symbols(grey(symbol(text, kind)), thorough=True)
    assert (found.payload, found.aim) == (payload, aim)
    assert found.label == aim.encode() + payload
    assert text[:6] not in repr(found)


@pytest.mark.parametrize(
    ("name", "kind", "text", "aim"), [("itf", "ITF", "19529999002027", "]I1"), ("pdf417", "PDF417", "code", "]L2")]
)
def test_other_formats_on_request_only(name, kind, text, aim):
    picture = grey(symbol(text, kind))
    assert read_symbols(picture, FORMATS) == ()
    (found,) = read_symbols(picture, formats_with((name,)))
    assert (found.payload, found.aim) == (text.encode(), aim)


def test_kanji_is_told_from_chinese():
    (found,) = read_symbols(grey(symbol("漢字コード点茗", "QRCode")))
    assert found.payload == "漢字コード点茗".encode()
    assert is_kanji("点茗".encode("shift_jis"), "点茗")
    assert not is_kanji("药品追溯码".encode("gbk"), "ﾒｩﾆｷﾗｷﾋﾝﾂ・")
    assert not is_kanji("药品".encode(), "药品")
    assert not is_kanji(b"\xe0\xa1", b"\xe0\xa1".decode("shift_jis")), "GB 2312 has these bytes, too"


def test_bytes_of_gbk_stay_as_they_are():
    raw = "药品追溯码".encode("gbk")
    (found,) = read_symbols(grey(symbol(raw, "QRCode")))
    assert found.payload == raw


@pytest.mark.parametrize("step", [1, 2, 4])
def test_the_grey_of_every_layout_is_read(step):
    drawn = symbol("89990139836900602677")
    stride = drawn.width * step + 12
    rows = [bytearray(random.Random(1).randbytes(stride)) for _ in range(drawn.height)]
    for number, row in enumerate(rows):
        row[: drawn.width * step : step] = drawn.crop((0, number, drawn.width, number + 1)).tobytes()
    pixels = b"".join(rows)
    (found,) = read_symbols(GreyPicture(pixels, drawn.width, drawn.height, stride, step))
    assert found.payload == b"89990139836900602677"
    assert not GreyPicture(pixels[:-1], drawn.width, drawn.height, stride, step).is_whole


@given(st.integers(-2, 9), st.integers(-2, 9), st.integers(-1, 12), st.integers(-1, 3), st.integers(0, 120))
def test_a_picture_that_lies_about_itself_is_no_picture(width, height, stride, step, size):
    picture = GreyPicture(bytes(size), width, height, stride, step)
    assert read_symbols(picture) == ()
    if picture.is_whole:
        assert size >= width * height


def test_every_symbol_of_a_frame_with_its_place():
    dice = random.Random(7)
    texts = [(f"8999{number:016d}", "Code128") for number in range(6)]
    found = read_symbols(grey(page(texts, (1280, 720), 2, dice, 2, tilt=4)))
    assert {one.payload.decode() for one in found} == {text for text, _ in texts}
    for one in found:
        number = int(one.payload[4:])
        x, y = middle(one.place)
        assert abs(x - (number % 2 + 0.5) * 640) < 20
        assert abs(y - (number // 2 + 0.5) * 240) < 20


@pytest.mark.parametrize("turn", [Turn(20), Turn(-33, 1.5, 1.5), Turn(110, 1.0, 0.5), Turn(-14, 1.0, 0.5)])
def test_a_place_of_a_turned_picture_is_found_on_the_original(turn):
    kind, text, module_px = (
        ("DataMatrix", "plain", 8) if turn.down == turn.across else ("Code128", "89990139836900602677", 4)
    )
    drawn = symbol(text, kind, module_px)
    board = Image.new("L", (1300, 900), DOCK)
    away = drawn.rotate(turn.degrees, expand=True, fillcolor=DOCK)
    board.paste(away, (500, 120))
    original = grey(board)
    turned = PillowTurner().turn(original, turn)
    (found,) = read_symbols(turned)
    x, y = middle(turned_back(found.place, turned, turn, original))
    assert abs(x - (500 + away.width / 2)) < 8
    assert abs(y - (120 + away.height / 2)) < 8


def test_places_touch_or_do_not():
    square: Quad = ((0, 0), (10, 0), (10, 10), (0, 10))
    diamond: Quad = ((20, 5), (25, 0), (30, 5), (25, 10))
    line: Quad = ((0, 30), (50, 30), (50, 30), (0, 30))
    assert overlap(square, square)
    assert overlap(square, shifted(square, 9, 9))
    assert overlap(square, shifted(square, 12, 0)), "as near as two reads of one symbol"
    assert not overlap(square, shifted(square, 14, 0))
    assert not overlap(square, diamond)
    assert overlap(shifted(diamond, -12, 0), square)
    assert not overlap(line, square)
    assert overlap(line, shifted(square, 20, 25))


@settings(max_examples=50)
@given(st.integers(0, 39), st.integers(0, 29), st.integers(0, 12), st.sampled_from([1, 2]))
def test_a_part_is_cut_where_it_lies(x, y, edge, step):
    pixels = bytes((row * 7 + column * 3) % 256 for row in range(30) for column in range(40 * step))
    whole = GreyPicture(pixels, 40, 30, 40 * step, step)
    left, top, part = cut(whole, ((x, y), (x + 5, y), (x + 5, y + 5), (x, y + 5)), edge)
    assert part.is_whole
    for row in (0, part.height - 1):
        mine = part.pixels[row * part.stride : (row + 1) * part.stride : step]
        start = (top + row) * whole.stride + left * step
        assert mine == whole.pixels[start : start + part.width * step : step]
