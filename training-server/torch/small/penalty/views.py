"""Random views of real clips: a stretch of frames at some size and rate, intact or degraded.

Copies (`copies.py`) are of the first frames of a few clips at one size; footage on the page has any length
and size. Views of every clip teach the projector that intact footage has no temporal distortion whatever the
distance of its pairs of frames, and that a distortion is one in all of them. The stage `real-views` of
`npm run train-small` computes and caches one file a clip; it can be stopped and resumed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from procedural.clips import pair_times
from procedural.sources import shared_folder
from procedural.version import TEMPORAL
from small.footage import Footage
from small.penalty.copies import (
    ORIGINAL,
    RULES,
    Copy,
    RealClip,
    intact,
    raw_statistics,
    rows_path,
    save_rows,
    severity_of,
    source_rows,
    vmaf_of,
)

VIEWS = RULES["views"]


@dataclass(frozen=True, kw_only=True)
class View:
    """A stretch of a clip as if it were a video of its own."""

    start: int
    length: int
    """Frames shown."""

    stride: int
    """Frames from one shown to the next: 2 halves the rate."""

    lines: int
    """Longest shorter side in pixels."""

    mirrored: bool

    def frames(self) -> range:
        """Numbers of the clip's frames."""
        return range(self.start, self.start + self.length * self.stride, self.stride)


def draw_view(count: int, rate: float, rng: np.random.Generator) -> View:
    """A random view of a clip of `count` frames: half of them of the whole clip or its beginning."""
    stride = 2 if rate > VIEWS["halved_above"] and rng.random() < 0.5 else 1
    most = max(1, count // stride)
    shortest = min(VIEWS["shortest"], most)
    match rng.integers(4):
        case 0:
            length = most
        case 1:
            length = min(RULES["frames"], most)
        case _:
            length = round(float(np.exp(rng.uniform(np.log(shortest), np.log(most)))))
    last = count - 1 - (length - 1) * stride
    start = 0 if rng.random() < 0.3 else int(rng.integers(last + 1))
    lines = int(rng.choice(VIEWS["lines"]))
    return View(start=start, length=length, stride=stride, lines=lines, mirrored=bool(rng.random() < 0.5))


class ViewFrames(Sequence[np.ndarray]):
    """Frames of a view [H, W, 3], each converted once when it is first asked for."""

    def __init__(self, footage: Footage, view: View):
        self.footage, self.view, self.cached = footage, view, dict[int, np.ndarray]()

    def __len__(self) -> int:
        return self.view.length

    def __getitem__(self, k):
        if k not in self.cached:
            frame = self.footage.rgb(self.view.frames()[k])
            height, width = frame.shape[:2]
            scale = min(1, self.view.lines / min(height, width))
            size = tuple(2 * int(side * scale / 2) for side in (width, height))
            if size != (width, height):
                frame = np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))
            self.cached[k] = np.ascontiguousarray(frame[:, ::-1]) if self.view.mirrored else frame
        return self.cached[k]


class ViewedClip(RealClip):
    """`RealClip` of a view."""

    def __init__(self, footage: Footage, view: View):
        self.frames, self.rate = ViewFrames(footage, view), footage.rate / view.stride


def draw_kind(view: View, certain: bool, rng: np.random.Generator) -> str:
    """`original` or a distortion; always `original` where the clip itself may have distortions."""
    kinds = list(RULES["levels"])
    share = VIEWS["intact"] if certain else 1.0
    if rng.random() < share:
        return ORIGINAL
    temporal = rng.random() < VIEWS["temporal"]
    chosen = [kind for kind in kinds if (kind in TEMPORAL) == temporal]
    if view.length * view.lines > VIEWS["encoded"]:
        chosen = [kind for kind in chosen if kind != "compression"]
    return str(rng.choice(chosen))


def view_row(
    footage: Footage, certain: bool, rng: np.random.Generator, ffmpeg: str | None
) -> tuple[Copy, np.ndarray]:
    """One random view and its raw statistics."""
    view = draw_view(len(footage), footage.rate, rng)
    clip, kind = ViewedClip(footage, view), draw_kind(view, certain, rng)
    times = pair_times(len(clip))
    if kind == ORIGINAL:
        return Copy(ORIGINAL, 0.0, 100.0), raw_statistics(clip.original(times))
    low, high = np.log(RULES["levels"][kind])
    level = float(np.exp(low + (high - low) * rng.random()))
    frames = clip.copy(kind, level, rng, times)
    vmaf = float("nan")
    if ffmpeg and kind in VIEWS["measured"]:
        vmaf = vmaf_of(clip.original(times), frames, ffmpeg)
    return Copy(kind, severity_of(kind, level), vmaf), raw_statistics(frames)


def view_counts(rows: Sequence[dict[str, str]]) -> dict[str, int]:
    """Views of each clip: many of clips from repositories with few."""
    clips = Counter(row["repository"] for row in rows)
    low, high = VIEWS["clip"]
    return {r["file"]: int(np.clip(VIEWS["repository"] // clips[r["repository"]], low, high)) for r in rows}


def stage_real_views() -> None:
    """Computes and caches views of every clip; FileNotFoundError without the clips."""
    torch.set_num_threads(1)
    ffmpeg = os.environ.get("VQA_FFMPEG")
    for split in ("train", "validation"):
        rows = source_rows(split)
        counts = view_counts(rows)
        for number, row in enumerate(rows):
            out = rows_path(f"{split}-views", row["file"], True)
            if out.exists():
                continue
            out.parent.mkdir(parents=True, exist_ok=True)
            rng = np.random.default_rng((number, 9, split == "train"))
            footage = Footage(shared_folder() / "clips" / row["file"], VIEWS["frames"])
            certain = row["native_quality"] == "good" and intact(row)
            views = [view_row(footage, certain, rng, ffmpeg) for _ in range(counts[row["file"]])]
            save_rows(out, views)
            print(f"{split}/{row['file']} {len(views)}", flush=True)
