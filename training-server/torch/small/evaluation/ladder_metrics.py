"""Figures of the ladder of real footage, and of the other clips beside it; intervals resample the clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from small.evaluation.figure import OF_HEADS, Figure, bounds
from small.figures import row_spearman
from small.ladder import GRIDS, mean_luma, really_best

RESAMPLES = 1000
Rows = Mapping[tuple[str, str], np.ndarray]
"""(clip, grid) → scores [6], undamaged first."""


def on_top(row: np.ndarray, compared: np.ndarray) -> float:
    """1 where the undamaged score is strictly above those of the damaged points `compared` [5]."""
    return float(row[0] > row[1:][compared].max())


def measure(
    heads: Sequence[Rows], where: str, command: str, luma: Mapping[str, float] | None = None
) -> list[Figure]:
    """Mean over heads (seeds) of: Spearman within rows, in all and for each way of damage; the share of rows
    with the undamaged clip on top, in all rows and where it is really best. luma: of clips, measured unless
    given."""
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
                compared = really_best(clip, grid, luma[clip])
                if compared is not None:
                    best[h, c, g] = on_top(row, compared)
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(clips), (RESAMPLES, len(clips)))

    def mean(name: str, values: np.ndarray) -> Figure:
        """values [heads, clips, …], NaN = not counted."""
        by_clip = np.moveaxis(values, 1, 0).reshape(len(clips), -1)
        low, high = bounds([np.nanmean(by_clip[draw]) for draw in draws])
        n = int((~np.isnan(values[0])).sum())
        return Figure(name=name, value=float(np.nanmean(values)), low=low, high=high, n=n, command=command)

    suffix = where + (OF_HEADS if len(heads) > 1 else "")
    ways = [mean(f"Spearman of {grid}, {suffix}", rho[:, :, g]) for g, grid in enumerate(GRIDS)]
    worst = min(ways, key=lambda figure: figure.value)
    return [
        mean(f"Spearman, {suffix}", rho),
        *ways,
        Figure(
            name=f"lowest of the ways, {suffix}",
            value=worst.value,
            low=worst.low,
            high=worst.high,
            n=worst.n,
            command=command,
        ),
        mean(f"undamaged on top, {suffix}", top),
        mean(f"undamaged on top where really best, {suffix}", best),
    ]
