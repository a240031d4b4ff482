"""Features of a clip: from decoded planes to the 47 columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from small.human.colour import friquee_chroma
from small.human.frames import LINES, FramePlan, Sample, pooled
from small.human.motion import motion_features
from small.human.resize import half, resize
from small.human.sharpness import sharpness_features
from small.human.spatial import Features, Luma, brisque, friquee_luma, gm_log, higrade

REACH_DIVISOR = 40


@dataclass(frozen=True)
class FramePlanes:
    """A decoded frame: 8-bit 4:2:0 of the limited range."""

    y: np.ndarray
    """[H, W] uint8"""

    cb: np.ndarray
    """[⌈H / 2⌉, ⌈W / 2⌉] uint8"""

    cr: np.ndarray


def scaled(plane: np.ndarray) -> np.ndarray:
    """A plane [H, W] at 480 lines of its shorter side; a smaller one as it is."""
    scale = LINES / min(plane.shape)
    return resize(plane, scale) if scale < 1 else plane.astype(float)


def scaled_planes(frame: FramePlanes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Luma and chroma at the features' size, chroma interpolated to luma's."""
    height, width = frame.y.shape
    cb, cr = (scaled(resize(plane, 2.0)[:height, :width]) for plane in (frame.cb, frame.cr))
    return scaled(frame.y), cb, cr


def sample_features(now: FramePlanes, before: np.ndarray, after: np.ndarray) -> Features:
    """Features of one sample; before, after: luma [H, W] uint8 of its other frames."""
    y, cb, cr = scaled_planes(now)
    luma = Luma.of(y)
    halves = [half(plane) / 255 for plane in (y, scaled(before), scaled(after))]
    return {
        **brisque(luma),
        **gm_log(luma),
        **higrade(luma),
        **friquee_luma(luma),
        **friquee_chroma(y, cb, cr),
        **motion_features(*halves, y.shape[1] // REACH_DIVISOR),
    }


def clip_features(plan: FramePlan, frame: Callable[[int], FramePlanes]) -> np.ndarray:
    """The columns [47] of a clip; frame: its frames by number."""
    samples: dict[int, Sample] = {s.now: s for block in plan.blocks for s in block}
    values = {
        now: sample_features(frame(now), frame(s.before).y, frame(s.after).y) for now, s in samples.items()
    }
    sharpness = {k: sharpness_features(*scaled_planes(frame(k))) for k in plan.sharpness}
    return pooled(plan, values, sharpness)
