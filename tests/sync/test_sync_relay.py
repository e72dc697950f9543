"""Manifests: whole or not at all, gone on from after a cut or a kill, and none of them holds up another."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.endpoints.registry import RELAY_ENDPOINTS
from sync.errors import CODES, OF_THE_RELAY, REFUSALS
from sync.relay_wire import CodeFacts, ManifestHead, ManifestRow, PackageEvent, RunningDigest
from sync.transport import cut_lines
from tests.fixtures.sandbox import ROOT
from tests.sync.sync_bench import FAST
from tests.sync.sync_relay_toy import Dock, ToyRelay, digest_of, row

SMALL = replace(FAST, relay_block=10)
ROWS = [row(number) for number in range(35)]
CODES_OF_ROWS = [str(one["code"]) for one in ROWS]


@pytest.fixture
def relay() -> Iterator[ToyRelay]:
    made = ToyRelay()
    yield made
    made.close()


@pytest.fixture
def dock(tmp_path: Path) -> Iterator[Dock]:
    made = Dock(tmp_path / "matou.db")
    yield made
    made.close()


def event(name: str, verb: str = "delete", **more: object) -> dict[str, object]:
    return {"kind": "event", "id": name, "verb": verb, "at_ms": 5, "supplier": "演示", "parent": "P", **more}


def test_everything_is_brought_once_and_acknowledged(relay: ToyRelay, dock: Dock) -> None:
    relay.manifest("MF-1", ROWS)
    relay.manifest("MF-2", [])
    relay.heads += [event("e1"), event("e2", "add", children=["NEW"], replaces="OLD"), {"kind": "of tomorrow"}]
    done = dock.pull(relay, SMALL)
    assert (done.manifests, done.rows, done.events, done.refused, done.trouble) == (2, 35, 2, 0, None)
    assert dock.codes("MF-1") == CODES_OF_ROWS
    assert dock.states() == {("MF-1", 1): "complete", ("MF-2", 1): "complete"}
    assert dock.sql("SELECT id, verb FROM m_events ORDER BY id") == [("e1", "delete"), ("e2", "add")]
    assert [(ack["result"], ack["rows"]) for ack in relay.acks] == [("complete", 35), ("complete", 0)]
    assert (dock.cursor(), dock.sink.most_rows) == ("5", 10)
    again = dock.pull(relay, SMALL)
    assert (again.manifests, again.rows, again.events) == (0, 0, 0)
    assert relay.calls.count("relay_rows") == 2


def test_a_later_version_is_brought_and_an_earlier_one_is_not_brought_after_it(relay: ToyRelay, dock: Dock) -> None:
    relay.manifest("MF-1", ROWS[:5], version=2, supersedes=1)
    relay.manifest("MF-1", ROWS[:3], version=1)
    assert dock.pull(relay).manifests == 1
    assert dock.states() == {("MF-1", 2): "complete"}


def test_a_withdrawn_manifest_goes(relay: ToyRelay, dock: Dock) -> None:
    path = relay.manifest("MF-1", ROWS)
    dock.pull(relay)
    relay.heads.append({**relay.heads[0], "state": "withdrawn"})
    del relay.rows[path]
    dock.pull(relay)
    assert (dock.codes("MF-1"), dock.states()) == ([], {("MF-1", 1): "withdrawn"})


def test_one_that_is_withdrawn_before_it_was_fetched_is_no_trouble(relay: ToyRelay, dock: Dock) -> None:
    path = relay.manifest("MF-1", ROWS)
    relay.heads.append({**relay.heads[0], "state": "withdrawn"})
    del relay.rows[path]
    done = dock.pull(relay)
    assert (done.trouble, done.refused, dock.states()) == (None, 1, {("MF-1", 1): "withdrawn"})


@pytest.mark.parametrize("fault", ["cut:23", "no_end", "status:500", "drop", "html"])
def test_a_line_that_breaks_is_gone_on_from(relay: ToyRelay, dock: Dock, fault: str) -> None:
    relay.manifest("MF-1", ROWS)
    relay.faults["relay_rows"].append(fault)
    done = dock.pull(relay, SMALL)
    assert done.trouble is not None
    assert (dock.states(), dock.cursor()) == ({}, None)
    staged = {"cut:23": 23, "no_end": 35}.get(fault, 0)
    assert len(dock.codes("MF-1")) == staged
    assert dock.pull(relay, SMALL).manifests == 1
    assert (dock.codes("MF-1"), relay.starts[-1]) == (CODES_OF_ROWS, staged)


def test_a_program_that_fails_in_the_middle_of_a_block_goes_on_from_the_block_before(
    relay: ToyRelay, dock: Dock
) -> None:
    relay.manifest("MF-1", ROWS)
    dock.sink.steps_before_crash = 27
    with pytest.raises(RuntimeError, match="killed"):
        dock.pull(relay, SMALL)
    dock.sink.steps_before_crash = None
    assert dock.states() == {}
    assert dock.pull(relay, SMALL).manifests == 1
    assert (dock.codes("MF-1"), relay.starts) == (CODES_OF_ROWS, [0, 20])


CHILD = """
import sys
from pathlib import Path
from types import SimpleNamespace
from tests.sync.test_sync_relay import SMALL, Dock
dock = Dock(Path(sys.argv[1]))
dock.sink.steps_before_crash, dock.sink.dies = int(sys.argv[3]), True
dock.pull(SimpleNamespace(url=sys.argv[2]), SMALL)
"""


@pytest.mark.parametrize("steps", [0, 10, 31])
def test_a_killed_process_leaves_what_the_next_one_goes_on_from(relay: ToyRelay, tmp_path: Path, steps: int) -> None:
    relay.manifest("MF-1", ROWS)
    path = tmp_path / "killed.db"
    died = subprocess.run([sys.executable, "-c", CHILD, str(path), relay.url, str(steps)], cwd=ROOT, check=False)
    assert died.returncode == 9
    dock = Dock(path)
    try:
        assert dock.states() == {}
        assert dock.pull(relay, SMALL).manifests == 1
        assert (dock.codes("MF-1"), relay.starts) == (CODES_OF_ROWS, [0, steps // 10 * 10])
    finally:
        dock.close()


def test_told_to_stop_it_ends_between_two_blocks(relay: ToyRelay, dock: Dock) -> None:
    relay.manifest("MF-1", ROWS)
    asked = iter([False] * 4)
    done = dock.pull(relay, SMALL, stopping=lambda: next(asked, True))
    assert (done.cut, done.manifests, done.trouble) == (True, 0, None)
    assert 0 < len(dock.codes("MF-1")) < 35
    assert dock.pull(relay, SMALL).manifests == 1


def test_another_truth_under_the_same_number_begins_anew(relay: ToyRelay, dock: Dock) -> None:
    path = relay.manifest("MF-1", ROWS)
    real = list(relay.rows[path])
    relay.rows[path] = [one.replace(b"8999011", b"8999021") for one in real]
    relay.faults["relay_rows"].append("cut:23")
    dock.pull(relay, SMALL)
    relay.rows[path] = real
    assert dock.pull(relay, SMALL).manifests == 1
    assert (dock.codes("MF-1"), relay.starts) == (CODES_OF_ROWS, [0, 23, 0])


def _wrong_digest(relay: ToyRelay) -> None:
    relay.manifest("BAD", ROWS, digest="0" * 64)


def _fewer_rows(relay: ToyRelay) -> None:
    relay.manifest("BAD", ROWS, rows=36)


def _more_rows(relay: ToyRelay) -> None:
    relay.manifest("BAD", ROWS, rows=34)


def _wrong_end(relay: ToyRelay) -> None:
    path = relay.manifest("BAD", ROWS)
    relay.always[path] = "wrong_end"


def _no_json(relay: ToyRelay) -> None:
    relay.manifest("BAD", [*ROWS[:20], b'{"code":', *ROWS[20:]])


def _level_nine(relay: ToyRelay) -> None:
    relay.manifest("BAD", [*ROWS[:20], row(99, level=9), *ROWS[20:]])


def _bytes_of_no_text(relay: ToyRelay) -> None:
    relay.manifest("BAD", [*ROWS[:20], b'{"code":"\xff\xfe","level":1,"parent":null}'])


def _deep(relay: ToyRelay) -> None:
    relay.manifest("BAD", [b'{"code":"a","level":1,"x":' + b"[" * 30_000])


def _too_large(relay: ToyRelay) -> None:
    relay.manifest("BAD", ROWS, rows=2_000_001)


def _gone(relay: ToyRelay) -> None:
    del relay.rows[relay.manifest("BAD", ROWS)]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_wrong_digest, "manifest_digest_wrong"),
        (_fewer_rows, "manifest_rows_wrong"),
        (_more_rows, "manifest_rows_wrong"),
        (_wrong_end, "manifest_rows_wrong"),
        (_no_json, "manifest_unreadable"),
        (_level_nine, "manifest_unreadable"),
        (_bytes_of_no_text, "manifest_unreadable"),
        (_deep, "manifest_unreadable"),
        (_too_large, "manifest_too_large"),
        (_gone, "manifest_gone"),
    ],
)
def test_a_bad_version_is_refused_whole_and_holds_up_nobody(relay: ToyRelay, dock: Dock, make, code: str) -> None:
    make(relay)
    relay.manifest("GOOD", ROWS)
    done = dock.pull(relay, SMALL)
    assert (done.manifests, done.refused, done.trouble) == (1, 1, None)
    assert dock.states() == {("BAD", 1): code, ("GOOD", 1): "complete"}
    assert (dock.codes("BAD"), dock.codes("GOOD"), dock.cursor()) == ([], CODES_OF_ROWS, "2")
    assert [(ack["result"], ack["code"]) for ack in relay.acks] == [("refused", code), ("complete", None)]
    assert code in REFUSALS
    relay.manifest("BAD", ROWS, version=2)
    relay.always.clear()
    assert dock.pull(relay, SMALL).manifests == 1
    assert dock.codes("BAD", 2) == CODES_OF_ROWS


def test_a_refused_version_leaves_the_one_before_it(relay: ToyRelay, dock: Dock) -> None:
    relay.manifest("MF-1", ROWS)
    dock.pull(relay)
    relay.manifest("MF-1", ROWS[:9], version=2, digest="f" * 64)
    assert dock.pull(relay).refused == 1
    assert dock.states() == {("MF-1", 1): "complete", ("MF-1", 2): "manifest_digest_wrong"}
    assert dock.codes("MF-1") == CODES_OF_ROWS


def test_a_manifest_in_trouble_holds_up_no_other_and_comes_when_it_can(relay: ToyRelay, dock: Dock) -> None:
    relay.page_heads = 2
    ill = relay.manifest("ILL", ROWS)
    for number in range(5):
        relay.manifest(f"MF-{number}", ROWS[:number])
    relay.always[ill] = "status:500"
    done = dock.pull(relay)
    assert (done.manifests, done.troubles) == (5, 1)
    assert done.trouble is not None
    assert done.trouble.code == "server_error"
    assert dock.cursor() is None
    relay.always.clear()
    assert dock.pull(relay).manifests == 1
    assert (len(dock.states()), dock.cursor()) == (6, "6")


def test_a_relay_that_is_ill_all_over_is_left_alone_after_three(relay: ToyRelay, dock: Dock) -> None:
    for number in range(8):
        relay.always[relay.manifest(f"MF-{number}", ROWS)] = "status:500"
    assert dock.pull(relay).troubles == 3
    assert relay.calls.count("relay_rows") == 3


def test_a_cursor_that_is_gone_begins_from_the_beginning_and_fetches_no_rows_again(relay: ToyRelay, dock: Dock) -> None:
    relay.manifest("MF-1", ROWS)
    dock.pull(relay)
    relay.forget_cursors = True
    relay.manifest("MF-2", ROWS)
    assert dock.pull(relay).manifests == 1
    assert relay.calls.count("relay_rows") == 2


def test_a_page_that_does_not_decode_moves_nothing(relay: ToyRelay, dock: Dock) -> None:
    relay.heads.append({"kind": "manifest", "manifest": "../../x", "version": 1})
    done = dock.pull(relay)
    assert done.trouble is not None
    assert (done.trouble.code, dock.cursor()) == ("bad_reply", None)


def test_a_wrong_token_is_told_and_nothing_is_written(relay: ToyRelay, dock: Dock) -> None:
    relay.manifest("MF-1", ROWS)
    done = dock.pull(relay, token="somebody else's")
    assert done.trouble is not None
    assert (done.trouble.status, done.trouble.problem, dock.states()) == (401, "token_wrong", {})


def test_a_relay_without_acknowledgements_is_asked_no_more(relay: ToyRelay, dock: Dock) -> None:
    relay.manifest("MF-1", ROWS)
    relay.manifest("MF-2", ROWS)
    relay.faults["relay_ack"].append("status:404")
    assert dock.pull(relay).manifests == 2
    assert relay.calls.count("relay_ack") == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=20).map(lambda one: one.replace(b"\n", b"")), max_size=30), st.data())
def test_the_running_digest_can_be_gone_on_from_anywhere(lines: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(lines)))
    first = RunningDigest().after(lines[:place])
    assert first.after(lines[place:]).value.hex() == digest_of(lines)
    assert first.rows == place


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200), st.data())
def test_lines_are_whole_however_the_pieces_fall(text: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert list(cut_lines(iter(pieces), lambda: 0.0, 1.0)) == text.split(b"\n")[:-1]


def test_the_contract_names_every_call_and_every_member() -> None:
    contract = (ROOT / "docs/remote/relay.yaml").read_text(encoding="utf-8")
    modules = {path.stem for path in (ROOT / "sync/endpoints").glob("relay_*.py")}
    assert {endpoint.name for endpoint in RELAY_ENDPOINTS} == modules
    for endpoint in RELAY_ENDPOINTS:
        assert f"  {endpoint.path}:\n    {endpoint.method.lower()}:\n" in contract
    for struct in (ManifestHead, ManifestRow, PackageEvent, CodeFacts):
        for field in msgspec.structs.fields(struct):
            assert f"        {field.encode_name}: " in contract, field.name


def test_every_trouble_and_refusal_of_the_relay_has_words() -> None:
    words = tomllib.loads((ROOT / "resources/texts/relay.toml").read_text(encoding="utf-8"))
    wanted = {*REFUSALS, *OF_THE_RELAY.values(), "relay_absent", "relay_denied"}
    assert set(words) == wanted
    assert set(OF_THE_RELAY) | set(OF_THE_RELAY.values()) <= set(CODES)
    assert all(
        set(one) == {"title_zh", "advice_zh", "title_en", "advice_en"} and all(one.values()) for one in words.values()
    )
