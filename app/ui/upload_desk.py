"""The session's part for uploads and conflicts: what is shown, and what a signed-in person does about it.

On the window's worker, like the session that owns it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.domain.rights import Operator
from app.flows.views import UploadFilter
from app.ui.signals import Signals
from app.wiring import Program

if TYPE_CHECKING:
    from app.ui.session import Say

PAGE = 200
_log = logging.getLogger(__name__)


class UploadDesk:
    """Remembers what is shown, so that it can be shown again."""

    def __init__(self, program: Program, to: Signals, say: Say) -> None:
        self._program = program
        self._to = to
        self._say = say
        self._wanted: tuple[UploadFilter, int, int | None] = (UploadFilter(), PAGE, None)
        self._told_open = 0
        self._told_reopened: set[tuple[str, int]] = set()

    def tell(self, wanted: tuple[UploadFilter, int, int | None] | None = None) -> None:
        """`wanted`: (filter, limit, before), kept until other ones are wanted."""
        self._wanted = wanted or self._wanted
        self._say(self._to.uploads_changed, self._program.uploads.found(*self._wanted))

    def tell_story(self, item: str) -> None:
        story = self._program.uploads.log.story(item)
        if story is not None:
            self._say(self._to.upload_told, story)

    def retry(self, operator: Operator, ids: Sequence[str]) -> int:
        """How many were left as they are."""
        _log.info("%s sends %d items again", operator.id, len(ids))
        again = self._program.uploads.retry(ids)
        self._program.uploads.log.retried(ids, operator)
        return len(ids) - again

    def retry_found(self, operator: Operator, wanted: UploadFilter, before: int | None) -> int | None:
        """One page of what the filter finds is sent again; the place of the next page, None at the end."""
        page = self._program.uploads.log.page(wanted, PAGE, before)
        ids = [row.id for row in page.rows if row.state in ("refused", "held")]
        if ids:
            self.retry(operator, ids)
        return page.next

    def set_aside(self, operator: Operator, ids: Sequence[str], owner: str, reason: str) -> None:
        """Raises Trouble `reason_missing`."""
        self._program.uploads.log.set_aside(ids, operator, owner, reason)
        self._after(ids)

    def decide(self, operator: Operator, item: str, *, arrived: bool) -> None:
        """A person's word on an item of which nobody else knows."""
        self._program.uploads.log.decide([item], operator, arrived=arrived)
        self._after([item])

    def tell_conflicts(self, operator: Operator | None) -> None:
        """Those of this person; a new one is said aloud, wherever they are."""
        if operator is None:
            self._told_open = 0
            self._told_reopened.clear()
            return
        view = self._program.uploads.contradictions.view(operator)
        self._say(self._to.conflicts_changed, view)
        if view.open > self._told_open:
            self._say(self._to.trouble, "conflict_came", {"count": view.open})
        self._told_open = view.open
        self._tell_reopened(operator)

    def _tell_reopened(self, operator: Operator) -> None:
        """The close that the hospital did not take is told to whoever made it; others see it in the list."""
        for each in self._program.tasks.reopened():
            if each.closed_by == operator.id and (each.receipt, each.at_ms) not in self._told_reopened:
                self._told_reopened.add((each.receipt, each.at_ms))
                self._say(self._to.trouble, "receipt_reopened", {"delivery": each.delivery, "why": each.why})

    def answer_conflict(self, operator: Operator, number: int, act: str, reason: str) -> None:
        """`act`: take_back, ask or leave. Raises Trouble as `Contradictions` does."""
        contradictions = self._program.uploads.contradictions
        if act == "leave":
            contradictions.leave(number, operator, reason)
        else:
            {"take_back": contradictions.take_back, "ask": contradictions.ask}[act](number, operator)
        self.tell_conflicts(operator)

    def _after(self, ids: Sequence[str]) -> None:
        self.tell()
        if len(ids) == 1:
            self.tell_story(ids[0])
