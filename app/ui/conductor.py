"""Joins the program with the window: wishes go down to a worker, what came of them comes up as signals. UI thread.

No wish waits: each returns at once, and its answer is one of the signals in `app.ui.signals`. What nobody asked to
handle comes as `trouble`. Wishes and scans are carried out in the order in which they came.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, SignalInstance, Slot

from app.base.clock import SystemClock
from app.base.errors import Trouble
from app.ui.bridge import Bridge
from app.ui.camera_link import CameraLink
from app.ui.fronts import Front, Shot, Stage
from app.ui.jobs import LATER, Jobs
from app.ui.scanner_recording import ScannerRecording
from app.ui.signals import Signals
from devices import DeviceState, DeviceStatus, RawScan
from sync import SyncStatus

if TYPE_CHECKING:
    from app.flows.manifest_news import Came
    from app.flows.views import UploadFilter
    from app.ui.session import Session
    from app.wiring import Program
    from devices.keyboard import KeysFeed
    from devices.scan import Dropped

CLOSE_S = 6.0
SYNC_STOP_S = 2.5
PAUSE_MS = 400
"""A receipt is drawn anew when scanning pauses for so long: between two quick scans there is no time for it."""
ITEMS_AT_ONCE = 50
TYPED = "keys"
"""The device of a code that was typed or clicked in the window."""
_STATE_WITH_CAUSE = (DeviceState.LOST, DeviceState.TROUBLE)
_log = logging.getLogger(__name__)


class Conductor(Signals):
    """Owns the program, its worker, the scanners and the open receipt."""

    def __init__(
        self, open_program: Callable[[], Program], scanners: Sequence[str] = (), parent: QObject | None = None
    ) -> None:
        """`open_program` is called on the worker by `start`. `scanners` as on the command line; none: the settings'."""
        super().__init__(parent)
        self._open_program = open_program
        self._scanners = tuple(scanners)
        self._stage = Stage()
        self._bridge = Bridge(self)
        self._jobs = Jobs(self._bridge, self._failed)
        self.camera = CameraLink(self._bridge, self._on_scan, self._on_device, self._expects, self)
        self.recording = ScannerRecording(self._bridge, SystemClock().now_ms, self)
        self.camera.watched = self.recording.take_view
        self.signed_out.connect(self.recording.end)
        self.signed_in.connect(lambda _: self.recording.end())
        self.keys: KeysFeed | None = None
        """Where the window's keys go in; there when `ready` is told."""
        self._session: Session | None = None
        self._why_not = Trouble("starting")
        self._devices: dict[str, DeviceStatus] = {}
        self._closed = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._catch_up)
        self.scan_answered.connect(self._scanned)
        self.scan_answered.connect(self.camera.take_outcome)
        self.settings_changed.connect(self.camera.take_settings)

    def start(self) -> None:
        """Open the folder, the scanners and the exchange. Answer: `ready`, or `trouble` (data_folder_in_use …)."""
        self._jobs.run(self._start)

    def tell_again(self) -> None:
        """For screens that came after the start: settings, site, counts and scanners once more."""
        self.scanners_changed.emit(tuple(self._devices.values()))
        if self._session is not None:
            self._wish(lambda session: session.tell_again(), priority=LATER)

    def close(self) -> bool:
        """Close everything in reverse, within CLOSE_S. Waits. False if something had to be left behind."""
        if self._closed:
            return True
        self._closed = True
        self._pause.stop()
        self.camera.end()
        self.recording.end()
        ended = self._jobs.close(self._end, limit_s=CLOSE_S)
        self._bridge.close()
        return ended

    @property
    def front(self) -> Front:
        """The screen that scans go to."""
        return self._stage.front

    def show_front(self, front: Front) -> None:
        """The window shows this screen: scans from now on go there, and its view is made anew."""
        self._stage.front = front
        views: dict[Front, Callable[[Session], None]] = {
            Front.TASKS: lambda session: session.tell_tasks(),
            Front.RECEIVING: lambda session: session.catch_up(),
            Front.UPLOADS: lambda session: session.tell_uploads(),
            Front.CONFLICTS: lambda session: session.tell_conflicts(),
            Front.ACCEPTANCE: lambda session: session.tell_acceptance(),
            Front.SETTINGS: lambda session: session.tell_settings(),
        }
        if front in views:
            self._wish(views[front], priority=LATER)

    def sign_in(self, operator_id: str, pin: str) -> None:
        """Answer: `signed_in`, then `tasks_changed`; or `trouble` operator_unknown, pin_wrong (left), pin_locked."""
        self._wish(lambda session: session.sign_in(operator_id, pin))

    def sign_out(self) -> None:
        """Answer: `signed_out`."""
        self._wish(lambda session: session.sign_out())

    def open_delivery(self, number: str) -> None:
        """Answer: `receipt_opened`, or `trouble`. Scans that follow count in it, even before the answer is drawn."""
        self._stage.front = Front.RECEIVING
        self._wish(lambda session: session.open_delivery(number))

    def leave_receipt(self) -> None:
        """Answer: `receipt_left`, `tasks_changed`. The receipt stays under way."""
        self._wish(lambda session: session.leave_receipt())

    def scan(self, raw: bytes, device: str = TYPED) -> None:
        """A code that was typed or clicked here; goes the way of every scan."""
        self._take(Shot(device, raw))

    def take_keys(self, item: bytes | Dropped) -> None:
        """What a scanner typed into the window, or why it was not taken; also where no `keys` was named."""
        if self.keys is not None and self.keys.is_open:
            self.keys.put(item)
        elif isinstance(item, bytes):
            self.scan(item)
        else:
            self.trouble.emit(item.code, {"subject": TYPED})

    def command(self, text: str) -> None:
        """What would follow the `!`. Answer: `command_answered`, `receipt_changed`; `trouble` no_receipt_open."""
        self._wish(lambda session: session.command(text))

    def look_up(self, text: str) -> None:
        """Answer: `looked_up`."""
        self._wish(lambda session: session.look_up(text))

    def ask_relay(self, code: str) -> None:
        """Put a code to the relay. Answer: `relay_told` twice, and `looked_up` anew if it knew the code."""
        self._wish(lambda session: session.ask_relay(code))

    def stop_relay(self) -> None:
        """Answer: `relay_told`, stopped."""
        self._wish(lambda session: session.question.stop())

    def ask_tree(self, code: str) -> None:
        """Answer: `tree_found`."""
        self._wish(lambda session: session.tell_tree(code), priority=LATER)

    def import_file(self, path: str) -> None:
        """Take in a relation file. Answer: `import_moved`, again and again; `trouble` import_busy, not_signed_in."""
        self._wish(lambda session: session.import_file(path))

    def cancel_import(self) -> None:
        """Answer: `import_moved` with a report that says so; nothing is kept."""
        self._wish(lambda session: session.imports.cancel())

    def refresh_tasks(self) -> None:
        """Answer: `tasks_changed`."""
        self._wish(lambda session: session.tell_tasks(), priority=LATER)

    def refresh_acceptance(self) -> None:
        """Answer: `acceptance_listed`."""
        self._wish(lambda session: session.tell_acceptance(), priority=LATER)

    def open_acceptance(self, receipt: str) -> None:
        """Answer: `acceptance_changed`; `trouble` acceptance_no_receipt, not_signed_in."""
        self._wish(lambda session: session.open_acceptance(receipt))

    def accept(self, receipt: str, act: str, values: tuple[object, ...]) -> None:
        """One act of `app.ui.acceptance_desk.ACTS`. Answer: `acceptance_changed`, `acceptance_listed`; `trouble`."""
        self._wish(lambda session: session.accept(receipt, act, values))

    def patient(self, act: str, *values: object) -> None:
        """One act of `app.ui.patient_desk.ACTS`. Answer: `patient_changed`; `trouble`."""
        self._wish(lambda session: session.patient(act, values))

    def refresh_uploads(
        self, wanted: Sequence[str] | UploadFilter = (), limit: int = 200, before: int | None = None
    ) -> None:
        """Answer: `uploads_changed` with rows that the filter finds, or in these states (all if empty), older than
        row `before`."""

        def work(session: Session) -> None:
            from app.flows.views import UploadFilter  # noqa: PLC0415 - not before the first paint

            asked = wanted if isinstance(wanted, UploadFilter) else UploadFilter(tuple(wanted))
            session.tell_uploads((asked, limit, before))

        self._wish(work, priority=LATER)

    def ask_upload(self, item: str) -> None:
        """Answer: `upload_told`."""
        self._wish(lambda session: session.tell_upload(item), priority=LATER)

    def decide_upload(self, item: str, arrived: bool) -> None:
        """A person's word on what nobody can be asked for. Answer: `uploads_changed`, `upload_told`."""
        self._wish(lambda session: session.with_uploads(lambda desk, who: desk.decide(who, item, arrived=arrived)))

    def set_aside_for(self, ids: Sequence[str], owner: str, reason: str) -> None:
        """Hold items for an owner. Answer: `uploads_changed`; `trouble` reason_missing."""
        self._wish(lambda session: session.with_uploads(lambda desk, who: desk.set_aside(who, ids, owner, reason)))

    def retry_found(self, wanted: UploadFilter, before: int | None = None) -> None:
        """Send all again that the filter finds, a page at a time. Answer: `uploads_changed` at the end."""

        def work(session: Session) -> None:
            following = session.retry_found(wanted, before)
            if following is not None:
                self.retry_found(wanted, following)
            else:
                session.tell_uploads()

        self._wish(work, priority=LATER)

    def answer_conflict(self, number: int, act: str, reason: str) -> None:
        """`act`: take_back, ask, leave. Answer: `conflicts_changed`; `trouble` conflict_answered, no_right …"""
        self._wish(lambda session: session.with_uploads(lambda desk, by: desk.answer_conflict(by, number, act, reason)))

    def retry(self, ids: Sequence[str]) -> None:
        """Send held and refused items again. Answer: `uploads_changed`; `trouble` items_left, if any were."""
        self._in_parts(ids, lambda session, part: session.retry(part))

    def set_aside(self, ids: Sequence[str]) -> None:
        """Hold queued and refused items. Answer: `uploads_changed`; `trouble` items_left, if any were."""
        self._in_parts(ids, lambda session, part: session.set_aside(part))

    def sync_now(self) -> None:
        """Send what waits, at once. Answer: `sync_changed` when done; `trouble` server_missing."""
        self._wish(lambda session: session.sync_now())

    def examine(self, device: str) -> None:
        """Begin the doctor's visit of one scanner. Answer: `doctor_changed`, again with every scan."""
        self._wish(lambda session: session.care.examine(device))

    def finish_visit(self) -> None:
        """The person has scanned all that scans. Answer: `doctor_changed`."""
        self._wish(lambda session: session.care.finish())

    def search_scanner(self) -> None:
        """Every scanner listens for the code on the screen. Answer: `search_changed`, again when one answers."""
        self._wish(lambda session: session.care.search())

    def end_care(self) -> None:
        """Visit and search are over; every scanner is again as it was."""
        self._wish(lambda session: session.care.end())

    def record(self) -> None:
        """Record all scanners. Answer: `recording.changed`; `trouble` not_signed_in, no_right, recording_unwritable."""
        self._wish(lambda session: self.recording.begin(session.recordings()))

    def set_setting(self, key: str, text: str) -> None:
        """Answer: `settings_changed`; `trouble` no_right, setting_value_bad …"""
        self._wish(lambda session: session.set_setting(key, text))

    def _start(self) -> None:
        """On the worker. What stands behind the window is imported here: the first paint does not wait for it."""
        from app.ui.session import Session  # noqa: PLC0415
        from devices.keyboard import KeysFeed  # noqa: PLC0415

        try:
            program = self._open_program()
        except Trouble as trouble:
            self._why_not = trouble
            raise
        self.keys = KeysFeed()
        session = Session(program, self, self._say, self._stage)
        self._session = session
        program.hear_packages(self._on_packages)
        session.introduce()
        self._open_scanners(program)  # before the exchange, whose libraries take a while: a scan needs no network
        try:
            program.start_sync(self._on_exchange, stop_s=SYNC_STOP_S)
        except Trouble as trouble:
            session.cannot_sync(trouble)

    def _open_scanners(self, program: Program) -> None:
        """On the worker."""
        named = self._scanners or program.settings.words("scanners")
        devices, troubles = program.start_scanners(
            named,
            on_scan=self._on_scan,
            on_status=self._on_device,
            on_raw=self.recording.take_raw,
            factories={"camera": self.camera.driver, "keys": self.keys.driver} if self.keys is not None else {},
        )
        self._bridge.post(partial(self._name_devices, devices))
        for trouble in troubles:
            self._say(self.trouble, trouble.code, trouble.values)

    def _end(self) -> None:
        """On the worker, after everything else."""
        if self._session is not None:
            self._session.close()

    def _on_scan(self, scan: RawScan) -> None:
        """On a device's thread."""
        self.recording.take(scan)
        self._take(Shot(scan.device, scan.label, scan.at_ms))

    def _expects(self, label: bytes) -> bool:
        """On a camera's thread."""
        return self._session is not None and self._session.expects(label)

    def _take(self, scan: Shot) -> None:
        """Any thread. The screen that is in front now is meant, not the one when its turn comes."""
        front = self._stage.front
        self._wish(lambda session: session.take(scan, front))

    def _wish(self, wish: Callable[[Session], object], *, priority: int = 0) -> None:
        """Any thread."""

        def work() -> None:
            if self._session is None:
                raise self._why_not
            wish(self._session)

        self._jobs.run(work, priority=priority)

    def _in_parts(self, ids: Sequence[str], move: Callable[[Session, Sequence[str]], int]) -> None:
        """In jobs of their own, so that a scan never waits behind a thousand items."""
        left: list[int] = []

        def move_part(part: Sequence[str], session: Session) -> None:
            left.append(move(session, part))

        for start in range(0, len(ids), ITEMS_AT_ONCE):
            self._wish(partial(move_part, tuple(ids[start : start + ITEMS_AT_ONCE])), priority=LATER)

        def tell(session: Session) -> None:
            session.tell_uploads()
            if sum(left):
                self._say(self.trouble, "items_left", {"count": sum(left)})

        self._wish(tell, priority=LATER)

    def _on_exchange(self, status: SyncStatus) -> None:
        """On the exchange's thread."""
        self._wish(lambda session: session.exchanged(status), priority=LATER)

    def _on_packages(self, came: Came) -> None:
        """On the writer's thread, before the commit; what the worker asks then waits for it."""
        self._wish(lambda session: session.packages_came(came), priority=LATER)

    def _on_device(self, status: DeviceStatus) -> None:
        """On a device's thread."""
        self.recording.take_status(status)
        self._bridge.post(partial(self._device_moved, status))

    def _name_devices(self, devices: Sequence[str]) -> None:
        """Every scanner in its order, also those that have not said anything yet."""
        known = self._devices
        self._devices = {one: known.get(one, DeviceStatus(one, DeviceState.OPENING)) for one in devices}
        self.scanners_changed.emit(tuple(self._devices.values()))

    def _device_moved(self, status: DeviceStatus) -> None:
        stands = status.state in _STATE_WITH_CAUSE or status.code is None
        self._devices[status.device] = status if stands else DeviceStatus(status.device, status.state)
        if status.state is DeviceState.CLOSED and status.device.startswith("camera:"):
            del self._devices[status.device]  # a screen let go of it
        self.camera.take_status(status)
        self.scanners_changed.emit(tuple(self._devices.values()))
        if status.code is not None:
            self.trouble.emit(status.code, {"subject": status.device})

    def _say(self, signal: SignalInstance, *values: object) -> None:
        """Any thread."""
        self._bridge.post(partial(signal.emit, *values))

    def _failed(self, trouble: Trouble) -> None:
        _log.info("trouble: %s", trouble.code)
        self.trouble.emit(trouble.code, trouble.values)

    @Slot(object)
    def _scanned(self, _: object) -> None:
        self._pause.start()

    @Slot()
    def _catch_up(self) -> None:
        self._wish(lambda session: session.catch_up(), priority=LATER)
