"""Groups of four versions of one scene: clean, one distortion at two severities, and others.

Only the sampled frames of a version are drawn: 8 pairs by golden-ratio sampling, and the frames in front of
each pair that an encoder needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from procedural.fragments import cut
from procedural.labels import FIRST_HALF, IDS, SECOND_HALF, WHOLE, Labels
from procedural.planes import Planes
from procedural.scene import Scene, draw_scene
from procedural.sources import Sources
from procedural.version import TEMPORAL, Version, draw_version

PAIRS = 8
GRID, CELL = 7, 32
VERSIONS = 4

HALVES = 0.15
"""Share of spatial distortions that act in one half only."""

BASE = 0.35
"""Share of scenes that are encoded before any distortion, as real clips are."""


@dataclass
class Clip:
    fragments: Planes
    """[16, 224, 224] and chroma."""

    labels: Labels


def pair_times(length: int) -> np.ndarray:
    """Frame numbers [16] of the 8 pairs: golden-ratio sampling, each frame with its successor."""
    k = np.arange(PAIRS)
    first = np.minimum((k + (0.5 + 0.618034 * k) % 1) / PAIRS * length, length - 1).astype(np.int64)
    return np.stack([first, np.minimum(first + 1, length - 1)], 1).reshape(-1)


def _severity(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.06, 1) if rng.random() < 0.8 else rng.uniform(0.03, 0.35))


def _when(name: str, rng: np.random.Generator) -> int:
    if name in TEMPORAL or rng.random() > HALVES:
        return WHOLE
    return FIRST_HALF if rng.random() < 0.5 else SECOND_HALF


def draw_versions(rng: np.random.Generator) -> list[Version]:
    """Random distortions of the four versions of a group."""
    names = list(rng.permutation(IDS))
    low, high = np.sort([_severity(rng), _severity(rng)])
    first = _when(names[0], rng)
    last = [(names[1], _severity(rng), _when(names[1], rng))]
    if rng.random() < 0.4:
        last.append((names[2], _severity(rng), _when(names[2], rng)))
        if rng.random() < 0.3:
            last.append((names[3], _severity(rng), _when(names[3], rng)))
    return [
        Version([]),
        Version([(names[0], float(low), first)]),
        Version([(names[0], float(high), first)]),
        Version(last),
    ]


def make_version(scene: Scene, version: Version, base_crf: float | None, rng: np.random.Generator) -> Clip:
    planes, labels = draw_version(scene, version, base_crf, rng, pair_times(scene.length))
    return Clip(cut(planes, GRID, CELL), labels)


def make_group(seed: int, sources: Sources) -> tuple[Scene, list[Clip]]:
    """Four clips of one scene; the same seed gives the same clips."""
    scene, base_crf, versions = draw_group(seed, sources)
    return scene, [
        make_version(scene, version, base_crf, version_draws(seed, v)) for v, version in enumerate(versions)
    ]


def draw_group(seed: int, sources: Sources) -> tuple[Scene, float | None, list[Version]]:
    """A scene, the x264 CRF of its first encoding (None without one), and its four versions."""
    rng = np.random.default_rng((seed, 7))
    scene = draw_scene(rng, sources)
    base_crf = float(rng.uniform(14, 31)) if rng.random() < BASE else None
    return scene, base_crf, draw_versions(rng)


def version_draws(seed: int, version: int) -> np.random.Generator:
    """The generator of a version for `draw_version`; a new one reproduces the same frames."""
    return np.random.default_rng((seed, 13, version))
