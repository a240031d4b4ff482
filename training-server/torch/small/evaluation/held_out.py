"""Answers on labelled clips that training has not seen: score, named faults, and how varied they are."""

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
from small.evaluation.figure import OF_HEADS, Figure, bounds, figure, resampled
from small.figures import macro_accuracy, plcc, srcc

VERSIONS = 4
"""Clips of a scene."""


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
    """The finished shards of a split, to be judged."""

    split: str
    cache: Path = CACHE

    @property
    def name(self) -> str:
        return self.split

    @property
    def fingerprint(self) -> str:
        """Of a split as it is now: shards that come later make another."""
        return _fingerprint(self.split, self.cache)

    def names(self, limit: int | None = None) -> list[str]:
        """Of the first `limit` clips, whole scenes."""
        count = len(labelled(self.split, self.cache))
        count = count if limit is None else min(count, limit)
        return [str(k) for k in range(count - count % VERSIONS)]

    def pixels(self, name: str) -> Tensor:
        return labelled(self.split, self.cache).pixels(int(name))


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Answers beside labels. Unreadable ones stay in every figure but those of the score."""

    score: np.ndarray
    """[n] labels."""

    severity: np.ndarray
    """[n, distortions]"""

    group: np.ndarray
    """[n] scene."""

    written: np.ndarray
    """[n] scores of the texts, NaN where unreadable."""

    named: np.ndarray
    """[n, distortions] 0 = not named, else 1 for the fault that is named first, less for each one after
    it."""

    def take(self, chosen: np.ndarray) -> Judged:
        return Judged(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    @property
    def readable(self) -> np.ndarray:
        return ~np.isnan(self.written)


def written_scores(read: Sequence[ReadAnswer]) -> np.ndarray:
    """[n], NaN where unreadable."""
    return np.array([np.nan if a.score is None else a.score for a in read], float)


def judged(score: np.ndarray, severity: np.ndarray, group: np.ndarray, read: Sequence[ReadAnswer]) -> Judged:
    """Labels [n], [n, distortions], [n] beside what the texts say."""
    named = np.zeros((len(read), len(DISTORTIONS)))
    for row, answer in zip(named, read, strict=True):
        for place, distortion in enumerate(d for d in answer.found if d in DISTORTIONS):
            row[DISTORTIONS.index(distortion)] = 1 / (1 + place)
    return Judged(score=score, severity=severity, group=group, written=written_scores(read), named=named)


def attribution(found: Judged) -> float:
    """Share of clips with exactly one fault whose text names that fault first."""
    single = (found.severity > 0).sum(1) == 1
    right = found.named[single, found.severity[single].argmax(1)] == 1
    return float(right.mean()) if single.any() else float("nan")


def score_srcc(found: Judged) -> float:
    return srcc(found.score[found.readable], found.written[found.readable])


MEASURES: dict[str, Callable[[Judged], float]] = {
    "SRCC": score_srcc,
    "PLCC": lambda j: plcc(j.score[j.readable], j.written[j.readable]),
    "MAE": lambda j: float(np.abs(j.score - j.written)[j.readable].mean()),
    "top-1 attribution": attribution,
    "macro balanced accuracy": lambda j: macro_accuracy(j.severity, j.named, threshold=0.0),
}


def measure(heads: Sequence[Judged], where: str, command: str) -> list[Figure]:
    """Every measure of the first judge, and of several (seeds of the head) the mean."""
    group = heads[0].group

    def values(rows: np.ndarray) -> np.ndarray:
        """[measures, heads]"""
        taken = [head.take(rows) for head in heads]
        return np.array([[of(head) for head in taken] for of in MEASURES.values()])

    every = values(np.arange(len(group)))
    draws = np.array([values(rows) for rows in resampled(group)])
    single = int(((heads[0].severity > 0).sum(1) == 1).sum())
    figures = []
    for k, (name, of) in enumerate(MEASURES.items()):
        n = single if of is attribution else len(group)
        for suffix, chosen in (("", slice(0, 1)), (OF_HEADS, slice(None))):
            if suffix and len(heads) == 1:
                continue
            low, high = bounds(draws[:, k, chosen].mean(1))
            title, value = f"{name}, {where}{suffix}", float(every[k, chosen].mean())
            figures.append(Figure(name=title, value=value, low=low, high=high, n=n, command=command))
    return figures


TWO_DECIMALS = re.compile(r"<answer>\d\.\d\d</answer>\s*$")
SENTENCE = re.compile(r"[^.!?。！？]+[.!?。！？]*")


def opening(text: str) -> str:
    """The first sentence."""
    found = SENTENCE.match(text.removeprefix("<think>").strip())
    return found.group().strip() if found else ""


def variety(found: Judged, texts: Sequence[str], where: str, command: str) -> list[Figure]:
    """Whether the answers can be read, whether they are as fine as they look, and whether they vary."""
    scores = found.written
    openings = [opening(text) for text in texts]
    every = np.array(openings)
    decimals = np.array([bool(TWO_DECIMALS.search(text)) for text in texts], float)
    group, readable = found.group, found.readable.astype(float)

    def most_frequent(values: np.ndarray) -> float:
        return Counter(values.tolist()).most_common(1)[0][1] / len(values) if len(values) else float("nan")

    def scored(rows: np.ndarray) -> np.ndarray:
        return scores[rows][~np.isnan(scores[rows])]

    return [
        figure(f"readable, {where}", lambda rows: float(readable[rows].mean()), group, command),
        figure(f"two decimals, {where}", lambda rows: float(decimals[rows].mean()), group, command),
        figure(f"standard deviation of the score, {where}", lambda r: float(scored(r).std()), group, command),
        figure(
            f"share of the most frequent score, {where}", lambda r: most_frequent(scored(r)), group, command
        ),
        figure(
            f"share of the most frequent opening, {where}", lambda r: most_frequent(every[r]), group, command
        ),
        Figure(name=f"different openings, {where}", value=len(set(openings)), n=len(texts), command=command),
        Figure(name=f"different texts, {where}", value=len(set(texts)), n=len(texts), command=command),
    ]
