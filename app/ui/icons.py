"""The icons, all of one open set (Lucide, ISC), drawn in any colour and size. UI thread.

An icon never stands alone: whoever shows one gives the part an accessible name.
"""

from __future__ import annotations

import enum

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer

from app.base.paths import resources_dir


class Icon(enum.StrEnum):
    """What an icon means here → its file in resources/icons. The script build/assets.py reads this table."""

    TASKS = "clipboard-list"
    RECEIVE = "package-check"
    LOOKUP = "search"
    UPLOADS = "cloud-upload"
    DEVICES = "scan-barcode"
    SETTINGS = "settings"
    ABOUT = "info"
    MORE = "ellipsis"
    SCAN = "scan-line"
    DELIVERY = "truck"
    BOX = "package"
    BOX_OPEN = "package-open"
    BOXES = "boxes"
    DRUG = "pill"
    HOSPITAL = "hospital"
    PERSON = "user-round"
    BADGE = "id-card"
    SIGN_OUT = "log-out"
    LOCK = "lock"
    READY = "plug-zap"
    LOST = "unplug"
    ONLINE = "wifi"
    OFFLINE = "wifi-off"
    WAITING = "clock"
    CLOUD_DONE = "cloud-check"
    CLOUD_OFF = "cloud-off"
    GOOD = "circle-check"
    ATTENTION = "triangle-alert"
    STOP = "octagon-x"
    HELP = "circle-question-mark"
    CHECK = "check"
    CLOSE = "x"
    PLUS = "plus"
    MINUS = "minus"
    UNDO = "undo-2"
    RETRY = "refresh-cw"
    SET_ASIDE = "archive"
    EXPORT = "download"
    COPY = "copy"
    PAUSE = "pause"
    PLAY = "play"
    SKIP = "skip-forward"
    BACK = "arrow-left"
    NEXT = "chevron-right"
    DOWN = "chevron-down"
    UP = "chevron-up"
    ERASE = "delete"
    HISTORY = "history"
    LIST = "list-checks"
    DOCUMENT = "file-text"
    CALENDAR = "calendar-clock"
    DAMAGED = "package-x"
    SHORT = "package-minus"
    OVER = "package-plus"
    FLAG = "flag"
    LIGHT = "sun"
    DARK = "moon"
    LANGUAGE = "languages"
    TEXT_SIZE = "a-large-small"
    SOUND = "volume-2"
    SILENT = "volume-x"
    BELL = "bell"
    INBOX = "inbox"
    SERVER = "server"
    KEYBOARD = "keyboard"
    DISK = "hard-drive"
    TOOLS = "wrench"
    TOUR = "compass"
    LAYERS = "layers"
    SEND = "send"
    CAMERA = "camera"
    TORCH = "flashlight"
    PICTURE = "image"
    PASTE = "clipboard-paste"


EMPTY_DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"/>'


def pixmap(icon: Icon, colour: QColor | str, side_px: int, ratio: float = 1.0) -> QPixmap:
    """The icon in one colour, `side_px` logical pixels wide, sharp at the screen's `ratio`; kept in Qt's own cache.

    A file that is missing gives an empty picture: the name beside it still says what it is.
    """
    key = f"matou/{icon.value}/{QColor(colour).name(QColor.NameFormat.HexArgb)}/{side_px}/{ratio}"
    found = QPixmap()
    if not QPixmapCache.find(key, found):
        found = _render(icon, QColor(colour), side_px, ratio)
        QPixmapCache.insert(key, found)
    return found


def draw_icon(painter: QPainter, icon: Icon, colour: QColor | str, place: QRectF) -> None:
    """Paint the icon into a square place, whole pixels."""
    ratio = painter.device().devicePixelRatioF()
    side = round(min(place.width(), place.height()))
    if side < 1:
        return
    painter.drawPixmap(place.topLeft().toPoint(), pixmap(icon, colour, side, ratio))


def _render(icon: Icon, colour: QColor, side_px: int, ratio: float) -> QPixmap:
    picture = QPixmap(round(side_px * ratio), round(side_px * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    path = resources_dir() / "icons" / f"{icon.value}.svg"
    renderer = QSvgRenderer(QByteArray(path.read_bytes() if path.is_file() else EMPTY_DRAWING))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(0, 0, side_px, side_px))
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(QRectF(0, 0, side_px, side_px), colour)
    painter.end()
    return picture
