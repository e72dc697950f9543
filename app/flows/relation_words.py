"""The report about a relation file in words, for the screen and the command line alike. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from app.base.texts import Texts
from app.flows.relation_report import FileReport, Finding


def report_words(report: FileReport, texts: Texts, lang: str) -> Iterator[str]:
    """What became of the file, what is in it, what is wrong with it: a sentence each."""
    if report.imported_as is not None and report.imported_ms is not None and report.imported_as != report.file:
        when = f"{dt.datetime.fromtimestamp(report.imported_ms / 1000, dt.UTC).astimezone():%Y-%m-%d %H:%M}"
        yield texts.title("relation_imported_before", lang, file=report.file, when=when, before=report.imported_as)
    else:
        yield texts.title(f"relation_state_{report.state}", lang, file=report.file)
    if report.codes:
        batches = (", " if lang == "en" else "、").join(report.batches) or "-"
        yield texts.line("relation_counts", lang, codes=report.codes, cartons=report.cartons, batches=batches)
    if report.set_aside:
        yield texts.line("relation_set_aside", lang, codes=report.set_aside)
    for kind, findings in (("relation_problem", report.problems), ("relation_note", report.notes)):
        for finding in findings:
            yield texts.line(kind, lang, sentence=finding_words(finding, texts, lang))
        for code in dict.fromkeys(finding.code for finding in findings):
            listed = sum(finding.code == code for finding in findings)
            if (more := dict(report.counted)[code] - listed) > 0:
                last = next(each for each in reversed(findings) if each.code == code)
                sentence = texts.title(code, lang, **dict(last.values))
                yield texts.line(kind, lang, sentence=texts.line("relation_more", lang, count=more, sentence=sentence))


def finding_words(finding: Finding, texts: Texts, lang: str) -> str:
    """What is wrong, and in which line."""
    sentence = texts.line(finding.code, lang, **dict(finding.values))
    if finding.line is None:
        return sentence
    return texts.line("relation_at_line", lang, line=finding.line, sentence=sentence)
