"""Frames as the model sees them, kept on a shelf: one file a frame."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

import numpy as np

from engine.video.disk_cache import DiskCache
from engine.video.pixels import PixelRule


class PixelCache(DiskCache):
    """Frames by video, index and rule."""

    @staticmethod
    def video(path: Path | str) -> str:
        """Name of a video's present content; another file at the same path gets another."""
        real = os.path.realpath(path)
        about = os.stat(real)
        text = f"{real}\0{about.st_size}\0{about.st_mtime_ns}"
        return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()

    def frame(self, video: str, index: int, rule: PixelRule) -> np.ndarray | None:
        """[S, S, 3] uint8, or None."""
        name = _name(video, index, rule)
        pixels = self.get(name)
        if pixels is None:
            return None
        if len(pixels) != 3 * rule.size**2:
            self.drop(name)
            return None
        return np.frombuffer(pixels, np.uint8).reshape(rule.size, rule.size, 3)

    def store(self, video: str, index: int, rule: PixelRule, pixels: np.ndarray) -> int:
        """Returns the bytes written; 0 once the disk has refused."""
        return self.put(_name(video, index, rule), np.ascontiguousarray(pixels).data.cast("B"))


def _name(video: str, index: int, rule: PixelRule) -> str:
    return f"{video}-{index}-{rule.name}"
