"""The ladder: real clips damaged on purpose, `src/core/ladder.json`. A score must fall along each row.

Clips are decoded by the rules of the page: frames in presentation order, RGB from the planes by the tagged
matrix (BT.601 limited without a tag) with the nearest chroma sample, rotation applied, fragments cut from
native pixels. The stitched fragments are kept in `VQA_LADDER_CACHE`, [16, 3, 224, 224] uint8 each.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image
from scipy.ndimage import correlate1d
from torch import Tensor

from procedural.clips import pair_times
from procedural.codec import through, x264
from procedural.fragments import edges
from procedural.planes import Planes
from procedural.sources import shared_folder
from small.data import CACHE, CELL, GRID, normalised

TABLE = json.loads((Path(__file__).parents[3] / "src" / "core" / "ladder.json").read_text("utf-8"))
FOLDER = Path(os.environ.get("VQA_LADDER_CACHE", CACHE.parent / "ladder")) / f"v{TABLE['version']}"
SIDE = GRID * CELL
LEVELS = 5

MATRICES = {1: (0.2126, 0.0722), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593), 7: (0.212, 0.087)}
"""Kr and Kb by AVColorSpace: BT.709, BT.2020 (both), SMPTE 240M; all else is BT.601."""


class Footage:
    """The first frames of a clip, as coded, and their colours."""

    def __init__(self, path: Path, count: int):
        # The model's frames are those of the stream: an edit list hides none of them.
        options = {"ignore_editlist": "1"} if path.suffix in (".mp4", ".mov") else {}
        self.frames: list[av.VideoFrame] = []
        with av.open(str(path), options=options) as container:
            stream = container.streams.best("video")
            stream.thread_count = 1
            for frame in container.decode(stream):
                self.frames.append(frame)
                if len(self.frames) == count:
                    break
        first = self.frames[0]
        self.kr, self.kb = MATRICES.get(int(first.colorspace), (0.299, 0.114))
        self.full = int(first.color_range) == 2 or first.format.name.startswith("yuvj")
        self.turns = (getattr(first, "rotation", 0) or 0) // 90

    def __len__(self) -> int:
        return len(self.frames)

    def planes(self) -> Planes:
        """All frames as 8-bit 4:2:0 (even sizes), for an encoder."""
        width, height = self.frames[0].width & ~1, self.frames[0].height & ~1
        out = Planes(
            np.empty((len(self), height, width), np.uint8),
            np.empty((len(self), 2, height // 2, width // 2), np.uint8),
        )
        for k, frame in enumerate(self.frames):
            plain = frame.format.name in ("yuv420p", "yuvj420p")
            out.put(k, frame if plain else frame.reformat(format="yuv420p"))
        return out

    def rgb(self, k: int) -> np.ndarray:
        """Frame k, shown size [H, W, 3] uint8."""
        frame = self.frames[k]
        depth = frame.format.components[0].bits
        kind = np.uint8 if depth == 8 else np.dtype("<u2")
        y, u, v = (
            np.frombuffer(p, np.uint8).reshape(p.height, -1).view(kind)[:, : p.width] / 2.0 ** (depth - 8)
            for p in frame.planes
        )
        return self.colour(y, u, v)

    def colour(self, y: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """8-bit-scaled planes [H, W], [h, w] → RGB [H, W, 3] uint8, turned to the shown orientation."""
        (height, width), (h, w) = y.shape, u.shape
        luma = y.astype(np.float32) if self.full else (y.astype(np.float32) - 16) * (255 / 219)
        scale = 1 if self.full else 255 / 224
        ys, xs = np.arange(height) * h // height, np.arange(width) * w // width
        cb, cr = (((c - 128.0) * scale).astype(np.float32)[ys][:, xs] for c in (u, v))
        kr, kb, kg = self.kr, self.kb, 1 - self.kr - self.kb
        red, blue = luma + 2 * (1 - kr) * cr, luma + 2 * (1 - kb) * cb
        green = luma - (2 * kb * (1 - kb) * cb + 2 * kr * (1 - kr) * cr) / kg
        rgb = np.stack([red, green, blue], -1).round().clip(0, 255).astype(np.uint8)
        return np.rot90(rgb, self.turns) if self.turns else rgb


def fragments(rgb: np.ndarray) -> np.ndarray:
    """A frame [H, W, 3] → stitched fragments [3, 224, 224]; one too small is scaled up first."""
    height, width = rgb.shape[:2]
    if height < SIDE or width < SIDE:
        if width <= height:
            size = (SIDE, -(-height * SIDE // width))
        else:
            size = (-(-width * SIDE // height), SIDE)
        rgb = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC))
        height, width = rgb.shape[:2]
    rows = np.concatenate([np.arange(y, y + CELL) for y in edges(height, GRID, CELL)])
    columns = np.concatenate([np.arange(x, x + CELL) for x in edges(width, GRID, CELL)])
    return np.ascontiguousarray(rgb[rows][:, columns].transpose(2, 0, 1))


def _levels(table: np.ndarray) -> np.ndarray:
    return table.round().clip(0, 255).astype(np.uint8)


def damaged(rgb: np.ndarray, grid: str, level: float, rng: np.random.Generator) -> np.ndarray:
    """A frame [H, W, 3] damaged by one of the grids that need no encoder."""
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
    """Which frame is shown at each time of a frozen or thinned clip, [L]."""
    times = np.arange(length)
    if grid == "drop":
        return int(level) * (times // int(level))
    still = round(level * length)
    start = (length - still) // 2
    return np.where((times >= start) & (times < start + still), start, times)


def levels_of(grid: dict, place: int) -> list[float]:
    """The levels of a grid for the clip at a place of the list."""
    return grid["levelsOdd"] if place % 2 and "levelsOdd" in grid else grid["levels"]


def _make(path: Path, place: int) -> Iterator[tuple[str, np.ndarray]]:
    """Names and fragments [16, 3, 224, 224] of everything made of one clip."""
    footage = Footage(path, TABLE["frames"])
    times, back = np.unique(pair_times(len(footage)), return_inverse=True)  # short clips repeat frames
    frames = [footage.rgb(int(t)) for t in times]
    yield "pristine", np.stack([fragments(frame) for frame in frames])[back]
    planes = None
    for grid in TABLE["grids"]:
        for step, level in enumerate(levels_of(grid, place)):
            name, key = f"{grid['id']}_{step}", grid["id"]
            if key in ("crf", "freeze", "drop"):
                planes = footage.planes() if planes is None else planes
                encode = grid.get("encode", {"crf": level, "preset": "veryfast"})
                source = planes if key == "crf" else planes.take(shown(key, level, len(footage)))
                coded = through(source, x264(encode["crf"], encode["preset"])).take(times)
                made = [fragments(footage.colour(y, *uv)) for y, uv in zip(coded.y, coded.uv, strict=True)]
            else:
                rng = np.random.default_rng((place, step))
                made = [fragments(damaged(frame, key, level, rng)) for frame in frames]
            yield name, np.stack(made)[back]


def make_ladder() -> None:
    """Makes what is missing of the cache; raises FileNotFoundError without the clips (`VQA_SHARED`)."""
    for place, clip in enumerate(TABLE["clips"]):
        out = FOLDER / f"{Path(clip).stem}.npz"
        if out.exists():
            continue
        wall, cpu = time.time(), time.process_time()
        made = dict(_make(shared_folder() / "media" / clip, place))
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = out.with_name(f"{out.stem}.{os.getpid()}.npz")
        np.savez(partial, **made)
        partial.rename(out)
        print(f"{clip} {time.time() - wall:.1f} s wall, {time.process_time() - cpu:.1f} cpu-s", flush=True)


def ladder_clips() -> Iterator[tuple[str, str, int, Tensor]]:
    """(clip, grid, step, pixels [16, 3, 224, 224] normalised); grid `pristine` is the clip itself."""
    make_ladder()
    for clip in TABLE["clips"]:
        with np.load(FOLDER / f"{Path(clip).stem}.npz") as made:
            for name in made.files:
                grid, _, step = name.partition("_")
                yield clip, grid, int(step or 0), normalised(made[name])


def rows(keys: list[tuple[str, str, int]], scores: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
    """Scores by (clip, grid, step) → the rows of `ladder_figures`."""
    by_key = dict(zip(keys, scores, strict=True))
    found = {}
    for clip in TABLE["clips"]:
        for grid in (grid["id"] for grid in TABLE["grids"]):
            steps = [by_key[clip, grid, step] for step in range(LEVELS)]
            found[clip, grid] = np.array([by_key[clip, "pristine", 0], *steps])
    return found


if __name__ == "__main__":
    make_ladder()
