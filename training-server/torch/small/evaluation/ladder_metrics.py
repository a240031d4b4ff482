"""Metrics of the severity ladder and of its hold-out clips; intervals resample the clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from small.evaluation.metric import OF_HEADS, Metric, bounds
from small.ladder import GRIDS, certainly_best, mean_luma
from small.metrics import row_spearman

RESAMPLES = 1000
Rows = Mapping[tuple[str, str], np.ndarray]
"""(clip, grid) → scores [6], undistorted first."""


def on_top(row: np.ndarray, compared: np.ndarray) -> float:
    """1 where the undistorted score is strictly above those of the points in the mask `compared` [5]."""
    return float(row[0] > row[1:][compared].max())


def measure(
    heads: Sequence[Rows], where: str, command: str, luma: Mapping[str, float] | None = None
) -> list[Metric]:
    """Means over heads (seeds): Spearman within rows, of all rows and of each grid, and the share of rows
    with the undistorted clip on top, of all rows and of those where it is certainly best.

    luma: mean luma of each clip, measured unless given.
    """
    clips = sorted({clip for clip, _ in heads[0]})
    luma = luma or {clip: mean_luma(clip) for clip in clips}
    shape = (len(heads), len(clips), len(GRIDS))
    rho, top, best = np.empty(shape), np.empty(shape), np.full(shape, np.nan)
    for h, rows in enumerate(heads):
        for c, clip in enumerate(clips):
            for g, grid in enumerate(GRIDS):
                row = rows[clip, grid]
                rho[h, c, g] = row_spearman(row)
                top[h, c, g] = on_top(row, np.ones(5, bool))
                compared = certainly_best(clip, grid, luma[clip])
                if compared is not None:
                    best[h, c, g] = on_top(row, compared)
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(clips), (RESAMPLES, len(clips)))

    def mean(name: str, values: np.ndarray) -> Metric:
        """Mean of values [heads, clips, …] without NaN."""
        by_clip = np.moveaxis(values, 1, 0).reshape(len(clips), -1)
        low, high = bounds([np.nanmean(by_clip[draw]) for draw in draws])
        n = int((~np.isnan(values[0])).sum())
        return Metric(name=name, value=float(np.nanmean(values)), low=low, high=high, n=n, command=command)

    suffix = where + (OF_HEADS if len(heads) > 1 else "")
    ways = [mean(f"Spearman of {grid}, {suffix}", rho[:, :, g]) for g, grid in enumerate(GRIDS)]
    worst = min(ways, key=lambda metric: metric.value)
    return [
        mean(f"Spearman, {suffix}", rho),
        *ways,
        Metric(
            name=f"lowest Spearman of a distortion, {suffix}",
            value=worst.value,
            low=worst.low,
            high=worst.high,
            n=worst.n,
            command=command,
        ),
        mean(f"original first, {suffix}", top),
        mean(f"original first where certainly best, {suffix}", best),
    ]
