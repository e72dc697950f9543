"""Bodies and ids as they stand in the file: the very same bytes and signs come out again, in little room."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import bodies, item_ids
from sync.bodies import Beside
from sync.outbox import NewItem
from tests.sync.sync_bench import Device

STORED_1 = "01a3cca9a99689c696c940bb2c0d93e9ea6c602401cd3134353732b1b430313300f20c50a2109b2c24da8c71461b00"
WORDS_1 = "f27064b91ecd0e01"
BESIDE = Beside("01a204a9-a087-7000-a678-9945e27e59cb", "DEMO-20261122-20-R1", 901, "scan", 1_795_374_555_271)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
BESIDES = st.builds(Beside, TEXTS, TEXTS, st.integers(0, 2**40), TEXTS, st.integers(0, 2**45))
CODES = st.one_of(st.from_regex(r"8[0-9]{19}", fullmatch=True), TEXTS)


def scan(beside: Beside, code: str, **more: object) -> bytes:
    """As `app.flows.items` writes it."""
    body = {
        "id": beside.id, "device": "device-e9a39c53791c", "receipt": beside.receipt, "seq": beside.seq,
        "kind": beside.kind, "at_ms": beside.created_ms, "operator": "1001", "payload": code, "code": code, "line": 3,
        "count": 1, "digest": None, **more,
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


@given(st.binary(max_size=3_000), BESIDES)
def test_any_bytes_come_out_as_they_went_in(body: bytes, beside: Beside) -> None:
    stored = bodies.packed(body, beside)
    assert bodies.unpacked(stored, beside) == body
    assert len(stored) <= len(body) + 1


@given(BESIDES, CODES, st.dictionaries(TEXTS, st.one_of(st.none(), st.booleans(), st.integers(), TEXTS), max_size=4))
def test_items_come_out_as_they_went_in(beside: Beside, code: str, more: dict[str, object]) -> None:
    body = scan(beside, code, **more)
    assert bodies.unpacked(bodies.packed(body, beside), beside) == body


def test_a_scan_takes_a_fifth_of_the_room() -> None:
    body = scan(BESIDE, "89990115724984609900")
    assert len(body) > 250
    assert len(bodies.packed(body, BESIDE)) <= 55


def test_a_row_from_before_is_read_as_it_stands() -> None:
    body = scan(BESIDE, "89990115724984609900")
    assert bodies.unpacked(body, BESIDE) == body


def test_what_was_stored_under_the_first_words_is_read_for_ever() -> None:
    """Kept from the day on which they were written; other words need another first byte."""
    stored = bytes.fromhex(STORED_1)
    assert bodies.unpacked(stored, BESIDE) == scan(BESIDE, "89990115724984609900")
    assert hashlib.sha256(bodies._WORDS_1).hexdigest().startswith(WORDS_1)


@pytest.mark.parametrize("spoil", [lambda stored: stored[:-3], lambda stored: stored[:1], lambda stored: stored + b"x"])
def test_a_damaged_row_is_never_sent(spoil: Callable[[bytes], bytes]) -> None:
    stored = bodies.packed(scan(BESIDE, "89990115724984609900"), BESIDE)
    with pytest.raises(ValueError, match=BESIDE.id):
        bodies.unpacked(spoil(stored), BESIDE)


@given(
    st.one_of(
        TEXTS, st.uuids().map(str), st.uuids().map(lambda one: str(one).upper()), st.uuids().map(lambda one: one.hex)
    )
)
def test_any_id_comes_out_as_it_went_in(item: str) -> None:
    assert item_ids.unpacked(item_ids.packed(item)) == item


def test_a_uuid_takes_sixteen_bytes_and_sorts_as_before() -> None:
    made = sorted(str(uuid.UUID(int=(0x01A204A9A087 + number) << 80 | 7 << 76 | 1 << 63)) for number in range(300))
    assert all(len(item_ids.packed(one)) == 16 for one in made)
    assert sorted(item_ids.packed(one) for one in made) == [item_ids.packed(one) for one in made]  # type: ignore[type-var]
    assert item_ids.maybe_packed(None) is None
    assert item_ids.maybe_unpacked(None) is None
    with pytest.raises(TypeError):
        item_ids.unpacked(5)


def test_what_leaves_the_outbox_is_what_was_put_in(device: Device) -> None:
    """Reversals and what they wait for are found by ids that are no UUIDs, too."""
    body = scan(BESIDE, "89990115724984609900")
    device.add(NewItem(BESIDE.id, BESIDE.receipt, BESIDE.seq, "scan", body, BESIDE.created_ms))
    device.add(NewItem("odd", BESIDE.receipt, 902, "reversal", b"\x00\x01\xff", 5, negates=BESIDE.id, waits_for="none"))
    assert [row.id for row in device.rows(ids=[BESIDE.id, "odd"])] == ["odd", BESIDE.id]
    assert device.row("odd").negates == BESIDE.id
