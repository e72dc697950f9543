"""One code put to the relay (云码平台), on a thread of its own (`relay-question`): scanning never waits for it.

Begun and given up on the window's worker. An answer that comes after the person gave up is kept by the store and not
told any more.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.base.errors import Trouble
from app.flows.resolving import CodeAnswer

END_S = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelayQuestionView:
    """Where the question stands. `state`: asking, told, nothing (the relay does not know it), stopped, trouble."""

    code: str
    state: str = "asking"
    answer: CodeAnswer | None = None
    asked_ms: int = 0
    trouble: str | None = None

    @property
    def over(self) -> bool:
        return self.state != "asking"


class RelayQuestion:
    """One question at a time; a new one takes the place of the last. `tell` is called on any thread."""

    def __init__(self, ask: Callable[[str], tuple[CodeAnswer, ...]], tell: Callable[[RelayQuestionView], None]) -> None:
        self._ask = ask
        self._tell = tell
        self._lock = threading.Lock()
        self._turn = 0
        self._code = ""
        self._thread: threading.Thread | None = None

    def begin(self, code: str) -> None:
        """Answer: `tell`, now and once more when it is over."""
        with self._lock:
            self._turn += 1
            turn, self._code = self._turn, code
        self._tell(RelayQuestionView(code))
        self._thread = threading.Thread(target=self._work, args=(code, turn), name="relay-question", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """The person does not wait any longer."""
        with self._lock:
            code, self._code = self._code, ""
            self._turn += 1
        if code:
            self._tell(RelayQuestionView(code, "stopped"))

    def end(self) -> None:
        """Nobody listens any more; the store closes after this."""
        with self._lock:
            self._turn += 1
        if self._thread is not None:
            self._thread.join(END_S)

    def _work(self, code: str, turn: int) -> None:
        asked_ms = time.time_ns() // 1_000_000
        try:
            answers = self._ask(code)
            answer = next((each for each in answers if each.code == code), answers[0] if answers else None)
            view = RelayQuestionView(code, "told" if answer else "nothing", answer, asked_ms)
        except Trouble as trouble:
            view = RelayQuestionView(code, "trouble", asked_ms=asked_ms, trouble=trouble.code)
        except Exception:
            _log.critical("bug in a question to the relay", exc_info=True)
            view = RelayQuestionView(code, "trouble", asked_ms=asked_ms, trouble="bug")
        with self._lock:
            if turn != self._turn:
                return
            self._code = ""
        self._tell(view)
