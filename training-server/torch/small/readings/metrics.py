"""Metrics of fragment readings, with intervals by bootstrap over sources."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata

BINS = 400
DRAWS = 500


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Probability that a positive value exceeds a negative one, ties half; NaN without both."""
    if not len(positive) or not len(negative):
        return float("nan")
    ranks = rankdata(np.concatenate([positive, negative]))
    n = len(positive)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * len(negative)))


def auc_of_counts(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """AUC [...] of counts in ascending bins [..., BINS]; NaN where one kind is missing."""
    below = np.cumsum(negative, -1) - negative / 2
    area, pairs = (positive * below).sum(-1), positive.sum(-1) * negative.sum(-1)
    return np.where(pairs > 0, area / np.maximum(pairs, 1), np.nan)


def grouped_counts(
    score: np.ndarray, present: np.ndarray, source: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sources [s], and counts of present and absent values [s, BINS] in quantile bins."""
    edges = np.quantile(score, np.linspace(0, 1, BINS + 1)[1:-1])
    bins = np.searchsorted(edges, score)
    names, index = np.unique(source, return_inverse=True)
    counts = np.zeros((2, len(names), BINS))
    np.add.at(counts, (present.astype(int), index, bins), 1)
    return names, counts[1], counts[0]


def auc_interval(
    score: np.ndarray, present: np.ndarray, source: np.ndarray, seed: int = 0
) -> tuple[float, float, float]:
    """AUC and its 95 % interval by bootstrap over sources; score, present, source [n]."""
    _, positive, negative = grouped_counts(score, present, source)
    whole = float(auc_of_counts(positive.sum(0), negative.sum(0)))
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(positive), np.full(len(positive), 1 / len(positive)), DRAWS)
    draws = auc_of_counts(weights @ positive, weights @ negative)
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return whole, float(low), float(high)


def interval(
    metric: Callable[[np.ndarray], float], sources: np.ndarray, seed: int = 0, draws: int = DRAWS
) -> tuple[float, float, float]:
    """A metric of rows and its 95 % interval; `metric` takes indices of rows, `sources` [n] names theirs."""
    names = np.unique(sources)
    rows = [np.flatnonzero(sources == name) for name in names]
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        chosen = np.concatenate([rows[k] for k in rng.integers(len(rows), size=len(rows))])
        values.append(metric(chosen))
    low, high = np.nanquantile(values, [0.025, 0.975])
    return metric(np.arange(len(sources))), float(low), float(high)


def format_interval(value: tuple[float, float, float]) -> str:
    return "{:.3f} [{:.3f}, {:.3f}]".format(*value)
