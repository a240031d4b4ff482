"""Groups of four versions of one scene: clean, one distortion at two severities, and others.

Only the sampled frames of a version are drawn: 8 pairs by golden-ratio sampling, and the frames in front of
each pair that an encoder needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from procedural import distort, order
from procedural.codec import through, x264
from procedural.corruption import corrupt, draw_bursts
from procedural.distort import Draws
from procedural.fragments import cut
from procedural.labels import (
    EVERYWHERE,
    FIRST_HALF,
    IDS,
    KNOTS,
    REGIONS,
    SECOND_HALF,
    WHOLE,
    Labels,
    parameter,
    severity_of,
)
from procedural.measures import FRAMES, chroma_distance, luma_distance
from procedural.planes import Planes
from procedural.scene import Scene, draw_scene
from procedural.sources import Sources

PAIRS = 8
GRID, CELL = 7, 32
VERSIONS = 4

TEMPORAL = ("freeze", "drop", "shake", "disorder")
HALVES = 0.15
"""Share of spatial distortions that act in one half only."""

LOCAL = ("blur", "noise", "lowres", "banding", "colour", "ringing")
REGIONAL = 0.08
"""Share of these that act in a part of the frame only."""

ROLLING = 0.35
"""Share of shaken cameras with a rolling shutter."""

BASE = 0.35
"""Share of scenes that are encoded before any distortion, as real clips are."""

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

    distortions: list[tuple[str, float, int]]

    def without(self, name: str) -> Version:
        """The same version without one distortion."""
        return Version([row for row in self.distortions if row[0] != name])


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


def shown_frames(scene: Scene, distortions: dict, draws) -> np.ndarray:
    """Scene frame shown at each position [length]; sets severities in `distortions` to the actual ones."""
    shown = np.arange(scene.length)
    if "drop" in distortions:
        order_map, severity = order.drop(scene.length, distortions["drop"][0], draws("drop").clip)
        shown, distortions["drop"] = order_map, (severity, WHOLE)
    if "freeze" in distortions:
        shown = shown[order.freeze(scene.length, distortions["freeze"][0], draws("freeze").clip)]
    if "disorder" in distortions:
        indices, severity = order.disorder(scene.length, distortions["disorder"][0], draws("disorder").clip)
        shown, distortions["disorder"] = shown[indices], (severity, WHOLE)
    return shown


def _where(name: str, draws: Draws) -> int:
    rng = np.random.default_rng((*draws.seed, 2))
    return int(rng.integers(1, len(REGIONS))) if name in LOCAL and rng.random() < REGIONAL else EVERYWHERE


def _keep_outside(planes: Planes, before: Planes, where: int) -> float:
    """Undoes a step outside a region, in place; the square root of the region's share of the frame."""
    for now, then in ((planes.y, before.y), (planes.uv, before.uv)):
        height, width = now.shape[-2:]
        top, bottom, left, right = {
            "left": (0, 1, 0, 0.5),
            "right": (0, 1, 0.5, 1),
            "top": (0, 0.5, 0, 1),
            "bottom": (0.5, 1, 0, 1),
            "centre": (0.25, 0.75, 0.2, 0.8),
        }[REGIONS[where]]
        rows, columns = np.arange(height) / height, np.arange(width) / width
        inside = ((rows >= top) & (rows < bottom))[:, None] & ((columns >= left) & (columns < right))
        np.copyto(now, then, where=~inside)
    return float(np.sqrt((bottom - top) * (right - left)))


def draw_version(
    scene: Scene,
    version: Version,
    base_crf: float | None,
    rng: np.random.Generator,
    wanted: np.ndarray,
) -> tuple[Planes, Labels]:
    """The frames `wanted` of a version, whole, with its labels.

    `wanted`: positions in the version, in any order, with repetitions. One number is taken of `rng` and each
    distortion draws from a stream of its own, so that a generator in the same state gives the same frames,
    and a version without one of its distortions differs in nothing else. Of a clip of more than 48 frames an
    encoder gets only `wanted` and the frames before those.
    """
    labels = Labels()
    distortions = {name: (severity, when) for name, severity, when in version.distortions}
    seed = int(rng.integers(2**62))
    times = np.arange(0)

    def draws(name: str) -> Draws:
        return Draws((seed, IDS.index(name)), times)

    encoder = np.random.default_rng((seed, 1000))
    compressed = "compression" in distortions
    light = not compressed and encoder.random() < LIGHT
    bursts = []
    if "corruption" in distortions:
        severity, when = distortions["corruption"]
        bursts = draw_bursts(draws("corruption").clip, scene.length, scene.height, scene.width, severity)
    if base_crf is None and not compressed and not light:
        times = np.unique(wanted)  # no encoder: only the pairs are needed
    elif scene.length <= 48:
        times = np.arange(scene.length)
    else:
        times = np.unique(np.concatenate([(wanted - 1).clip(0), wanted]))
    hit = [(t, b) for t in times for b in bursts if b.first <= t < b.first + b.frames]
    times = np.unique(np.concatenate([times, [b.reference() for _, b in hit]])).astype(np.int64)
    middle = scene.length / 2

    def acting(when: int) -> np.ndarray:
        acts = {WHOLE: times >= 0, FIRST_HALF: times < middle, SECOND_HALF: times >= middle}[when]
        return np.flatnonzero(acts)

    sampled = np.searchsorted(times, np.unique(wanted))

    def step(name: str, severity: float, when: int, act: Callable[[Planes, np.ndarray], Planes]) -> None:
        """Applies one step to the frames where it acts, and labels it with its visible severity."""
        nonlocal planes
        acts = acting(when)
        if name not in KNOTS:
            planes = act(planes, acts)
            labels.add(name, severity, when)
            return
        before, where = planes.copy(), _where(name, draws(name))
        planes = act(planes, acts)
        if where != EVERYWHERE:
            severity *= _keep_outside(planes, before, where)
        indices = np.intersect1d(acts, sampled)
        if not len(indices):
            return
        if name == "colour":
            distance = chroma_distance(before, planes, indices)
        else:
            frames = 2 * FRAMES if name == "corruption" else FRAMES
            distance = luma_distance(before, planes, indices, frames, noise=name == "noise")
        labels.add(name, severity, when, where, distance)

    drawn, back = np.unique(shown_frames(scene, distortions, draws)[times], return_inverse=True)
    for name, severity in scene.lasting.items():
        labels.add(name, severity)
    for name in TEMPORAL:
        if name in distortions:
            labels.add(name, distortions[name][0])
    offsets, shear = None, None
    if "shake" in distortions:
        camera, sigma = Draws((seed, IDS.index("shake")), drawn), parameter("shake", distortions["shake"][0])
        offsets = np.stack([distort.shake_offset(camera, k, sigma) for k in range(len(drawn))])
        if camera.clip.random() < ROLLING:
            shear = 0.7 * np.roll(offsets[:, 0], 1)
    planes = scene.render(drawn, offsets)
    if shear is not None:
        distort.roll_shutter(planes, shear)
    planes = planes.take(back)

    def weave(planes: Planes, acts: np.ndarray) -> Planes:
        distance = parameter("interlacing", distortions["interlacing"][0])
        distort.weave(planes, scene.render(drawn + distance, offsets).take(back), acts)
        return planes

    def spatial(planes: Planes, acts: np.ndarray) -> Planes:
        distort.SPATIAL[name](planes, acts, severity, draws(name))
        return planes

    def compress(planes: Planes, acts: np.ndarray) -> Planes:
        coded = through(planes, distort.codec_for(distortions["compression"][0], draws("compression").clip))
        planes.y[acts], planes.uv[acts] = coded.y[acts], coded.uv[acts]
        return planes

    def break_blocks(planes: Planes, acts: np.ndarray) -> Planes:
        broken, acts_at = planes.copy(), set(times[acts].tolist())
        for t, burst in hit:
            if t in acts_at:
                k, reference = np.searchsorted(times, (t, burst.reference()))
                corrupt(broken, planes, int(k), int(t), burst, int(reference), distortions["corruption"][0])
        return broken

    if "interlacing" in distortions:
        step("interlacing", *distortions["interlacing"], weave)
    if base_crf is not None and (severity := severity_of("compression", base_crf)) > 0:
        step("compression", severity, WHOLE, lambda planes, _: through(planes, x264(base_crf)))
    elif base_crf is not None:
        planes = through(planes, x264(base_crf))
    for name, (severity, when) in distortions.items():
        if name in distort.SPATIAL:
            step(name, severity, when, spatial)
    if compressed:
        step("compression", *distortions["compression"], compress)
    elif light:
        planes = through(planes, x264(encoder.uniform(12, 22)))
    if hit:
        step("corruption", *distortions["corruption"], break_blocks)
    return planes.take(np.searchsorted(times, wanted)), labels


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
