"""Bytes kept on disk by name, each file with a checksum, under a cap on the whole.

A file is the BLAKE2b digest of its content and then the content. What does not match is deleted and made
again. A shelf is a convenience: a full disk stops the writing, never the run.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

from modules.atomic_write import atomic_write

DIGEST = 16
"""Bytes of the checksum."""

SHRINK_TO = 0.9
"""Share of the cap that is left after old files were deleted."""


class DiskCache:
    """Files by name. Safe for several processes: files appear whole."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        self.writing = True

    def _file(self, name: str) -> Path:
        return self.folder / name[:2] / name[2:]

    def get(self, name: str) -> bytes | None:
        """The content, or None."""
        file = self._file(name)
        try:
            data = file.read_bytes()
        except OSError:
            return None
        content = data[DIGEST:]
        if blake2b(content, digest_size=DIGEST).digest() != data[:DIGEST]:
            self.drop(name)
            return None
        try:
            os.utime(file)  # the least recently used files go first
        except FileNotFoundError:
            pass  # another process made room meanwhile
        return content

    def drop(self, name: str) -> None:
        """Deletes what is no good to the caller."""
        self._file(name).unlink(missing_ok=True)

    def put(self, name: str, content: bytes | memoryview) -> int:
        """Returns the bytes written; 0 once the disk has refused."""
        if not self.writing:
            return 0
        file = self._file(name)
        try:
            with atomic_write(file, per_process=True) as partial, partial.open("wb") as out:
                out.write(blake2b(content, digest_size=DIGEST).digest())
                out.write(content)
        except OSError:
            self.writing = False
            return 0
        return DIGEST + len(content)

    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size, _ in self._entries())

    def shrink(self, cap: int) -> int:
        """Deletes the least recently used files if there is more than `cap`; returns the bytes left."""
        entries = sorted(self._entries())
        total = sum(size for _, size, _ in entries)
        if total <= cap:
            return total
        for _, size, file in entries:
            if total <= SHRINK_TO * cap:
                break
            Path(file).unlink(missing_ok=True)
            total -= size
        return total

    def _entries(self) -> list[tuple[int, int, str]]:
        """(last use in ns, bytes, file) of each; half-written ones of processes that died among them."""
        entries = []
        for folder in self.folder.glob("??"):
            with os.scandir(folder) as files:
                for entry in files:
                    try:
                        about = entry.stat()
                    except FileNotFoundError:
                        continue
                    entries.append((about.st_mtime_ns, about.st_size, entry.path))
        return entries
