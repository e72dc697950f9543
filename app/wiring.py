"""Composition root, no Qt: builds every object once, joins them by hand, closes them in reverse.

The window and every command stand on a `Program`; a command that only looks opens a `Reader` instead, which holds
nothing and changes nothing.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from app.base.clock import IdMaker, SystemClock
from app.base.errors import Trouble
from app.base.folder import DataFolder
from app.base.log import LogBook
from app.base.options import Environment
from app.base.paths import DataPaths, default_data_dir
from app.base.settings import Settings
from app.base.vault import Vault
from app.domain.own_forms import VOUCHER
from app.domain.rights import Operator
from app.flows.correcting import Correcting
from app.flows.lookups import CodeView, Lookups
from app.flows.manifest_news import Arrival, Came, ManifestNews
from app.flows.receipt_view import ReceiptViews
from app.flows.receiving import Parts, Receiving
from app.flows.resolving import CodeAnswer, Kept, Local, Relay
from app.flows.restating import Restating
from app.flows.scanner_specs import specs_of
from app.flows.settling import settled_by, worked_off
from app.flows.sign_in import SignIn
from app.flows.site_settings import SiteSettings
from app.flows.tasks import Tasks
from app.flows.upload_sweep import Sweeper
from app.flows.uploads import Uploads
from app.flows.views import OperatorChoice, RefusedManifest, SettingRow, SiteView
from app.store.catalogue import Catalogue
from app.store.database import open_database, open_for_reading
from app.store.facts import FactsReader
from app.store.manifests import RelayManifests
from app.store.migrations import MIGRATIONS
from app.store.package_events import PackageEvents
from app.store.packages import Packages
from app.store.receipts import Receipts
from app.store.replica import Replica
from app.store.scope import Scope
from app.store.sources import PackageSources
from app.store.sweeping import Sweeping
from app.store.unknown_members import UnknownMembers
from app.store.writer import SCAN, SETTLE, StoreWriter
from devices import DeviceError, DeviceManager, DeviceStatus, DriverFactory, RawRead, RawScan
from sync import MIGRATIONS as SYNC_MIGRATIONS
from sync import Counts, Hooks, Outbox, SyncError, SyncStatus

if TYPE_CHECKING:
    from app.flows.acceptance import Acceptance
    from app.flows.claim_sending import ClaimSending
    from app.flows.claims import Claims
    from app.flows.relation_report import FileReport, Progress
    from sync import Site, SyncEngine

SCHEMA = (MIGRATIONS, SYNC_MIGRATIONS)
_log = logging.getLogger(__name__)
STOP_S = 5.0  # how long an exchange under way may take to end


@dataclass(frozen=True, slots=True)
class Call:
    """How the program was called: what all commands have in common."""

    purpose: str  # shown to whoever finds the folder taken
    data_dir: Path | None
    server: str | None
    environment: Environment


class Program:
    """One running program on one data folder. Use as a context manager."""

    def __init__(self, call: Call) -> None:
        """Raises Trouble where the folder, a settings file or the database cannot be used."""
        self._closing = ExitStack()
        self._engine: SyncEngine | None = None
        self.scanners: DeviceManager | None = None
        """After `start_scanners`; used on the thread that called it."""
        self._hears_packages: Callable[[Came], None] = lambda _: None
        self.call = call
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and isinstance(error, Exception) and not isinstance(error, Trouble):
            _log.critical("bug", exc_info=error)  # while the log is still open
        self.close()

    def _build(self) -> None:
        folder = DataFolder(self.call.data_dir or default_data_dir(), self.call.purpose)
        self._closing.callback(folder.close)
        self.paths = folder.paths
        self.settings = Settings.load(folder.paths)
        self.clock = SystemClock()
        self.clock_off_ms = 0  # before the hospital's, at the last meeting
        log = LogBook(folder.paths.logs, VOUCHER)
        self._closing.callback(log.close)
        self.writer = StoreWriter(lambda: open_database(folder.paths, SCHEMA, now_ms=self.clock.now_ms))
        self._closing.callback(self.writer.close)
        database = self.writer.database
        self.catalogue = Catalogue(database)
        self.device = self.writer.call(self._device_id, priority=SCAN)
        self._set_clock()
        packages = Packages(database)
        self.writer.when_undone(self.catalogue.forget, packages.forget)
        scope = Scope(database)
        self.receipts = Receipts(database, scope)
        self.unknown_members = UnknownMembers(database, self.clock.now_ms)
        self.outbox = Outbox(database)
        self.sources = PackageSources(database, self.catalogue, packages, self.clock.now_ms)
        self.package_events = PackageEvents(database, packages)
        self._parts = Parts(
            self.writer, self.catalogue, FactsReader(database, self.catalogue, packages, scope), self.receipts,
            self.outbox, self.clock, IdMaker(), self.device, self._nudge, packages, self.package_events,
            lambda: self.acceptance,
        )  # fmt: skip
        self._restating = Restating(self._parts, self._tell_packages)
        self.sources.listen(self._restating.came)
        sweep = partial(self.writer.sweep, Sweeping(database, self.clock.monotonic).steps)
        self.sources.hear_of_ends(sweep)
        sweep()  # what a kill left over
        self.package_events.hear_lessons(self.sources.learn)
        self.sources.hear_of_unnamed(partial(self.writer.sweep, self.sources.name))
        self.sources.hear_corrections(Correcting(self._parts).heard)
        self._replica = Replica(database, self.catalogue, self.receipts, self.sources, self.package_events)
        self._manifests = RelayManifests(self.catalogue, self.sources, self.package_events)
        self._build_views(packages)

    def _build_views(self, packages: Packages) -> None:
        parts = self._parts
        self._door = SignIn(self.writer, self.catalogue, self.clock)
        self._site_settings = SiteSettings(self.paths)
        self._local = Local(self.writer, self.writer.database, self.catalogue, packages)
        self._kept = Kept(self.writer, self.catalogue, self.sources)
        self._lookups = Lookups(self.writer.database, self.catalogue, packages, self.outbox)
        self.tasks = Tasks(self.writer, self.catalogue, self.outbox)
        self.receipt_views = ReceiptViews(self.writer, self.catalogue, parts.facts, self.receipts, self.outbox)
        self.uploads = Uploads(parts, lambda receipt: self._claim_sending.again(receipt))  # noqa: PLW0108 - no scan waits
        self._manifest_news = ManifestNews(self.writer)

    def close(self) -> None:
        """Stop the exchange, then the store, then let go of the folder."""
        self._closing.close()

    @property
    def server(self) -> str | None:
        """Where the hospital is: the command line before site.toml; None if nobody said."""
        return self.call.server or self.settings.text("server") or None

    @cached_property
    def acceptance(self) -> Acceptance:
        """收货 → 验收 → 入库 of every receipt."""
        from app.flows.acceptance_door import acceptance_of  # noqa: PLC0415 - no scan waits for it

        return acceptance_of(self._parts, self.paths, self._door, lambda: self.settings)

    def take_in_file(self, path: Path, progress: Progress = lambda _: True) -> FileReport:
        """Take in a production line's relation file. Raises Trouble."""
        from app.flows.relation_file import RelationFiles  # noqa: PLC0415 - brings a parser that no scan waits for

        return RelationFiles(self.writer, self.sources, self.catalogue, self.clock).take_in(path, progress)

    def knows_delivery(self, number: str) -> bool:
        found = self.writer.call(lambda: self.catalogue.delivery(number), priority=SCAN, write=False)
        return found is not None and found.state != "announced"

    def knows_operator(self, operator_id: str) -> bool:
        return self.writer.call(lambda: self.catalogue.operator(operator_id), priority=SCAN, write=False) is not None

    def sign_in(self, operator_id: str, pin: str) -> Operator:
        """Raises Trouble: operator_unknown, pin_wrong, pin_locked."""
        return self._door.sign_in(operator_id, pin)

    def operators(self) -> tuple[OperatorChoice, ...]:
        """Who may sign in here."""
        return self._door.choices()

    def site(self) -> SiteView | None:
        """The hospital of this folder; None before the first meeting."""
        found = self.writer.call(self.catalogue.site, priority=SETTLE, write=False)
        return None if found is None else SiteView(found.name, found.synthetic, found.zone)

    def hear_packages(self, heard: Callable[[Came], None]) -> None:
        """`heard` is called on the writer's thread, before the commit: what it means is asked with `arrival`."""
        self._hears_packages = heard

    def arrival(self, came: Came, receipt: str) -> Arrival | None:
        """What a source that came means for a receipt; None: nothing."""
        return self._manifest_news.arrival(came, receipt)

    def refused_manifests(self) -> tuple[RefusedManifest, ...]:
        """Manifests that the supplier has to mend."""
        return self._manifest_news.refused()

    def look_up(self, text: str) -> CodeView:
        """All that is known here of one scanned or typed code."""
        return self.writer.call(lambda: self._lookups.show(text), priority=SETTLE, write=False)

    def resolve(self, codes: Sequence[str], *, ask_relay: bool = False) -> tuple[CodeAnswer, ...]:
        """What the sources on board say of these codes; with `ask_relay` what the relay itself says, which may wait.

        Raises Trouble where the relay cannot be asked.
        """
        if not ask_relay:
            return self._local.resolve(codes)
        if self._engine is None:
            raise Trouble("server_missing")
        return Relay(self._engine.resolve).resolve(codes)

    @cached_property
    def _claim_sending(self) -> ClaimSending:
        from app.flows.claim_sending import ClaimSending  # noqa: PLC0415 - no scan waits for it

        return ClaimSending(self._parts, self.claims)

    def claims(self) -> Claims:
        """What receipts tell the insurance, by the site's profile."""
        from app.flows.claims import Claims, ClaimSettings  # noqa: PLC0415 - no scan waits for it

        profile, route = self.settings.text("claims_profile"), self.settings.text("collection_model")
        said = ClaimSettings(profile, route, self.paths.root / "profile.toml")
        return Claims(self.writer, self.catalogue, self.clock.now_ms, said)

    def ask_relay(self, code: str) -> tuple[CodeAnswer, ...]:
        """What the relay says of a code, kept on board from now on. Waits; raises Trouble as `resolve`."""
        answers = self.resolve([code], ask_relay=True)
        self._kept.keep(answers)
        return answers

    def counts(self) -> Counts:
        """How many items stand in each state of the outbox."""
        return self.writer.call(self.outbox.counts, priority=SETTLE, write=False)

    def setting_rows(self, operator: Operator | None) -> tuple[SettingRow, ...]:
        """Every setting as this person sees it."""
        return self._site_settings.view(self.settings, operator)

    def change_setting(self, operator: Operator | None, key: str, text: str) -> None:
        """Write a setting and follow it (addresses and scanners from the next start). Raises Trouble."""
        self.settings = self._site_settings.change(operator, key, text)

    def receiving(self, delivery: str, operator: Operator, *, holds: bool) -> Receiving:
        """Open or resume the receipt of a delivery; raises Trouble as `Receiving` does."""
        return Receiving(self._parts, delivery, operator, holds=holds)

    def engine(self, on_status: Callable[[SyncStatus], None] = lambda _: None, *, stop_s: float = STOP_S) -> SyncEngine:
        """A new engine, not started; stopped when the program closes, which waits `stop_s` for what is under way.

        Raises Trouble `server_missing` or what the address deserves.
        """
        from app.flows.wire_settings import line_of  # noqa: PLC0415 - both bring the HTTP client,
        from sync import SyncEngine  # noqa: PLC0415 - which a scan does not wait for

        if self.server is None:
            raise Trouble("server_missing")
        watching = self.uploads.contradictions
        hooks = Hooks(
            apply=self._claim_sending.after(self._restating.after(partial(watching.watch, self._replica.apply))),
            on_settled=settled_by(self._parts, watching, self._claim_sending.closed),
            on_site=self._meet,
            expected_realm=self._realm,
            on_status=on_status,
            after_exchange=worked_off(self._parts, self._claim_sending.work),
            on_unknown=self.unknown_members.keep,
            scans_come=self.writer.scans_come,
            manifests=self._manifests,
        )
        line = line_of(self.settings, self.paths.root, Vault(self.paths.secrets))
        try:
            engine = SyncEngine(
                server=self.server, device=self.device, database=self.writer.database, writer=self.writer,
                hooks=hooks, clock=self.clock, trust=line.trust, credential=line.credential, relay=line.relay,
            )  # fmt: skip
        except SyncError as error:
            raise Trouble(error.code, server=self.server) from error
        self._closing.callback(engine.stop, stop_s)
        return engine

    def start_sync(self, on_status: Callable[[SyncStatus], None] = lambda _: None, *, stop_s: float = STOP_S) -> None:
        """Exchange in the background until the program closes, as `engine`."""
        self._engine = self.engine(on_status, stop_s=stop_s)
        self._engine.start()
        keep = int(self.settings.number("upload_log_days"))
        self._closing.callback(Sweeper(lambda: self.uploads.log.sweep(keep)).close)

    def sync_now(self) -> None:
        """Send what waits and hear what is new, at once. Raises Trouble `server_missing`."""
        if self._engine is None:
            raise Trouble("server_missing")
        self._engine.nudge(urgent=True, fetch=True)

    def start_scanners(
        self,
        scanners: Sequence[str],
        *,
        on_scan: Callable[[RawScan], None],
        on_status: Callable[[DeviceStatus], None],
        on_raw: Callable[[RawRead], None] = lambda _: None,
        factories: Mapping[str, DriverFactory] | None = None,
    ) -> tuple[tuple[str, ...], tuple[Trouble, ...]]:
        """Open scanners until the program closes: the ids of those that may come, and why others cannot.

        `scanners` as on the command line. The callbacks come on the devices' threads and must be quick. `on_raw`
        hears what was read, piece by piece. `factories`: drivers that the window feeds itself, by kind (`keys`,
        `camera`).
        """
        specs, troubles = specs_of(scanners)
        while True:
            manager = DeviceManager(
                specs,
                on_scan=on_scan,
                on_status=on_status,
                now_ms=self.clock.now_ms,
                factories=factories or {},
                on_raw=on_raw,
            )
            try:
                manager.start()
            except DeviceError as error:
                troubles.append(Trouble(error.code, subject=error.subject))
                specs = [spec for spec in specs if spec.device != error.subject]
                continue
            self.scanners = manager
            self._closing.callback(manager.stop)
            return tuple(spec.device for spec in specs), tuple(troubles)

    def follow_site(self) -> None:
        """After a first meeting with a sandbox, MATOU_NOW holds from here on."""
        self._set_clock()

    def _tell_packages(self, came: Came) -> None:
        self._hears_packages(came)

    def _nudge(self, urgent: bool) -> None:
        if self._engine is not None:
            self._engine.nudge(urgent=urgent)

    def _meet(self, site: Site) -> None:
        """The hospital says who it is and what time it is; that is held against the machine's clock, not MATOU_NOW."""
        self._replica.site(site)
        self.clock_off_ms = SystemClock().now_ms() - site.now_ms

    def _realm(self) -> str | None:
        site = self.catalogue.site()
        return None if site is None else site.realm

    def _device_id(self) -> str:
        found = self.catalogue.meta("device")
        if found is None:
            found = f"device-{secrets.token_hex(6)}"
            self.catalogue.set_meta("device", found)
        return found

    def _set_clock(self) -> None:
        start = self.call.environment.now_ms
        site = self.writer.call(self.catalogue.site, priority=SCAN, write=False)
        if start is not None and site is not None and site.synthetic:
            self.clock.start_at(start)


class Reader:
    """Looks into a data folder that another program may be using. Use as a context manager."""

    def __init__(self, data_dir: Path | None) -> None:
        """Raises Trouble: data_folder_missing, database_newer, database_older and the store's own."""
        self.paths = DataPaths(data_dir or default_data_dir())
        self.database = open_for_reading(self.paths, SCHEMA)
        self.catalogue = Catalogue(self.database)
        self.packages = Packages(self.database)
        self.outbox = Outbox(self.database)

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.database.close()
