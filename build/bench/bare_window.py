"""Bare, for `ui_first_paint`: an empty PySide6 window of the same size, from the start of its process to its paint."""

import json
import sys
import time
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QMainWindow

STARTED_S = float(sys.argv[1])  # time.monotonic() of the caller, just before this process
REST_MS = 500  # until memory is looked at


class Window(QMainWindow):
    painted_ms = cpu_ms = 0.0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        self.painted_ms = self.painted_ms or (time.monotonic() - STARTED_S) * 1000
        self.cpu_ms = self.cpu_ms or time.process_time() * 1000


def memory_mb() -> float:
    rows = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith("VmRSS"))


application = QApplication(sys.argv[:1])
window = Window()
window.resize(1280, 800)
window.show()
QTimer.singleShot(REST_MS, application.quit)
application.exec()
found = {"paint_ms": [window.painted_ms], "paint_cpu_ms": [window.cpu_ms], "memory_mb": [memory_mb()]}
print(json.dumps(found))
