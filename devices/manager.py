"""The one place that lists ports and opens devices. Callers live on any one thread; each device has its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serial.tools.list_ports import comports  # type: ignore[import-untyped]

from devices.catalog import Model, recognise
from devices.driver import DeviceThread
from devices.errors import SpecError
from devices.registry import NO_FACTORIES, DriverFactory, driver_for
from devices.scan import DeviceState, DeviceStatus, RawScan
from devices.spec import ScannerSpec

_BY_ID = Path("/dev/serial/by-id")


@dataclass(frozen=True, slots=True)
class FoundPort:
    """A serial port of this machine, known without opening it."""

    port: str
    stable_port: str
    """A name that survives replugging where the system gives one, else the port itself."""
    vid: int | None
    pid: int | None
    serial: str | None
    product: str | None
    model: Model | None


class DeviceManager:
    """Opens the named scanners and hands out what they scan until it is stopped. Used once."""

    def __init__(
        self,
        specs: Sequence[ScannerSpec],
        *,
        on_scan: Callable[[RawScan], None],
        on_status: Callable[[DeviceStatus], None],
        now_ms: Callable[[], int],
        factories: Mapping[str, DriverFactory] = NO_FACTORIES,
    ) -> None:
        """Nothing is opened yet. Callbacks come on the devices' threads, in order per device; they must be quick.

        SpecError where one device is named twice. `now_ms` is epoch milliseconds, UTC. `factories`: drivers of kinds
        that the caller feeds itself (`keys`, `camera`); they go before the registry.
        """
        named = [spec.device for spec in specs]
        for spec in specs:
            if named.count(spec.device) > 1:
                raise SpecError(spec.device)
        self._specs = tuple(specs)
        self._on_scan = on_scan
        self._on_status = on_status
        self._now_ms = now_ms
        self._factories = factories
        self._threads: tuple[DeviceThread, ...] = ()

    def start(self) -> None:
        """Begin on every device, and return at once. KindNotSupported or NeedsWindow before any is touched."""
        if self._threads:
            raise RuntimeError("started already")
        drivers = [driver_for(spec, self._now_ms, self._factories) for spec in self._specs]
        self._threads = tuple(
            DeviceThread(driver, on_scan=self._on_scan, on_status=self._on_status) for driver in drivers
        )
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let go of every device; no callback comes after this. May be called again."""
        for thread in self._threads:
            thread.ask_to_stop()
        for thread in self._threads:
            thread.join()

    def statuses(self) -> tuple[DeviceStatus, ...]:
        """Every device as it stands now, in the order of the specs."""
        if not self._threads:
            return tuple(DeviceStatus(spec.device, DeviceState.CLOSED) for spec in self._specs)
        return tuple(thread.status for thread in self._threads)

    def wait_finished(self, timeout_s: float) -> bool:
        """True when every device has ended by itself or was stopped; a serial port never ends by itself."""
        if not self._threads:
            return not self._specs
        deadline_s = time.monotonic() + timeout_s
        return all(thread.wait_finished(max(0.0, deadline_s - time.monotonic())) for thread in self._threads)


def list_ports() -> tuple[FoundPort, ...]:
    """Every serial port that the system names; none is opened or written to."""
    stable = dict(_stable_names(_BY_ID))
    return tuple(
        FoundPort(
            port=str(info.device),
            stable_port=stable.get(str(info.device), str(info.device)),
            vid=info.vid,
            pid=info.pid,
            serial=info.serial_number,
            product=info.product,
            model=recognise(info.vid, info.pid),
        )
        for info in sorted(comports())
    )


def _stable_names(folder: Path) -> Iterator[tuple[str, str]]:
    if folder.is_dir():
        for link in sorted(folder.iterdir()):
            yield str(link.resolve()), str(link)
