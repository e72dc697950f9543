"""The engine with a relay: on the real wire against the sandbox, through every fault, and never in the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync.changes import DrugChange, PackageEventChange
from sync.engine import SyncEngine
from sync.errors import SyncError
from sync.outbox import NewItem
from sync.relay_line import RelayRoute
from tests.fixtures.sandbox import SandboxProcess
from tests.sync.sync_bench import FAST, SystemTime
from tests.sync.sync_middleware import Middleware
from tests.sync.sync_relay_toy import TOKEN, Dock, ToyRelay, row

QUICK = replace(FAST, relay_interval_s=0.05, relay_backoff_cap_s=0.1, relay_heads=3, relay_block=50)
ROWS = [row(number) for number in range(35)]
FAULTS = (
    "slow:200", "status:500", "status:503", "status:429", "retry_after:1", "reset_mid_request", "reset_mid_reply",
    "lost_reply", "html_instead_of_json", "truncated_json", "wrong_schema", "duplicate_reply", "half_refused",
    "clock_skew:-3600", "hang",
)  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(seed=21) as made:
        made.seed({"hard": 4, "seed": 21, "knowledge": "relay"})
        yield made


@pytest.fixture
def relay() -> Iterator[ToyRelay]:
    made = ToyRelay()
    yield made
    made.close()


@pytest.fixture
def middleware() -> Iterator[Middleware]:
    made = Middleware()
    yield made
    made.close()


@pytest.fixture
def dock(tmp_path: Path) -> Iterator[Dock]:
    made = Dock(tmp_path / "matou.db")
    yield made
    made.close()


def name_relay(middleware: Middleware, relay: ToyRelay, token: str = TOKEN) -> None:
    plain = middleware.site

    def site():
        told = plain()
        told["addresses"]["relay"] = relay.url
        return {**told, "capabilities": [*told["capabilities"], "relay"], "relay_token": token}

    middleware.site = site  # type: ignore[method-assign]


def whole(sandbox: SandboxProcess) -> dict[str, list[str]]:
    """Manifest → codes, as the answer key has them, of deliveries whose manifest says the truth."""
    return {
        one["delivery"]: sorted(package["code"] for package in one["packages"])
        for one in sandbox.deliveries().values()
        if one["manifest"] == "complete" and one["packages"]
    }


def brought(dock: Dock, sandbox: SandboxProcess) -> dict[str, list[str]]:
    view = sandbox._call("GET", "/relay")["manifests"]
    names = {(one["manifest"], one["version"]): one["delivery"] for one in view}
    done = [key for key, state in dock.states().items() if state == "complete"]
    return {names[key]: sorted(dock.codes(*key)) for key in done}


def test_matou_sync_brings_the_manifests_after_the_hospitals_own_exchange(sandbox: SandboxProcess, dock: Dock) -> None:
    sandbox.faults({})
    assert dock.drain(sandbox.url, settings=QUICK).trouble is None
    assert brought(dock, sandbox) == whole(sandbox)
    status = dock.engines[-1].status().relay
    assert (status.network, status.trouble, status.refused) == ("online", None, 0)
    assert status.manifests == len(whole(sandbox))
    view = sandbox._call("GET", "/relay")["manifests"]
    assert all(one["acks"]["pda-1"]["result"] == "complete" for one in view)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_call_survives_every_fault(sandbox: SandboxProcess, dock: Dock, fault: str) -> None:
    more = {"for_s": 0.2} if fault == "hang" else {}
    calls = ("relay_heads", "relay_rows", "relay_ack")
    sandbox.faults({"plan": [{"endpoint": call, "fault": fault, "nth": 1, **more} for call in calls]})
    summary = dock.drain(sandbox.url, settings=replace(QUICK, read_s=2.0))
    sandbox.faults({})
    assert summary.trouble is None
    assert brought(dock, sandbox) == whole(sandbox)


def test_a_storm_of_faults_brings_everything_in_the_end(sandbox: SandboxProcess, dock: Dock) -> None:
    names = ("lost_reply", "reset_mid_reply", "status:503", "truncated_json", "wrong_schema", "html_instead_of_json")
    sandbox.faults(dict.fromkeys(names, 0.08))
    engine = dock.engine(sandbox.url, QUICK)
    engine.start()
    dock.wait_status(lambda status: status.relay.manifests == len(whole(sandbox)), limit_s=30)
    sandbox.faults({})
    engine.stop()
    assert brought(dock, sandbox) == whole(sandbox)


def test_codes_are_resolved_as_a_question(sandbox: SandboxProcess, dock: Dock) -> None:
    sandbox.faults({})
    engine = dock.engine(sandbox.url, QUICK)
    with pytest.raises(SyncError, match="relay_absent"):
        engine.resolve(["8"], 2.0)
    engine.start()
    dock.wait_status(lambda status: status.relay.network == "online")
    [box, *_] = [one for one in sandbox.deliveries()["DEMO-H21-01"]["packages"] if one["level"] == 1]
    [facts] = engine.resolve([box["code"], "89990110000000000000"], 5.0).result(10)
    assert (facts.code, facts.level, facts.parent, facts.source) == (box["code"], 1, box["parent"], "manifest")
    assert (facts.children, facts.state, facts.supplier is not None) == ((), "normal", True)
    for fault in ("status:500", "truncated_json", "lost_reply"):
        sandbox.faults({"plan": [{"endpoint": "relay_resolve", "fault": fault, "nth": 1}]})
        answer = engine.resolve([box["code"]], 2.0)
        with pytest.raises(SyncError, match="relay_"):
            answer.result(10)
    assert engine.resolve([box["code"]], 5.0).result(10)[0].code == box["code"]
    engine.stop()


def test_a_hanging_relay_is_never_waited_for(middleware: Middleware, relay: ToyRelay, dock: Dock) -> None:
    name_relay(middleware, relay)
    relay.faults["relay_heads"].extend(["hang"] * 100)
    engine = dock.engine(middleware.url, replace(QUICK, read_s=5.0))
    engine.start()
    assert relay.arrived.acquire(timeout=5)
    started = time.monotonic()
    for _ in range(20):
        dock.scan()
        engine.nudge(urgent=True)
    dock.wait_status(lambda status: dock.counts().accepted == 20, limit_s=4)
    assert relay.calls == ["relay_heads"]
    engine.stop()
    assert time.monotonic() - started < 4.5
    assert engine.status().trouble is None


def test_a_relay_that_refuses_us_is_told_and_the_hospital_goes_on(
    middleware: Middleware, relay: ToyRelay, dock: Dock
) -> None:
    name_relay(middleware, relay, token="wrong")
    dock.scan()
    assert dock.drain(middleware.url, settings=QUICK).accepted == 1
    status = dock.engines[-1].status()
    assert (status.relay.network, status.relay.trouble, status.trouble) == ("online", "relay_denied", None)


def test_a_token_of_the_site_file_goes_before_the_hospitals(
    middleware: Middleware, relay: ToyRelay, dock: Dock
) -> None:
    name_relay(middleware, relay, token="wrong")
    relay.manifest("MF-1", ROWS)
    engine = SyncEngine(
        server=middleware.url, device="pda-1", database=dock.database, writer=dock.writer, hooks=dock.hooks(),
        clock=SystemTime(), settings=QUICK, relay=RelayRoute(token=TOKEN),
    )  # fmt: skip
    engine.run_until_empty(limit_s=10, until_empty=True)
    engine.stop()
    assert (engine.status().relay.manifests, len(dock.codes("MF-1"))) == (1, 35)


def test_a_hospital_without_a_relay_has_none(middleware: Middleware, dock: Dock) -> None:
    assert dock.drain(middleware.url, settings=QUICK).trouble is None
    assert dock.engines[-1].status().relay.network == "absent"


def test_a_relay_over_plain_http_elsewhere_is_refused(middleware: Middleware, relay: ToyRelay, dock: Dock) -> None:
    relay.url = "http://relay.example"
    try:
        name_relay(middleware, relay)
        dock.drain(middleware.url, settings=QUICK)
    finally:
        relay.url = ""
    assert dock.engines[-1].status().relay.trouble == "relay_bad_address"


def test_a_bug_in_the_sink_ends_no_thread(middleware: Middleware, relay: ToyRelay, dock: Dock) -> None:
    name_relay(middleware, relay)
    relay.manifest("MF-1", ROWS)
    dock.sink.steps_before_crash = 5
    engine = dock.engine(middleware.url, QUICK)
    engine.start()
    dock.wait_status(lambda status: status.relay.trouble == "sync_bug")
    dock.sink.steps_before_crash = None
    dock.wait_status(lambda status: status.relay.manifests == 1)
    engine.stop()


def test_what_a_clerk_learnt_reaches_every_device(sandbox: SandboxProcess, dock: Dock) -> None:
    sandbox.faults({})
    dock.drain(sandbox.url, settings=QUICK)
    [patterns] = [one for one in dock.applied if isinstance(one, DrugChange) and one.drug == "YP-0011"]
    assert patterns.maker_patterns == ("DMZY-[0-9A-HJ-NP-Z]{11}",)
    item_id = "01a201d7-0000-7000-8000-000000000777"
    body = (
        f'{{"id":"{item_id}","device":"pda-1","kind":"package_event","verb":"observe","code":"X-1","level":2,'
        '"drug":"YP-0001","prefix":"8999999","at_ms":1795327200000,"operator":"1001","note":"演示"}'
    )
    dock.add(NewItem(item_id, "learnt", 1, "package_event", body.encode(), 1000, None), realm=str(dock.realm))
    assert dock.drain(sandbox.url, settings=QUICK).accepted == 1
    dock.drain(sandbox.url, settings=QUICK)
    [learnt] = [one for one in dock.applied if isinstance(one, PackageEventChange)]
    assert (learnt.id, learnt.verb, learnt.code, learnt.level, learnt.drug, learnt.prefix, learnt.device) == (
        item_id, "observe", "X-1", 2, "YP-0001", "8999999", "pda-1",
    )  # fmt: skip
