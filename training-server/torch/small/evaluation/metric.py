"""Metrics with 95 % intervals: a percentile bootstrap over scenes, seeded and so reproducible.

The versions of a scene are not independent: they are resampled together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

RESAMPLES = 1000
OF_HEADS = ", mean of heads"
"""End of the name of a metric that is the mean over seeds of the projector."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One measured number, in the form of a manifest's `metrics`."""

    name: str
    value: float
    n: int
    """Number of clips, pairs or rows measured."""

    command: str
    low: float | None = None
    """Lower end of the 95 % interval."""

    high: float | None = None
    """Upper end of the 95 % interval."""

    def as_json(self) -> dict[str, object]:
        return {key: value for key, value in asdict(self).items() if value is not None}


def as_json(metrics: Sequence[Metric]) -> list[dict[str, object]]:
    """The metrics that have a value, as JSON."""
    return [f.as_json() for f in metrics if f.n and not np.isnan(f.value)]


def resampled(group: np.ndarray, draws: int | None = None) -> list[np.ndarray]:
    """Row indices of `draws` bootstrap samples of whole groups; group: [n] scene of each row."""
    rng = np.random.default_rng(0)
    order = np.argsort(group, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    chosen = rng.integers(0, len(members), (RESAMPLES if draws is None else draws, len(members)))
    return [np.concatenate([members[k] for k in row]) for row in chosen]


def bounds(values: Sequence[float]) -> tuple[float | None, float | None]:
    """2.5 and 97.5 % quantiles of the resamples that are not NaN; None where fewer than half are."""
    finite = np.asarray(values, float)
    finite = finite[~np.isnan(finite)]
    if len(finite) < len(values) / 2 or not len(finite):
        return None, None
    low, high = np.quantile(finite, [0.025, 0.975])
    return float(low), float(high)


def metric(
    name: str,
    of: Callable[[np.ndarray], float],
    group: np.ndarray,
    command: str,
    *,
    n: int | None = None,
    draws: Sequence[np.ndarray] | None = None,
) -> Metric:
    """Metric `of(rows)` on all rows, with the interval over resamples of the scenes `group` [n]."""
    draws = resampled(group) if draws is None else draws
    low, high = bounds([of(rows) for rows in draws])
    return Metric(
        name=name,
        value=of(np.arange(len(group))),
        low=low,
        high=high,
        n=len(group) if n is None else n,
        command=command,
    )


def mean_metric(name: str, values: np.ndarray, group: np.ndarray, command: str) -> Metric:
    """Mean of values [n] without NaN, with its interval over scenes."""
    counted = ~np.isnan(values)
    values, group = values[counted], group[counted]
    if not len(values):
        return Metric(name=name, value=float("nan"), n=0, command=command)
    return metric(name, lambda rows: float(values[rows].mean()), group, command)
