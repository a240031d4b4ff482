"""Temporal distortions as maps from the positions of a clip to the frame numbers shown, [n].

A map may point past the end: where frames are missing, later ones move up and the shot continues. Maps
compose by indexing, and the clip keeps its length.
"""

from __future__ import annotations

import numpy as np

from procedural.labels import parameter, severity_of


def frozen(times: np.ndarray, length: int, share: float, start: float) -> np.ndarray:
    """Times [n] with a frozen run of `share` of the clip, which begins at `start` of the rest."""
    first = int(start * (length - round(share * length)))
    inside = (times >= first) & (times < first + round(share * length))
    return np.where(inside, first, times)


def thinned(times: np.ndarray, keep: int) -> np.ndarray:
    """Only every `keep`-th frame, shown `keep` times."""
    return times // keep * keep


def paused(length: int, count: int, first: int) -> np.ndarray:
    """Frame `first` is held for `count` positions; what follows comes later."""
    p = np.arange(length)
    return np.where(p < first, p, np.maximum(p - count, first))


def stuttered(length: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` random frames replaced by what was shown before them."""
    shown = np.arange(length)
    shown[1 + rng.permutation(length - 1)[:count]] = 0
    return np.maximum.accumulate(shown)


def replaced(length: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` repeats of one frame inserted at a random position, as many others removed: the reward's
    `duplicate`."""
    at = int(rng.integers(length + 1))
    others = np.delete(np.arange(length), rng.permutation(length)[:count])
    return np.insert(others, min(at, len(others)), np.full(count, rng.integers(length)))


def gapped(length: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` random frames missing; later ones move up."""
    return np.concatenate([[0], 1 + np.sort(rng.permutation(length + count - 1)[: length - 1])])


def shuffled(length: int, window: int, rng: np.random.Generator) -> np.ndarray:
    """Random order within windows, the last of which may be shorter; one window shuffles the whole clip."""
    starts = range(0, length, window)
    return np.concatenate([s + rng.permutation(min(window, length - s)) for s in starts])


def jittered(length: int, by: int, rng: np.random.Generator) -> np.ndarray:
    """Each position shows a frame `by` before or after its own, or its own."""
    return (np.arange(length) + by * rng.integers(-1, 2, length)).clip(0, length - 1)


def freeze(length: int, severity: float, rng: np.random.Generator) -> np.ndarray:
    """A frozen clip: once, with a jump or a delay after it; at many positions; or on another frame."""
    share = parameter("freeze", severity)
    count = max(round(share * length), 1)
    kind = rng.choice(["still", "pause", "stutter", "foreign"], p=[0.45, 0.15, 0.22, 0.18])
    if kind == "still":
        return frozen(np.arange(length), length, share, rng.random())
    if kind == "pause":
        return paused(length, count, int(rng.random() * (length - count)))
    return (stuttered if kind == "stutter" else replaced)(length, count, rng)


GAPS = 0.62
"""Share of the shot's frames that irregular drops remove at severity 1."""


def drop(length: int, severity: float, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Dropped frames and their actual severity: every n-th frame repeated, or irregular gaps."""
    if rng.random() < 0.35:
        count = max(round(GAPS * severity * length), 1)
        return gapped(length, count, rng), min(count / (GAPS * length), 1.0)
    keep = int(np.clip(round(10 ** (severity ** (1 / 1.3))), 2, 10))
    return thinned(np.arange(length), keep), float(np.log10(keep) ** 1.3)


def disorder(length: int, severity: float, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Frames in a wrong order, and the actual severity; at 1 all frames are shuffled."""
    window = max(round(parameter("disorder", severity)), 2)
    if severity > 0.97 or window >= length:
        return shuffled(length, length, rng), 1.0
    if window >= 2 and rng.random() < 0.45:
        by = max(window // 2, 1)
        return jittered(length, by, rng), severity_of("disorder", 2 * by)
    return shuffled(length, window, rng), severity_of("disorder", window)
