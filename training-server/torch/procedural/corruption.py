"""Broken transmission: bursts in which blocks are stuck, smeared or broken until the next intra frame.

A burst is a function of the clip's seed and of time alone, so that each of its frames can be drawn alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from procedural.labels import parameter
from procedural.planes import Planes

BLOCK = 16


@dataclass
class Burst:
    first: int
    frames: int
    priority: np.ndarray
    """[H/16, W/16] in [0, 1]: a block is hit when this is below the share of blocks that are hit."""

    kind: str
    """`stuck`, `smeared` or `broken`."""

    velocity: np.ndarray
    """Smear (y, x), pixels a frame."""

    offset: np.ndarray
    """[3, H/16, W/16]: offset of Y, Cb, Cr of broken blocks."""

    def reference(self) -> int:
        """Time of the last intact frame."""
        return max(self.first - 1, 0)


def _priority(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Slices, runs of blocks along rows, or clusters; ranks scaled to [0, 1]."""
    if rng.random() < 0.6:
        field = rng.random((rows, 1)) + np.abs(np.arange(columns) / columns - rng.random((rows, 1)))
        field += 0.15 * rng.random((rows, columns))
    else:
        centres = rng.random((int(rng.integers(2, 7)), 2)) * [rows, columns]
        y, x = np.mgrid[:rows, :columns]
        field = np.min([np.hypot(y - a, x - b) for a, b in centres], 0)
        field = field + 0.12 * max(rows, columns) * rng.random((rows, columns))
    return np.argsort(np.argsort(field, axis=None)).reshape(rows, columns) / (rows * columns)


def draw_bursts(
    rng: np.random.Generator, length: int, height: int, width: int, severity: float
) -> list[Burst]:
    """Bursts of a clip; worse clips have longer ones at shorter distances."""
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    bursts, t = [], int(rng.integers(0, 6))
    while t < length:
        frames = int(rng.integers(8, 30) * (0.6 + severity))
        bursts.append(
            Burst(
                t,
                frames,
                _priority(rng, rows, columns),
                str(rng.choice(["stuck", "smeared", "broken"], p=[0.3, 0.4, 0.3])),
                rng.normal(0, 1.2, 2),
                rng.normal(0, 1, (3, rows, columns)) * np.array([45, 18, 18])[:, None, None],
            )
        )
        t += frames + int(rng.integers(1, 26) * (1.25 - severity))
    return bursts


def _spread(blocks: np.ndarray, size: int, height: int, width: int) -> np.ndarray:
    return blocks.repeat(size, 0).repeat(size, 1)[:height, :width]


def corrupt(
    planes: Planes, good: Planes, k: int, t: int, burst: Burst, reference: int, severity: float
) -> None:
    """Corrupts frame k at time t of the burst in place; `reference`: index of the last intact frame."""
    age = t - burst.first
    share = parameter("corruption", severity) * (0.5 + 0.5 * age / burst.frames)
    hit = burst.priority < share
    moved = (burst.velocity * (age + 1)).round().astype(int)
    for c, (plane, last) in enumerate(
        zip((planes.y[k], *planes.uv[k]), (good.y[reference], *good.uv[reference]), strict=True)
    ):
        size = BLOCK if c == 0 else BLOCK // 2
        if burst.kind == "stuck":
            fill = last
        elif burst.kind == "smeared":
            fill = np.roll(last, tuple(moved if c == 0 else moved // 2), (0, 1))
        else:
            fill = plane[::size].repeat(size, 0)[: plane.shape[0]].astype(np.int16)
            fill = (fill + _spread(burst.offset[c], size, *plane.shape)).clip(16, 235).astype(np.uint8)
        np.copyto(plane, fill, where=_spread(hit, size, *plane.shape))
