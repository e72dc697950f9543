"""The line to the relay (云码平台) in words: its state, what is wrong, and who mends it. Pure; any thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.base.texts import Texts
from app.flows.views import RefusedManifest
from app.ui.icons import Icon
from app.ui.theme import Tone
from sync.status import RelayStatus

NAMED = 3
OF_IT = frozenset({"relay_denied", "relay_untrusted", "relay_bad_address"})
"""Troubles that the technician has to mend; the others pass by themselves."""


@dataclass(frozen=True, slots=True)
class RelayView:
    """What is known of the relay."""

    status: RelayStatus
    refused: tuple[RefusedManifest, ...] = ()


@dataclass(frozen=True, slots=True)
class RelayState:
    """The state in one look: `code` names its words, `why` the trouble behind it if there is one."""

    code: str
    icon: Icon
    tone: Tone
    why: str | None = None


def state_of(status: RelayStatus) -> RelayState:
    """Not there is as calm as connected; only what a person must mend is loud."""
    if status.network == "absent":
        return RelayState("relay_state_absent", Icon.CLOUD_OFF, Tone.QUIET)
    if status.trouble is not None:
        tone = Tone.ATTENTION if status.trouble in OF_IT else Tone.QUIET
        return RelayState("relay_state_away", Icon.CLOUD_OFF, tone, status.trouble)
    if status.network == "online":
        return RelayState("relay_state_online", Icon.CLOUD_DONE, Tone.GOOD)
    return RelayState("relay_state_unknown", Icon.WAITING, Tone.QUIET)


def refused_words(texts: Texts, lang: str, manifest: RefusedManifest) -> tuple[str, str]:
    """Which one and why, and who does what about it."""
    name = manifest.delivery or manifest.manifest
    title = texts.title("relay_refused", lang, name=name, why=texts.title(manifest.code, lang))
    owner = texts.title("relay_owner_supplier", lang)
    return title, texts.title("relay_refused_next", lang, owner=owner, advice=texts.advice(manifest.code, lang))


def refused_in_short(texts: Texts, lang: str, refused: Sequence[RefusedManifest]) -> tuple[str, str]:
    """Which ones, in one sentence, and who does what about the newest."""
    names = ("、" if lang == "zh" else ", ").join(each.delivery or each.manifest for each in refused[:NAMED])
    if len(refused) > NAMED:
        names += "…"
    title = texts.title("tasks_refused_manifests", lang, count=len(refused), names=names)
    owner, advice = texts.title("relay_owner_supplier", lang), texts.advice(refused[0].code, lang)
    return title, texts.advice("tasks_refused_manifests", lang, owner=owner, advice=advice)


def refused_here(texts: Texts, lang: str, code: str) -> tuple[str, str]:
    """For whoever receives this very delivery: why its manifest is not used, and how to go on."""
    owner, why = texts.title("relay_owner_supplier", lang), texts.title(code, lang)
    values = {"why": why, "owner": owner, "advice": texts.advice(code, lang)}
    return texts.title("recv_manifest_refused", lang, **values), texts.advice("recv_manifest_refused", lang, **values)
