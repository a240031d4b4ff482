"""Figures of a judge: correlation, attribution, and the ladder of real clips."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import rankdata


def plcc(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's correlation; NaN where one of the two does not vary."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def srcc(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's, ties by average ranks; without the significance test of scipy's, which costs more than
    it."""
    return plcc(rankdata(a), rankdata(b))


def top1(severity: np.ndarray, predicted: np.ndarray) -> float:
    """Share of clips with exactly one distortion whose strongest prediction is that one.

    severity, predicted: [n, distortions].
    """
    single = (severity > 0).sum(1) == 1
    return float((predicted[single].argmax(1) == severity[single].argmax(1)).mean())


def macro_accuracy(severity: np.ndarray, predicted: np.ndarray, threshold: float = 0.5) -> float:
    """Mean over the distortions of (sensitivity + specificity) / 2; `predicted` [n, k] as 1 + severity if
    present, 0 if absent."""
    present, named = severity > 0, predicted > threshold
    both = []
    for here, said in zip(present.T, named.T, strict=True):
        if 0 < here.sum() < len(here):
            both.append((said[here].mean() + (~said)[~here].mean()) / 2)
    return float(np.mean(both))


def within(score: np.ndarray, predicted: np.ndarray, group: np.ndarray) -> float:
    """Correlation of label and prediction inside groups, the group's mean removed."""
    _, place = np.unique(group, return_inverse=True)
    count = np.bincount(place)

    def centred(v: np.ndarray) -> np.ndarray:
        return v - (np.bincount(place, v) / count)[place]

    return float(np.corrcoef(centred(score), centred(predicted))[0, 1])


def held_out_figures(
    score: np.ndarray, severity: np.ndarray, group: np.ndarray, predicted: np.ndarray, faults: np.ndarray
) -> dict[str, float]:
    """Figures of predicted scores [n] and faults [n, distortions]."""
    return {
        "srcc": srcc(score, predicted),
        "plcc": plcc(score, predicted),
        "mae": float(np.abs(score - predicted).mean()),
        "within": within(score, predicted, group),
        "top1": top1(severity, faults),
        "macro": macro_accuracy(severity, faults),
        "n": len(score),
    }


def row_spearman(row: np.ndarray) -> float:
    """Spearman of scores [6], undamaged first, with falling severity. A judge that gives one score to all six
    ranks nothing: 0, not undefined."""
    return 0.0 if np.ptp(row) == 0 else srcc(-np.arange(len(row)), row)


def ladder_figures(scores: Mapping[tuple[str, str], np.ndarray]) -> dict[str, float]:
    """Scores [6] of every (clip, grid), undamaged first, then rising damage → mean Spearman with falling
    severity, the share of rows with the undamaged strictly on top, and the mean of each grid."""
    rho: dict[str, list[float]] = {}
    top = []
    for (_, grid), row in scores.items():
        rho.setdefault(grid, []).append(row_spearman(row))
        top.append(row[0] > row[1:].max())
    flat = [value for values in rho.values() for value in values]
    figures = {"ladder": float(np.mean(flat)), "top": float(np.mean(top)), "rows": len(flat)}
    return figures | {f"ladder_{grid}": float(np.mean(values)) for grid, values in rho.items()}
