"""One schedule of the campaign: a seed becomes a day of two devices, a hospital and a network; then the books are held
against the model. Deterministic but for time limits of the network. The campaign's thread.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.receiving import Receiving
from tests.campaign.campaign_device import PATIENT, CampaignDevice, Died, made
from tests.campaign.campaign_faults import Weather
from tests.campaign.campaign_goods import CODES, DEVICES, FOREIGN, OWN, PARENTS, POISONED, SHARED, boxes
from tests.campaign.campaign_hospital import LocalHospital, certificates
from tests.campaign.campaign_model import Model

HOUR_MS = 3_600_000
HASTE_S, LIMIT_S = 0.12, 60.0
ROUNDS_MOST = 60
TLS_SHARE = 0.1
STEPS = {
    "scan": 40, "undo": 12, "outcome": 4, "close": 1, "sync": 14, "faults": 9, "calm": 3, "die": 7, "restart": 2,
    "hospital": 1, "clock": 2,
}  # fmt: skip
RESULTS = "SELECT state, coalesce(result, ''), coalesce(code, ''), id, kind FROM sync_outbox WHERE state <> 'accepted'"

ENTRIES = (
    "SELECT receipt, sum(coalesce(command, '') <> 'contradicted'), count(*) = max(seq) FROM entries GROUP BY receipt"
)
"""Inputs, without what the program notes by itself when the hospital contradicts a scan; and no number is missing."""


@dataclass(slots=True)
class Report:
    """What one schedule came to. `broken`: every promise that was not kept, in words."""

    seed: int
    counts: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


class Stage:
    """What all schedules begin with: a hospital that has its goods, two devices that know them, certificates."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.certificates = certificates(root / "certificates")
        with LocalHospital(root / "hospital") as hospital:
            for name in DEVICES:
                made(root / name, hospital.url)

    def copy(self, place: Path) -> None:
        for name in ("hospital", *DEVICES):
            shutil.copytree(self.root / name, place / name)


class Schedule:
    """One day."""

    def __init__(self, stage: Stage, place: Path, seed: int) -> None:
        self.report = Report(seed, dict.fromkeys(STEPS, 0))
        self._stage, self._place = stage, place
        self._dice = random.Random(seed)
        self._tls = self._dice.random() < TLS_SHARE
        self._weather = Weather(self._dice, tls=self._tls)
        self._model = Model(PARENTS, POISONED)
        self._closed: dict[str, Mapping[str, int]] = {}
        self._shot: dict[str, list[tuple[str, str]]] = {name: [] for name in DEVICES}
        self._steps: Mapping[str, Callable[[CampaignDevice], None]] = {
            "scan": self._scan, "undo": self._undo, "outcome": self._outcome, "close": self._close, "sync": self._sync,
            "faults": self._faults, "calm": self._calm, "die": self._die, "restart": self._restart,
            "hospital": self._hospital_restarts, "clock": self._clock,
        }  # fmt: skip

    def run(self) -> Report:
        """Live through it."""
        self._stage.copy(self._place)
        tls = self._stage.certificates if self._tls else None
        with LocalHospital(self._place / "hospital", tls=tls) as self._hospital:
            url, ca = self._hospital.url, self._hospital.ca
            self._devices = {name: CampaignDevice(name, self._place / name, url, ca) for name in DEVICES}
            try:
                for _ in range(self._dice.randint(20, 60)):
                    (what,) = self._dice.choices(tuple(STEPS), tuple(STEPS.values()))
                    self.report.counts[what] += 1
                    self._steps[what](self._devices[self._dice.choice(DEVICES)])
                self._come_to_rest()
                self._compare()
            finally:
                for device in self._devices.values():
                    device.close()
        shutil.rmtree(self._place)
        return self.report

    # -------------------------------------------------------------------------------------------------- the steps

    def _scan(self, device: CampaignDevice) -> None:
        number = self._number(device)
        code = self._dice.choice((*CODES[number], *CODES[number], *POISONED, FOREIGN))
        if self._shot[device.name] and self._dice.random() < 0.15:
            number, code = self._dice.choice(self._shot[device.name])
        number = SHARED if code in POISONED else number
        answer = self._ask(device, number, lambda desk: desk.scan(code.encode()))
        if isinstance(answer, ScanOutcome) and answer.counted:
            self._model.beeped(device.name, code)
            self._shot[device.name].append((number, code))

    def _undo(self, device: CampaignDevice) -> None:
        """Mostly of something that was counted here, which may be scanned again later."""
        number = self._number(device)
        code = self._dice.choice(CODES[number])
        if self._shot[device.name] and self._dice.random() < 0.8:
            number, code = self._dice.choice(self._shot[device.name])
        answer = self._ask(device, number, lambda desk: desk.command(f"undo {code}"))
        if answer is not None and answer.reason == "ok":
            self._model.undone(device.name, code, private=number != SHARED)

    def _outcome(self, device: CampaignDevice) -> None:
        number = OWN[device.name]
        code, word = self._dice.choice(boxes(number)), self._dice.choice(("damaged", "reject"))
        answer = self._ask(device, number, lambda desk: desk.command(f"{word} {code} 破损"))
        if answer is not None and answer.reason == "ok":
            self._model.gone_out(code)

    def _close(self, device: CampaignDevice) -> None:
        """What is missing is short; then it adds up."""
        number = OWN[device.name]
        if number in self._closed:
            return
        try:
            sums = device.desk(number).summary().equation
        except Died:
            self._rise(device)
            return
        missing = sums.expected - sums.received - sums.damaged - sums.rejected
        if self._ask(device, number, lambda desk: desk.command(f"short 1 {missing} 少货")) is None:
            return
        answer = self._ask(device, number, lambda desk: desk.command("close"))
        if answer is None:
            return
        self._hold(answer.reason == "ok", number, "cannot be closed:", answer.reason)
        self._closed[number] = sums.as_dict() | {"short": missing}

    def _sync(self, device: CampaignDevice) -> None:
        try:
            trouble = device.run(HASTE_S).trouble
        except Died:
            trouble = "died"
        if device.dead:
            self._rise(device)
        if trouble is None and not device.waiting():
            self._drained(device)

    def _faults(self, _: CampaignDevice) -> None:
        self._hospital.order_faults(self._weather.draw())

    def _calm(self, _: CampaignDevice) -> None:
        self._hospital.order_faults({})

    def _die(self, device: CampaignDevice) -> None:
        device.die_in(self._dice.randint(1, 8), random.Random(self._dice.random()))

    def _restart(self, device: CampaignDevice) -> None:
        device.close()
        device.open()

    def _hospital_restarts(self, _: CampaignDevice) -> None:
        self._hospital.restart()

    def _clock(self, device: CampaignDevice) -> None:
        device.jump(self._dice.choice((-1, 1)) * self._dice.choice((1_000, HOUR_MS // 2, 30 * HOUR_MS, 720 * HOUR_MS)))

    # ----------------------------------------------------------------------------------------------------- behind them

    def _number(self, device: CampaignDevice) -> str:
        own = OWN[device.name]
        return SHARED if own in self._closed or self._dice.random() < 0.7 else own

    def _ask(
        self, device: CampaignDevice, number: str, act: Callable[[Receiving], ScanOutcome | CommandOutcome]
    ) -> ScanOutcome | CommandOutcome | None:
        """The answer, given or on the disk of the dead; None if there is neither."""
        if number in self._closed:
            return None
        answer: object = None
        with contextlib.suppress(Died):
            answer = act(device.desk(number))
        if device.dead:
            answer = device.survived
            if isinstance(answer, ScanOutcome | CommandOutcome):
                self._model.recorded(device.name, f"{number}-R1")
            self._rise(device)
        elif isinstance(answer, ScanOutcome | CommandOutcome):
            self._model.recorded(device.name, f"{number}-R1")
            self._hold(answer.reason != "not_recorded", number, "not recorded:", answer.trouble)
        return answer if isinstance(answer, ScanOutcome | CommandOutcome) else None

    def _rise(self, device: CampaignDevice) -> None:
        device.rise()
        self._hold(device.sql("PRAGMA quick_check") == [("ok",)], device.name, "rose with a damaged file")
        found = {str(receipt): (count, whole) for receipt, count, whole in device.sql(ENTRIES)}
        there = {receipt: one for receipt, one in found.items() if one[0]}
        known = self._model.entries.items()
        wanted = {receipt: (count, 1) for (name, receipt), count in known if name == device.name}
        self._hold(there == wanted, device.name, "has entries", there, "and should have", wanted)

    def _drained(self, device: CampaignDevice) -> None:
        self._model.drained(device.name)

    def _come_to_rest(self) -> None:
        """The network is whole, time passes, nobody does anything more."""
        self._hospital.order_faults({})
        for device in self._devices.values():
            device.live_on()
            device.settings = PATIENT
            self._restart(device)
        for _ in range(ROUNDS_MOST):
            troubles = [device.run(LIMIT_S).trouble for device in self._devices.values()]
            for device in self._devices.values():
                device.jump(2 * HOUR_MS)
            if troubles == [None, None] and not any(device.waiting() for device in self._devices.values()):
                break
        for device in (*self._devices.values(), *self._devices.values()):
            self._hold(device.run(LIMIT_S).trouble is None, device.name, "does not come to rest")
            self._drained(device)

    # ---------------------------------------------------------------------------------------------- the promises

    def _compare(self) -> None:
        ledger = self._hospital.ledger()
        self.report.broken += self._model.judge(ledger["codes"], [row["code"] for row in ledger["conflicts"]])
        self._compare_outboxes({str(row["id"]) for row in ledger["conflicts"]})
        receipts = {row["delivery"]: row for row in ledger["receipts"]}
        for number, sums in self._closed.items():
            row = receipts.get(number, {})
            self._hold((row.get("state"), row.get("equation")) == ("closed", sums), number, row, "closed with", sums)
        for number in (SHARED, *OWN.values()):
            self._compare_sides(number, {row["code"] for row in ledger["codes"] if _is_in(row, number)})
        counts = self.report.counts
        counts |= {"beeps": self._model.beeps, "undos": self._model.undos, "conflicts": len(ledger["conflicts"])}
        counts |= {"double_beeps": self._model.double_beeps(), "poison_records": self._model.poison_records}
        counts["deaths"] = sum(device.deaths for device in self._devices.values())
        counts["ledger"] = len(ledger["codes"])

    def _compare_outboxes(self, conflicts: set[str]) -> None:
        poisoned, told = 0, set()
        for device in self._devices.values():
            for state, result, code, kept, kind in device.sql(RESULTS):
                item = uuid.UUID(bytes=kept) if isinstance(kept, bytes) else kept
                poisoned += code == "poisoned"
                told |= {str(item)} if result == "conflict" else set()
                known = state == "refused" and (code == "poisoned" or result == "conflict") and kind == "scan"
                self._hold(known, device.name, kind, item, "ends as", state, result, code)
        self._hold(poisoned == self._model.poison_records, poisoned, "poison records of", self._model.poison_records)
        self._hold(conflicts <= told, "conflicts that no device was told:", *sorted(conflicts - told))

    def _compare_sides(self, number: str, there: set[str]) -> None:
        for device in self._devices.values():
            known = {
                str(row[0])
                for row in device.sql(f"SELECT code FROM known_codes WHERE delivery = '{number}' AND state = 'in'")
            }
            self._hold(known == there, number, device.name, "replica differs by", *sorted(known ^ there))
            lines = device.sql(f"SELECT sum(received) FROM receipt_lines WHERE receipt = '{number}-R1'")
            received = lines[0][0]
            self._hold(received in (None, len(there)), number, device.name, "counts", received, "of", len(there))

    def _hold(self, promise: bool, *words: object) -> None:
        if not promise:
            self.report.broken.append(" ".join(map(str, words)))


def _is_in(row: Mapping[str, Any], number: str) -> bool:
    return bool(row["delivery"] == number and row["state"] == "in")
