"""The one place that opens devices. Callers live on any one thread; each device has its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from devices.driver import DeviceThread
from devices.errors import SpecError
from devices.raw import RawRead
from devices.registry import NO_FACTORIES, DriverFactory, driver_for
from devices.scan import DeviceState, DeviceStatus, RawScan
from devices.spec import ScannerSpec


class DeviceManager:
    """Opens the named scanners and hands out what they scan until it is stopped. Started once."""

    def __init__(
        self,
        specs: Sequence[ScannerSpec],
        *,
        on_scan: Callable[[RawScan], None],
        on_status: Callable[[DeviceStatus], None],
        now_ms: Callable[[], int],
        factories: Mapping[str, DriverFactory] = NO_FACTORIES,
        on_raw: Callable[[RawRead], None] = lambda _: None,
    ) -> None:
        """Nothing is opened yet. Callbacks come on the devices' threads, in order per device; they must be quick.

        SpecError where one device is named twice. `now_ms` is epoch milliseconds, UTC. `factories`: drivers of kinds
        that the caller feeds itself (`keys`, `camera`); they go before the registry. `on_raw` hears what was read,
        piece by piece, right after what came of it.
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
        self._on_raw = on_raw
        self._threads: dict[str, DeviceThread] = {}

    def start(self) -> None:
        """Begin on every device, and return at once. KindNotSupported or NeedsWindow before any is touched."""
        if self._threads:
            raise RuntimeError("started already")
        self._threads = {spec.device: self._thread_of(spec) for spec in self._specs}
        for thread in self._threads.values():
            thread.start()

    def open(self, spec: ScannerSpec) -> None:
        """Open one more device, or one that is open, again, as this spec says. The others go on.

        KindNotSupported or NeedsWindow, and then nothing has changed. Waits until the device was let go of.
        """
        thread = self._thread_of(spec)
        order = self._specs if self.spec_of(spec.device) else (*self._specs, spec)
        self.close(spec.device)
        self._specs = tuple(spec if each.device == spec.device else each for each in order)
        self._threads[spec.device] = thread
        thread.start()

    def close(self, device: str) -> None:
        """Let go of one device for good; the others go on."""
        thread = self._threads.pop(device, None)
        self._specs = tuple(each for each in self._specs if each.device != device)
        if thread is not None:
            thread.ask_to_stop()
            thread.join()

    def spec_of(self, device: str) -> ScannerSpec | None:
        """How this device was named; None if it is none of ours."""
        return next((spec for spec in self._specs if spec.device == device), None)

    def stop(self) -> None:
        """Let go of every device; no callback comes after this. May be called again."""
        for thread in self._threads.values():
            thread.ask_to_stop()
        for thread in self._threads.values():
            thread.join()

    def statuses(self) -> tuple[DeviceStatus, ...]:
        """Every device as it stands now, in the order of the specs."""
        if not self._threads:
            return tuple(DeviceStatus(spec.device, DeviceState.CLOSED) for spec in self._specs)
        return tuple(self._threads[spec.device].status for spec in self._specs)

    def wait_finished(self, timeout_s: float) -> bool:
        """True when every device has ended by itself or was stopped; a serial port never ends by itself."""
        if not self._threads:
            return not self._specs
        deadline_s = time.monotonic() + timeout_s
        threads = tuple(self._threads.values())
        return all(thread.wait_finished(max(0.0, deadline_s - time.monotonic())) for thread in threads)

    def _thread_of(self, spec: ScannerSpec) -> DeviceThread:
        driver = driver_for(spec, self._now_ms, self._factories)
        return DeviceThread(driver, on_scan=self._on_scan, on_status=self._on_status, on_raw=self._on_raw)
