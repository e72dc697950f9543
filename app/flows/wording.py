"""Outcomes → sentences, for the screen and the command line alike. Pure."""

from __future__ import annotations

from app.base.texts import Texts
from app.flows.outcomes import CommandOutcome, ScanOutcome


def scan_sentence(texts: Texts, outcome: ScanOutcome, lang: str = "zh") -> str:
    """What happened to this box."""
    sentence = texts.line(scan_text(outcome), lang, **outcome.values)
    return f"{sentence} · {texts.title('as_of', lang, moment=outcome.as_of)}" if outcome.as_of else sentence


def scan_text(outcome: ScanOutcome) -> str:
    """The text of the reason, the one that says more where there is more to say."""
    if outcome.reason == "ambiguous" and outcome.values.get("fits"):
        return "ambiguous_fits"
    if outcome.reason == "scan_not_allowed" and outcome.values.get("who"):
        return "scan_not_allowed_who"
    return outcome.reason


def command_sentence(texts: Texts, outcome: CommandOutcome, lang: str = "zh") -> str:
    """What became of the command; several details are joined into one sentence."""
    joint = "，" if lang == "zh" else ", "
    details = joint.join(texts.title(code, lang, **values) for code, values in outcome.details)
    return texts.line(outcome.text, lang, **outcome.values, details=details)
