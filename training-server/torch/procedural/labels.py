"""Severities and pseudo-MOS, from the table that the page's code reads too:
`core/training/distortions.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

TABLE = json.loads((Path(__file__).parents[3] / "core" / "training" / "distortions.json").read_text("utf-8"))
DISTORTIONS = {row["id"]: row for row in TABLE["distortions"]}
IDS = tuple(DISTORTIONS)

WHOLE, FIRST_HALF, SECOND_HALF = 0, 1, 2


def parameter(name: str, severity: float) -> float:
    """The distortion's parameter at a severity in [0, 1]."""
    row = DISTORTIONS[name]
    if row["scale"] == "linear":
        return row["from"] + (row["to"] - row["from"]) * severity
    return row["from"] * (row["to"] / row["from"]) ** severity


def severity_of(name: str, value: float) -> float:
    """The severity in [0, 1] of a parameter: the inverse of `parameter`, clipped."""
    row = DISTORTIONS[name]
    if row["scale"] == "linear":
        severity = (value - row["from"]) / (row["to"] - row["from"])
    else:
        severity = np.log(value / row["from"]) / np.log(row["to"] / row["from"])
    return float(np.clip(severity, 0, 1))


VISIBILITY = TABLE["visibility"]
KNOTS = {name: np.array(knots) for name, knots in VISIBILITY["knots"].items()}
MEASURED = tuple(KNOTS)
"""Distortions whose visibility is measured; the others keep the severity of their parameter."""


def visible_severity(name: str, distance: float) -> float:
    """The severity in [0, 1] whose quantile is that of a measured distance (quantile matching)."""
    knots = KNOTS[name]
    return float(np.interp(distance, np.concatenate([[0], knots]), np.linspace(0, 1, len(knots) + 1)))


def effective(name: str, severity: float, distance: float) -> float:
    """Effective severity: geometric mean of the parameter's and the visible severity."""
    return float(np.sqrt(severity * visible_severity(name, distance)))


EVERYWHERE = 0
REGIONS = ("everywhere", "left", "right", "top", "bottom", "centre")


@dataclass
class Labels:
    """Ground truth of one clip."""

    severity: np.ndarray = field(default_factory=lambda: np.zeros(len(IDS)))
    """[17] effective, in [0, 1]; 0 = absent or not visible."""

    when: np.ndarray = field(default_factory=lambda: np.zeros(len(IDS), np.int64))
    """[17]: WHOLE, FIRST_HALF or SECOND_HALF."""

    where: np.ndarray = field(default_factory=lambda: np.zeros(len(IDS), np.int64))
    """[17]: EVERYWHERE or another of REGIONS."""

    nominal: np.ndarray = field(default_factory=lambda: np.zeros(len(IDS)))
    """[17] in [0, 1]: severities of the parameters alone."""

    distance: np.ndarray = field(default_factory=lambda: np.full(len(IDS), np.nan))
    """[17]: full-reference distance of the strongest step of each distortion; NaN where none was measured."""

    def add(
        self,
        name: str,
        severity: float,
        when: int = WHOLE,
        where: int = EVERYWHERE,
        distance: float | None = None,
    ) -> None:
        """Adds a distortion of a nominal severity; of several steps of one kind the worst counts."""
        i = IDS.index(name)
        self.nominal[i] = max(self.nominal[i], severity)
        if name in KNOTS and distance is not None:
            self.distance[i] = np.fmax(self.distance[i], distance)
            severity = effective(name, severity, distance)
        if severity >= VISIBILITY["threshold"] and severity > self.severity[i]:
            self.severity[i], self.when[i], self.where[i] = severity, when, where

    @property
    def score(self) -> float:
        """Pseudo-MOS in [1, 5]."""
        return score_of(self.severity)


def score_of(severity: np.ndarray) -> float:
    """Pseudo-MOS in [1, 5] of severities [17]."""
    weights = np.array([DISTORTIONS[name]["weight"] for name in IDS])
    return float(1 + 4 * np.prod(1 - weights * severity ** TABLE["exponent"]))
