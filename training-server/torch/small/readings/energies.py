"""Log energies of an analytic filter bank: the control that tells filters from training.

Per fragment of 32 × 32 pixels: oriented waves of three frequencies in quadrature, kernel 7, stride 2, of luma
[8 frames] and of the difference within a pair. Of each filter the logarithms of the mean magnitude and of the
root of the mean square. Nothing is fitted.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

FREQUENCIES = (0.45, 0.25, 0.125)
ANGLES = 4
FLOOR = 1e-3


def wave_bank() -> Tensor:
    """Zero-mean unit-norm kernels [24, 1, 7, 7]: 3 frequencies × 4 angles × 2 phases."""
    at = torch.arange(7.0) - 3
    y, x = at[:, None], at[None]
    kernels = []
    for frequency in FREQUENCIES:
        width = 2.0 if frequency < 0.2 else 1.3
        for k in range(ANGLES):
            angle = k * np.pi / ANGLES
            along = x * np.cos(angle) + y * np.sin(angle)
            for phase in (0, np.pi / 2):
                wave = torch.cos(2 * np.pi * frequency * along + phase)
                wave = wave * torch.exp(-(x * x + y * y) / (2 * width**2))
                wave = wave - wave.mean()
                kernels.append(wave / wave.norm())
    return torch.stack(kernels)[:, None].float()


BANK = wave_bank()
COUNT = 2 * len(BANK)


def _energies(tiles: Tensor) -> Tensor:
    """Tiles [n, 1, 32, 32] → [n, 48]."""
    response = F.conv2d(tiles, BANK, stride=2)
    magnitude = response.abs().mean((-1, -2))
    square = response.square().mean((-1, -2)).sqrt()
    return torch.cat([(magnitude + FLOOR).log(), (square + FLOOR).log()], 1)


def wave_energies(luma: Tensor) -> Tensor:
    """Luma of fragments [16, 49, 32, 32] of 8 pairs → [8, 49, 96]: of first frames, then of differences."""
    first, second = luma[0::2], luma[1::2]
    both = [_energies(tiles.reshape(-1, 1, *luma.shape[2:])) for tiles in (first, second - first)]
    return torch.cat(both, 1).view(*first.shape[:2], 2 * COUNT)
