"""Metrics of predictions: correlation, attribution, and the severity ladder of real clips."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import rankdata


def plcc(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's linear correlation; NaN where one of the two does not vary."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def srcc(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation, ties by average ranks; without the significance test of scipy's, which
    costs more than the correlation."""
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
    accuracies = []
    for truth, prediction in zip(present.T, named.T, strict=True):
        if 0 < truth.sum() < len(truth):
            accuracies.append((prediction[truth].mean() + (~prediction)[~truth].mean()) / 2)
    return float(np.mean(accuracies))


def within(score: np.ndarray, predicted: np.ndarray, group: np.ndarray) -> float:
    """Correlation of label and prediction within groups, the group's mean removed."""
    _, index = np.unique(group, return_inverse=True)
    count = np.bincount(index)

    def centred(v: np.ndarray) -> np.ndarray:
        return v - (np.bincount(index, v) / count)[index]

    return float(np.corrcoef(centred(score), centred(predicted))[0, 1])


def held_out_metrics(
    score: np.ndarray, severity: np.ndarray, group: np.ndarray, predicted: np.ndarray, distortions: np.ndarray
) -> dict[str, float]:
    """Metrics of predicted scores [n] and distortions [n, d]."""
    return {
        "srcc": srcc(score, predicted),
        "plcc": plcc(score, predicted),
        "mae": float(np.abs(score - predicted).mean()),
        "within": within(score, predicted, group),
        "top1": top1(severity, distortions),
        "macro": macro_accuracy(severity, distortions),
        "n": len(score),
    }


def row_spearman(row: np.ndarray) -> float:
    """Spearman of scores [6], undistorted first, with falling severity; 0, not NaN, where all are equal."""
    return 0.0 if np.ptp(row) == 0 else srcc(-np.arange(len(row)), row)


def ladder_metrics(scores: Mapping[tuple[str, str], np.ndarray]) -> dict[str, float]:
    """Mean Spearman, share of rows with the undistorted clip strictly on top, and mean Spearman of each grid.

    scores: [6] of every (clip, grid), undistorted first, then by rising severity.
    """
    rho: dict[str, list[float]] = {}
    top = []
    for (_, grid), row in scores.items():
        rho.setdefault(grid, []).append(row_spearman(row))
        top.append(row[0] > row[1:].max())
    flat = [value for values in rho.values() for value in values]
    metrics = {"ladder": float(np.mean(flat)), "top": float(np.mean(top)), "rows": len(flat)}
    return metrics | {f"ladder_{grid}": float(np.mean(values)) for grid, values in rho.items()}
