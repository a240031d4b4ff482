"""Codes: what a perceiver tells the language model about a clip, and what is to be said on hearing one.

A code is [score − 3 | present · (1 + severity) of each distortion | first half | second half | style]. One
linear layer maps it to the motion token, so the language model can be trained on codes alone, and a
perceiver is joined by predicting the code (`join.py`).

A perceiver's codes are never exact: a fault that it half believes in stands at half its height. The text of
a code is therefore that of `decide(code)`, which names what the code makes likely, and never that of the
label behind it: a model taught the label would learn to call every doubtful clip clean, whatever its score.
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
CODE_SIZE = STYLE_PART.stop


def label_code(score: np.ndarray, severity: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Scores [n], severities [n, d] and times [n, d] → the label part of the codes [n, 1 + 3 d]."""
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
    """The code of one label in a style, [CODE_SIZE]."""
    arrays = (np.array([label.score]), np.array([label.severity]), np.array([label.when]))
    return np.concatenate([label_code(*arrays)[0], style]).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How a code becomes what is said of a clip."""

    named: float = 0.5
    """A fault is named from this place on: half-way between absent and barely there."""

    denied: float = 0.3
    """Below it a fault may be ruled out; between the two it is passed over in silence."""

    clean: float = 4.3
    """Below this score something is wrong, so the likeliest fault is named however low it stands."""

    soft: float = 0.4
    """Scores within this of an end are bent towards it and never pass it: a perceiver's own scores do, and
    cutting them off would make one score of many."""

    least: float = 0.03
    """Smallest severity of a named fault."""

    pull: float = 0.7
    """How far severities are moved to where they explain the score: 0 not at all, 1 entirely."""

    widest: float = 10.0
    """Largest factor of that move."""

    def score(self, place: float) -> float:
        """The score to write for a code's first place; the identity in the middle, never off the scale."""
        low, high = TABLE["range"]
        value = 3.0 + place
        if value > high - self.soft:
            return float(high - self.soft * np.exp(-(value - high + self.soft) / self.soft))
        if value < low + self.soft:
            return float(low + self.soft * np.exp((value - low - self.soft) / self.soft))
        return float(value)

    def severities(self, places: np.ndarray, weights: np.ndarray, score: float) -> np.ndarray:
        """Severities of the named faults [k], ordered as their places: what the places say, times one factor
        towards the score, so that no strong fault leads to a high score and no faint one to a low one."""
        own = np.clip(np.maximum(places - 1, places / 4), self.least, 1)
        factors = self.widest ** np.linspace(-1, 1, 41)
        moved = np.minimum(own * factors[:, None], 1)
        explained = 1 + 4 * np.prod(1 - weights * moved ** TABLE["exponent"], axis=1)
        factor = factors[np.abs(explained - score).argmin()] ** self.pull
        return np.clip(own * factor, self.least, 1)

    def __call__(self, code: np.ndarray) -> Label:
        """What is to be said on hearing a code [CODE_SIZE] or its label part."""
        score, places = self.score(float(code[SCORE][0])), np.asarray(code[SEVERITY], np.float64)
        order = np.argsort(-places)
        named = [int(i) for i in order[:MOST_NAMED] if places[i] > self.named]
        if not named and score < self.clean:
            named = [int(order[0])]
        severity, when = np.zeros(COUNT), [WHOLE] * COUNT
        if named:
            heights = np.maximum(places[named], self.least)
            severity[named] = self.severities(heights, WEIGHTS[named], score)
        for i in named:
            first, second = code[FIRST][i], code[SECOND][i]
            if max(first, second) > 0.5:
                when[i] = FIRST_HALF if first > second else SECOND_HALF
        doubtful = frozenset(int(i) for i in order if places[i] > self.denied and i not in named)
        return Label(score=score, severity=tuple(severity), when=tuple(when), doubtful=doubtful)


decide = Decision()
"""The rule that the language model learns."""


@dataclass(frozen=True, kw_only=True)
class LabelPrior:
    """Distribution of labels that the language model is trained on; wider than that of the clips."""

    faults: tuple[float, ...] = (0.22, 0.48, 0.21, 0.09)
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
    """What a perceiver does to codes. A row's standard deviations are up to twice these means, all by one
    factor: a clip hard to see is hard in every place."""

    severity: float = 0.15
    """Of a severity's place."""

    half: float = 0.15
    """Of the places of the two halves."""

    score: float = 0.25
    """Of the score's place: reaches beyond the ends of the scale, where a perceiver's scores go too."""

    unsure: float = 0.5
    """Share of faults that stand too low, as one that is only half believed in does."""

    lowest: float = 0.2
    """Smallest part of their height that is left to them."""

    def on(self, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Codes [rows, CODE_SIZE] as a perceiver gives them; styles stay as they are."""
        rows = len(codes)
        heights = rng.uniform(self.lowest, 1, (rows, COUNT))
        heights[rng.random((rows, COUNT)) >= self.unsure] = 1
        deviations = np.zeros(CODE_SIZE)
        deviations[SCORE], deviations[SEVERITY] = self.score, self.severity
        deviations[FIRST], deviations[SECOND] = self.half, self.half
        heard = codes + deviations * rng.uniform(0, 2, (rows, 1)) * rng.standard_normal((rows, CODE_SIZE))
        heard[:, SEVERITY] -= (1 - heights) * codes[:, SEVERITY]
        return heard.astype(np.float32)
