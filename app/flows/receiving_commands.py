"""The commands of a receipt: undo, outcomes, confirm, pause, close. On the writer's thread, one transaction each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.base.errors import Trouble
from app.domain.codes import Gs1, ProductCode, Reading, Voucher, key_of, read
from app.domain.commands import NAMES, BadCommand, Command, parse
from app.domain.documents import OUTCOMES_BY_CODE, Equation
from app.domain.own_forms import LEAST_VOUCHER, holds_voucher
from app.domain.packages import code_of, is_piece, piece_of
from app.domain.reasons import COMMAND_REASONS, OK
from app.domain.receiving import CodeFacts
from app.domain.rights import CLOSE, CLOSE_DIFFERENCE, EXEMPT, RECEIVE, UNDO
from app.domain.rights import SCAN as SHOOT
from app.flows.items import close_item, outcome_item, reversal_item
from app.flows.outcomes import CommandOutcome, Values
from app.flows.package_commands import PackageCommands
from app.flows.permission import Refusal
from app.flows.pieces import Pieces, batch_key
from app.store.receipts import Entry, Undoable
from app.store.writer import SCAN

WITHOUT_DELIVERY = frozenset({"undo", "confirm", "pause"})
"""What can still be done when the hospital has taken the delivery back."""

if TYPE_CHECKING:
    from app.flows.receiving import Receiving


class Commands:
    """Answers commands for one receipt."""

    def __init__(self, desk: Receiving) -> None:
        self._desk = desk
        self._pieces = Pieces(desk.parts.writer.database)
        self._doers: dict[str, Callable[[Command, int, int, str], CommandOutcome]] = {
            "undo": self._undo,
            "short": self._quantity,
            "over": self._quantity,
            "exempt": self._quantity,
            "damaged": self._by_code,
            "reject": self._by_code,
            "confirm": self._confirm,
            "pause": self._pause,
            "close": self._close,
        }
        self._packages = PackageCommands(desk, self.note, self._no)
        self._doers |= {"open": self._packages.open, "level": self._packages.level}

    def answer(self, text: str, at_ms: int, witness_pin: str | None = None) -> CommandOutcome:
        """Answer one command; a command that holds a patient's voucher is neither stored nor echoed."""
        words = text.split()
        name = words[0] if words and words[0] in NAMES else None
        long_words = (word for word in words if len(word) >= LEAST_VOUCHER)  # to read a short one costs an import
        if holds_voucher(text) or any(isinstance(read(word), Voucher) for word in long_words):
            return CommandOutcome(None, name, "voucher_at_dock", "voucher_at_dock")
        desk = self._desk
        try:
            if name == "witness":
                outcome = self._witness(words[1:], at_ms, witness_pin)
            else:
                outcome = desk.parts.writer.call(lambda: self._do(text, at_ms), priority=SCAN)
        except Exception as error:
            return CommandOutcome(None, name, "not_recorded", "not_recorded", trouble=desk.failure_code(error))
        if outcome.ok:
            desk.parts.nudge(outcome.command == "close")
        return outcome

    def _do(self, text: str, at_ms: int) -> CommandOutcome:
        row = self._desk.present()
        seq, command = row.next_seq, parse(text)
        if isinstance(command, BadCommand):
            return self._no(command.name, seq, at_ms, text, command.reason, {"command": command.name or ""})
        if row.withdrawn and command.name not in WITHOUT_DELIVERY:
            return self._no(command.name, seq, at_ms, text, "delivery_withdrawn", {"delivery": self._desk.delivery})
        return self._doers[command.name](command, seq, at_ms, text)

    def _undo(self, command: Command, seq: int, at_ms: int, text: str) -> CommandOutcome:
        receipts, receipt = self._desk.parts.receipts, self._desk.key.id
        code = None if command.code is None else self._undone(command.code)
        target = receipts.undoable(receipt, seq=command.seq, code=code)
        refusal = self._desk.refusal(SHOOT, RECEIVE)
        if refusal is None and target is not None and self._is_anothers(target):
            refusal = self._desk.refusal(UNDO)
        if refusal is not None:
            return self._may_not("undo", seq, at_ms, text, refusal)
        if target is None:
            return self._no("undo", seq, at_ms, text, "nothing_to_undo", {})
        if target.command in ("open", "level"):
            return self._packages.take_back(target, seq, at_ms, text)
        stamp = self._desk.stamp(seq, at_ms)
        receipts.take_back(receipt, target.seq)
        self.note(stamp.id, seq, at_ms, "undo", OK, text, negates=target.seq, code=target.code)
        self._desk.enqueue(reversal_item(stamp, negates=target.id))
        held = target.outcome is None and target.code is not None and receipts.still_held(receipt, target.code)
        sentence = "undone_outcome" if target.outcome else ("undone_still_in" if held else "undone_scan")
        return CommandOutcome(seq, "undo", OK, sentence, {"seq": target.seq})

    def _is_anothers(self, target: Undoable) -> bool:
        """True if the hospital has it, or may have it, by somebody else."""
        parts, receipt = self._desk.parts, self._desk.key.id
        if parts.receipts.operator_of(receipt, target.seq) == self._desk.operator.id:
            return False
        return bool(parts.outbox.rows(ids=[target.id], states=("accepted", "in_flight", "unsure")))

    def _quantity(self, command: Command, seq: int, at_ms: int, text: str) -> CommandOutcome:
        """short, over, exempt: a number of packs of a line."""
        assert command.line is not None
        assert command.count is not None
        assert command.outcome is not None
        desk = self._desk
        values: Values = {"line": command.line, "count": command.count, "operator": desk.operator.id}
        line = desk.parts.facts.line(desk.key, command.line)
        refusal = desk.refusal(EXEMPT if command.outcome == "exempt" else RECEIVE)
        if refusal is not None:
            return self._may_not(command.name, seq, at_ms, text, refusal)
        problem = None
        if line is None:
            problem = "no_such_line"
        elif command.outcome != "over" and command.count > line.expected:
            problem = "quantity_bad"
        if problem:
            return self._no(command.name, seq, at_ms, text, problem, values)
        stamp = desk.stamp(seq, at_ms)
        self.note(
            stamp.id, seq, at_ms, command.name, OK, text, line=command.line, packs=command.count,
            outcome=command.outcome, note=command.reason_text,
        )  # fmt: skip
        desk.parts.receipts.set_quantity(desk.key.id, seq, command.outcome, command.line, command.count)
        desk.enqueue(
            outcome_item(
                stamp, outcome=command.outcome, line=command.line, code=None, count=command.count, digest=None,
                reason=command.reason_text,
            )
        )  # fmt: skip
        return CommandOutcome(seq, command.name, OK, f"recorded_{command.outcome}", values)

    def _by_code(self, command: Command, seq: int, at_ms: int, text: str) -> CommandOutcome:
        """damaged, reject: all packs of a code, scanned before or not."""
        assert command.code is not None
        assert command.outcome in OUTCOMES_BY_CODE
        desk = self._desk
        refusal = desk.refusal(RECEIVE)
        if refusal is not None:
            return self._may_not(command.name, seq, at_ms, text, refusal)
        stamp = desk.stamp(seq, at_ms)
        reading = read(code_of(command.code), desk.parts.catalogue.patterns())
        facts = desk.parts.facts.of(reading, desk.key, piece=self._piece(command.code, reading, stamp.id))
        problem = "product_code" if isinstance(reading, ProductCode) else _why_not_here(facts)
        if isinstance(reading, Gs1) and reading.ambiguous and not facts.in_manifest and facts.piece is None:
            problem = "ambiguous"
        if problem:
            return self._no(command.name, seq, at_ms, text, problem, {"drug": facts.drug.name if facts.drug else ""})
        assert facts.line is not None
        count, code = facts.packs.packs, facts.piece or facts.key
        self.note(
            stamp.id, seq, at_ms, command.name, OK, text, code=code, line=facts.line.line, packs=count,
            outcome=command.outcome, note=command.reason_text,
        )  # fmt: skip
        desk.parts.receipts.set_outcome(desk.key.id, seq, command.outcome)
        desk.enqueue(
            outcome_item(
                stamp, outcome=command.outcome, line=facts.line.line, code=code, count=count,
                digest=facts.packs.digest, reason=command.reason_text, line_guessed=facts.line_guessed,
            )
        )  # fmt: skip
        return CommandOutcome(seq, command.name, OK, f"recorded_{command.outcome}", {"count": count})

    def _undone(self, text: str) -> str:
        """Of which code: of a batch the piece that came last."""
        reading = read(text)
        batch = batch_key(reading)
        return (batch and self._pieces.latest(self._desk.key.id, batch)) or key_of(reading) or text

    def _piece(self, text: str, reading: Reading, item: str) -> str | None:
        """Of a code that names a batch the piece meant: itself, else the last one that came in whole, else one more."""
        batch = batch_key(reading)
        if batch is None or is_piece(text):
            return text if batch else None
        return self._pieces.latest(self._desk.key.id, batch, whole=True) or piece_of(batch, item)

    def _confirm(self, _: Command, seq: int, at_ms: int, text: str) -> CommandOutcome:
        row = self._desk.parts.receipts.find(self._desk.key.id)
        if row is None or not row.held:
            return self._no("confirm", seq, at_ms, text, "nothing_to_confirm", {})
        self._desk.parts.receipts.set_flags(self._desk.key.id, held=False)
        return self._plain("confirm", seq, at_ms, text, "confirmed")

    def _pause(self, _: Command, seq: int, at_ms: int, text: str) -> CommandOutcome:
        self._desk.parts.receipts.set_flags(self._desk.key.id, paused=True)
        return self._plain("pause", seq, at_ms, text, "paused")

    def _close(self, _: Command, seq: int, at_ms: int, text: str) -> CommandOutcome:
        desk = self._desk
        refusal = desk.refusal(CLOSE, CLOSE_DIFFERENCE)
        if refusal is not None:
            return self._may_not("close", seq, at_ms, text, refusal)
        lines = desk.parts.facts.lines(desk.key)
        details: list[tuple[str, Values]] = []
        for line in lines:
            if line.missing:
                sentence = "line_lacks" if line.missing > 0 else "line_exceeds"
                details.append((sentence, {"line": line.line, "count": abs(line.missing)}))
        if details:
            return self._no("close", seq, at_ms, text, "outcome_missing", {}, tuple(details))
        equation = Equation.of(lines)
        differs = equation.received != equation.expected or any(line.over for line in lines)
        refusal = desk.refusal(CLOSE_DIFFERENCE) if differs else None
        if refusal is not None:
            return self._may_not("close", seq, at_ms, text, refusal)
        missing = desk.parts.acceptance().may_close(desk.key.id)
        if missing:
            told = tuple((one.code, dict(one.values)) for one in missing)
            return self._no("close", seq, at_ms, text, "acceptance_unfinished", {}, told)
        stamp = desk.stamp(seq, at_ms)
        self.note(stamp.id, seq, at_ms, "close", OK, text)
        desk.enqueue(close_item(stamp, equation=equation))
        desk.parts.receipts.close(desk.key.id, operator=desk.operator.id, at_ms=at_ms)
        return CommandOutcome(seq, "close", OK, "closed")

    def _witness(self, words: list[str], at_ms: int, pin: str | None) -> CommandOutcome:
        """The second person signs. The proof of a PIN takes its time, so it is not made on the writer's thread.

        Of what was typed only the person is kept: somebody may have typed the PIN behind it.
        """
        desk = self._desk
        text = " ".join(["witness", *words[:1]])
        desk.parts.writer.call(desk.present, priority=SCAN, write=False)
        values: Values = {"operator": words[0] if words else ""}
        problem: str | None = None
        found = values
        if len(words) != 1:
            problem, found = "bad_command", {"command": "witness"}
        elif not pin:
            problem = "witness_pin_missing"
        else:
            try:
                desk.parts.acceptance().sign(desk.operator.id, desk.key.id, words[0], pin)
            except Trouble as trouble:
                if trouble.code not in COMMAND_REASONS:
                    raise
                problem, found = trouble.code, {**values, **trouble.values}

        def keep() -> CommandOutcome:
            seq = desk.present().next_seq
            if problem is not None:
                return self._no("witness", seq, at_ms, text, problem, found)
            self.note(desk.stamp(seq, at_ms).id, seq, at_ms, "witness", OK, text)
            return CommandOutcome(seq, "witness", OK, "witnessed", values)

        return desk.parts.writer.call(keep, priority=SCAN)

    def _may_not(self, name: str, seq: int, at_ms: int, text: str, refusal: Refusal) -> CommandOutcome:
        """A right is missing: who has it is said."""
        self._no(name, seq, at_ms, text, refusal.reason, refusal.values)
        return CommandOutcome(seq, name, refusal.reason, f"command_{refusal.reason}_who", refusal.values)

    def _plain(self, name: str, seq: int, at_ms: int, text: str, sentence: str) -> CommandOutcome:
        self.note(self._desk.stamp(seq, at_ms).id, seq, at_ms, name, OK, text)
        return CommandOutcome(seq, name, OK, sentence)

    def _no(
        self,
        name: str | None,
        seq: int,
        at_ms: int,
        text: str,
        reason: str,
        values: Values,
        details: tuple[tuple[str, Values], ...] = (),
    ) -> CommandOutcome:
        """A command that did not work is kept too."""
        self.note(self._desk.stamp(seq, at_ms).id, seq, at_ms, name, reason, text)
        return CommandOutcome(seq, name, reason, f"command_{reason}", values, details)

    def note(
        self,
        item: str,
        seq: int,
        at_ms: int,
        name: str | None,
        reason: str,
        text: str,
        *,
        negates: int | None = None,
        code: str | None = None,
        line: int | None = None,
        packs: int | None = None,
        outcome: str | None = None,
        note: str | None = None,
        in_force: bool | None = None,
    ) -> None:
        """Keep the command in the journal; what can be undone later is in force."""
        desk = self._desk
        in_force = outcome is not None if in_force is None else in_force
        entry = Entry(
            desk.key.id, seq, item, "command", at_ms, desk.operator.id, None, reason, payload=text, code=code,
            line=line, packs=packs, command=name, outcome=outcome, negates=negates, in_force=in_force,
            note=note,
        )  # fmt: skip
        desk.parts.receipts.add(entry)


def _why_not_here(facts: CodeFacts) -> str | None:
    """Why a code cannot be given an outcome in this receipt."""
    if facts.in_manifest:
        return None if facts.packs else "ambiguous"
    if facts.drug is None:
        return "unknown_code"
    if facts.line is None or facts.line.coded or facts.other_delivery:
        return "not_in_delivery"
    return None if facts.packs else "ambiguous"
