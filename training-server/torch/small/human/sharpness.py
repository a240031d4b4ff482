"""High-complexity features of TLVQM (TIP 2019): edges, chroma and the width of edges, once a second."""

from __future__ import annotations

import numpy as np

from small.human.colour import TO_XYZ, to_lab, to_rgb
from small.human.maps import sobel
from small.human.resize import half

BLOCK, STEP, FIRST, MARGIN = 17, 16, 7, 25
"""Side, distance and first corner of the blocks; a corner is at most at size − MARGIN."""

LAGS = 6
TEXTURED = 1e-4
"""Energy above which a block's autocorrelation is read."""

WIDEST = 1280
"""Width above which edges are read at half size."""


def edges(lab: np.ndarray) -> np.ndarray:
    """Strength of edges [H, W] over L, a and b [3, H, W]; 0 on the outermost pixels."""
    total = np.zeros(lab.shape[1:])
    for plane, scale in zip(lab, (100, 50, 50), strict=True):
        for slope in sobel(plane / scale):
            total += (slope / 8) ** 2
    out = np.zeros_like(total)
    out[1:-1, 1:-1] = np.sqrt(total[1:-1, 1:-1])
    return out


def block_means(plane: np.ndarray) -> np.ndarray:
    """Means [rows, columns] of the blocks; empty where none fits."""
    corners = [range(FIRST, size - MARGIN + 1, STEP) for size in plane.shape]
    sums = np.pad(plane.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    y, x = np.meshgrid(*(np.array(c, int) for c in corners), indexing="ij")
    total = sums[y + BLOCK, x + BLOCK] - sums[y, x + BLOCK] - sums[y + BLOCK, x] + sums[y, x]
    return total / BLOCK**2


def autocorrelation(across: np.ndarray, down: np.ndarray, i: int, j: int) -> np.ndarray:
    """Block means of each derivative times itself i rows down and j columns to the right, weighted by the
    lag's direction."""

    def lagged(v: np.ndarray) -> np.ndarray:
        return block_means(v * np.roll(v, (-i, -j), (0, 1)))

    if i == j == 0:
        return lagged(across) + lagged(down)
    return (i * lagged(across) + j * lagged(down)) / (i + j)


def blur(across: np.ndarray, down: np.ndarray, textured: np.ndarray) -> tuple[float, float]:
    """Mean over textured blocks of the autocorrelation at lags 2 to 6, and at lag 2, relative to lag 1."""
    energy = autocorrelation(across, down, 0, 0)[textured]
    rings = np.stack(
        [
            sum(autocorrelation(across, down, *lag)[textured] for lag in ((k, 0), (0, k), (k, k))) / energy
            for k in range(1, LAGS + 1)
        ]
    )
    rings = rings / np.where(rings[0] > 0, rings[0], 1)
    return float(rings[1:].mean()), float(rings[1].mean())


def soft_deviation(magnitude: np.ndarray, textured: np.ndarray) -> float:
    """Mean of the textured blocks' deviations that are at most their mean."""
    mean, n = block_means(magnitude), BLOCK**2
    variance = (block_means(magnitude * magnitude) - mean * mean)[textured].clip(0) * n / (n - 1)
    deviations = np.sqrt(variance)
    return float(deviations[deviations <= deviations.mean()].mean())


def sharpness_features(y: np.ndarray, cb: np.ndarray, cr: np.ndarray) -> dict[str, float]:
    """Features of planes [H, W], 0 to 255."""
    lab = to_lab(to_rgb(y, cb, cr).clip(0, 1), TO_XYZ)
    strength = edges(lab)
    reduced = half(strength) if strength.shape[1] > WIDEST else strength
    across, down = (slope / 8 for slope in sobel(reduced))
    textured = autocorrelation(across, down, 0, 0) > TEXTURED
    blur5, blur2 = blur(across, down, textured) if textured.any() else (0.0, 0.0)
    return {
        "hc_sobel": float(strength.mean()),
        "hc_sobel_std": float(strength.std(ddof=1)),
        "hc_chroma": float(np.sqrt(((lab[1:] / 50) ** 2).sum(0).mean())),
        "hc_blur5": blur5,
        "hc_blur2": blur2,
        "hc_softstd": soft_deviation(np.hypot(across, down), textured) if textured.any() else 0.0,
    }
