"""The severity ladder: real clips, distorted at five severities each (`core/training/ladder.json`).

A score must fall along each row. Two lists of clips go through the same grids: the twelve of the ladder, and
the hold-out clips that a rule in the table selects. The stitched fragments of a clip are cached in
`VQA_LADDER_CACHE`, [16, 3, 224, 224] uint8 each.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import correlate1d
from torch import Tensor

from modules.atomic_write import atomic_write
from procedural.clips import pair_times
from procedural.codec import through, x264
from procedural.sources import shared_folder
from small.data import CACHE, normalised
from small.footage import Footage, fragments

TABLE = json.loads((Path(__file__).parents[3] / "core" / "training" / "ladder.json").read_text("utf-8"))
FOLDER = Path(os.environ.get("VQA_LADDER_CACHE", CACHE.parent / "ladder")) / f"v{TABLE['version']}"
GRIDS = tuple(grid["id"] for grid in TABLE["grids"])
LEVELS = 5
PRISTINE = "pristine"

Key = tuple[str, str, int]
"""Clip, grid, step; the undistorted clip has the grid `pristine` and step 0."""


def _levels(table: np.ndarray) -> np.ndarray:
    return table.round().clip(0, 255).astype(np.uint8)


def distorted(rgb: np.ndarray, grid: str, level: float, rng: np.random.Generator) -> np.ndarray:
    """A frame [H, W, 3] distorted at a level of a grid that needs no encoder."""
    values = np.arange(256.0)
    match grid:
        case "gain":
            return _levels(values * level)[rgb]
        case "contrast":
            return _levels(128 + level * (values - 128))[rgb]
        case "noise":
            noise = rng.standard_normal(rgb.shape, dtype=np.float32)
            return (rgb + np.float32(level) * noise).round().clip(0, 255).astype(np.uint8)
        case "sigma":
            # Pillow's own Gaussian is three box blurs, far off for small radii: a kernel by hand.
            radius = int(np.ceil(3.5 * level))
            kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / level) ** 2)
            return _separable(rgb, (kernel / kernel.sum()).astype(np.float32))
        case "scale":
            height, width = rgb.shape[:2]
            small = tuple(max(2 * round(side / level / 2), 2) for side in (width, height))
            image = Image.fromarray(rgb).resize(small, Image.Resampling.BICUBIC)
            return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
    raise ValueError(f"ladder.json names an unknown grid, {grid}")


def _separable(rgb: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    frame = rgb.astype(np.float32)
    for axis in (0, 1):
        frame = correlate1d(frame, kernel, axis, mode="nearest")
    return frame.round().clip(0, 255).astype(np.uint8)


def shown(grid: str, level: float, length: int) -> np.ndarray:
    """Frame numbers [L] shown at each time of a frozen or thinned clip."""
    times = np.arange(length)
    if grid == "drop":
        return int(level) * (times // int(level))
    still = round(level * length)
    start = (length - still) // 2
    return np.where((times >= start) & (times < start + still), start, times)


def levels_of(grid: Mapping, index: int) -> list[float]:
    """The levels of a grid for the clip at an index of its list."""
    return grid["levelsOdd"] if index % 2 and "levelsOdd" in grid else grid["levels"]


def _make(path: Path, index: int) -> Iterator[tuple[str, np.ndarray]]:
    """Names and fragments [16, 3, 224, 224] of all points of one clip."""
    footage = Footage(path, TABLE["frames"])
    times, back = np.unique(pair_times(len(footage)), return_inverse=True)  # short clips repeat frames
    frames = [footage.rgb(int(t)) for t in times]
    yield PRISTINE, np.stack([fragments(frame) for frame in frames])[back]
    planes = None
    for grid in TABLE["grids"]:
        for step, level in enumerate(levels_of(grid, index)):
            name, key = f"{grid['id']}_{step}", grid["id"]
            if key in ("crf", "freeze", "drop"):
                planes = footage.planes() if planes is None else planes
                encode = grid.get("encode", {"crf": level, "preset": "veryfast"})
                source = planes if key == "crf" else planes.take(shown(key, level, len(footage)))
                coded = through(source, x264(encode["crf"], encode["preset"])).take(times)
                made = [fragments(footage.colour(y, *uv)) for y, uv in zip(coded.y, coded.uv, strict=True)]
            else:
                rng = np.random.default_rng((index, step))
                made = [fragments(distorted(frame, key, level, rng)) for frame in frames]
            yield name, np.stack(made)[back]


def _path(clip: str) -> Path:
    return FOLDER / f"{Path(clip).stem}.npz"


def make_ladder(which: str = "clips") -> None:
    """Renders the missing clips of a list of the table, `clips` or `holdOut`, into the cache.

    Raises FileNotFoundError without the clips (`VQA_SHARED`).
    """
    for index, clip in enumerate(TABLE[which]):
        out = _path(clip)
        if out.exists():
            continue
        wall, cpu = time.time(), time.process_time()
        points = dict(_make(shared_folder() / "media" / clip, index))
        with atomic_write(out, per_process=True) as partial:
            np.savez(partial, **points)
        print(f"{clip} {time.time() - wall:.1f} s wall, {time.process_time() - cpu:.1f} cpu-s", flush=True)


@lru_cache(maxsize=2)
def _made(clip: str) -> Mapping[str, np.ndarray]:
    return np.load(_path(clip))  # members are read on access


def _bytes(key: Key) -> np.ndarray:
    clip, grid, step = key
    return _made(clip)[grid if grid == PRISTINE else f"{grid}_{step}"]


def keys_of(which: str = "clips") -> list[Key]:
    """All points of a list's rows, the undistorted clip first."""
    steps = [(grid, step) for grid in GRIDS for step in range(LEVELS)]
    return [(clip, grid, step) for clip in TABLE[which] for grid, step in [(PRISTINE, 0), *steps]]


def ladder_clips(which: str = "clips") -> Iterator[tuple[str, str, int, Tensor]]:
    """(clip, grid, step, pixels [16, 3, 224, 224] normalised); grid `pristine` is the clip itself."""
    make_ladder(which)
    for key in keys_of(which):
        yield *key, normalised(_bytes(key))


@dataclass(frozen=True)
class LadderClips:
    """`ClipSet` of the points of a list's rows."""

    which: str = "clips"
    """`clips` or `holdOut`."""

    @property
    def name(self) -> str:
        return "ladder" if self.which == "clips" else "ladder-hold-out"

    @property
    def fingerprint(self) -> str:
        return f"v{TABLE['version']}"

    @property
    def names(self) -> list[str]:
        return [f"{clip}/{grid}/{step}" for clip, grid, step in keys_of(self.which)]

    def pixels(self, name: str) -> Tensor:
        clip, grid, step = name.split("/")
        return normalised(_bytes((clip, grid, int(step))))


def mean_luma(clip: str) -> float:
    """Mean luma, 0 to 1, of the undistorted clip's fragments."""
    rgb = _bytes((clip, PRISTINE, 0)).mean((0, 2, 3))
    return float(rgb @ [0.299, 0.587, 0.114] / 255)


def rows(keys: Sequence[Key], scores: np.ndarray, which: str = "clips") -> dict[tuple[str, str], np.ndarray]:
    """Scores [6] of each (clip, grid), undistorted first, of scores by (clip, grid, step)."""
    by_key = dict(zip(keys, scores, strict=True))
    by_row = {}
    for clip in TABLE[which]:
        for grid in GRIDS:
            steps = [by_key[clip, grid, step] for step in range(LEVELS)]
            by_row[clip, grid] = np.array([by_key[clip, PRISTINE, 0], *steps])
    return by_row


def certainly_best(clip: str, grid: str, luma: float) -> np.ndarray | None:
    """Mask [5] of the row's distorted points that are certainly worse than the clip itself, by the table's
    rule `best`; None where the rule excludes the row."""
    rule = TABLE["best"]
    if grid == "crf" and clip in rule["compressed"]:
        return None
    if grid != "gain":
        return np.ones(LEVELS, bool)
    if luma < rule["meanLuma"]:
        return None
    which = "clips" if clip in TABLE["clips"] else "holdOut"
    table = next(g for g in TABLE["grids"] if g["id"] == "gain")
    gains = np.array(levels_of(table, TABLE[which].index(clip)))
    return np.maximum(gains, 1 / gains) >= rule["gain"]


if __name__ == "__main__":
    make_ladder()
