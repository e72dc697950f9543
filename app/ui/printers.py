"""The printers of the system. Main thread.

A printer takes a job and prints it later: that it has run out of paper in the middle is only seen by looking at it, and
the text of a finished job says so. What can be known beforehand (none there, another name, stopped) is told by name.
"""

from __future__ import annotations

from PySide6.QtPrintSupport import QPrinter, QPrinterInfo

from app.base.errors import Trouble

_STOPPED = (QPrinter.PrinterState.Error, QPrinter.PrinterState.Aborted)


class Printers:
    """Finds and opens them."""

    def names(self) -> tuple[str, ...]:
        """What the system offers, the default one first."""
        found = {info.printerName(): info.isDefault() for info in QPrinterInfo.availablePrinters()}
        return tuple(sorted(found, key=lambda name: (not found[name], name)))

    def state(self, name: str) -> QPrinter.PrinterState:
        return QPrinterInfo.printerInfo(name).state()

    def open(self, name: str | None, title: str) -> tuple[QPrinter, str]:
        """A printer with a job of this title. Raises Trouble: printer_missing, printer_unknown, printer_stopped."""
        names = self.names()
        if not names:
            raise Trouble("printer_missing")
        wanted = name or names[0]
        if wanted not in names:
            raise Trouble("printer_unknown", printer=wanted, printers=", ".join(names))
        if self.state(wanted) in _STOPPED:
            raise Trouble("printer_stopped", printer=wanted)
        device = self.device(wanted)
        device.setDocName(title)
        device.setCreator("Matou")
        return device, wanted

    def device(self, name: str) -> QPrinter:
        device = QPrinter(QPrinter.PrinterMode.HighResolution)
        device.setPrinterName(name)
        return device

    def check(self, device: QPrinter, name: str) -> None:
        """After the last page. Raises Trouble `printer_stopped` where the job did not get through."""
        if device.printerState() in _STOPPED or self.state(name) in _STOPPED:
            raise Trouble("printer_stopped", printer=name)
