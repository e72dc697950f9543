"""The scanner that types into the window, as a device: the window puts labels in, the device's thread hands them out.

The system gives keys to the program in front and to nobody else, so only the window can hear them: it holds a KeysFeed
and makes the driver of it. Without a window there is no such scanner (`needs_window`).
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from types import MappingProxyType

from devices.framing import Suffix
from devices.scan import Dropped, RawScan
from devices.spec import ScannerSpec
from devices.wedge_layouts import LAYOUTS, US
from devices.wedge_reading import WedgeProfile

_WAIT_S = 0.05
_F1 = 0x01000030
_ENDS: Mapping[Suffix, frozenset[str]] = MappingProxyType(
    {
        Suffix.CR: frozenset("\r\n"),
        Suffix.LF: frozenset("\r\n"),
        Suffix.CRLF: frozenset("\r\n"),
        Suffix.TAB: frozenset("\t"),
        Suffix.ETX: frozenset("\x03"),
    }
)


def profile_of(spec: ScannerSpec) -> WedgeProfile:
    """The options of `keys`: layout, host, prefix, suffix, gap_ms, gs (`F8`, or the sign that is sent for GS)."""
    framing, plain = spec.profile(), WedgeProfile()
    gs = spec.option("gs", "none").lower().removeprefix("none")
    is_key = gs.startswith("f")
    by_silence = {Suffix.AUTO: None, Suffix.NONE: True}.get(framing.suffix, False)
    return WedgeProfile(
        layout=LAYOUTS[spec.option("layout", US.name).lower()],
        host=LAYOUTS.get(spec.option("host").lower()),
        prefix=framing.prefix.decode("latin-1"),
        ends=_ENDS.get(framing.suffix, plain.ends),
        by_silence=by_silence,
        gap_ms=int(spec.option("gap_ms", str(plain.gap_ms))),
        gs_keys=frozenset({_F1 + int(gs[1:]) - 1}) if is_key else frozenset(),
        gs_sign="" if is_key else gs,
    )


class KeysFeed:
    """Where the window's keys go in. One per window; any thread."""

    def __init__(self) -> None:
        self.profile = WedgeProfile()
        """As the spec says once a driver was made, the usual one before."""
        self._waiting: queue.SimpleQueue[bytes | Dropped] = queue.SimpleQueue()
        self._open = False

    @property
    def is_open(self) -> bool:
        """Whether a device takes out what is put in; else it has to be handed on directly."""
        return self._open

    def put(self, item: bytes | Dropped) -> None:
        """A label, or why one was not taken."""
        self._waiting.put(item)

    def driver(self, spec: ScannerSpec, now_ms: Callable[[], int]) -> KeysDriver:
        """The factory for the kind `keys`."""
        self.profile = profile_of(spec)
        return KeysDriver(spec, now_ms, self)

    def take(self, wait_s: float) -> bytes | Dropped | None:
        """The next one, in order; None if nothing comes in time."""
        try:
            return self._waiting.get(timeout=wait_s)
        except queue.Empty:
            return None

    def set_open(self, is_open: bool) -> None:
        """What was put in while nobody took it out is too old to be counted."""
        while self.take(0) is not None:
            pass
        self._open = is_open


class KeysDriver:
    """Opens the window's keys."""

    keeps_trying = True

    def __init__(self, spec: ScannerSpec, now_ms: Callable[[], int], feed: KeysFeed) -> None:
        self._spec = spec
        self._now_ms = now_ms
        self._feed = feed

    @property
    def device(self) -> str:
        return self._spec.device

    def open(self) -> KeysSource:
        """Never fails: whether the window is in front is the window's matter."""
        self._feed.set_open(True)
        return KeysSource(self._spec.device, self._now_ms, self._feed)


class KeysSource:
    """The window's keys, open."""

    ready = True

    def __init__(self, device: str, now_ms: Callable[[], int], feed: KeysFeed) -> None:
        self._device = device
        self._now_ms = now_ms
        self._feed = feed

    def read(self) -> tuple[RawScan | Dropped, ...]:
        """Wait 50 ms at most."""
        item = self._feed.take(_WAIT_S)
        if item is None:
            return ()
        return (item if isinstance(item, Dropped) else RawScan(self._device, item, self._now_ms()),)

    def close(self) -> tuple[Dropped, ...]:
        self._feed.set_open(False)
        return ()
