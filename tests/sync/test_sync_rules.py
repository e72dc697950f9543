"""The pure rules: what goes together, what an answer means, when to try again, what the feed says."""

from __future__ import annotations

import json
import math
import tomllib
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.backoff import delay_s
from sync.batching import Candidate, join, plan
from sync.changes import CodesChange, DeliveryChange, OperatorChange, decode_page, row_count
from sync.endpoints.endpoint import decoded
from sync.endpoints.registry import ENDPOINTS
from sync.errors import ANSWER_CODES, CODES, OFFLINE, PERMANENT, POINTLESS_TO_GO_ON, SyncError
from sync.pacing import Pacing
from sync.ports import SyncSettings
from sync.verdicts import Answer, Sent, decode_answers, judge_ask, judge_batch

ROOT = Path(__file__).parents[2]
SETTINGS = SyncSettings()


def sent(n: int, kind: str = "scan", receipt: str = "D-R1") -> Sent:
    return Sent(n, f"id-{n}", receipt, kind, 1)


def candidate(
    n: int, kind: str = "scan", *, size: int = 10, negates: int | None = None, target: str | None = None,
    earlier_open: int = 0, alone: int = 0,
) -> Candidate:  # fmt: skip
    negated = None if negates is None else f"id-{negates}"
    return Candidate(sent(n, kind), b"x" * size, negated, target, earlier_open, alone)


def chosen(*candidates: Candidate, max_items: int = 50, max_bytes: int = 10_000) -> list[int]:
    return [one.row.n for one in plan(candidates, max_items=max_items, max_bytes=max_bytes).chosen]


@pytest.mark.parametrize(
    ("target", "goes"),
    [("accepted", True), ("refused", True), (None, True), ("queued", False), ("in_flight", False), ("unsure", False)],
)
def test_a_reversal_waits_for_what_it_negates(target: str | None, goes: bool) -> None:
    assert (chosen(candidate(2, "reversal", negates=1, target=target)) == [2]) is goes


def test_a_reversal_goes_behind_what_it_negates_in_one_batch() -> None:
    pair = (candidate(1), candidate(2, "reversal", negates=1, target="queued"))
    assert chosen(*pair) == [1, 2]
    assert chosen(*pair, max_items=1) == [1]


def test_a_reversal_of_something_held_is_stranded() -> None:
    planned = plan([candidate(2, "reversal", negates=1, target="held")], max_items=5, max_bytes=1000)
    assert ([one.row.n for one in planned.chosen], [one.row.n for one in planned.stranded]) == ([], [2])


def test_a_close_waits_for_all_before_it() -> None:
    close = candidate(3, "close", earlier_open=2)
    assert chosen(candidate(1), candidate(2), close) == [1, 2, 3]
    assert chosen(candidate(1), close) == [1]


def test_a_suspect_goes_alone() -> None:
    assert chosen(candidate(1, alone=1), candidate(2)) == [1]
    assert chosen(candidate(1), candidate(2, alone=1), candidate(3)) == [1, 3]


@given(st.lists(st.integers(1, 400), max_size=40), st.integers(1, 20), st.integers(64, 2000))
def test_a_batch_keeps_its_bounds_and_its_order(sizes: list[int], max_items: int, max_bytes: int) -> None:
    planned = plan([candidate(n, size=size) for n, size in enumerate(sizes)], max_items=max_items, max_bytes=max_bytes)
    picked = [one.row.n for one in planned.chosen]
    body = join([one.body for one in planned.chosen])
    assert picked == list(range(len(picked)))
    assert len(picked) <= max_items
    assert len(body) <= max_bytes or len(picked) == 1
    assert bool(picked) is bool(sizes)


@given(st.lists(st.sampled_from(["id-0", "id-1", "id-2", "stranger"]), max_size=8), st.booleans())
def test_an_item_is_answered_only_by_one_clean_answer(named: list[str], asking: bool) -> None:
    rows = [sent(n) for n in range(3)]
    judge = judge_ask if asking else judge_batch
    judged = judge(rows, [Answer(item_id, "accepted") for item_id in named])
    clear = {verdict.row.id for verdict in judged.verdicts}
    assert clear == {row.id for row in rows if named.count(row.id) == 1}
    assert {row.id for row in judged.unclear} == {row.id for row in rows} - clear
    assert judged.strangers == named.count("stranger")


@pytest.mark.parametrize(
    ("result", "batch", "ask"),
    [
        ("accepted", "accepted", "accepted"),
        ("duplicate", "accepted", None),
        ("conflict", "conflict", "conflict"),
        ("refused", "refused", "refused"),
        ("later", "queued", None),
        ("unknown", None, "queued"),
        ("", None, None),
    ],
)
def test_each_word_of_an_answer(result: str, batch: str | None, ask: str | None) -> None:
    for judge, state in ((judge_batch, batch), (judge_ask, ask)):
        verdicts = judge([sent(1)], [Answer("id-1", result)]).verdicts
        assert [verdict.settled.state for verdict in verdicts] == ([] if state is None else [state])


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_nonsense_breaks_the_decoders(body: bytes) -> None:
    for decode in (decode_answers, decode_page):
        with pytest.raises(SyncError) as caught:
            decoded(decode, body)
        assert caught.value.code in ("bad_reply", "html_reply", "reply_lacks")
        assert caught.value.may_have_left


def test_a_refusal_without_a_code_gets_one() -> None:
    judged = judge_batch([sent(1)], [Answer("id-1", "refused", text="不行")])
    assert (judged.verdicts[0].settled.code, judged.verdicts[0].settled.text) == ("unspecified", "不行")


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True), st.floats(0.01, 5), st.floats(0.01, 100))
def test_back_off_stays_within_its_ceiling(failures: int, jitter: float, base_s: float, cap_s: float) -> None:
    waited = delay_s(failures, jitter, base_s=base_s, cap_s=cap_s)
    assert 0 < waited <= cap_s
    assert waited <= max(base_s * 2.0 ** min(failures, 40), base_s)


def test_back_off_grows_to_its_cap() -> None:
    longest = [delay_s(n, 0.999999, base_s=1, cap_s=60) for n in range(9)]
    assert [round(one) for one in longest] == [0, 1, 2, 4, 8, 16, 32, 60, 60]


def test_who_asks_what_is_new_hears_it_at_once() -> None:
    pacing = Pacing(SETTINGS)
    assert pacing.begin(100.0)
    pacing.succeed(100.0, pulled=True, more=False, again_in_s=None)
    pacing.nudge(101.0, urgent=True)
    assert (pacing.due_at(), pacing.begin(101.0)) == (101.0, False), "something to send is no question"
    pacing.nudge(102.0, urgent=True, fetch=True)
    assert (pacing.due_at(), pacing.begin(102.0)) == (102.0, True)
    pacing.nudge(102.1, urgent=True, fetch=True)  # while that one is under way, and has heard perhaps
    pacing.succeed(102.5, pulled=True, more=False, again_in_s=None)
    assert pacing.due_at() <= 102.5
    assert pacing.begin(102.5) is True
    pacing.succeed(102.6, pulled=True, more=False, again_in_s=None)
    assert pacing.due_at() == 132.6


def test_a_nudge_lingers_an_urgent_one_does_not_and_fifty_are_company() -> None:
    pacing = Pacing(SETTINGS)
    assert pacing.begin(0.0) is True
    pacing.succeed(0.0, pulled=True, more=False, again_in_s=None)
    assert pacing.due_at() == 30.0
    pacing.nudge(1.0, urgent=False)
    pacing.nudge(3.0, urgent=False)
    assert pacing.due_at() == 5.0
    pacing.nudge(3.5, urgent=True)
    assert pacing.due_at() == 3.5
    assert pacing.begin(3.5) is False
    pacing.succeed(3.6, pulled=False, more=False, again_in_s=None)
    for n in range(50):
        pacing.nudge(4.0 + n / 100, urgent=False)
    assert pacing.due_at() == pytest.approx(4.49)


def test_a_nudge_tries_a_dead_server_every_two_seconds_at_the_most() -> None:
    pacing = Pacing(SETTINGS)
    now, tries = 0.0, []
    for _ in range(12):
        pacing.begin(now)
        tries.append(now)
        pacing.fail(now, 0.9, retry_after_s=None)
        pacing.nudge(now, urgent=True)
        now = pacing.due_at()
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert gaps[2:] == pytest.approx([SETTINGS.nudge_gap_s] * 9)


def test_what_the_server_ordered_is_not_nudged_away() -> None:
    pacing = Pacing(SETTINGS)
    pacing.begin(0.0)
    pacing.fail(0.0, 0.5, retry_after_s=120)
    pacing.nudge(1.0, urgent=True)
    assert pacing.due_at() == 120.0
    pacing.begin(120.0)
    pacing.succeed(120.0, pulled=True, more=True, again_in_s=7.0)
    assert pacing.due_at() == 120.0


def test_without_a_nudge_trouble_is_tried_again_by_itself() -> None:
    pacing = Pacing(SETTINGS)
    pacing.begin(0.0)
    pacing.succeed(0.0, pulled=True, more=False, again_in_s=None)
    pacing.nudge(1.0, urgent=True)
    pacing.begin(1.0)
    pacing.fail(1.0, 0.5, retry_after_s=None)
    assert 1.0 < pacing.due_at() < 3.0
    assert pacing.failures == 1
    assert math.isfinite(pacing.due_at())


PIN = {"scheme": "scrypt", "salt": "00", "n": 16384, "r": 8, "p": 1, "verifier": "ff", "newer": True}


def test_the_feed_passes_over_what_it_does_not_know() -> None:
    changes = [
        {"kind": "operator", "id": "1001", "name": "演示员甲", "role": "clerk", "rights": ["receive"], "active": True,
         "pin": PIN, "shoe_size": 43},
        {"kind": "weather", "sun": True},
        {"kind": "codes", "rows": [{"code": "1", "receipt": "D-R1", "delivery": "D", "line": 1, "state": "in",
                                    "device": "x"}] * 3},
    ]  # fmt: skip
    page = decode_page(json.dumps({"changes": changes, "cursor": "c", "more": False, "extra": 1}).encode())
    assert [type(change) for change in page.changes] == [OperatorChange, CodesChange]
    assert (page.passed_over, row_count(page.changes)) == (1, 4)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "recall", "drug": "d", "batch": "b"},
        {"kind": "receipt", "id": "", "delivery": "D", "state": "open"},
        {"kind": "packages", "delivery": "D", "packages": [{"code": "1", "level": 9, "parent": None, "line": 1}]},
        {"kind": "delivery", "delivery": "D", "supplier": "s", "manifest": "late", "state": "open",
         "lines": [{"line": 1, "drug": "d", "batch": None, "expiry": "tomorrow", "packs": 1}]},
        {"no_kind": 1},
    ],
)  # fmt: skip
def test_a_known_change_that_does_not_decode_spoils_its_page(change: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_page(json.dumps({"changes": [change], "cursor": "c", "more": False}).encode())


def test_the_feed_knows_every_member_of_the_contract() -> None:
    contract = (ROOT / "docs/remote/middleware.yaml").read_text(encoding="utf-8")
    for change in (OperatorChange, CodesChange, DeliveryChange):
        for field in msgspec.structs.fields(change):
            assert f"{field.encode_name}:" in contract


def test_every_endpoint_is_registered_and_in_its_contract() -> None:
    modules = {path.stem for path in (ROOT / "sync/endpoints").glob("middleware_*.py")}
    assert {f"middleware_{endpoint.name}" for endpoint in ENDPOINTS} == modules
    for endpoint in ENDPOINTS:
        contract = (ROOT / "docs/remote" / endpoint.contract).read_text(encoding="utf-8")
        assert f"  {endpoint.path}:\n    {endpoint.method.lower()}:\n" in contract


def test_every_code_has_words_in_both_languages() -> None:
    words: dict[str, dict[str, str]] = {}
    for path in (ROOT / "resources/texts").glob("*.toml"):
        words.update(tomllib.loads(path.read_text(encoding="utf-8")))
    missing = [
        (code, part)
        for code in (*CODES, *ANSWER_CODES)
        for part in ("title_zh", "advice_zh", "title_en", "advice_en")
        if not words.get(code, {}).get(part)
    ]
    assert missing == []


def test_error_codes_are_a_closed_list() -> None:
    assert set(CODES) >= OFFLINE | PERMANENT | POINTLESS_TO_GO_ON
    with pytest.raises(ValueError, match="unknown sync error code"):
        SyncError("something_else")
