"""What happens when a command fails: trouble becomes one line, a bug becomes a report. Main thread and all others."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

from app.base.errors import EXIT_BUG, Trouble
from app.base.texts import Texts

_log = logging.getLogger(__name__)
_EXIT_INTERRUPTED = 130


def run_guarded(command: Callable[[], int]) -> int:
    """Run a command. Trouble: one line `code: sentence` on standard error and its status; a bug: 70."""
    threading.excepthook = _thread_bug
    try:
        status = command()
        sys.stdout.flush()
    except Trouble as trouble:
        say_trouble(trouble)
        return trouble.exit_status
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED
    except BrokenPipeError:
        _drop_standard_output()
        return 0
    except Exception as error:
        report_bug(type(error), error, error.__traceback__)
        return EXIT_BUG
    return status


def say_trouble(trouble: Trouble) -> None:
    """The one line that a person, or a script, reads."""
    lang = "en" if os.environ.get("MATOU_LANG") == "en" else "zh"
    say_line(trouble.code, Texts.load().line(trouble.code, lang, **trouble.values))


def say_line(code: str, sentence: str) -> None:
    """`code: sentence` on standard error, whatever the console's encoding."""
    _write(f"{code}: {sentence}\n")


def report_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log the trace; say that it was the program's fault."""
    if _log.hasHandlers():  # without a log, logging's own last resort would say all of it a second time
        _log.critical("bug", exc_info=(kind, error, trace))
    _write(f"bug: {Texts.load().line('bug', kind=kind.__name__)}\n")
    _write("".join(traceback.format_exception(kind, error, trace)))


def _thread_bug(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        report_bug(args.exc_type, args.exc_value, args.exc_traceback)


def _write(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.buffer.write(text.encode("utf-8", "replace"))
        sys.stderr.buffer.flush()


def _drop_standard_output() -> None:
    """Whoever read our output has gone: point it nowhere, so that the interpreter's last flush is silent."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
