"""Frame numbers that the features read, and the pooling of values (`core/sampling/human-features.json`).

A sample is a frame with its successor and an earlier frame. The earlier one is the successor of the sample
before, as in the published tables; the first sample of a clip has its predecessor. Blocks of four samples,
the last of each the first of the next, give the temporal deviations. A clip is read either whole, as the
tables were, or in `blocks` of its blocks, which saves most of the decoding.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TABLE = json.loads(
    (Path(__file__).parents[4] / "core" / "sampling" / "human-features.json").read_text("utf-8")
)
LINES, PER_SECOND = TABLE["lines"], TABLE["samplesPerSecond"]
BLOCK, BLOCKS, SHARP_FRAMES = TABLE["block"], TABLE["blocks"], TABLE["sharpnessFrames"]
COLUMNS: tuple[str, ...] = tuple(TABLE["columns"])


@dataclass(frozen=True)
class Sample:
    """Numbers of three frames."""

    before: int
    now: int
    after: int


@dataclass(frozen=True)
class FramePlan:
    """Frames that the features of a clip read."""

    blocks: tuple[tuple[Sample, ...], ...]
    """Blocks of at most four samples; neighbours may share one."""

    sharpness: tuple[int, ...]
    """Frames of the features that are read once a second."""


def rounded_rate(fps: float) -> int:
    """Frames a second, rounded half up, at least 1."""
    return max(int(fps + 0.5), 1)


def samples_of(count: int, fps: float) -> list[Sample]:
    """Every sample of a clip of `count` frames."""
    step = max(rounded_rate(fps) // PER_SECOND, 1)
    return [Sample(i - step + 1 if i > 1 else 0, i, i + 1) for i in range(1, count - 2, step)]


def sharpness_frames_of(count: int, fps: float) -> list[int]:
    rate = rounded_rate(fps)
    return [max(i - 1, 0) for i in range(rate // 2, count - 2, rate)]


def spread(size: int, count: int) -> list[int]:
    """`count` indices of `size`, in the middle of as many equal parts; all where there are not more."""
    return list(range(size)) if size <= count else [(2 * k + 1) * size // (2 * count) for k in range(count)]


def frame_plan(count: int, fps: float, *, whole: bool = False) -> FramePlan:
    """Frames of a clip; whole: every block, as in the published tables."""
    samples = samples_of(count, fps)
    starts = range(0, len(samples) - BLOCK + 1, BLOCK - 1)
    blocks = [tuple(samples[j : j + BLOCK]) for j in starts] or [tuple(samples)]
    sharpness = sharpness_frames_of(count, fps)
    if not whole:
        blocks = [blocks[k] for k in spread(len(blocks), BLOCKS)]
        sharpness = [sharpness[k] for k in spread(len(sharpness), SHARP_FRAMES)]
    return FramePlan(tuple(blocks), tuple(sharpness))


def _mean(values: Sequence[float]) -> float:
    present = [v for v in values if not np.isnan(v)]
    return float(np.mean(present)) if present else float("nan")


def _deviation(values: Sequence[float]) -> float:
    present = [v for v in values if not np.isnan(v)]
    return float(np.std(present, ddof=1)) if len(present) > 1 else float("nan")


def pooled(
    plan: FramePlan,
    samples: Mapping[int, Mapping[str, float]],
    sharpness: Mapping[int, Mapping[str, float]],
) -> np.ndarray:
    """The columns of a clip [47]; NaN where nothing is defined.

    samples, sharpness: features by frame number.
    """
    values = []
    for column in COLUMNS:
        kind, _, name = column.partition("_")
        if kind == "hc":
            values.append(_mean([sharpness[frame][column] for frame in plan.sharpness]))
            continue
        reduce = _mean if kind == "avg" else _deviation
        values.append(_mean([reduce([samples[s.now][name] for s in block]) for block in plan.blocks]))
    return np.array(values)
