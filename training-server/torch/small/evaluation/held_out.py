"""Metrics of answers on held-out labelled clips: score, named distortions, variety."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np
from torch import Tensor

from procedural.labels import IDS as DISTORTIONS
from small.answers import ReadAnswer
from small.data import CACHE, Clips, load_clips
from small.evaluation.metric import OF_HEADS, Metric, bounds, metric, resampled
from small.metrics import macro_accuracy, plcc, srcc

VERSIONS = 4
"""Clips per scene."""


@lru_cache(maxsize=4)
def labelled(split: str, cache: Path = CACHE) -> Clips:
    return load_clips(split, cache=cache)


@lru_cache(maxsize=4)
def _fingerprint(split: str, cache: Path) -> str:
    digest = hashlib.sha256()
    for shard in labelled(split, cache).shards:
        digest.update((shard.folder / "labels.npz").read_bytes())
        digest.update(shard.y[0].tobytes())
    return digest.hexdigest()[:8]


@dataclass(frozen=True)
class LabelledClips:
    """`ClipSet` of the finished shards of a split."""

    split: str
    cache: Path = CACHE

    @property
    def name(self) -> str:
        return self.split

    @property
    def fingerprint(self) -> str:
        """Digest of the present shards of the split; it changes with their number."""
        return _fingerprint(self.split, self.cache)

    def names(self, limit: int | None = None) -> list[str]:
        """Names of the first `limit` clips, in whole scenes."""
        count = len(labelled(self.split, self.cache))
        count = count if limit is None else min(count, limit)
        return [str(k) for k in range(count - count % VERSIONS)]

    def pixels(self, name: str) -> Tensor:
        return labelled(self.split, self.cache).pixels(int(name))


@dataclass(frozen=True, kw_only=True)
class LabelledPredictions:
    """Answers and labels of n clips. Unreadable answers count in every metric but those of the score."""

    score: np.ndarray
    """[n] labels."""

    severity: np.ndarray
    """[n, distortions]"""

    group: np.ndarray
    """[n] scene."""

    written: np.ndarray
    """[n] scores of the texts, NaN where unreadable."""

    named: np.ndarray
    """[n, distortions] 1 / (rank of mention), 0 where not named."""

    def take(self, chosen: np.ndarray) -> LabelledPredictions:
        return LabelledPredictions(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    @property
    def readable(self) -> np.ndarray:
        return ~np.isnan(self.written)


def written_scores(read: Sequence[ReadAnswer]) -> np.ndarray:
    """[n], NaN where unreadable."""
    return np.array([np.nan if a.score is None else a.score for a in read], float)


def label_predictions(
    score: np.ndarray, severity: np.ndarray, group: np.ndarray, read: Sequence[ReadAnswer]
) -> LabelledPredictions:
    """Labels [n], [n, distortions], [n] with the content of the answers."""
    named = np.zeros((len(read), len(DISTORTIONS)))
    for row, answer in zip(named, read, strict=True):
        for rank, distortion in enumerate(d for d in answer.named if d in DISTORTIONS):
            row[DISTORTIONS.index(distortion)] = 1 / (1 + rank)
    return LabelledPredictions(
        score=score, severity=severity, group=group, written=written_scores(read), named=named
    )


def attribution(predictions: LabelledPredictions) -> float:
    """Share of clips with exactly one distortion whose text names it first."""
    single = (predictions.severity > 0).sum(1) == 1
    right = predictions.named[single, predictions.severity[single].argmax(1)] == 1
    return float(right.mean()) if single.any() else float("nan")


def score_srcc(predictions: LabelledPredictions) -> float:
    return srcc(predictions.score[predictions.readable], predictions.written[predictions.readable])


MEASURES: dict[str, Callable[[LabelledPredictions], float]] = {
    "SRCC": score_srcc,
    "PLCC": lambda j: plcc(j.score[j.readable], j.written[j.readable]),
    "MAE": lambda j: float(np.abs(j.score - j.written)[j.readable].mean()),
    "top-1 attribution": attribution,
    "macro balanced accuracy": lambda j: macro_accuracy(j.severity, j.named, threshold=0.0),
}


def measure(heads: Sequence[LabelledPredictions], where: str, command: str) -> list[Metric]:
    """Every measure of the first head, and with several heads (seeds of the projector) their mean."""
    group = heads[0].group

    def values(rows: np.ndarray) -> np.ndarray:
        """[measures, heads]"""
        taken = [head.take(rows) for head in heads]
        return np.array([[of(head) for head in taken] for of in MEASURES.values()])

    every = values(np.arange(len(group)))
    draws = np.array([values(rows) for rows in resampled(group)])
    single = int(((heads[0].severity > 0).sum(1) == 1).sum())
    metrics = []
    for k, (name, of) in enumerate(MEASURES.items()):
        n = single if of is attribution else len(group)
        for suffix, chosen in (("", slice(0, 1)), (OF_HEADS, slice(None))):
            if suffix and len(heads) == 1:
                continue
            low, high = bounds(draws[:, k, chosen].mean(1))
            title, value = f"{name}, {where}{suffix}", float(every[k, chosen].mean())
            metrics.append(Metric(name=title, value=value, low=low, high=high, n=n, command=command))
    return metrics


TWO_DECIMALS = re.compile(r"<answer>\d\.\d\d</answer>\s*$")
SENTENCE = re.compile(r"[^.!?。！？]+[.!?。！？]*")


def opening(text: str) -> str:
    """The first sentence."""
    match = SENTENCE.match(text.removeprefix("<think>").strip())
    return match.group().strip() if match else ""


def variety(predictions: LabelledPredictions, texts: Sequence[str], where: str, command: str) -> list[Metric]:
    """Readability of the answers, resolution of their scores, and variety of both."""
    scores = predictions.written
    openings = [opening(text) for text in texts]
    every = np.array(openings)
    decimals = np.array([bool(TWO_DECIMALS.search(text)) for text in texts], float)
    group, readable = predictions.group, predictions.readable.astype(float)

    def most_frequent(values: np.ndarray) -> float:
        return Counter(values.tolist()).most_common(1)[0][1] / len(values) if len(values) else float("nan")

    def scored(rows: np.ndarray) -> np.ndarray:
        return scores[rows][~np.isnan(scores[rows])]

    return [
        metric(f"readable, {where}", lambda rows: float(readable[rows].mean()), group, command),
        metric(f"two decimals, {where}", lambda rows: float(decimals[rows].mean()), group, command),
        metric(f"standard deviation of the score, {where}", lambda r: float(scored(r).std()), group, command),
        metric(
            f"share of the most frequent score, {where}", lambda r: most_frequent(scored(r)), group, command
        ),
        metric(
            f"share of the most frequent opening, {where}", lambda r: most_frequent(every[r]), group, command
        ),
        Metric(name=f"different openings, {where}", value=len(set(openings)), n=len(texts), command=command),
        Metric(name=f"different texts, {where}", value=len(set(texts)), n=len(texts), command=command),
    ]
