"""Two kinds of failure: Trouble (the world said no; typed, told in words) and everything else, which is a bug.

Trouble
 ├─ WrongUse     the command line was used wrongly      → exit status 2
 └─ (itself)     cable, disk, network, rights, state    → exit status 3

A third kind of "no", a refused scan, is a value and never an exception (see app.domain.reasons).
"""

from __future__ import annotations

EXIT_DONE = 0
EXIT_WRONG_USE = 2
EXIT_WORLD_SAID_NO = 3
EXIT_BUG = 70


class Trouble(Exception):
    """The world said no.

    `code` is stable and has a title and an advice in resources/texts; `values` fill the places in that text.
    """

    exit_status = EXIT_WORLD_SAID_NO

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        if not self.values:
            return self.code
        return f"{self.code} ({', '.join(f'{name}={value}' for name, value in self.values.items())})"


class WrongUse(Trouble):
    """The program was called wrongly; nothing was done."""

    exit_status = EXIT_WRONG_USE
