"""Makes acceptance for a program: brought only when somebody asks for it, a scan does not wait for its imports."""

from __future__ import annotations

from collections.abc import Callable

from app.base.clock import Clock, IdMaker
from app.base.paths import DataPaths
from app.base.settings import Settings
from app.flows.acceptance import Acceptance, AcceptanceParts
from app.flows.acceptance_tables import AcceptanceWords
from app.flows.sign_in import SignIn
from app.store.acceptance import AcceptanceJournal
from app.store.attachments import Attachments
from app.store.catalogue import Catalogue
from app.store.writer import StoreWriter


def acceptance_of(
    writer: StoreWriter,
    catalogue: Catalogue,
    paths: DataPaths,
    door: SignIn,
    clock: Clock,
    settings: Callable[[], Settings],
) -> Acceptance:
    """One for each program; what an earlier run left half is swept away."""
    attachments = Attachments(paths)
    attachments.sweep()
    journal = AcceptanceJournal(writer.database)
    return Acceptance(
        AcceptanceParts(
            writer, catalogue, journal, attachments, door, clock, IdMaker(), AcceptanceWords.load(), settings
        )
    )
