"""Many codes of one picture: nearly all are found, none is invented, and what is doubtful is not counted."""

from __future__ import annotations

import random
import threading
from functools import partial

import pytest
from PIL import Image

from devices.dock_photo import HANDS, PASSES, SECOND_LOOKS, FoundCode, PhotoMark, Watch, read_photo
from devices.errors import DeviceError
from devices.places import Turn, middle
from devices.symbols import FORMATS, LINEAR, GreyPicture
from tests.fixtures.labels import DOCK, PillowTurner, Wear, grey, gs1_element, label, page, printed, symbol, trace_code

TURNER = PillowTurner()
SOME_128, SOME_MATRIX = 220, 80
LEAST_RECALL = 0.995


def nobody(_label: bytes) -> bool:
    return False


@pytest.mark.parametrize(
    ("kind", "count", "formats"), [("Code128", SOME_128, LINEAR), ("DataMatrix", SOME_MATRIX, FORMATS)]
)
def test_worn_labels_are_read_and_none_is_invented(kind, count, formats):
    dice = random.Random(20261122)
    read, invented = 0, []
    for seed in range(count):
        text = trace_code(dice) if kind == "Code128" else gs1_element(dice)
        picture = grey(label(text, kind, dice.choice((2, 3)), Wear.drawn(dice), seed))
        counted = [code.payload for code in read_photo(picture, TURNER, nobody, formats).codes if code.counts]
        read += printed(text) in counted
        invented += [payload for payload in counted if payload != printed(text)]
    assert invented == []
    assert read / count >= LEAST_RECALL


def test_a_table_full_of_boxes_with_the_place_of_each():
    dice = random.Random(3)
    texts = [
        (gs1_element(dice), "DataMatrix") if number % 3 == 0 else (trace_code(dice), "Code128") for number in range(24)
    ]
    result = read_photo(grey(page(texts, (2400, 1500), 4, dice, 2)), TURNER, nobody)
    assert {code.payload for code in result.codes} == {printed(text) for text, _ in texts}
    assert all(code.mark is PhotoMark.SURE for code in result.codes)
    where = {printed(text): number for number, (text, _) in enumerate(texts)}
    for code in result.codes:
        number = where[code.payload]
        (place,) = code.places
        x, y = middle(place)
        assert abs(x - (number % 4 + 0.5) * 600) < 40
        assert abs(y - (number // 4 + 0.5) * 250) < 40
    assert not result.cancelled
    assert (result.width, result.height) == (2400, 1500)


def test_one_text_on_two_boxes_is_one_code_with_two_places():
    dice = random.Random(1)
    picture = grey(page([("6901234567892", "EAN13")] * 2, (1200, 500), 2, dice, tilt=2))
    (code,) = read_photo(picture, TURNER, nobody).codes
    assert len(code.places) == 2
    assert code.aim == "]E0"


class Script:
    """A turner that hands out what each pass after the first is to find, drawn upright; passes come on two threads."""

    def __init__(self, size: tuple[int, int], *passes: str) -> None:
        self.size, self.turned = size, list[float]()
        self.passes = dict(zip((one.degrees for one in PASSES[1:]), passes, strict=False))

    @property
    def turns(self) -> int:
        return len(self.turned)

    def turn(self, picture: GreyPicture, turn: Turn) -> GreyPicture:
        self.turned.append(turn.degrees)
        text = self.passes.get(turn.degrees, "")
        size = round(self.size[0] * turn.across), round(self.size[1] * turn.down)
        return drawn(text).resize_to(size) if text else grey(Image.new("L", size, DOCK))


class drawn:  # noqa: N801 - used like a function
    """A picture with one code in its middle."""

    def __init__(self, text: str) -> None:
        self.text = text

    def resize_to(self, size: tuple[int, int]) -> GreyPicture:
        board = Image.new("L", size, 255)
        code = symbol(self.text).resize((size[0] // 2, size[1] // 2))
        board.paste(code, (size[0] // 4, size[1] // 4))
        return grey(board)


SIZE = (1200, 400)


def judged(first: str, *later: str, expected: str = "") -> dict[str, FoundCode]:
    """The first pass sees the picture as it is; the others what is scripted."""
    script = Script(SIZE, *later)
    result = read_photo(drawn(first).resize_to(SIZE), script, lambda one: one == b"]C0" + expected.encode())
    return {code.payload.decode(): code for code in result.codes}


def test_a_code_that_one_pass_saw_does_not_count():
    found = judged("A-1234567")
    assert found["A-1234567"].mark is PhotoMark.SINGLE
    assert not found["A-1234567"].counts


def test_a_code_that_one_pass_saw_counts_if_the_manifest_has_it():
    found = judged("A-1234567", expected="A-1234567")
    assert found["A-1234567"].mark is PhotoMark.EXPECTED
    assert found["A-1234567"].counts


def test_two_codes_at_one_place_are_doubtful_even_if_expected():
    found = judged("A-1234567", "B-7654321", expected="A-1234567")
    assert {code.mark for code in found.values()} == {PhotoMark.DOUBTFUL}
    assert not any(code.counts for code in found.values())


def test_three_reads_against_one_settle_it():
    found = judged("A-1234567", "A-1234567", "A-1234567", "", "", "B-7654321")
    assert found["A-1234567"].mark is PhotoMark.SURE
    assert found["B-7654321"].mark is PhotoMark.DOUBTFUL


def test_a_code_read_once_is_looked_at_again_from_near():
    script = Script(SIZE)
    read_photo(drawn("A-1234567").resize_to(SIZE), script, nobody)
    assert script.turns == len(PASSES) - 1 + len(SECOND_LOOKS)
    without_matrix = Script(SIZE)
    read_photo(drawn("A-1234567").resize_to(SIZE), without_matrix, nobody, ("Code128",))
    assert without_matrix.turns == script.turns - 2


def test_progress_is_told_and_a_cancelled_reading_keeps_what_it_has():
    told: list[tuple[int, int]] = []
    picture = grey(label("89990139836900602677"))
    whole = read_photo(picture, TURNER, nobody, FORMATS, Watch(lambda done, of: told.append((done, of))))
    steps = len(PASSES) + 1
    assert told == [(done, steps) for done in range(1, steps + 1)]
    assert not whole.cancelled
    for limit in (0, 2, len(PASSES)):
        told.clear()
        watch = Watch(lambda done, of: told.append((done, of)), partial(_reached, told, limit))
        part = read_photo(picture, TURNER, nobody, FORMATS, watch)
        assert part.cancelled
        assert len(told) == limit
        assert len(part.codes) == min(1, limit)


def _reached(told: list[tuple[int, int]], limit: int) -> bool:
    return len(told) >= limit


class Meeting:
    """A turner in which two passes must meet: it lets none go before another has come."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2)
        self.threads = set[str]()

    def turn(self, picture: GreyPicture, turn: Turn) -> GreyPicture:
        self.threads.add(threading.current_thread().name)
        self.barrier.wait(timeout=20)
        return TURNER.turn(picture, turn)


def test_two_passes_are_made_at_a_time_and_no_thread_is_left():
    meeting = Meeting()
    (code,) = read_photo(grey(label("89990139836900602677")), meeting, nobody).codes
    assert code.mark is PhotoMark.SURE
    assert len(meeting.threads) == HANDS
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("photo pass")]


def test_a_fault_in_a_pass_comes_out_and_leaves_no_thread():
    class Broken:
        def turn(self, picture: GreyPicture, turn: Turn) -> GreyPicture:
            raise ValueError("torn")

    with pytest.raises(ValueError, match="torn"):
        read_photo(grey(label("89990139836900602677")), Broken(), nobody)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("photo pass")]


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (GreyPicture(b"", 0, 0, 0), "photo_unreadable"),
        (GreyPicture(bytes(900), 30, 30, 30), "photo_unreadable"),
        (GreyPicture(bytes(10), 8000, 8001, 8000), "photo_unreadable"),
        (GreyPicture(bytes(8000 * 8001), 8000, 8001, 8000), "photo_too_large"),
    ],
)
def test_what_is_no_picture_is_told(picture, code):
    with pytest.raises(DeviceError, match=code):
        read_photo(picture, TURNER, nobody)
