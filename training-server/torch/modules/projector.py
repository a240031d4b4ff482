"""From the encoders to the decoder's width: pixel shuffle and the two projectors."""

from __future__ import annotations

from math import isqrt

from torch import Tensor, nn

EPSILON = 1e-5
"""Of the projectors' LayerNorm: torch's default, not the encoder's 1e-6."""


def pixel_shuffle(tokens: Tensor) -> Tensor:
    """Patch tokens [n, P, D] → [n, P / 4, 4 D] (`ps_version` v2).

    Output (p, q), row-major, is patches (2p, 2q), (2p, 2q + 1), (2p + 1, 2q), (2p + 1, 2q + 1) side by side.
    """
    side = isqrt(tokens.shape[1])
    if side * side != tokens.shape[1] or side % 2:
        raise ValueError(f"{tokens.shape[1]} patches are no square grid of even side")
    grid = tokens.unflatten(1, (side // 2, 2, side // 2, 2))
    return grid.transpose(2, 3).flatten(3).flatten(1, 2)


def projector(inputs: int, outputs: int) -> nn.Sequential:
    """LayerNorm, Linear, GELU (erf), Linear: `mlp1.{0,1,3}` and `motion_mlp.{0,1,3}` of the checkpoint."""
    return nn.Sequential(
        nn.LayerNorm(inputs, eps=EPSILON), nn.Linear(inputs, outputs), nn.GELU(), nn.Linear(outputs, outputs)
    )
