"""Dense truths of a generated clip: what each distortion step changed in each fragment.

The generator has the frames before and after every step. Comparing the two fragment by fragment gives each
fragment a truth of its own: a region, a burst of corruption and masking by texture are in it, and the blur
of a flat wall is none. The reference is the clip after its camera and its order, so it is aligned with frozen
and shaken clips too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import avg_pool2d

from procedural.fragments import cut
from procedural.labels import IDS, Labels
from procedural.planes import Planes
from procedural.scene import Scene
from procedural.version import Drawing, Step, Version

GRID, CELL = 7, 32
FRAGMENTS = GRID * GRID
STRUCTURE, LUMA, CHROMA = range(3)
"""Distances of a fragment: 1 − SSIM of luma (windows of 5, stride 3), mean |ΔY| / 255, mean distance of the
chroma / 255."""

SPATIAL = (
    "blur", "noise", "compression", "lowres", "over", "under", "contrast", "colour", "banding", "ringing",
    "interlacing", "corruption",
)  # fmt: skip
"""Distortions that a fragment of one frame shows."""

VISIBLE = {"noise": 0.0075, "colour": 0.0075, "over": 0.0075, "under": 0.0075, "contrast": 0.0075}
"""Distance from which a fragment shows a distortion; `VISIBLE_STRUCTURE` for the others."""
VISIBLE_STRUCTURE = 0.0115
INVISIBLE = 0.1
"""Below this share of the visible distance a fragment is free of the distortion; between, not asked."""

MEASURE = {"colour": CHROMA, "over": LUMA, "under": LUMA, "contrast": LUMA}
"""Distance that shows a distortion; `STRUCTURE` for the others."""

ABSENT, PRESENT, NOT_ASKED = 0, 1, 2


@dataclass(frozen=True)
class DenseTruth:
    """Truths of the 8 pairs of a clip."""

    distance: np.ndarray
    """[17, 3, 8, 49] float16, in the first frame of each pair; 0 where no step acts."""

    shown: np.ndarray
    """[16] frame number of the scene at each sampled frame."""

    wanted: np.ndarray
    """[16] position of each sampled frame."""

    shift: np.ndarray
    """[8] pixels that a shaken camera moves within the pair."""

    gain: np.ndarray
    """[8] |difference of the log gain| of flicker within the pair."""


def _tiles(y: np.ndarray) -> torch.Tensor:
    """Stitched luma [n, 224, 224] → [n · 49, 1, 32, 32], float32."""
    n = len(y)
    tiles = torch.from_numpy(y).float().view(n, GRID, CELL, GRID, CELL).transpose(2, 3)
    return tiles.reshape(n * FRAGMENTS, 1, CELL, CELL)


def structure_distance(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """1 − SSIM [n] of tiles [n, 1, 32, 32] in [0, 255]."""
    a, b = before, after
    pooled = avg_pool2d(torch.cat([a, b, a * a, b * b, a * b], 1), 5, 3)
    mean_a, mean_b = pooled[:, 0], pooled[:, 1]
    var_a, var_b = pooled[:, 2] - mean_a**2, pooled[:, 3] - mean_b**2
    covariance = pooled[:, 4] - mean_a * mean_b
    light = (2 * mean_a * mean_b + 6.5) / (mean_a**2 + mean_b**2 + 6.5)
    return 1 - (light * (2 * covariance + 58.5) / (var_a + var_b + 58.5)).mean((-1, -2))


def fragment_distances(before: Planes, after: Planes) -> np.ndarray:
    """Distances [3, n, 49] of stitched fragments."""
    one, other = _tiles(before.y), _tiles(after.y)
    gap = after.uv.astype(np.float32) - before.uv
    n, half = len(before), CELL // 2
    chroma = np.hypot(gap[:, 0], gap[:, 1]).reshape(n, GRID, half, GRID, half).mean((2, 4)).reshape(n, -1)
    luma = (one - other).abs().mean((-1, -2, -3)).view(n, -1).numpy()
    structure = structure_distance(one, other).view(n, -1).numpy()
    return np.stack([structure, luma / 255, chroma / 255])


class TracedDrawing(Drawing):
    """A drawing that records the distances of every step at the first frame of each pair."""

    def __init__(
        self,
        scene: Scene,
        version: Version,
        base_crf: float | None,
        rng: np.random.Generator,
        wanted: np.ndarray,
    ):
        super().__init__(scene, version, base_crf, rng, wanted)
        self.at = np.searchsorted(self.times, wanted)
        self.distance = np.zeros((len(IDS), 3, len(wanted) // 2, FRAGMENTS), np.float32)
        self.gain = np.zeros(len(wanted) // 2)

    def _step(self, planes: Planes, name: str, severity: float, when: int, act: Step) -> Planes:
        before = cut(planes.take(self.at), GRID, CELL)
        planes = super()._step(planes, name, severity, when, act)
        after = cut(planes.take(self.at), GRID, CELL)
        i, first = IDS.index(name), slice(0, None, 2)
        distances = fragment_distances(before.take(first), after.take(first))
        self.distance[i] = np.maximum(self.distance[i], distances)
        if name == "flicker":
            light = [frames.y.astype(np.float32).mean((1, 2)) - 15 for frames in (before, after)]
            gain = np.log(np.maximum(light[1], 1) / np.maximum(light[0], 1))
            self.gain = np.abs(gain[1::2] - gain[::2])
        return planes

    def draw_traced(self) -> tuple[Planes, Labels, DenseTruth]:
        """The wanted frames, whole, with labels and dense truths."""
        planes, labels = self.draw()
        shift = np.zeros(len(self.wanted) // 2)
        if self.offsets is not None:
            moved = self.offsets[self.back][self.at]
            shift = np.linalg.norm(moved[1::2] - moved[::2], axis=1)
        shown = self.drawn[self.back][self.at]
        distance = self.distance.astype(np.float16)
        return planes, labels, DenseTruth(distance, shown, self.wanted, shift, self.gain)


def presence(
    severity: np.ndarray, distance: np.ndarray, lasting: np.ndarray, unsure: tuple[str, ...] = ()
) -> np.ndarray:
    """ABSENT, PRESENT or NOT_ASKED [len(SPATIAL), 8, 49] of each fragment.

    severity [17] of the clip's label; distance [17, 3, 8, 49]; lasting [17] bool, distortions of the scene
    itself, which are everywhere; `unsure`: distortions that the source may have by nature, never ABSENT.
    """
    out = np.zeros((len(SPATIAL), *distance.shape[2:]), np.uint8)
    for k, name in enumerate(SPATIAL):
        i = IDS.index(name)
        local = distance[i, MEASURE.get(name, STRUCTURE)].astype(np.float32)
        visible = VISIBLE.get(name, VISIBLE_STRUCTURE)
        if lasting[i]:
            out[k] = PRESENT if severity[i] > 0 else NOT_ASKED
        elif severity[i] > 0:
            out[k] = np.where(
                local >= visible, PRESENT, np.where(local < INVISIBLE * visible, ABSENT, NOT_ASKED)
            )
        elif local.any():
            out[k] = np.where(local < INVISIBLE * visible, ABSENT, NOT_ASKED)
        if name in unsure:
            out[k][out[k] == ABSENT] = NOT_ASKED
    return out
