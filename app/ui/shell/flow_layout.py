"""A layout that puts parts in lines like words, and stretches no part. Used by the status strip. UI thread."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowLayout(QLayout):
    """Parts from left to right; a part that does not fit begins a new line. Its height follows from its width."""

    def __init__(self, parent: QWidget, *, gap_px: int, margin_px: int) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._gap = gap_px
        self.setContentsMargins(margin_px, 0, margin_px, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, place: int) -> QLayoutItem | None:  # None ends Qt's walk
        return self._items[place] if 0 <= place < len(self._items) else None

    def takeAt(self, place: int) -> QLayoutItem | None:  # type: ignore[override]  # None ends Qt's walk
        return self._items.pop(place) if 0 <= place < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        margins = self.contentsMargins()
        shown = [item.sizeHint() for item in self._items if not item.isEmpty()]
        wide = sum(size.width() for size in shown) + self._gap * max(0, len(shown) - 1)
        high = max((size.height() for size in shown), default=0)
        return QSize(wide + margins.left() + margins.right(), high)

    def minimumSize(self) -> QSize:
        margins = self.contentsMargins()
        shown = [item.minimumSize() for item in self._items if not item.isEmpty()]
        wide = max((size.width() for size in shown), default=0)
        return QSize(wide + margins.left() + margins.right(), max((size.height() for size in shown), default=0))

    def _place(self, rect: QRect, *, move: bool) -> int:
        margins = self.contentsMargins()
        left, right = rect.left() + margins.left(), rect.right() - margins.right() + 1
        x, y, high = left, rect.top(), 0
        for item in self._items:
            if item.isEmpty():
                continue
            size = item.sizeHint()
            if x > left and x + size.width() > right:
                x, y, high = left, y + high, 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), QSize(min(size.width(), right - left), size.height())))
            x += size.width() + self._gap
            high = max(high, size.height())
        return y + high - rect.top()
