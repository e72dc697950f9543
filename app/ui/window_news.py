"""What the program says, as the frame shows it: status strip, notices, the look of the settings. Pure; UI thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.base.texts import LANGUAGES
from app.ui.clock_check import ABOUT_CLOCK
from app.ui.clock_check import CODES as CLOCK_CODES
from app.ui.shell.notices import Notice
from app.ui.shell.status_strip import CAMERA, Network, ScannerStatus, Status
from app.ui.theme import MAX_SCALE, MIN_SCALE, Look, Mode, Tone
from devices import DeviceState, DeviceStatus
from devices.errors import WEDGE_CODES
from sync import SyncStatus

GRAVE = frozenset(
    {
        "bug",
        "data_folder_bad",
        "data_folder_in_use",
        "data_folder_read_only",
        "database_damaged",
        "database_newer",
        "disk_error",
        "disk_full",
        "setting_bad",
    }
)
"""Work could be lost, or there is no program behind the window: the notice stays until it is dismissed."""
LASTING = frozenset(
    {
        "conflict_came",
        "delivery_withdrawn",
        "font_missing",
        "manifest_restated",
        "receipt_closed",
        "receipt_reopened",
        "server_missing",
    }
)
GOOD_NEWS = frozenset({"manifest_came"})
SCAN_NOTICES = frozenset(
    {
        "badge_while_signed_in",
        "code_finds_no_delivery",
        "no_receipt_open",
        "scan_not_here",
        "scan_signed_out",
        "voucher_at_dock",
        *WEDGE_CODES,
    }
)
"""A scan that was not counted because of where it came: it is heard, too."""


def notice_of(code: str, values: Mapping[str, object], devices: Sequence[str]) -> Notice:
    """How a trouble is told: grave ones stay, those of a scanner until it is ready, the others pass."""
    subject = str(values.get("subject", ""))
    if subject in devices:
        return Notice(code, Tone.ATTENTION, dict(values), key=about_device(subject), passing=code in WEDGE_CODES)
    if code in CLOCK_CODES:
        return Notice(code, Tone.ATTENTION, dict(values), key=ABOUT_CLOCK)
    if code in GOOD_NEWS:
        return Notice(code, Tone.GOOD, dict(values), passing=True)
    if code in GRAVE:
        return Notice(code, Tone.STOP, dict(values))
    return Notice(code, Tone.ATTENTION, dict(values), passing=code not in LASTING)


def about_device(device: str) -> str:
    """What a scanner's notice is about."""
    return f"device {device}"


def with_scanners(status: Status, devices: Sequence[DeviceStatus]) -> Status:
    """The strip with these scanners."""
    return replace(
        status,
        scanners=tuple(ScannerStatus(short_name(one.device), one.state is DeviceState.READY) for one in devices),
    )


def short_name(device: str) -> str:
    """The end of a device's id, by which a person tells two scanners apart: `/dev/ttyACM0` → `ttyACM0`; a number alone
    says nothing: `/dev/pts/0` → `pts/0`. A camera is a camera: there is one at a time."""
    if device.startswith(f"{CAMERA}:"):
        return CAMERA
    above, _, name = device.rstrip("/").rpartition("/")
    name = name.rpartition(":")[2]
    return f"{above.rpartition('/')[2]}/{name}" if name.isdigit() and above else name or device


def with_sync(status: Status, sync: SyncStatus) -> Status:
    """The strip with these counts. Offline is normal; any other trouble is one."""
    network = Network(sync.network)
    if sync.trouble is not None and network is not Network.OFFLINE:
        network = Network.TROUBLE
    return replace(status, network=network, waiting=sync.waiting, refused=sync.refused + sync.held)


def look_of(values: Mapping[str, str], *, dark_outside: bool) -> Look:
    """The look that the settings, by key, ask for; `dark_outside`: the system's own colours are dark."""
    theme = values.get("theme", "auto")
    dark = theme == "dark" or (theme == "auto" and dark_outside)
    lang = values.get("lang", LANGUAGES[0])
    try:
        scale = float(values.get("text_scale", "1.0"))
    except ValueError:
        scale = 1.0
    return Look(
        Mode.DARK if dark else Mode.LIGHT,
        min(max(scale, MIN_SCALE), MAX_SCALE),
        lang if lang in LANGUAGES else LANGUAGES[0],
    )
