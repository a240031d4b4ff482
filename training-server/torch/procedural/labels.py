"""Severities and pseudo-MOS, from the table that the page's code reads too (`src/core/distortions.json`)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

TABLE = json.loads((Path(__file__).parents[3] / "src" / "core" / "distortions.json").read_text("utf-8"))
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


@dataclass
class Labels:
    """What was done to one clip."""

    severity: np.ndarray = field(default_factory=lambda: np.zeros(len(IDS)))
    """[17] in [0, 1], 0 = absent."""

    when: np.ndarray = field(default_factory=lambda: np.zeros(len(IDS), np.int64))
    """[17]: WHOLE, FIRST_HALF or SECOND_HALF."""

    def add(self, name: str, severity: float, when: int = WHOLE) -> None:
        i = IDS.index(name)
        self.severity[i], self.when[i] = max(self.severity[i], severity), when

    @property
    def score(self) -> float:
        """Pseudo-MOS in [1, 5]."""
        weights = np.array([DISTORTIONS[name]["weight"] for name in IDS])
        return float(1 + 4 * np.prod(1 - weights * self.severity ** TABLE["exponent"]))
