"""The parts of one record's story: its attempts, what people did, a doubt that only a person clears, setting aside.
UI thread.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.base.texts import Texts
from app.domain.upload_owners import Owner
from app.flows.upload_search import UploadStory
from app.store.contradictions import Act
from app.ui.icons import Icon
from app.ui.screens.moments import moment
from app.ui.theme import Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import PlainButton, PrimaryButton
from app.ui.widgets.cards import Card, SectionTitle
from app.ui.widgets.choices import Choice, Field
from app.ui.widgets.fitting import Label
from sync.upload_log import Attempt

BAD_WORDS = {"refused": Tone.STOP, "conflict": Tone.STOP, "no_answer": Tone.ATTENTION, "killed": Tone.ATTENTION}
MARK_SIGNS = 8  # of a fingerprint: enough to compare two of them by eye


class Lines(Card):
    """A title and lines under it, made anew with each story."""

    def __init__(self, code: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._look, self._texts = Look(), Texts({})
        self._labels: list[Label] = []
        self.add(SectionTitle(code))

    def draw(self, lines: Sequence[tuple[str, Tone, bool]]) -> None:
        """Words, tone, and whether they are a heading."""
        for label in self._labels:
            self.rows.removeWidget(label)
            label.hide()
            label.deleteLater()
        self._labels = []
        for words, tone, head in lines:
            label = Label(size=Size.BODY if head else Size.SMALL, tone=tone, bold=head)
            label.show_text(words)
            self.add(label)
            self._labels.append(label)
        theme_tree(self, self._look, self._texts)

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._look, self._texts = look, texts


class DoubtCard(Card):
    """Nobody can be asked whether it arrived: a person looks and says so."""

    decided = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tone=Tone.ATTENTION, parent=parent)
        self._look, self._texts = Look(), Texts({})
        self.title = Label("upload_doubt_title", bold=True)
        self.advice = Label("upload_doubt_title", part="advice")
        self.shown = Label(size=Size.SMALL)
        self.arrived = PrimaryButton("upload_arrived", icon=Icon.CLOUD_DONE)
        self.again = PlainButton("upload_not_arrived", icon=Icon.RETRY)
        for part in (self.title, self.advice, self.shown, self.arrived, self.again):
            self.add(part)
        self.arrived.clicked.connect(lambda: self.decided.emit(True))
        self.again.clicked.connect(lambda: self.decided.emit(False))

    def draw(self, story: UploadStory, zone: str) -> None:
        """What the hospital shows of the code, and how old that is."""
        lang, seen = self._look.lang, story.evidence
        if seen.state is None:
            words = self._texts.title("upload_doubt_not_shown", lang)
        else:
            state = self._texts.title(f"code_state_{seen.state}", lang)
            words = self._texts.title("upload_doubt_shown", lang, state=state, device=seen.device)
        self.shown.show_text(f"{words} · {as_of(self._texts, lang, seen.replica_ms, zone)}")

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._look, self._texts = look, texts


class AsideCard(Card):
    """For whom something is set aside, and why."""

    done = Signal(str, str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._owner = Owner.PHARMACIST.value
        names = [owner.value for owner in Owner if owner is not Owner.NOBODY]
        self.choices = [
            Choice("upload_aside_title", [(name, f"owner_{name}") for name in pair])
            for pair in (names[start : start + 2] for start in range(0, len(names), 2))
        ]  # fmt: skip
        self.reason = Field("upload_aside_reason")
        self.missing = Label("reason_missing", tone=Tone.STOP)
        self.do = PrimaryButton("upload_aside_do", icon=Icon.SET_ASIDE)
        self.cancel = PlainButton("upload_cancel")
        self.add(Label("upload_aside_title", bold=True))
        for part in (*self.choices, self.reason, self.missing, self.do, self.cancel):
            self.add(part)
        for choice in self.choices:
            choice.chosen.connect(self._pick)
        self.missing.hide()
        self.do.clicked.connect(self._finish)
        self.reason.edit.returnPressed.connect(self._finish)
        self.cancel.clicked.connect(self.left)
        self._pick(self._owner)

    def _pick(self, owner: str) -> None:
        self._owner = owner
        for choice in self.choices:
            choice.set_value(owner)

    def _finish(self) -> None:
        reason = self.reason.edit.text().strip()
        self.missing.setVisible(not reason)
        if reason:
            self.reason.edit.clear()
            self.done.emit(self._owner, reason)


def as_of(texts: Texts, lang: str, at_ms: int | None, zone: str) -> str:
    """How old the hospital's data is."""
    return texts.title("as_of_never", lang) if at_ms is None else texts.title("as_of", lang, moment=moment(at_ms, zone))


def attempt_lines(texts: Texts, lang: str, attempts: Sequence[Attempt], zone: str) -> list[tuple[str, Tone, bool]]:
    """Two or three lines for each attempt, the latest first."""
    lines: list[tuple[str, Tone, bool]] = []
    sent = 0
    for attempt in attempts:
        sent += attempt.endpoint != "ask"
        told = _one_attempt(texts, lang, attempt, sent, zone)
        lines = told + lines
    return lines or [(texts.title("upload_attempts_none", lang), Tone.QUIET, False)]


def act_lines(texts: Texts, lang: str, acts: Sequence[Act], zone: str) -> list[tuple[str, Tone, bool]]:
    """A line for each act, the latest first."""
    return [
        (
            texts.title(
                "upload_act_line", lang, moment=moment(act.at_ms, zone), operator=act.operator,
                what=" · ".join(filter(None, (texts.title(f"act_{act.act}", lang), act.note))),
            ),
            Tone.INK, False,
        )
        for act in reversed(acts)
    ]  # fmt: skip


def _one_attempt(
    texts: Texts, lang: str, attempt: Attempt, count: int, zone: str
) -> list[tuple[str, Tone, bool]]:  # fmt: skip
    at = moment(attempt.sent_ms, zone, seconds=True) if attempt.sent_ms is not None else ""
    asked = "upload_attempt_asked_times" if attempt.times > 1 else "upload_attempt_asked"
    code = asked if attempt.endpoint == "ask" else "upload_attempt_sent"
    if not at:
        at = texts.title("upload_attempt_gone", lang)
    head = texts.title(code, lang, count=count, moment=at, times=attempt.times)
    reason = texts.title(attempt.code, lang) if attempt.code and texts.has(attempt.code) else attempt.code
    word = texts.title(f"attempt_{attempt.word}", lang) if texts.has(f"attempt_{attempt.word}") else attempt.word
    words = " · ".join(filter(None, (word, reason, attempt.text)))
    lines = [(head, Tone.QUIET, False), (words, BAD_WORDS.get(attempt.word, Tone.INK), True)]
    traces = _traces(texts, lang, attempt)
    return [*lines, (traces, Tone.QUIET, False)] if traces else lines


def _traces(texts: Texts, lang: str, attempt: Attempt) -> str:
    """For IT: batch, status, fingerprints, and what could not be understood."""
    if attempt.sent_ms is None or attempt.endpoint == "ask":
        return ""
    parts = [texts.title("upload_attempt_batch", lang, batch=attempt.batch, items=attempt.items)]
    if attempt.status is not None:
        parts.append(texts.title("upload_attempt_status", lang, status=attempt.status))
    if attempt.request:
        marks = {"request": attempt.request[:MARK_SIGNS], "reply": attempt.reply[:MARK_SIGNS] or "-"}
        parts.append(texts.title("upload_attempt_print", lang, **marks))
    if attempt.fragment:
        parts.append(texts.title("upload_attempt_fragment", lang, fragment=attempt.fragment))
    return " · ".join(parts)
