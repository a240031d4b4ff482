"""Files and folders that appear under their name only when complete: written to a sibling, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path, *, per_process: bool = False) -> Iterator[Path]:
    """Yields a sibling of `path` to write a file or a folder to, and renames it to `path` afterwards.

    An exception removes the sibling and leaves `path` as it was. The sibling keeps the suffix, because numpy
    and Pillow derive the format from it; its parent exists, it itself does not. per_process: the sibling's
    name holds the process id, for a path that several processes may write at a time; without it the next
    write replaces what a killed process left.

        with atomic_write(folder / "clips.npz") as partial:
            np.savez(partial, frames=frames)
    """
    partial = sibling(path, f"{os.getpid()}.partial" if per_process else "partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    remove(partial)
    try:
        yield partial
        if path.is_dir():
            replace_folder(partial, path)
        else:
            os.replace(partial, path)
    except BaseException:
        remove(partial)
        raise


def sibling(path: Path, kind: str) -> Path:
    """A hidden path in the same folder: `clips.npz` and "partial" give `.clips.partial.npz`."""
    return path.with_name(f".{path.stem}.{kind}{path.suffix}")


def replace_folder(partial: Path, folder: Path) -> None:
    """Renames a complete folder to `folder`. One of that name is kept as its sibling "previous" until the new
    one is in place, so that at no time there is neither."""
    previous = sibling(folder, "previous")
    if folder.exists():
        remove(previous)
        folder.rename(previous)
    partial.rename(folder)
    remove(previous)


def remove(path: Path) -> None:
    """Deletes a file or a folder with its content; nothing where there is neither."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
