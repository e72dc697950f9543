"""The program behind the window: who is signed in, which receipt is under the hand, where scans go.

Everything here runs on the window's worker, one call after the other, so that scans and commands keep their order;
what comes of it is said through signals, which reach the UI thread in the same order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import SignalInstance

from app.base.errors import Trouble
from app.domain.codes import key_of, read_bytes
from app.domain.documents import receipt_id
from app.domain.rights import INSTALL, Operator
from app.flows.manifest_news import Came
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.package_view import PackageTree
from app.flows.permission import demand
from app.flows.receiving import Receiving
from app.flows.views import OperatorChoice, UploadFilter
from app.ui.acceptance_desk import AcceptanceDesk
from app.ui.clock_check import clock_trouble
from app.ui.file_import import FileImport
from app.ui.fronts import Front, Shot, Stage
from app.ui.patient_desk import PatientDesk
from app.ui.relay_question import RelayQuestion, RelayQuestionView
from app.ui.relay_words import RelayView
from app.ui.routing import Goal, route
from app.ui.scanner_care import ScannerCare
from app.ui.signals import Signals
from app.ui.upload_desk import UploadDesk
from app.wiring import Program
from sync import SyncStatus

_log = logging.getLogger(__name__)


class Say(Protocol):
    """Emits a signal on the UI thread."""

    def __call__(self, signal: SignalInstance, *values: object) -> None: ...


class Session:
    """One program in one window."""

    def __init__(self, program: Program, to: Signals, say: Say, stage: Stage) -> None:
        self._program = program
        self._to = to
        self._say = say
        self._stage = stage
        self._operator: Operator | None = None
        self._desk: Receiving | None = None
        self._status = SyncStatus()
        self._people: tuple[OperatorChoice, ...] = ()
        self._met = False
        self._clock_told = False
        self._uploads = UploadDesk(program, to, say)
        self._acceptance = AcceptanceDesk(program, to, say)
        self._patients = PatientDesk(program, to, say)
        self.care = ScannerCare(program, to, say)
        self.question = RelayQuestion(program.ask_relay, self._relay_told)
        self.imports = FileImport(program.take_in_file, lambda view: say(to.import_moved, view))
        self._goals: dict[Goal, Callable[[Shot, str], None]] = {
            Goal.RECEIVE: lambda scan, _: self._receive(scan),
            Goal.OPEN: lambda _, number: self.open_delivery(number),
            Goal.OFFER: lambda scan, _: self._offer(scan),
            Goal.LOOK_UP: lambda scan, _: self.look_up(scan.payload.decode("utf-8", "replace")),
            Goal.SHOW_BYTES: lambda scan, _: self._show_bytes(scan),
            Goal.BADGE: lambda _, operator: self._say(self._to.badge_read, operator),
            Goal.FIND_UPLOAD: lambda scan, _: self._say(
                self._to.upload_code_read, scan.payload.decode("utf-8", "replace")
            ),
            Goal.IDENTIFY: lambda scan, _: self._patients.scan(scan.payload),
            Goal.NOTICE: lambda scan, code: self._say(self._to.trouble, code, {"device": scan.device}),
        }

    def introduce(self) -> None:
        """Say all that a fresh window shows."""
        self.tell_settings()
        self._tell_site()
        self._tell_people()
        self._tell_sync()
        self._tell_relay()
        self._say(self._to.ready)
        self._patients.follow_settings()

    def tell_again(self) -> None:
        """Say once more what stays as it is between two events."""
        self.tell_settings()
        self._tell_site()
        self._tell_sync()
        self._tell_relay()
        self._patients.tell()

    def close(self) -> None:
        """Close scanners, exchange, store and folder, in this order."""
        self._desk = None
        self._patients.close()
        self.imports.end()
        self.question.end()
        self._program.close()

    def sign_in(self, operator_id: str, pin: str) -> None:
        """Raises Trouble: operator_unknown, pin_wrong, pin_locked."""
        operator = self._program.sign_in(operator_id, pin)
        self._let_go()
        self._operator = operator
        self._stage.front = Front.TASKS
        self._say(self._to.signed_in, operator)
        self._patients.sign_in(operator)
        self.tell_settings()
        self.tell_tasks()
        self.tell_conflicts()

    def sign_out(self) -> None:
        self._patients.sign_out()
        self._let_go()
        self._operator = None
        self.tell_conflicts()
        self._stage.front = Front.SIGN_IN
        self._say(self._to.signed_out)
        self.tell_settings()

    def open_delivery(self, number: str) -> None:
        """Raises Trouble: not_signed_in and what receiving raises; then the task list is in front again."""
        try:
            desk = self._program.receiving(
                number, self._signed_in(), holds=self._program.settings.flag("stop_holds")
            )  # fmt: skip
        except Trouble:
            if self._desk is None and self._stage.front is Front.RECEIVING:
                self._stage.front = Front.TASKS if self._operator else Front.SIGN_IN
            raise
        self._desk = desk
        self._stage.front = Front.RECEIVING
        self._say(self._to.receipt_opened, self._program.receipt_views.of(desk.key.id))

    def leave_receipt(self) -> None:
        """Nothing is lost: the receipt stays under way."""
        if self._stage.front is Front.RECEIVING:
            self._stage.front = Front.TASKS
        self._desk = None
        self._say(self._to.receipt_left)
        self.tell_tasks()

    def take(self, scan: Shot, front: Front) -> None:
        """A scan that came while `front` was in front."""
        if front is Front.TASKS:
            front = self._stage.front  # a receipt may have been opened by the scan before this one
        found = route(scan.payload, front, signed_in=self._operator is not None, receiving=self._desk is not None)
        self._goals[found.goal](scan, found.text)

    def expects(self, raw: bytes) -> bool:
        """Whether the manifest under the hand names this code; before one is, whether any does. Any thread."""
        key = key_of(read_bytes(raw))
        numbers = self._program.tasks.deliveries_of(key) if key else ()
        desk = self._desk
        return bool(numbers) if desk is None else any(receipt_id(number) == desk.key.id for number in numbers)

    def command(self, text: str) -> None:
        """Raises Trouble `no_receipt_open`."""
        if self._desk is None:
            raise Trouble("no_receipt_open", device="")
        self._told_command(self._desk.command(text))

    def look_up(self, text: str) -> None:
        self._say(self._to.looked_up, self._program.look_up(text))

    def ask_relay(self, code: str) -> None:
        """Raises Trouble `not_signed_in`: a question to the internet is asked by somebody."""
        _log.info("%s puts a code to the relay", self._signed_in().id)
        self.question.begin(code)

    def _relay_told(self, view: RelayQuestionView) -> None:
        """Any thread. What was kept of the answer is looked up first, so that both stand on the screen together."""
        if view.state == "told":
            self._say(self._to.looked_up, self._program.look_up(view.code))
        self._say(self._to.relay_told, view)

    def tell_tree(self, code: str) -> None:
        self._say(self._to.tree_found, self._program.look_up(code).tree or PackageTree(None))

    def import_file(self, path: str) -> None:
        """Raises Trouble: not_signed_in, import_busy."""
        _log.info("%s takes in a relation file", self._signed_in().id)
        self.imports.begin(Path(path))

    def packages_came(self, came: Came) -> None:
        """More is known of packages: told if it is about the receipt under the hand, and the lines are made anew."""
        arrival = None if self._desk is None else self._program.arrival(came, self._desk.key.id)
        if arrival is not None:
            code = "manifest_restated" if arrival.restated else "manifest_came"
            self._say(self._to.trouble, code, {"count": arrival.restated})
            self.catch_up()

    def retry(self, ids: Sequence[str]) -> int:
        """How many were left as they are. Raises Trouble `not_signed_in`."""
        return self._uploads.retry(self._signed_in(), ids)

    def with_uploads(self, act: Callable[[UploadDesk, Operator], object]) -> None:
        """Something that a signed-in person does about uploads or conflicts. Raises Trouble `not_signed_in`, too."""
        act(self._uploads, self._signed_in())

    def retry_found(self, wanted: UploadFilter, before: int | None) -> int | None:
        """The place of the next page, None at the end. Raises Trouble `not_signed_in`."""
        return self._uploads.retry_found(self._signed_in(), wanted, before)

    def set_aside(self, ids: Sequence[str]) -> int:
        """How many were left as they are. Raises Trouble `not_signed_in`."""
        _log.info("%s sets %d items aside", self._signed_in().id, len(ids))
        return len(ids) - self._program.uploads.set_aside(ids)

    def set_setting(self, key: str, text: str) -> None:
        """Raises Trouble as SiteSettings.change does."""
        self._program.change_setting(self._operator, key, text)
        self._patients.follow_settings()
        self.tell_settings()

    def recordings(self) -> Path:
        """Where recordings of scanners go. Raises Trouble: not_signed_in, no_right."""
        demand(self._signed_in(), INSTALL)
        return self._program.paths.recordings

    def sync_now(self) -> None:
        """Raises Trouble `server_missing`."""
        self._program.sync_now()

    def cannot_sync(self, trouble: Trouble) -> None:
        """There is no exchange in this run."""
        self._status = replace(self._status, network="offline", trouble=trouble.code)
        self._say(self._to.trouble, trouble.code, trouble.values)
        self._tell_sync()

    def exchanged(self, status: SyncStatus) -> None:
        """The exchange with the hospital moved: everything that may have changed by it is said anew."""
        relay_moved, self._status = status.relay != self._status.relay, status
        if relay_moved:
            self._tell_relay()
        if not self._met and self._tell_site():
            self._program.follow_site()
        self._tell_people()
        self._tell_clock()
        self.catch_up()
        if self._stage.front is Front.TASKS:
            self.tell_tasks()
        if self._stage.front is Front.UPLOADS:
            self.tell_uploads()
        self.tell_conflicts()

    def catch_up(self) -> None:
        """The receipt and the counts as they stand now: after a pause in scanning, and after an exchange."""
        self._tell_sync()
        if self._desk is None:
            return
        if self._tell_receipt(self._desk.key.id):
            self._say(self._to.trouble, "receipt_closed", {"receipt": self._desk.key.id})
            self._let_go()

    def tell_tasks(self) -> None:
        if self._operator is not None:
            view = self._program.tasks.view(self._operator)
            conflicts = self._program.uploads.contradictions.count(self._operator)
            self._say(self._to.tasks_changed, replace(view, conflicts=conflicts))

    def tell_uploads(self, wanted: tuple[UploadFilter, int, int | None] | None = None) -> None:
        """`wanted`: (filter, limit, before), kept until other ones are wanted."""
        self._uploads.tell(wanted)
        self._tell_sync()

    def tell_upload(self, item: str) -> None:
        self._uploads.tell_story(item)

    def tell_conflicts(self) -> None:
        self._uploads.tell_conflicts(self._operator)

    def tell_acceptance(self) -> None:
        self._acceptance.tell(self._operator)

    def open_acceptance(self, receipt: str) -> None:
        """Raises Trouble: not_signed_in, acceptance_no_receipt."""
        self._acceptance.open(self._signed_in(), receipt)

    def accept(self, receipt: str, act: str, values: tuple[object, ...]) -> None:
        """Raises Trouble: not_signed_in, and what acceptance raises."""
        self._acceptance.act(self._signed_in(), receipt, act, values)

    def patient(self, act: str, values: tuple[object, ...]) -> None:
        """Raises Trouble as `app.flows.identity` does."""
        self._patients.act(act, values)

    def tell_settings(self) -> None:
        self._say(self._to.settings_changed, self._program.setting_rows(self._operator))

    def _receive(self, scan: Shot) -> None:
        assert self._desk is not None
        outcome = self._desk.scan_or_command(scan.payload, at_ms=scan.at_ms, scanner=scan.device)
        if isinstance(outcome, CommandOutcome):
            self._told_command(outcome)
            return
        self._say(self._to.scan_answered, outcome)
        self._tell_failure(outcome)
        if outcome.panel == "stop":  # the confirmation that it asks for must not wait for the next pause
            self._tell_receipt(self._desk.key.id)

    def _told_command(self, outcome: CommandOutcome) -> None:
        assert self._desk is not None
        self._say(self._to.command_answered, outcome)
        self._tell_failure(outcome)
        self._tell_receipt(self._desk.key.id)
        if outcome.ok and outcome.command == "close":
            self._desk = None
        elif outcome.ok and outcome.command == "pause":
            self.leave_receipt()

    def _show_bytes(self, scan: Shot) -> None:
        self._say(self._to.scanner_bytes, scan.device, scan.payload)
        self.care.take(scan, self._keep_scanner)

    def _keep_scanner(self, spec: str) -> None:
        """Raises Trouble `no_right` where this person may not; it then serves until the program ends."""
        self.set_setting("scanners", "\n".join((*self._program.settings.words("scanners"), spec)))

    def _offer(self, scan: Shot) -> None:
        key = key_of(read_bytes(scan.payload))
        numbers = self._program.tasks.deliveries_of(key) if key else ()
        for number in numbers:
            self._say(self._to.delivery_offered, number)
        if not numbers:
            self._say(self._to.trouble, "code_finds_no_delivery", {"device": scan.device})

    def _let_go(self) -> None:
        if self._desk is not None:
            self._desk = None
            self._say(self._to.receipt_left)

    def _signed_in(self) -> Operator:
        if self._operator is None:
            raise Trouble("not_signed_in")
        return self._operator

    def _tell_receipt(self, receipt: str) -> bool:
        """True if it is closed, here or at the hospital."""
        view = self._program.receipt_views.of(receipt)
        self._say(self._to.receipt_changed, view)
        return view.closed

    def _tell_failure(self, outcome: ScanOutcome | CommandOutcome) -> None:
        if outcome.trouble is not None:
            self._say(self._to.trouble, outcome.trouble, {"kind": "", "why": ""})

    def _tell_site(self) -> bool:
        """True if the hospital is known."""
        site = self._program.site()
        self._met = site is not None
        if site is not None:
            self._say(self._to.site_changed, site)
        return self._met

    def _tell_people(self) -> None:
        people = self._program.operators()
        if people != self._people:
            self._people = people
            self._say(self._to.operators_changed, people)

    def _tell_clock(self) -> None:
        """Once in a run: a notice that was put away must not come back with every exchange."""
        trouble = clock_trouble(self._program.clock_off_ms)
        if trouble is not None and not self._clock_told:
            self._clock_told = True
            self._say(self._to.trouble, trouble.code, trouble.values)

    def _tell_relay(self) -> None:
        self._say(self._to.relay_changed, RelayView(self._status.relay, self._program.refused_manifests()))

    def _tell_sync(self) -> None:
        counts = self._program.counts()
        self._status = replace(
            self._status, waiting=counts.waiting, unsure=counts.unsure, refused=counts.refused, held=counts.held
        )
        self._say(self._to.sync_changed, self._status)
