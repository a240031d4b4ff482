"""Frames as the model sees them, kept on disk: one file a frame, with a checksum, under a cap on the whole.

A file is the BLAKE2b digest of its pixels and then the pixels. What does not match is deleted and decoded
again. The cache is a convenience: a full disk stops the writing, never the run.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

import numpy as np

from engine.video.pixels import PixelRule

DIGEST = 16
"""Bytes of the checksum."""

LEAVE = 0.9
"""Share of the cap that is left after old frames were deleted."""


class PixelCache:
    """Frames by video, index and rule. Safe for several processes: files appear whole."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        self.writing = True

    def video(self, path: Path | str) -> str:
        """Name of a video's present content; another file at the same path gets another."""
        real = os.path.realpath(path)
        about = os.stat(real)
        text = f"{real}\0{about.st_size}\0{about.st_mtime_ns}"
        return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()

    def _file(self, video: str, index: int, rule: PixelRule) -> Path:
        return self.folder / video[:2] / f"{video[2:]}-{index}-{rule.name}"

    def get(self, video: str, index: int, rule: PixelRule) -> np.ndarray | None:
        """[S, S, 3] uint8, or None."""
        file = self._file(video, index, rule)
        try:
            data = file.read_bytes()
        except OSError:
            return None
        pixels = data[DIGEST:]
        if len(pixels) != 3 * rule.size**2 or blake2b(pixels, digest_size=DIGEST).digest() != data[:DIGEST]:
            file.unlink(missing_ok=True)
            return None
        os.utime(file)  # the least recently used frames go first
        return np.frombuffer(pixels, np.uint8).reshape(rule.size, rule.size, 3)

    def put(self, video: str, index: int, rule: PixelRule, pixels: np.ndarray) -> int:
        """Returns the bytes written; 0 once the disk has refused."""
        if not self.writing:
            return 0
        file = self._file(video, index, rule)
        partial = file.with_name(f".{file.name}.{os.getpid()}")
        data = np.ascontiguousarray(pixels).data
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as out:
                out.write(blake2b(data, digest_size=DIGEST).digest())
                out.write(data)
            os.replace(partial, file)
        except OSError:
            partial.unlink(missing_ok=True)
            self.writing = False
            return 0
        return DIGEST + data.nbytes

    def bytes(self) -> int:
        """Of all frames held."""
        return sum(size for _, size, _ in self._held())

    def shrink(self, cap: int) -> int:
        """Deletes the least recently used frames if there is more than `cap`; returns the bytes left."""
        held = sorted(self._held())
        total = sum(size for _, size, _ in held)
        if total <= cap:
            return total
        for _, size, file in held:
            if total <= LEAVE * cap:
                break
            Path(file).unlink(missing_ok=True)
            total -= size
        return total

    def _held(self) -> list[tuple[int, int, str]]:
        """(last use in ns, bytes, file) of each; half-written ones of processes that died among them."""
        found = []
        for folder in self.folder.glob("??"):
            with os.scandir(folder) as entries:
                for entry in entries:
                    try:
                        about = entry.stat()
                    except FileNotFoundError:
                        continue
                    found.append((about.st_mtime_ns, about.st_size, entry.path))
        return found
