"""Ours, for the figure `wedge`: the whole truth table of the keyboard scanner, and 500 labels at a real window.

Prints one JSON line of counts. The window needs Xvfb and setxkbmap; without them its counts are left out, and said so.
Exit status 1: a label was changed, vanished without a word, showed in a field, or pressed a button.
"""

from __future__ import annotations

import json
import sys

from tests.devices import wedge_table
from tests.fixtures.xtyping import Screen, reason_without
from tests.ui.wedge_window import WindowUnderKeys, pairwise, shoot_pairs

LABELS = 500


def main() -> int:
    """Everything once."""
    count = wedge_table.run()
    found = {
        "table: labels": count.total,
        "table: equal": count.equal,
        "table: refused with a reason": sum(count.refused.values()),
        "table: changed, silent or shown": len(count.changed) + len(count.silent) + len(count.shown_beside_scan),
    }
    found |= {f"table: {code}": number for code, number in sorted(count.refused.items())}
    missing = reason_without()
    if missing is None:
        found |= at_a_window()
    else:
        print(f"no labels at a window: {missing}", file=sys.stderr)
    print(json.dumps(found))
    return 1 if any(number for name, number in found.items() if "changed" in name) else 0


def at_a_window() -> dict[str, int]:
    """Pairwise cases through an X server."""
    with Screen() as screen, WindowUnderKeys(screen) as window:
        seen = shoot_pairs(screen, window, pairwise(LABELS))
    wrong = {case: number for case, number in seen.items() if " " in case}
    for case in wrong:
        print(case, file=sys.stderr)
    return {
        "window: changed, shown or a button pressed": sum(wrong.values()),
        **{f"window: {name}": number for name, number in sorted(seen.items()) if name not in wrong},
    }


if __name__ == "__main__":
    sys.exit(main())
