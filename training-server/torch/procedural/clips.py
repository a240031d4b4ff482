"""Groups of four versions of one scene: clean, one distortion at two severities, and others.

A version is drawn only where it is looked at: 8 pairs of frames at the golden-ratio places, and around each
pair what an encoder needs to have seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from procedural import distort
from procedural.codec import through, x264
from procedural.fragments import cut
from procedural.labels import FIRST_HALF, IDS, SECOND_HALF, WHOLE, Labels, parameter, severity_of
from procedural.planes import Planes
from procedural.scene import Scene, draw_scene
from procedural.sources import Sources

PAIRS = 8
GRID, CELL = 7, 32
VERSIONS = 4

TEMPORAL = ("freeze", "drop", "shake")
HALVES = 0.15
"""Share of spatial distortions that act in one half only."""

BASE = 0.35
"""Share of scenes that went through an encoder before anything is done to them, as real clips have."""

LIGHT = 0.3
"""Share of versions without compression that are encoded lightly at the end."""


@dataclass
class Clip:
    fragments: Planes
    """[16, 224, 224] and chroma."""

    labels: Labels


def pair_times(length: int) -> np.ndarray:
    """Frame numbers [16] of the 8 pairs, the rule `golden` with `pairs` of the profiles."""
    k = np.arange(PAIRS)
    first = np.minimum((k + (0.5 + 0.618034 * k) % 1) / PAIRS * length, length - 1).astype(np.int64)
    return np.stack([first, np.minimum(first + 1, length - 1)], 1).reshape(-1)


@dataclass
class Version:
    """Distortions of one version with their severities, in the order of application."""

    faults: list[tuple[str, float, int]]


def _severity(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.06, 1) if rng.random() < 0.8 else rng.uniform(0.03, 0.35))


def _when(name: str, rng: np.random.Generator) -> int:
    if name in TEMPORAL or rng.random() > HALVES:
        return WHOLE
    return FIRST_HALF if rng.random() < 0.5 else SECOND_HALF


def draw_versions(rng: np.random.Generator) -> list[Version]:
    """What the four versions of a group are."""
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


def draw_version(
    scene: Scene,
    version: Version,
    base_crf: float | None,
    rng: np.random.Generator,
    wanted: np.ndarray,
) -> tuple[Planes, Labels]:
    """The frames `wanted` of a version, whole, with its labels."""
    labels = Labels()
    faults = {name: (severity, when) for name, severity, when in version.faults}
    compressed = "compression" in faults
    light = not compressed and rng.random() < LIGHT
    if base_crf is None and not compressed and not light:
        times = wanted  # no encoder: nothing but the pairs is needed
    elif scene.length <= 48:
        times = np.arange(scene.length)
    else:
        times = np.unique(np.concatenate([(wanted[::2] - 1).clip(0), wanted]))
    shown, offsets = times, None
    if "drop" in faults:
        keep = int(np.clip(round(10 ** (faults["drop"][0] ** (1 / 1.3))), 2, 10))
        shown = distort.thinned(shown, keep)
        faults["drop"] = (np.log10(keep) ** 1.3, WHOLE)
    if "freeze" in faults:
        share = parameter("freeze", faults["freeze"][0])
        shown = distort.frozen(shown, scene.length, share, rng.random())
    if "shake" in faults:
        offsets = distort.shaken(len(shown), parameter("shake", faults["shake"][0]), rng)
        offsets = offsets[np.searchsorted(times, shown).clip(0, len(times) - 1)]
    drawn, back = np.unique(shown, return_inverse=True) if offsets is None else (shown, np.arange(len(shown)))
    planes = scene.render(drawn, offsets).take(back)
    if base_crf is not None:
        planes = through(planes, x264(base_crf))
        if (severity := severity_of("compression", base_crf)) > 0.02:
            labels.add("compression", severity)
    middle = scene.length / 2
    for name, (severity, when) in faults.items():
        labels.add(name, severity, when)
        if name in distort.SPATIAL:
            acts = {WHOLE: times >= 0, FIRST_HALF: times < middle, SECOND_HALF: times >= middle}[when]
            distort.SPATIAL[name](planes, np.flatnonzero(acts), severity, rng)
    if compressed:
        severity, when = faults["compression"]
        coded = through(planes, distort.codec_for(severity, rng))
        if when != WHOLE:
            keep = times >= middle if when == FIRST_HALF else times < middle
            coded.y[keep], coded.uv[keep] = planes.y[keep], planes.uv[keep]
        planes = coded
    elif light:
        planes = through(planes, x264(rng.uniform(12, 22)))
    return planes.take(np.searchsorted(times, wanted)), labels


def make_group(seed: int, sources: Sources) -> tuple[Scene, list[Clip]]:
    """Four clips of one scene; the same seed gives the same clips."""
    rng = np.random.default_rng((seed, 7))
    scene = draw_scene(rng, sources)
    base_crf = float(rng.uniform(14, 31)) if rng.random() < BASE else None
    return scene, [make_version(scene, v, base_crf, rng) for v in draw_versions(rng)]
