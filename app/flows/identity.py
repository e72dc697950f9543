"""核验患者身份: a voucher or a card in, a masked patient out, and what is handed on for them. Any thread.

Nothing of a patient is kept here but masks and a handle; all else is in the patient process (`app.patient`). A wish
returns at once, and what came of it is told by `tell`, on any thread.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from app.base.errors import Trouble
from app.base.settings import Settings
from app.domain.codes import Unknown, Voucher, decode, read_bytes
from app.domain.rights import DISPENSE, Operator
from app.flows.identity_view import ASKING, ENDED, KNOWN, TROUBLE, WAITING, IdentityView
from app.flows.permission import demand
from app.patient import wire
from app.patient.patients import News, Patients
from app.patient.plan import BACKENDS, BUSINESS_TYPES, OFF, LibraryPlan, Plan, Who
from app.patient.quiet import leave_no_core
from app.patient.views import ENDS, GONE, ID_CARD, SIGNED_OUT, SOCIAL_CARD, TOKEN

OTHER_MOST = 512  # signs of a code that only the voucher centre may know
_VOUCHER = re.compile(r"(?:\][A-Za-z][0-9A-Za-z])?(424[0-9]{25}|opc[0-9A-Za-z]{20,60})", re.IGNORECASE | re.ASCII)
_ID_CARD = re.compile(r"[0-9]{17}[0-9X]|[0-9]{15}", re.ASCII)
_CARD = re.compile(r"[0-9A-Za-z]{6,50}", re.ASCII)
_CARD_SN = re.compile(r"[0-9A-Za-z]{0,32}", re.ASCII)
SILENT = frozenset({"decoder_silent"})


class Identity:
    """The patients of one window."""

    def __init__(
        self, settings: Callable[[], Settings], patients: Callable[[Callable[[News], None]], Patients],
        tell: Callable[[IdentityView], None], device: str,
    ) -> None:  # fmt: skip
        self._settings, self._tell, self._device = settings, tell, device
        self._lock = threading.Lock()
        self._patients = patients(self._heard)
        self._operator: Operator | None = None
        self._view = IdentityView()
        self._warmed: tuple[Plan, Who] | None = None

    @property
    def view(self) -> IdentityView:
        return self._view

    @property
    def ready_s(self) -> float | None:
        """How long the last process took until a patient could come."""
        return self._patients.ready_s

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that are there now."""
        return self._patients.pids

    def sign_in(self, operator: Operator) -> None:
        """The first process starts, where patients are identified here and this person may do it."""
        self._operator = operator
        self.follow_settings()

    def sign_out(self, why: str = SIGNED_OUT) -> None:
        """Nobody is held any more, and no process is left."""
        self._operator, self._warmed = None, None
        self._patients.end(why)
        self._patients.close()
        self._change(lambda view: IdentityView(view.backend, view.scenes, view.business))
        self.follow_settings()

    def follow_settings(self) -> None:
        """What the site wants now; a process that was started otherwise is replaced, unless it holds somebody."""
        settings = self._settings()
        plan, scenes = plan_of(settings), scenes_of(settings)
        operator = self._operator
        opens = plan.backend != OFF and may_identify(operator)
        if operator is None and plan.backend != OFF:
            self._patients.prepare()
        elif operator is None or not opens:
            self._warmed = None
            self._patients.close()
        elif (wanted := (plan, Who(operator.id, operator.name))) != self._warmed and not self._patients.holds:
            leave_no_core()  # a voucher passes through this process, too
            self._warmed = wanted
            self._patients.warm(*wanted, device=self._device)

        def follow(view: IdentityView) -> IdentityView:
            business = view.business if view.business in scenes else scenes[0]
            return replace(
                view, backend=plan.backend, scenes=scenes, business=business, idle_s=settings.number("evoucher_idle_s"),
                hand_overs=hand_overs_of(settings).get(business, ()),
                open=opens,
            )  # fmt: skip

        self._change(follow)

    def choose_scene(self, business: str) -> None:
        """For what the next patient comes. Whoever is known now stays so."""
        hand_overs = hand_overs_of(self._settings()).get(business, ())
        self._change(lambda view: replace(view, business=business, hand_overs=hand_overs))

    def scan(self, raw: bytes) -> None:
        """A code that came while the identity screen is in front.

        Raises Trouble: not_signed_in, no_right, evoucher_off, library_reads_itself, drug_code_at_patient,
        voucher_glued.
        """
        self._may()
        if self._view.reads_itself:
            raise Trouble("library_reads_itself")
        self._identify(voucher_in(raw))

    def read_by_library(self) -> None:
        """The library's own scanner reads now. Raises Trouble as `scan` does."""
        self._may()
        self._identify("")

    def take_card(self, kind: str, number: str, card_sn: str = "") -> None:
        """An identity card (02) or a social-security card (03), typed. Raises Trouble card_number_bad, too."""
        self._may()
        text, serial = number.strip().upper(), card_sn.strip()
        good = _ID_CARD.fullmatch(text) if kind == ID_CARD else _CARD.fullmatch(number.strip()) and serial
        if kind not in (ID_CARD, SOCIAL_CARD) or not good or not _CARD_SN.fullmatch(serial):
            raise Trouble("card_number_bad")
        self._begin(lambda: self._patients.identify(
            self._view.business, text if kind == ID_CARD else number.strip(), act=wire.CARD, kind=kind, card_sn=serial
        ))  # fmt: skip

    def choose(self, place: int) -> None:
        """One of the kinds of insurance. Raises Trouble patient_not_here."""
        self._ask(lambda: self._patients.wish(wire.CHOOSE, place=place))

    def hand_over(self, infno: str) -> None:
        """A transaction, for the middleware to complete. Raises Trouble patient_not_here."""
        self._ask(lambda: self._patients.wish(wire.HAND_OVER, infno=infno))

    def end(self, why: str) -> None:
        """The patient is let go of."""
        self._patients.end(why)

    def close(self) -> None:
        self._patients.close()

    def _identify(self, text: str) -> None:
        patient = self._view.patient
        if patient is not None and patient.wants_scan:
            self._ask(lambda: self._patients.wish(wire.AGAIN, business=self._view.business, text=text))
            return
        business = self._view.business
        self._begin(lambda: self._patients.identify(business, text))

    def _begin(self, start: Callable[[], bool]) -> None:
        """Another patient: nothing of the one before stays on the screen while they are asked for."""
        self._patients.end("")
        self._change(lambda view: replace(_bare(view), state=ASKING))
        self.follow_settings()  # what was changed while somebody was held
        if not start():
            self._change(lambda view: replace(_bare(view), state=TROUBLE, trouble="patient_process_missing"))

    def _ask(self, start: Callable[[], bool]) -> None:
        if self._view.patient is None:
            raise Trouble("patient_not_here")
        self._change(lambda view: replace(view, state=ASKING, trouble="", values=()))
        if not start():
            self._change(lambda view: replace(_bare(view), state=ENDED, why=GONE))

    def _may(self) -> None:
        if self._operator is None:
            raise Trouble("not_signed_in")
        if self._view.backend == OFF:
            raise Trouble("evoucher_off")
        demand(self._operator, DISPENSE)

    def _heard(self, news: News) -> None:
        """On a thread of the patient process's link."""

        def follow(view: IdentityView) -> IdentityView:
            if news.turn != self._patients.turn:
                return view  # of somebody before
            if news.why:
                why = news.why if news.why in ENDS else ENDS[0]
                return replace(_bare(view), state=ENDED, why=why)
            silent = news.trouble in SILENT
            told = replace(
                _bare(view), trouble="" if silent else news.trouble, values=() if silent else news.values,
                patient=news.view,
            )  # fmt: skip
            if news.view is None:
                return replace(told, state=WAITING if silent else TROUBLE)
            return replace(told, state=KNOWN, until_s=time.monotonic() + news.view.expires_in_s)

        self._change(follow)

    def _change(self, change: Callable[[IdentityView], IdentityView]) -> None:
        with self._lock:  # told in the order in which it became so
            self._view = change(self._view)
            self._tell(self._view)


def may_identify(operator: Operator | None) -> bool:
    """Whether this person works with patients."""
    if operator is None:
        return False
    try:
        demand(operator, DISPENSE)
    except Trouble:
        return False
    return True


def voucher_in(raw: bytes) -> str:
    """The voucher's text; what only the voucher centre may know goes as it is.

    Raises Trouble: drug_code_at_patient (by its form), voucher_glued (not alone). Neither says what was scanned.
    """
    reading = read_bytes(raw)
    text = (decode(raw) or "").strip()
    if isinstance(reading, Voucher):
        found = _VOUCHER.fullmatch(text)
        if found is None:
            raise Trouble("voucher_glued")
        return found[1]
    if not isinstance(reading, Unknown):
        raise Trouble("drug_code_at_patient")
    if not text or len(text) > OTHER_MOST or not text.isprintable():
        raise Trouble("voucher_not_one")
    return text


def plan_of(settings: Settings) -> Plan:
    """What the patient process has to know of the site."""
    backend = settings.text("evoucher")
    library = LibraryPlan(
        settings.text("evoucher_library_file"),
        settings.text("evoucher_library_style"),
        settings.text("evoucher_library_url"),
        settings.text("evoucher_library_charset"),
        int(settings.number("evoucher_library_buffer")),
        settings.text("evoucher_library_init"),
    )
    return Plan(
        backend=backend if backend in BACKENDS else OFF,
        margin_s=settings.number("evoucher_margin_s"),
        credential=ID_CARD if settings.text("evoucher_credential") == "id_card" else TOKEN,
        settle_again=settings.text("evoucher_settlement") == "scan_again",
        silent=settings.words("evoucher_silent"),
        library=library,
    )


def scenes_of(settings: Settings) -> tuple[str, ...]:
    """The business types that the site works with; what is none of §3.6 is left out."""
    named = [one.strip() for one in settings.words("evoucher_scenes")]
    return tuple(dict.fromkeys(one for one in named if one in BUSINESS_TYPES)) or ("01302",)


def hand_overs_of(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    """Business type → the transactions that are handed on for it."""
    found: dict[str, tuple[str, ...]] = {}
    for line in settings.words("evoucher_hand_over"):
        business, equals, numbers = line.partition("=")
        if equals:
            found[business.strip()] = tuple(numbers.split())
    return found


def _bare(view: IdentityView) -> IdentityView:
    """Without anybody."""
    return replace(view, state=WAITING, patient=None, until_s=0.0, trouble="", values=(), why="")
