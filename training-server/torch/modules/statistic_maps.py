"""Maps of the statistics: what is measured at each position of a fragment, or once a fragment.

Formulas are `maps` of `core/sampling/statistics.json`; which map is a row's, and what is done with it, is
`modules.statistics`. Fragments are the last two axes; no operation crosses their border.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SLOPE_FLOOR = 1e-4
"""Added to the flow's squared slopes."""

ECHO_FLOOR = 1e-5
"""Added to the squared differences of echo and halo."""

STRONG_EDGE = 0.08
"""Luma over two pixels where an edge begins to count; twice that counts whole."""

HALO_REACH = {"near": (2, 5), "far": (4, 9)}
"""Pixels from an edge."""

CHANGE_FLOOR = 2e-3
"""Under the logarithm of a fragment's mean difference between frames, where two of them are compared."""

STEP_BLOCK, DIFFERENCE_BLOCK, CHECKER_BLOCK = 8, 8, 10
"""Pixels a side of the blocks that maps are averaged over; 10 because 30 inner positions are left."""


def laplacian(v: Tensor) -> Tensor:
    inner = v[..., 1:-1, 1:-1]
    across = v[..., 1:-1, :-2] + v[..., 1:-1, 2:]
    return (4 * inner - across - v[..., :-2, 1:-1] - v[..., 2:, 1:-1]).abs()


def checker(v: Tensor) -> Tensor:
    x = v[..., :, :-2] - 2 * v[..., :, 1:-1] + v[..., :, 2:]
    return (x[..., :-2, :] - 2 * x[..., 1:-1, :] + x[..., 2:, :]).abs() / 4


def flow(first: Tensor, second: Tensor, axis: str) -> Tensor:
    """Numerator and denominator of a fragment's displacement in pixels of this scale, [..., 2]."""
    middle, change = (first + second) / 2, (second - first)[..., 1:-1, 1:-1]
    if axis == "x":
        slope = (middle[..., 1:-1, 2:] - middle[..., 1:-1, :-2]) / 2
    else:
        slope = (middle[..., 2:, 1:-1] - middle[..., :-2, 1:-1]) / 2
    parts = -(slope * change).mean((-1, -2)), (slope * slope).mean((-1, -2)) + SLOPE_FLOOR
    return torch.stack(parts, dim=-1)


def echo(v: Tensor, lag: int) -> Tensor:
    """Numerator and denominator of the autocorrelation of differences `lag` positions apart, [..., 2].

    Halos and rings make it negative a few pixels from an edge, blur positive; noise is -1/2 at lag 1.
    """
    x, y = v[..., :, 1:] - v[..., :, :-1], v[..., 1:, :] - v[..., :-1, :]
    along = (x[..., :, lag:] * x[..., :, :-lag]).mean((-1, -2))
    down = (y[..., lag:, :] * y[..., :-lag, :]).mean((-1, -2))
    energy = (x * x).mean((-1, -2)) + (y * y).mean((-1, -2)) + ECHO_FLOOR
    return torch.stack([along + down, energy], dim=-1)


def halo(v: Tensor, axis: str, reach: str) -> Tensor:
    """Numerator and denominator of how far the two sides of strong edges overshoot where they are near,
    against where they are far, as a share of the edge: [..., 2]. Positive beside halos."""
    if axis == "y":
        v = v.transpose(-1, -2)
    near, far = HALO_REACH[reach]

    def at(offset: int) -> Tensor:
        return v[..., far + offset : v.shape[-1] - far + offset]

    step = at(1) - at(-1)
    weighted = ((step.abs() - STRONG_EDGE) / STRONG_EDGE).clamp_(0, 1) * step
    over = (at(near) - at(far)) - (at(-near) - at(-far))
    parts = (weighted * over).mean((-1, -2)), (weighted * step).mean((-1, -2)) + ECHO_FLOOR
    return torch.stack(parts, dim=-1)


def comb(v: Tensor) -> Tensor:
    """|1, -3, 4, -3, 1| / 12 down the rows less the same along them: rows of two fields that moved apart."""

    def alternating(a: Tensor, b: Tensor, c: Tensor, d: Tensor, e: Tensor) -> Tensor:
        return (a + e - 3 * (b + d) + 4 * c).abs() / 12

    side = v.shape[-1]
    down = alternating(*(v[..., i : side - 4 + i, 2:-2] for i in range(5)))
    along = alternating(*(v[..., 2:-2, i : side - 4 + i] for i in range(5)))
    return down - along


def seam(v: Tensor, axis: str) -> Tensor:
    """A straight step of `STEP_BLOCK` positions that its neighbours do not share: |mean of the difference's
    difference from the two beside it|. As if for columns; along rows for `y`."""
    if axis == "y":
        v = v.transpose(-1, -2)
    step = v[..., :, 1:] - v[..., :, :-1]
    lone = step[..., :, 1:-1] - (step[..., :, :-2] + step[..., :, 2:]) / 2
    return lone.unflatten(-2, (lone.shape[-2] // STEP_BLOCK, STEP_BLOCK)).mean(-2).abs()


def block_means(v: Tensor, size: int) -> Tensor:
    return F.avg_pool2d(v.flatten(0, 2), size).unflatten(0, v.shape[:3])


def change(later: Tensor, earlier: Tensor) -> Tensor:
    """Logarithm of a fragment's mean absolute difference, [..., 1, 1]."""
    return ((later - earlier).abs().mean((-1, -2), keepdim=True) + CHANGE_FLOOR).log()
