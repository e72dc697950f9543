"""All that the window hears from the program: Qt signals in terms of views and outcomes, emitted on the UI thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class Signals(QObject):
    """What screens connect to. Each signal comes after the commit that it tells of, in the order of the commits."""

    ready = Signal()
    """The data folder is open: views can be asked for. Not emitted if it cannot be opened; then `trouble` says why."""
    site_changed = Signal(object)
    """SiteView: the hospital behind this folder (name, whether it is a demonstration, time zone)."""
    operators_changed = Signal(object)
    """tuple[OperatorChoice, …]: who may sign in here."""
    badge_read = Signal(str)
    """A badge was scanned while nobody is signed in: the operator's id, to be chosen in the list."""
    signed_in = Signal(object)
    """Operator (app.domain.rights)."""
    signed_out = Signal()
    tasks_changed = Signal(object)
    """TasksView."""
    delivery_offered = Signal(str)
    """A code of a waiting delivery was scanned in the task list: its number, to be shown and opened on a wish."""
    receipt_opened = Signal(object)
    """ReceiptView: scans count from now on."""
    receipt_changed = Signal(object)
    """ReceiptView: after a command, a stop, an exchange with the hospital, or a pause in scanning."""
    receipt_left = Signal()
    """No receipt is under the hand any more: left, paused, or closed by another device."""
    scan_answered = Signal(object)
    """ScanOutcome, one for each scan of a receipt, in order."""
    command_answered = Signal(object)
    """CommandOutcome, one for each command, in order with the scans."""
    looked_up = Signal(object)
    """CodeView (app.flows.lookups)."""
    relay_told = Signal(object)
    """RelayQuestionView (app.ui.relay_question): a code put to the relay, under way and over."""
    tree_found = Signal(object)
    """PackageTree (app.flows.package_view) of the code that was asked for; without a root where nobody knows it."""
    import_moved = Signal(object)
    """ImportView (app.ui.file_import): how far the file is, and at the end what came of it."""
    relay_changed = Signal(object)
    """RelayView (app.ui.relay_words): the line to the relay and the manifests that it could not bring."""
    acceptance_listed = Signal(object)
    """tuple[AcceptanceTask, …]: receipts that wait for acceptance or for the shelf."""
    acceptance_changed = Signal(object)
    """AcceptanceView (app.flows.acceptance_view) of the receipt that was opened or acted upon."""
    patient_changed = Signal(object)
    """IdentityView (app.flows.identity): a patient behind masks, being asked for, or let go of."""
    paper_told = Signal(str, str, object)
    """(receipt, kind of paper, ReceiptDocument to be drawn or Path of the file), as ReceiptButtons asked for it."""
    uploads_changed = Signal(object)
    """UploadsView."""
    upload_told = Signal(object)
    """UploadStory (app.flows.upload_search) of the record that was asked for."""
    upload_code_read = Signal(str)
    """A code was scanned while the uploads screen is in front."""
    conflicts_changed = Signal(object)
    """ConflictsView (app.flows.contradictions): at sign-in, after each exchange, and after an answer."""
    settings_changed = Signal(object)
    """tuple[SettingRow, …]: at start, after a change, and when another operator came or went."""
    scanners_changed = Signal(object)
    """tuple[DeviceStatus, …] in the order in which the scanners were named."""
    scanner_bytes = Signal(str, bytes)
    """(device, what it sent): only while the devices screen is in front, and never a patient's voucher."""
    doctor_changed = Signal(object)
    """DoctorView: the visit of a scanner as it stands."""
    search_changed = Signal(object)
    """SearchView: the search for a scanner as it stands."""
    sync_changed = Signal(object)
    """SyncStatus with the counts of this moment."""
    trouble = Signal(str, object)
    """(code, values of its text): for the notice panel. Also a scan that was not counted because of where it came."""
