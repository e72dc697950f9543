"""`!open` and `!level`: what the person at the dock knows of a package. On the writer's thread, inside a command.

What is said here is known on every device afterwards: it is written to the log of packages and goes to the hospital.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.codes import ProductCode, key_of, product_key_of, read
from app.domain.commands import Command
from app.domain.packages import code_of
from app.domain.reasons import OK
from app.flows.items import Stamp, package_item
from app.flows.outcomes import CommandOutcome
from app.store.package_events import DECLARE_ERROR, DELETE, OBSERVE, PackageEventRow
from app.store.receipts import Undoable

if TYPE_CHECKING:
    from app.flows.receiving import Receiving

CLERK = "clerk"


class PackageCommands:
    """Answers them for one receipt."""

    def __init__(self, desk: Receiving, note: Callable[..., None], refuse: Callable[..., CommandOutcome]) -> None:
        self._desk = desk
        self._note = note
        self._no = refuse

    def open(self, command: Command, seq: int, at_ms: int, text: str) -> CommandOutcome:
        """A carton was opened by hand: it stands for its content no more, its packs are shot singly."""
        assert command.code is not None
        reading = read(code_of(command.code), self._desk.parts.catalogue.patterns())
        facts = self._desk.parts.facts.of(reading, self._desk.key)
        if isinstance(reading, ProductCode):
            return self._no("open", seq, at_ms, text, "product_code", {})
        if facts.key is None or (facts.drug is None and not facts.in_manifest):
            return self._no("open", seq, at_ms, text, "unknown_code", {})
        if facts.level == 1:
            return self._no("open", seq, at_ms, text, "not_a_package", {})
        stamp = self._desk.stamp(seq, at_ms)
        self._tell(stamp, PackageEventRow(stamp.id, at_ms, CLERK, DELETE, parent=facts.key))
        self._note(stamp.id, seq, at_ms, "open", OK, text, code=facts.key, in_force=True)
        return CommandOutcome(seq, "open", OK, "recorded_open", {"code": facts.key})

    def level(self, command: Command, seq: int, at_ms: int, text: str) -> CommandOutcome:
        """What a code is that nobody knew: its drug and level; with a prefix, so are all codes of that prefix."""
        parts = self._desk.parts
        assert command.code is not None
        assert command.drug is not None
        reading = read(code_of(command.code), parts.catalogue.patterns())
        key = key_of(reading)
        drug = parts.catalogue.drug(command.drug)
        known = parts.facts.of(reading, self._desk.key)
        problem = None
        if key is None:
            problem = "product_code" if isinstance(reading, ProductCode) else "unknown_code"
        elif drug is None:
            problem = "no_such_drug"
        elif known.level is not None and known.drug is not None:
            problem = "level_known"
        if problem or drug is None:
            return self._no("level", seq, at_ms, text, problem, {"drug": command.drug})
        stamp = self._desk.stamp(seq, at_ms)
        prefix = product_key_of(reading)
        event = PackageEventRow(
            stamp.id, at_ms, CLERK, OBSERVE, code=key, level=command.level, drug=drug.drug, prefix=prefix
        )
        self._tell(stamp, event)
        self._note(stamp.id, seq, at_ms, "level", OK, text, code=key, in_force=True)
        return CommandOutcome(seq, "level", OK, "recorded_level", {"drug": drug.name, "level": command.level or 0})

    def take_back(self, target: Undoable, seq: int, at_ms: int, text: str) -> CommandOutcome:
        """It never was true: said again as an error, for the log keeps both."""
        stamp = self._desk.stamp(seq, at_ms)
        self._desk.parts.receipts.take_back(self._desk.key.id, target.seq)
        self._tell(stamp, PackageEventRow(stamp.id, at_ms, CLERK, DECLARE_ERROR, declares=target.id))
        self._note(stamp.id, seq, at_ms, "undo", OK, text, negates=target.seq, code=target.code)
        return CommandOutcome(seq, "undo", OK, f"undone_{target.command}", {"seq": target.seq})

    def _tell(self, stamp: Stamp, event: PackageEventRow) -> None:
        """To the log here, and to the hospital."""
        self._desk.parts.package_events.apply(replace(event, operator=stamp.operator, device=stamp.device))
        facts = {"verb": event.verb, "parent": event.parent, "code": event.code, "level": event.level,
                 "drug": event.drug, "prefix": event.prefix, "declares": event.declares}  # fmt: skip
        self._desk.enqueue(package_item(stamp, **{name: value for name, value in facts.items() if value is not None}))
