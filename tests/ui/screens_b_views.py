"""Views for the screens look-up, uploads, devices, settings and about: invented, and as full as they get in use."""

from __future__ import annotations

import base64
from dataclasses import replace

from app.base.settings import ANYBODY, SETTINGS, text_of
from app.domain.rights import Operator
from app.flows.lookups import CodeView, EventView, HospitalView, ManifestView
from app.flows.views import SettingRow, SiteView, UploadRow, UploadsView
from app.ui.scanner_recording import RecordingView
from devices import DeviceState, DeviceStatus, FoundPort
from devices.catalog import recognise
from sync import SyncStatus

NOW_MS = 1_795_327_200_000  # 2026-11-22T06:00:00Z
CARTON = "89990139836900602677"
BUNDLE = "89990123546848745268"
BOXES = tuple(f"8999011{number:013d}" for number in range(4017572284642, 4017572284662))
SITE = SiteView("演示市第一人民医院（模拟）", True, "+08:00")
ONLINE = SyncStatus("online", waiting=3, last_exchange_ms=NOW_MS)
CLERK = Operator("1001", "演示员甲", "clerk", frozenset({"receive"}))


def known_bundle(**changed: object) -> CodeView:
    """A bundle in the middle of a manifest, scanned, undone and scanned again."""
    values: dict[str, object] = {
        "kind": "trace20", "key": BUNDLE, "notes": (), "ambiguous": False, "drug": "YP-0001", "name": "阿莫西林胶囊",
        "spec": "0.25g×24粒/盒", "level": 2, "batch": "260701", "serial": None, "expiry": "2029-06-30",
        "manifests": (ManifestView("DEMO-20261122-11", 2, 1, (CARTON,), BOXES, 20),),
        "history": (
            EventView("DEMO-20261122-11-R1", 3, NOW_MS - 400_000, "1001", "scan", "ok", False, "accepted", None),
            EventView("DEMO-20261122-11-R1", 4, NOW_MS - 300_000, "1001", "undo", "ok", True, "accepted", None),
            EventView("DEMO-20261122-11-R1", 9, NOW_MS - 100_000, "1002", "scan", "ok", True, "queued", None),
            EventView("DEMO-20261122-11-R1", 12, NOW_MS, "1002", "scan", "duplicate_in_receipt", False, None, None),
        ),
        "hospital": HospitalView("DEMO-20261122-11-R1", "DEMO-20261122-11", "in", CARTON, "demo-pda-02", NOW_MS),
    }  # fmt: skip
    return CodeView(**(values | changed))  # type: ignore[arg-type]


def bare(kind: str, key: str | None = None, notes: tuple[str, ...] = ()) -> CodeView:
    """A code of which nothing is known but its kind."""
    return CodeView(kind, key, notes, False, None, None, None, None, None, None, None, (), (), None)


def upload(number: int, state: str = "queued", code: str | None = None, kind: str = "scan") -> UploadRow:
    """One item; `number` is its place."""
    said = "该码已由 pda-07 收过" if state == "refused" else None
    return UploadRow(
        f"01a1be16-60a0-7a00-8000-{number:012d}", "DEMO-20261122-12-R1", number, kind, state, code, said,
        f"8999071{number:013d}", 1 if code else 0, NOW_MS - 1_000 * number, number,
    )  # fmt: skip


def uploads(*rows: UploadRow, accepted: int = 1_234) -> UploadsView:
    """Rows newest first, and totals that go with them."""
    states = [row.state for row in rows]
    return UploadsView(
        states.count("queued"), states.count("in_flight"), accepted, states.count("refused"), states.count("unsure"),
        states.count("held"), tuple(sorted(rows, key=lambda row: -row.n)),
    )  # fmt: skip


def refused_uploads() -> UploadsView:
    """Every way to be refused that a pharmacist has to settle."""
    codes = ("same_code", "other_receipt", "different_children", "wrong_drug", "close_differs", "not_reversible")
    kinds = ("scan", "scan", "scan", "scan", "close", "reversal")
    rows = [upload(30 + n, "refused", code, kinds[n]) for n, code in enumerate(codes)]
    return uploads(*rows)


SCANNERS = (
    DeviceStatus("serial:/dev/serial/by-id/usb-Newland_FR27-if00", DeviceState.READY),
    DeviceStatus("serial:/dev/ttyACM1", DeviceState.LOST, "port_lost"),
    DeviceStatus("serial:COM7", DeviceState.TROUBLE, "port_denied"),
)
PORTS = (
    FoundPort("/dev/ttyACM0", "/dev/serial/by-id/usb-Newland", 0x1EAB, 0x1A06, "A1", "FR27", recognise(0x1EAB, 0x1A06)),
    FoundPort("/dev/ttyUSB0", "/dev/ttyUSB0", 0x1A86, 0x7523, None, "USB Serial", recognise(0x1A86, 0x7523)),
    FoundPort("/dev/ttyS0", "/dev/ttyS0", None, None, None, None, None),
)
RECORDING = RecordingView(True, "/srv/matou/recordings/scan-20261122-203000.jsonl", 12, 3, 1)
RECORDED = replace(RECORDING, active=False, code="recording_over")
GS1_BYTES = b"]d20109529999002020172703311050SYN2611C\x1d21A1B2C3D4E5\r"


PIN = "sha256/" + base64.b64encode(bytes(range(32))).decode()


def settings(*, may_change: bool, **changed: str) -> tuple[SettingRow, ...]:
    """Every setting, as a technician (True) or a clerk sees it."""
    values = {
        "server": "https://qzj.yy.example:8443", "ca_file": "", "stop_holds": "true",
        "scanners": "serial:/dev/serial/by-id/usb-Newland", "lang": "zh", "theme": "auto", "text_scale": "1.0",
        "client_certificate": "pda-07.pem", "auth_scheme": "hmac", "auth_key": "yy-2026", "pinned_keys": PIN,
        "pinned_hosts": "qzj.yy.example\nym.yy.example", "relay_auth": "keyring", "acceptance": "folded",
        "claims_profile": "inner_mongolia",
    } | changed  # fmt: skip
    return tuple(
        SettingRow(
            one.key, values.get(one.key, text_of(one.default)), "", one.file, may_change or one.who == ANYBODY
        )
        for one in SETTINGS
    )  # fmt: skip
