"""Makes acceptance for a program: brought only when somebody asks for it, a scan does not wait for its imports."""

from __future__ import annotations

from collections.abc import Callable

from app.base.paths import DataPaths
from app.base.settings import Settings
from app.flows.acceptance import Acceptance, AcceptanceParts
from app.flows.acceptance_items import AcceptanceItems
from app.flows.acceptance_tables import AcceptanceWords
from app.flows.receiving import Parts
from app.flows.sign_in import SignIn
from app.store.acceptance import AcceptanceJournal
from app.store.attachments import Attachments


def acceptance_of(
    parts: Parts,
    paths: DataPaths,
    door: SignIn,
    settings: Callable[[], Settings],
) -> Acceptance:
    """One for each program; what an earlier run left half is swept away."""
    attachments = Attachments(paths)
    attachments.sweep()
    journal = AcceptanceJournal(parts.writer.database)
    return Acceptance(
        AcceptanceParts(
            parts.writer, parts.catalogue, journal, attachments, door, parts.clock, parts.ids, AcceptanceWords.load(),
            settings, AcceptanceItems(parts),
        )
    )  # fmt: skip
