"""Full-reference distances of fragments before and after a distortion step: its visibility.

Multi-scale SSIM (Wang, Simoncelli and Bovik 2003), gradient magnitude similarity deviation (Xue et al. 2014)
and a VIF in the pixel domain (Sheikh and Bovik 2006, on windows of 5 pixels), each on the fragments as they
are, none across their seams. SSIM and VIF share their moments. Texture masking lowers all three.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, conv2d

from procedural.fragments import cut
from procedural.planes import Planes

FRAMES = 4
"""Frames of a clip that are compared; twice as many for intermittent distortions."""

CELL = 32
SCALES = 3
MS_WEIGHTS = (0.2, 0.4, 0.4)
"""Of the three finest scales of MS-SSIM, 0.0448, 0.2856, 0.3001, with more weight on single pixels."""

VIF_NOISE = 2.0
GMSD_C = 170.0
PREWITT = torch.tensor([[1.0, 0, -1]] * 3)[None, None] / 3


def _tiles(planes: Planes, grid: int) -> torch.Tensor:
    """[n · grid², 1, 32, 32] in [0, 255]."""
    y = torch.from_numpy(cut(planes, grid, CELL).y).float()
    n = len(y)
    return y.view(n, grid, CELL, grid, CELL).transpose(2, 3).reshape(n * grid * grid, 1, CELL, CELL)


def _moments(a: torch.Tensor, b: torch.Tensor):
    """Means, variances and covariance of windows of 5 × 5."""
    pooled = avg_pool2d(torch.cat([a, b, a * a, b * b, a * b], 1), 5, 1)
    mean_a, mean_b = pooled[:, :1], pooled[:, 1:2]
    var_a = (pooled[:, 2:3] - mean_a * mean_a).clamp_min(0)
    var_b = (pooled[:, 3:4] - mean_b * mean_b).clamp_min(0)
    return mean_a, mean_b, var_a, var_b, pooled[:, 4:] - mean_a * mean_b


def _vif(var_a: torch.Tensor, var_b: torch.Tensor, cov: torch.Tensor) -> tuple[float, float]:
    """Information of the distorted and of the reference tiles."""
    gain = (cov / (var_a + 1e-6)).clamp_min(0)
    rest = (var_b - gain * cov).clamp_min(1e-6)
    left = torch.log2(1 + gain.square() * var_a / (rest + VIF_NOISE))
    return float(left.sum()), float(torch.log2(1 + var_a / VIF_NOISE).sum())


def _gmsd(a: torch.Tensor, b: torch.Tensor) -> float:
    both = avg_pool2d(torch.cat([a, b]), 2)
    size = (conv2d(both, PREWITT).square() + conv2d(both, PREWITT.transpose(2, 3)).square()).sqrt()
    one, other = size.chunk(2)
    similar = (2 * one * other + GMSD_C) / (one.square() + other.square() + GMSD_C)
    return float(similar.std())


def measure(before: torch.Tensor, after: torch.Tensor) -> tuple[float, float, float]:
    """(1 − MS-SSIM, GMSD, 1 − VIF) of tiles [n, 1, 32, 32]; VIF beyond 1, of sharpening, is inverted."""
    a, b, ssim, left, total = before, after, 1.0, 0.0, 0.0
    for scale in range(SCALES):
        mean_a, mean_b, var_a, var_b, cov = _moments(a, b)
        structure = float(((2 * cov + 58.5) / (var_a + var_b + 58.5)).mean())
        ssim *= max(structure, 0.0) ** MS_WEIGHTS[scale]
        if scale < 2:
            distorted, reference = _vif(var_a, var_b, cov)
            left, total = left + distorted, total + reference
        if scale < SCALES - 1:
            a, b = avg_pool2d(a, 2), avg_pool2d(b, 2)
    ratio = (left + 1e-3) / (total + 1e-3)
    return 1 - ssim, _gmsd(before, after), 1 - min(ratio, 1 / ratio)


def luma_distance(
    before: Planes,
    after: Planes,
    indices: np.ndarray,
    count: int = FRAMES,
    grid: int = 7,
    noise: bool = False,
) -> float:
    """Luma distance in [0, 1]: mean of the three measures, GMSD scaled to about the range of the others.

    `indices` [n]: sampled frames; `count` of them are compared. For `noise` it is 1 − MS-SSIM alone: the
    other two measure the loss of structure, and noise is most visible where there is none.
    """
    chosen = indices[np.unique(np.linspace(0, len(indices) - 1, count).round().astype(int))]
    one, other = (_tiles(planes.take(chosen), grid) for planes in (before, after))
    structure, gradient, information = measure(one, other)
    if noise:
        return structure
    return (structure + min(gradient / 0.35, 1) + information) / 3


def chroma_distance(before: Planes, after: Planes, indices: np.ndarray, count: int = FRAMES) -> float:
    """Mean distance of the chroma in the plane of Cb and Cr, of 255."""
    chosen = indices[np.unique(np.linspace(0, len(indices) - 1, count).round().astype(int))]
    gap = after.uv[chosen].astype(np.float32) - before.uv[chosen]
    return float(np.hypot(gap[:, 0], gap[:, 1]).mean()) / 255
