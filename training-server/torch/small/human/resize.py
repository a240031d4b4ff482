"""Bicubic resize (a = -0.5) with antialiasing and mirrored borders: float, neither rounded nor clipped."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

import numpy as np


def _kernel(t: np.ndarray) -> np.ndarray:
    t = np.abs(t)
    inner = (1.5 * t - 2.5) * t * t + 1
    outer = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t <= 1, inner, np.where(t <= 2, outer, 0.0))


@lru_cache(maxsize=16)
def _taps(size: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Input indices and weights [out, taps] of one axis, out = ceil(scale · size)."""
    stretch = min(scale, 1.0)
    width = 4 / stretch
    centre = np.arange(1, ceil(scale * size) + 1) / scale + (1 - 1 / scale) / 2
    first = np.floor(centre - width / 2)
    inputs = first[:, None] + np.arange(ceil(width) + 2)
    weights = stretch * _kernel(stretch * (centre[:, None] - inputs))
    weights /= weights.sum(1, keepdims=True)
    mirrored = (inputs.astype(int) - 1) % (2 * size)
    mirrored = np.where(mirrored < size, mirrored, 2 * size - 1 - mirrored)
    used = np.any(weights != 0, axis=0)
    return mirrored[:, used], weights[:, used]


def _rows(plane: np.ndarray, scale: float) -> np.ndarray:
    inputs, weights = _taps(len(plane), scale)
    out = weights[:, :1] * plane[inputs[:, 0]]
    for k in range(1, inputs.shape[1]):
        out += weights[:, k : k + 1] * plane[inputs[:, k]]
    return out


def resize(plane: np.ndarray, scale: float) -> np.ndarray:
    """A plane [H, W] at a scale: [ceil(scale · H), ceil(scale · W)] float64."""
    return np.ascontiguousarray(_rows(_rows(plane, scale).T, scale).T)


def half(plane: np.ndarray) -> np.ndarray:
    """A plane [H, W] at half size, [ceil(H / 2), ceil(W / 2)]."""
    return resize(plane, 0.5)
