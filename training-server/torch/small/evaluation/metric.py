"""Measured numbers and their 95 % intervals: percentile bootstrap over scenes, seeded, so that it is the same
twice.

The versions of a scene are no independent clips: they are drawn together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

RESAMPLES = 1000
OF_HEADS = ", mean of heads"
"""Ends the name of a figure that is the mean over seeds of head and decoder."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured number, in the form of a manifest's `figures`."""

    name: str
    value: float
    n: int
    """Clips, pairs or rows that it rests on."""

    command: str
    low: float | None = None
    """Ends of the 95 % interval."""
    high: float | None = None

    def as_json(self) -> dict[str, object]:
        return {key: value for key, value in asdict(self).items() if value is not None}


def said(figures: Sequence[Figure]) -> list[dict[str, object]]:
    """Those that have a value, as JSON."""
    return [f.as_json() for f in figures if f.n and not np.isnan(f.value)]


def resampled(group: np.ndarray, draws: int | None = None) -> list[np.ndarray]:
    """Rows of `draws` samples of as many groups as there are, with replacement; group: [n] numbers of
    scenes."""
    rng = np.random.default_rng(0)
    order = np.argsort(group, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    chosen = rng.integers(0, len(members), (RESAMPLES if draws is None else draws, len(members)))
    return [np.concatenate([members[k] for k in row]) for row in chosen]


def bounds(values: Sequence[float]) -> tuple[float | None, float | None]:
    """2.5 and 97.5 % of the resamples that gave a number; none where fewer than half did."""
    found = np.asarray(values, float)
    found = found[~np.isnan(found)]
    if len(found) < len(values) / 2 or not len(found):
        return None, None
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def figure(
    name: str,
    of: Callable[[np.ndarray], float],
    group: np.ndarray,
    command: str,
    *,
    n: int | None = None,
    draws: Sequence[np.ndarray] | None = None,
) -> Figure:
    """`of(rows)` on all rows, with the interval of its value on resamples of the scenes `group` [rows]."""
    draws = resampled(group) if draws is None else draws
    low, high = bounds([of(rows) for rows in draws])
    return Figure(
        name=name,
        value=of(np.arange(len(group))),
        low=low,
        high=high,
        n=len(group) if n is None else n,
        command=command,
    )


def mean_figure(name: str, values: np.ndarray, group: np.ndarray, command: str) -> Figure:
    """Mean of values [n], NaN = not counted, with its interval over scenes."""
    counted = ~np.isnan(values)
    values, group = values[counted], group[counted]
    if not len(values):
        return Figure(name=name, value=float("nan"), n=0, command=command)
    return figure(name, lambda rows: float(values[rows].mean()), group, command)
