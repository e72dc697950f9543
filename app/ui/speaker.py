"""Plays the four tones through Qt's multimedia, which is slow to import: woken after the first paint. UI thread."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtMultimedia import QMediaDevices, QSoundEffect


class Speaker(QObject):
    """Holds each sound ready in memory."""

    def __init__(self, files: dict[str, Path], volume: float, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._effects: dict[str, QSoundEffect] = {}
        for name, path in files.items():
            effect = self._effects[name] = QSoundEffect(self)
            effect.setSource(QUrl.fromLocalFile(str(path)))
            effect.setVolume(volume)

    def play(self, name: str) -> None:
        """From its beginning, also when it still sounds: the newest scan is the one that counts."""
        for other, effect in self._effects.items():
            if other != name and effect.isPlaying():
                effect.stop()
        self._effects[name].play()

    def set_volume(self, volume: float) -> None:
        for effect in self._effects.values():
            effect.setVolume(volume)


def open_speaker(files: dict[str, Path], volume: float) -> Speaker | None:
    """The speaker, or None where this machine has no sound device."""
    if not QMediaDevices.audioOutputs():
        return None
    return Speaker(files, volume)
