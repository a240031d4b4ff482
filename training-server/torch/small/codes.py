"""Oracle codes: what a perfect perceiver would tell the language model about a labelled clip.

A code is [score − 3 | present · (1 + severity) of each distortion | first half | second half | style]. One
linear layer maps it to the motion token, so the language model can be trained on labels alone, and a
perceiver is joined by predicting the code (`join.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from procedural.labels import FIRST_HALF, SECOND_HALF, TABLE, WHOLE
from small.text import DISTORTIONS, STYLE_SIZE, Label

COUNT = len(DISTORTIONS)
SCORE = slice(0, 1)
SEVERITY = slice(1, 1 + COUNT)
FIRST = slice(SEVERITY.stop, SEVERITY.stop + COUNT)
SECOND = slice(FIRST.stop, FIRST.stop + COUNT)
LABEL_PART = slice(0, SECOND.stop)
STYLE_PART = slice(SECOND.stop, SECOND.stop + STYLE_SIZE)
CODE_SIZE = STYLE_PART.stop


def label_code(score: np.ndarray, severity: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Scores [n], severities [n, 13] and times [n, 13] → the label part of the codes [n, 40]."""
    present = severity > 0
    return np.concatenate(
        [
            score[:, None] - 3,
            np.where(present, 1 + severity, 0),
            present & (when == FIRST_HALF),
            present & (when == SECOND_HALF),
        ],
        axis=1,
    ).astype(np.float32)


def code(label: Label, style: np.ndarray) -> np.ndarray:
    """The code of one label in a style, [48]."""
    arrays = (np.array([label.score]), np.array([label.severity]), np.array([label.when]))
    return np.concatenate([label_code(*arrays)[0], style]).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class LabelPrior:
    """Distribution of labels that the language model is trained on; wider than that of the clips."""

    faults: tuple[float, ...] = (0.2, 0.42, 0.26, 0.12)
    """Shares of clips with 0, 1, 2, 3 faults."""

    least: float = 0.03
    """Smallest severity of a fault that is there."""

    halves: float = 0.2
    """Share of faults in space that act in one half only."""

    weight_spread: float = 0.15
    """Largest change of a distortion's weight in 1 + 4 Π (1 − weight · s ^ exponent)."""

    loose: float = 0.5
    """Share of labels whose score is moved away from that formula, so that the text takes the score from the
    score's own place in the code and not from the faults: a perceiver is surest of the score."""

    loose_by: float = 0.7
    """Standard deviation of that move."""

    def draw(self, rng: np.random.Generator) -> Label:
        severity, when = [0.0] * COUNT, [WHOLE] * COUNT
        keep = 1.0
        for i in rng.permutation(COUNT)[: rng.choice(len(self.faults), p=self.faults)]:
            severity[i] = float(rng.uniform(self.least, 1))
            weight = TABLE["distortions"][i]["weight"]
            weight = min(0.98, weight + self.weight_spread * rng.uniform(-1, 1))
            keep *= 1 - weight * severity[i] ** TABLE["exponent"]
            if TABLE["distortions"][i]["spatial"] and rng.random() < self.halves:
                when[i] = FIRST_HALF if rng.random() < 0.5 else SECOND_HALF
        score = 1 + 4 * keep
        if rng.random() < self.loose:
            score += self.loose_by * rng.standard_normal()
        return Label(score=min(5.0, max(1.0, score)), severity=tuple(severity), when=tuple(when))


@dataclass(frozen=True, kw_only=True)
class CodeNoise:
    """Noise on the codes in training, because a perceiver's codes are never exact: mean standard deviations.
    A row's own are up to twice that, all by one factor: a clip hard to see is hard in every place."""

    score: float = 0.03
    """Of the score's place."""

    severity: float = 0.15
    """Of a severity's place."""

    half: float = 0.15
    """Of the places of the two halves."""

    style: float = 0.05
    """Of the style's places."""

    def draw(self, rows: int, rng: np.random.Generator) -> np.ndarray:
        """[rows, 48]."""
        deviations = np.empty(CODE_SIZE)
        deviations[SCORE], deviations[SEVERITY] = self.score, self.severity
        deviations[FIRST], deviations[SECOND] = self.half, self.half
        deviations[STYLE_PART] = self.style
        noise = deviations * rng.uniform(0, 2, (rows, 1)) * rng.standard_normal((rows, CODE_SIZE))
        return noise.astype(np.float32)
