"""Why a device gives no scans: stable codes, sorted once at the edge. Any thread.

DeviceError
 ├─ SpecError           the text that names a scanner cannot be understood
 ├─ KindNotSupported    a kind of scanner that cannot be opened on this machine
 ├─ NeedsWindow         a kind of scanner that only the window can feed
 ├─ PortError           the port cannot be opened
 │   └─ PortLost        the port was open and went away
 └─ RecordingError      a recording cannot be read
"""

from __future__ import annotations

NOTE_CODES = ("fragment_dropped", "label_overlong", "scan_not_taken")
"""Told through a status while the device goes on; never raised."""

ERROR_CODES = (
    "bad_scanner_spec",
    "kind_not_supported",
    "needs_window",
    "port_not_found",
    "port_denied",
    "port_busy",
    "not_a_port",
    "port_settings_refused",
    "port_fault",
    "port_lost",
    "recording_not_found",
    "recording_unreadable",
    "bad_recording",
    "device_fault",
)

CAMERA_CODES = (
    "camera_not_found",
    "camera_refused",
    "camera_busy",
    "camera_silent",
    "camera_no_picture",
    "camera_fault",
    "camera_lost",
    "photo_unreadable",
    "photo_too_large",
)
"""Words in resources/texts/camera.toml."""

HID_CODES = (
    "hid_denied",
    "hid_not_pos",
    "hid_answer",
    "hid_label_cut",
    "hid_layout_unclear",
    "hid_report_bad",
    "hid_report_short",
    "hid_reports_lost",
    "evdev_denied",
    "evdev_key_unknown",
    "evdev_keys_lost",
    "evdev_not_keys",
)
"""Words in resources/texts/hid.toml."""

WEDGE_CODES = (
    "wedge_layout",
    "wedge_host_unknown",
    "wedge_caps_lock",
    "wedge_ime",
    "wedge_gs_lost",
    "wedge_unknown_key",
    "wedge_prefix_missing",
    "wedge_typing",
    "wedge_cut",
    "wedge_slow",
    "wedge_focus_lost",
)
"""Why a label that came as keys was not taken: notes. Words in resources/texts/wedge.toml."""

CODES = ERROR_CODES + CAMERA_CODES + HID_CODES + NOTE_CODES + WEDGE_CODES
"""Every code that leaves this package; each has words in resources/texts/devices.toml."""


class DeviceError(Exception):
    """The world's fault, with a stable `code` of CODES and the `subject` it is about (a spec, a port, a file)."""

    def __init__(self, code: str, subject: str) -> None:
        if code not in CODES:
            raise ValueError(f"unknown device code {code!r}")
        super().__init__(code, subject)
        self.code = code
        self.subject = subject

    def __str__(self) -> str:
        return f"{self.code}: {self.subject}"


class SpecError(DeviceError):
    """The text that names a scanner cannot be understood."""

    def __init__(self, subject: str) -> None:
        super().__init__("bad_scanner_spec", subject)


class KindNotSupported(DeviceError):
    """A known kind of scanner that cannot be opened on this machine."""

    def __init__(self, subject: str) -> None:
        super().__init__("kind_not_supported", subject)


class NeedsWindow(DeviceError):
    """A kind of scanner whose keys or pictures only the window sees."""

    def __init__(self, subject: str) -> None:
        super().__init__("needs_window", subject)


class PortError(DeviceError):
    """A serial port cannot be opened."""


class PortLost(PortError):
    """A serial port was open and went away."""

    def __init__(self, subject: str) -> None:
        super().__init__("port_lost", subject)


class RecordingError(DeviceError):
    """A recording cannot be read; the subject names file and line."""
