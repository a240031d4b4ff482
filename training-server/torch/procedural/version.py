"""One version of a scene: its distortions applied to rendered frames, in a fixed order, with its labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from procedural import distort, order
from procedural.codec import through, x264
from procedural.corruption import corrupt, draw_bursts
from procedural.distort import Draws
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
from procedural.scene import Scene

TEMPORAL = ("freeze", "drop", "shake", "disorder")

LOCAL = ("blur", "noise", "lowres", "banding", "colour", "ringing")
REGIONAL = 0.08
"""Share of these that act in a part of the frame only."""

ROLLING = 0.35
"""Share of shaken cameras with a rolling shutter."""

LIGHT = 0.3
"""Share of versions without compression that are encoded lightly at the end."""

SHORT = 48
"""Frames of the longest clip that an encoder gets whole."""


@dataclass
class Version:
    """Distortions of one version with their severities, in the order of application."""

    distortions: list[tuple[str, float, int]]

    def without(self, name: str) -> Version:
        """The same version without one distortion."""
        return Version([row for row in self.distortions if row[0] != name])


def shown_frames(scene: Scene, distortions: dict, draws: Callable[[str], Draws]) -> np.ndarray:
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


Step = Callable[[Planes, np.ndarray], Planes]
"""Distorts the planes at the given frame indices."""


class Drawing:
    """Drawing of the frames `wanted` of one version; `draw` may be called once."""

    def __init__(
        self,
        scene: Scene,
        version: Version,
        base_crf: float | None,
        rng: np.random.Generator,
        wanted: np.ndarray,
    ):
        self.scene, self.base_crf, self.wanted = scene, base_crf, wanted
        self.distortions = {name: (severity, when) for name, severity, when in version.distortions}
        self.labels = Labels()
        self.seed = int(rng.integers(2**62))
        self.encoder = np.random.default_rng((self.seed, 1000))
        self.compressed = "compression" in self.distortions
        self.light = not self.compressed and self.encoder.random() < LIGHT
        self.times = np.arange(0)
        self.times, self.hit = self._times()
        self.sampled = np.searchsorted(self.times, np.unique(wanted))
        self.drawn, self.back = np.unique(
            shown_frames(scene, self.distortions, self.draws)[self.times], return_inverse=True
        )
        self.offsets: np.ndarray | None = None

    def draws(self, name: str) -> Draws:
        """Random streams of a distortion for the drawn times."""
        return Draws((self.seed, IDS.index(name)), self.times)

    def _times(self) -> tuple[np.ndarray, list]:
        """Times to draw, ascending, and the pairs of a time and a burst of corruption that hits it."""
        scene, wanted, bursts = self.scene, self.wanted, []
        if "corruption" in self.distortions:
            severity, _ = self.distortions["corruption"]
            stream = self.draws("corruption").clip
            bursts = draw_bursts(stream, scene.length, scene.height, scene.width, severity)
        if self.base_crf is None and not self.compressed and not self.light:
            times = np.unique(wanted)  # no encoder: only the pairs are needed
        elif scene.length <= SHORT:
            times = np.arange(scene.length)
        else:
            times = np.unique(np.concatenate([(wanted - 1).clip(0), wanted]))
        hit = [(t, b) for t in times for b in bursts if b.first <= t < b.first + b.frames]
        references = [burst.reference() for _, burst in hit]
        return np.unique(np.concatenate([times, references])).astype(np.int64), hit

    def draw(self) -> tuple[Planes, Labels]:
        """The wanted frames, whole, with the labels."""
        for name, severity in self.scene.lasting.items():
            self.labels.add(name, severity)
        for name in TEMPORAL:
            if name in self.distortions:
                self.labels.add(name, self.distortions[name][0])
        planes = self._render()
        if "interlacing" in self.distortions:
            planes = self._step(planes, "interlacing", *self.distortions["interlacing"], self._weave)
        planes = self._encode_first(planes)
        for name, (severity, when) in self.distortions.items():
            if name in distort.SPATIAL:
                planes = self._step(planes, name, severity, when, self._spatial(name, severity))
        if self.compressed:
            planes = self._step(planes, "compression", *self.distortions["compression"], self._compress)
        elif self.light:
            planes = through(planes, x264(self.encoder.uniform(12, 22)))
        if self.hit:
            planes = self._step(planes, "corruption", *self.distortions["corruption"], self._corrupt)
        return planes.take(np.searchsorted(self.times, self.wanted)), self.labels

    def _render(self) -> Planes:
        """Frames of the scene by the camera, shaken or not."""
        shear = None
        if "shake" in self.distortions:
            camera = Draws((self.seed, IDS.index("shake")), self.drawn)
            sigma = parameter("shake", self.distortions["shake"][0])
            self.offsets = np.stack([distort.shake_offset(camera, k, sigma) for k in range(len(self.drawn))])
            if camera.clip.random() < ROLLING:
                shear = 0.7 * np.roll(self.offsets[:, 0], 1)
        planes = self.scene.render(self.drawn, self.offsets)
        if shear is not None:
            distort.roll_shutter(planes, shear)
        return planes.take(self.back)

    def _encode_first(self, planes: Planes) -> Planes:
        """The encoding that all versions of a scene share."""
        if self.base_crf is None:
            return planes
        codec, severity = x264(self.base_crf), severity_of("compression", self.base_crf)
        if severity == 0:
            return through(planes, codec)
        return self._step(planes, "compression", severity, WHOLE, lambda planes, _: through(planes, codec))

    def _step(self, planes: Planes, name: str, severity: float, when: int, act: Step) -> Planes:
        """Applies one step to the frames where it acts, and labels it with its visible severity."""
        acts = self._acting(when)
        if name not in KNOTS:
            self.labels.add(name, severity, when)
            return act(planes, acts)
        before, where = planes.copy(), _where(name, self.draws(name))
        planes = act(planes, acts)
        if where != EVERYWHERE:
            severity *= _keep_outside(planes, before, where)
        indices = np.intersect1d(acts, self.sampled)
        if not len(indices):
            return planes
        if name == "colour":
            distance = chroma_distance(before, planes, indices)
        else:
            frames = 2 * FRAMES if name == "corruption" else FRAMES
            distance = luma_distance(before, planes, indices, frames, noise=name == "noise")
        self.labels.add(name, severity, when, where, distance)
        return planes

    def _acting(self, when: int) -> np.ndarray:
        """Indices of the drawn frames of the whole clip or of one half."""
        times, middle = self.times, self.scene.length / 2
        return np.flatnonzero(
            {WHOLE: times >= 0, FIRST_HALF: times < middle, SECOND_HALF: times >= middle}[when]
        )

    def _weave(self, planes: Planes, acts: np.ndarray) -> Planes:
        distance = parameter("interlacing", self.distortions["interlacing"][0])
        later = self.scene.render(self.drawn + distance, self.offsets).take(self.back)
        distort.weave(planes, later, acts)
        return planes

    def _spatial(self, name: str, severity: float) -> Step:
        def act(planes: Planes, acts: np.ndarray) -> Planes:
            distort.SPATIAL[name](planes, acts, severity, self.draws(name))
            return planes

        return act

    def _compress(self, planes: Planes, acts: np.ndarray) -> Planes:
        severity = self.distortions["compression"][0]
        coded = through(planes, distort.codec_for(severity, self.draws("compression").clip))
        planes.y[acts], planes.uv[acts] = coded.y[acts], coded.uv[acts]
        return planes

    def _corrupt(self, planes: Planes, acts: np.ndarray) -> Planes:
        broken, acting = planes.copy(), set(self.times[acts].tolist())
        severity = self.distortions["corruption"][0]
        for t, burst in self.hit:
            if t in acting:
                k, reference = np.searchsorted(self.times, (t, burst.reference()))
                corrupt(broken, planes, int(k), int(t), burst, int(reference), severity)
        return broken


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
    and a version without one of its distortions differs in nothing else. Of a clip of more than `SHORT`
    frames an encoder gets only `wanted` and the frames before those.
    """
    return Drawing(scene, version, base_crf, rng, wanted).draw()
