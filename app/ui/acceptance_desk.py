"""What a person wishes of acceptance and of a receipt's papers, carried out for the window, one at a time. Worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from PySide6.QtCore import SignalInstance

from app.base.errors import Trouble
from app.base.texts import Texts
from app.domain.rights import EXPORT, Operator
from app.flows.permission import demand
from app.store.writer import SETTLE
from app.ui.receipt_buttons import file_name
from app.ui.signals import Signals

if TYPE_CHECKING:
    from app.flows.acceptance import Acceptance
    from app.flows.acceptance_view import AcceptanceView
    from app.flows.receipt_document import ReceiptDocument
    from app.wiring import Program

Values = tuple[object, ...]


class Say(Protocol):
    """Emits a signal on the UI thread."""

    def __call__(self, signal: SignalInstance, *values: object) -> None: ...


class AcceptanceDesk:
    """Acceptance in one window."""

    def __init__(self, program: Program, to: Signals, say: Say) -> None:
        self._program = program
        self._to = to
        self._say = say

    def tell(self, operator: Operator | None) -> None:
        """The receipts that wait; nothing while nobody is signed in."""
        if operator is not None:
            self._say(self._to.acceptance_listed, self._program.acceptance.waiting(operator))

    def open(self, operator: Operator, receipt: str) -> None:
        """Raises Trouble acceptance_no_receipt."""
        self._say(self._to.acceptance_changed, self._program.acceptance.view(receipt, operator))

    def act(self, operator: Operator, receipt: str, name: str, values: Values) -> None:
        """One act by its name in `ACTS`, or a paper of `PAPERS`. Raises Trouble as the flow does."""
        if name in PAPERS:
            self._say(self._to.paper_told, receipt, name, self._paper(operator, receipt, name, values))
            return
        act = ACTS.get(name)
        if act is None:
            raise Trouble("acceptance_text_bad")
        view = act(self._program.acceptance, operator.id, receipt, values)
        self._say(self._to.acceptance_changed, view)
        self.tell(operator)

    def _paper(self, operator: Operator, receipt: str, kind: str, values: Values) -> ReceiptDocument | Path:
        """The document for whoever draws it; a table is written here. Raises Trouble: no_right, receipt_not_here, …"""
        from app.flows.receipt_document import ReceiptDocuments  # noqa: PLC0415 - no scan waits for it

        program = self._program
        if kind == "xlsx":
            demand(operator, EXPORT)
        papers = ReceiptDocuments(program.writer.database, program.catalogue)
        document = program.writer.call(lambda: papers.of(receipt), priority=SETTLE, write=False)
        if kind != "xlsx":
            return document
        from app.flows.receipt_document_tables import Words  # noqa: PLC0415
        from app.flows.receipt_document_xlsx import xlsx_of  # noqa: PLC0415 - a library that only a workbook needs
        from app.flows.whole_file import write_whole  # noqa: PLC0415

        path = Path(str(values[0])) / file_name(receipt, kind)
        write_whole(path, xlsx_of(document, Words(Texts.load(), str(values[1]))))
        return path


PAPERS = ("pdf", "print", "xlsx")
Act = Callable[["Acceptance", str, str, Values], "AcceptanceView"]


def _number(text: object) -> int:
    """A line's number as it was typed."""
    try:
        return int(str(text))
    except ValueError:
        raise Trouble("acceptance_no_line", line=str(text)[:20] or "?") from None


def _report(flow: Acceptance, operator: str, receipt: str, values: Values) -> AcceptanceView:
    line, kind, no = map(str, values)
    return flow.type_report(operator, receipt, _number(line), kind, no)


def _conclude(flow: Acceptance, operator: str, receipt: str, values: Values) -> AcceptanceView:
    qualified, lines, note = values
    return flow.conclude(
        operator, receipt, qualified=bool(qualified), unqualified=cast("tuple[int, ...]", lines), note=str(note)
    )


ACTS: dict[str, Act] = {
    "temperature": lambda flow, operator, receipt, values: flow.type_temperature(operator, receipt, str(values[0])),
    "logger": lambda flow, operator, receipt, values: flow.take_logger(operator, receipt, Path(str(values[0]))),
    "invoice": lambda flow, operator, receipt, values: flow.type_invoice(
        operator, receipt, str(values[0]), str(values[1])
    ),
    "licence": lambda flow, operator, receipt, values: flow.type_licence(
        operator, receipt, str(values[0]), str(values[1])
    ),
    "report": _report,
    "photo": lambda flow, operator, receipt, values: flow.add_photo(
        operator, receipt, Path(str(values[0])), str(values[1])
    ),
    "conclude": _conclude,
    "sign": lambda flow, operator, receipt, values: flow.sign(operator, receipt, str(values[0]), str(values[1])),
    "put_away": lambda flow, operator, receipt, values: flow.put_away(operator, receipt, str(values[0])),
    "undo": lambda flow, operator, receipt, _: flow.undo(operator, receipt),
}
"""What a screen may wish for."""
