"""Concept vectors: the bottleneck between perception and text, and the policy that verbalises them.

A concept vector is [score − 3 | present · (1 + severity) of each distortion | first half | second half |
style]. One linear layer maps it to the motion token, so the language decoder can be trained on drawn concept
vectors alone; `join.py` connects a projector that predicts them.

Predicted concept vectors are regressions: a distortion of probability 0.5 has half of its component. The
training text of a vector is therefore that of `verbalization_policy(concepts)`, a deterministic function of
the vector, and never that of the label behind it. A decoder trained on the labels would learn that the
likeliest text of every uncertain clip is the clean one, whatever the score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from procedural.labels import FIRST_HALF, SECOND_HALF, TABLE, WHOLE
from small.text import DISTORTIONS, MOST_NAMED, STYLE_SIZE, Label

COUNT = len(DISTORTIONS)
WEIGHTS = np.array([row["weight"] for row in TABLE["distortions"]])
"""Of each distortion in 1 + 4 Π (1 − weight · s ^ exponent)."""
SCORE = slice(0, 1)
SEVERITY = slice(1, 1 + COUNT)
FIRST = slice(SEVERITY.stop, SEVERITY.stop + COUNT)
SECOND = slice(FIRST.stop, FIRST.stop + COUNT)
LABEL_PART = slice(0, SECOND.stop)
STYLE_PART = slice(SECOND.stop, SECOND.stop + STYLE_SIZE)
CONCEPT_DIM = STYLE_PART.stop


def label_concepts(score: np.ndarray, severity: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Label concepts [n, 1 + 3 d] of scores [n], severities [n, d] and times [n, d]."""
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


def concept_vector(label: Label, style: np.ndarray) -> np.ndarray:
    """Concept vector [CONCEPT_DIM] of one label in a style."""
    arrays = (np.array([label.score]), np.array([label.severity]), np.array([label.when]))
    return np.concatenate([label_concepts(*arrays)[0], style]).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class VerbalizationPolicy:
    """Map from a concept vector to the label that its text states: distortions, their order and degree."""

    naming_threshold: float = 0.5
    """A distortion is named from this severity component on: half-way between absent and barely present."""

    denial_threshold: float = 0.3
    """Up to this component a distortion may be ruled out; between the two it is not mentioned."""

    end_softness: float = 0.4
    """Scores within this distance of an end of the scale are compressed smoothly towards it. Predicted scores
    pass the ends, and clipping would map many of them to one value."""

    min_severity: float = 0.03
    """Smallest severity of a named distortion."""

    pull: float = 0.7
    """Share of the way that severities which would not allow the score are lowered: 0 none, 1 all."""

    min_factor: float = 0.1
    """Smallest factor of that move."""

    def score(self, component: float) -> float:
        """The score to write for a score component: 3 + component, compressed near the ends of the scale."""
        low, high = TABLE["range"]
        value = 3.0 + component
        if value > high - self.end_softness:
            return float(
                high - self.end_softness * np.exp(-(value - high + self.end_softness) / self.end_softness)
            )
        if value < low + self.end_softness:
            return float(
                low + self.end_softness * np.exp((value - low - self.end_softness) / self.end_softness)
            )
        return float(value)

    def severities(self, components: np.ndarray, weights: np.ndarray, score: float) -> np.ndarray:
        """Severities [k] of the named distortions, in the order of their components.

        Without a distortion the score is at most 5, so severities bound it from above. Where the score is
        higher than that, one common factor lowers them, so that no strong distortion stands beside a high
        score. A low score beside faint distortions is left: people also score content and sharpness.
        """
        predicted = np.clip(np.maximum(components - 1, components / 4), self.min_severity, 1)
        factors = self.min_factor ** np.linspace(0, 1, 21)
        moved = predicted * factors[:, None]
        bounds = 1 + 4 * np.prod(1 - weights * moved ** TABLE["exponent"], axis=1)
        allowed = np.flatnonzero(bounds >= score)
        factor = factors[allowed[0] if len(allowed) else -1] ** self.pull
        return np.clip(predicted * factor, self.min_severity, 1)

    def __call__(self, concepts: np.ndarray) -> Label:
        """The label to verbalise for a concept vector [CONCEPT_DIM], or for its label part."""
        score = self.score(float(concepts[SCORE][0]))
        components = np.asarray(concepts[SEVERITY], np.float64)
        order = np.argsort(-components)
        named = [int(i) for i in order[:MOST_NAMED] if components[i] > self.naming_threshold]
        severity, when = np.zeros(COUNT), [WHOLE] * COUNT
        if named:
            strengths = np.maximum(components[named], self.min_severity)
            severity[named] = self.severities(strengths, WEIGHTS[named], score)
        for i in named:
            first, second = concepts[FIRST][i], concepts[SECOND][i]
            if max(first, second) > 0.5:
                when[i] = FIRST_HALF if first > second else SECOND_HALF
        unmentioned = frozenset(
            int(i) for i in order if components[i] > self.denial_threshold and i not in named
        )
        return Label(score=score, severity=tuple(severity), when=tuple(when), unmentioned=unmentioned)


verbalization_policy = VerbalizationPolicy()
"""The policy that the language decoder is trained on."""


@dataclass(frozen=True, kw_only=True)
class LabelPrior:
    """Distribution of labels that the language decoder is trained on; wider than that of the clips."""

    counts: tuple[float, ...] = (0.26, 0.44, 0.21, 0.09)
    """Shares of labels with 0, 1, 2, 3 distortions."""

    min_severity: float = 0.03
    """Smallest severity of a distortion that is present."""

    halves: float = 0.2
    """Share of spatial distortions that act in one half of the clip only."""

    weight_spread: float = 0.15
    """Largest change of a distortion's weight in 1 + 4 Π (1 − weight · s ^ exponent)."""

    quality: tuple[float, float] = (1.2, 5.0)
    """Range of the score that the clip would have without distortions: the 5 of the formula."""

    decoupled: float = 0.4
    """Share of labels whose score is drawn without regard to that formula, so that the decoder reads the
    score from its own component and not from the distortions: the score is the best predicted concept."""

    def draw(self, rng: np.random.Generator) -> Label:
        """One random label."""
        severity, when = [0.0] * COUNT, [WHOLE] * COUNT
        product = 1.0
        for i in rng.permutation(COUNT)[: rng.choice(len(self.counts), p=self.counts)]:
            severity[i] = float(rng.uniform(self.min_severity, 1))
            weight = TABLE["distortions"][i]["weight"]
            weight = min(0.98, weight + self.weight_spread * rng.uniform(-1, 1))
            product *= 1 - weight * severity[i] ** TABLE["exponent"]
            if TABLE["distortions"][i]["spatial"] and rng.random() < self.halves:
                when[i] = FIRST_HALF if rng.random() < 0.5 else SECOND_HALF
        score = 1 + (rng.uniform(*self.quality) - 1) * product
        if rng.random() < self.decoupled:
            score = rng.uniform(1, 5)
        return Label(score=min(5.0, max(1.0, score)), severity=tuple(severity), when=tuple(when))


@dataclass(frozen=True, kw_only=True)
class ConceptNoise:
    """Errors of a projector, added to exact concept vectors.

    One factor, uniform in [0, 2], scales all standard deviations of a vector: a clip that is hard to assess
    is hard in every component.
    """

    severity: float = 0.15
    """Mean standard deviation of a severity component."""

    half: float = 0.15
    """Mean standard deviation of the components of the two halves."""

    score: float = 0.25
    """Mean standard deviation of the score component; passes the ends of the scale, as predictions do."""

    lowered: float = 0.5
    """Share of distortions whose component is too small, as that of an uncertain prediction is."""

    lowest: float = 0.2
    """Smallest factor on a lowered component."""

    def on(self, concepts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Noisy copies of concept vectors [rows, CONCEPT_DIM]; styles stay as they are."""
        rows = len(concepts)
        factors = rng.uniform(self.lowest, 1, (rows, COUNT))
        factors[rng.random((rows, COUNT)) >= self.lowered] = 1
        std = np.zeros(CONCEPT_DIM)
        std[SCORE], std[SEVERITY] = self.score, self.severity
        std[FIRST], std[SECOND] = self.half, self.half
        noisy = concepts + std * rng.uniform(0, 2, (rows, 1)) * rng.standard_normal((rows, CONCEPT_DIM))
        noisy[:, SEVERITY] -= (1 - factors) * concepts[:, SEVERITY]
        return noisy.astype(np.float32)
