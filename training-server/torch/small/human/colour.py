"""Colour spaces of the features: YCbCr (BT.601, limited range) to RGB, and RGB to Lab; FRIQUEE's chroma."""

from __future__ import annotations

import numpy as np

from small.human.maps import normalised
from small.human.moments import kurtosis, skewness
from small.human.resize import half

KR, KB = 0.299, 0.114
KG = 1 - KR - KB

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""Linear sRGB to XYZ, white point D65."""

TO_XYZ_D50 = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
"""Linear sRGB to XYZ, adapted to the white point D50 (Bradford)."""


def to_rgb(y: np.ndarray, cb: np.ndarray, cr: np.ndarray) -> np.ndarray:
    """Limited-range planes [H, W], 0 to 255 → RGB [3, H, W] in units of the full range, not clipped."""
    luma, blue, red = (y - 16) / 219, (cb - 128) / 112, (cr - 128) / 112
    r, b = luma + (1 - KR) * red, luma + (1 - KB) * blue
    return np.stack([r, (luma - KR * r - KB * b) / KG, b])


def linear(rgb: np.ndarray) -> np.ndarray:
    """Values of sRGB, 0 to 1 → linear light."""
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def to_lab(rgb: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """sRGB [3, H, W], 0 to 1 → L (0 to 100), a, b [3, H, W]; white is the matrix's sum."""
    xyz = np.tensordot(matrix / matrix.sum(1, keepdims=True), linear(rgb), 1)
    x, y, z = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (841 / 108) + 4 / 29)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def bytes_of(values: np.ndarray) -> np.ndarray:
    """Rounded, half up, to 0 … 255."""
    return np.clip(np.floor(values + 0.5), 0, 255)


def chroma(y: np.ndarray, cb: np.ndarray, cr: np.ndarray) -> np.ndarray:
    """FRIQUEE's chroma map [H, W]: √(A² + B²) of 8-bit Lab, whose offset of 128 is part of A and B."""
    rgb = bytes_of(255 * to_rgb(*map(bytes_of, (y, cb, cr)))) / 255
    a, b = bytes_of(to_lab(rgb, TO_XYZ_D50)[1:] + 128)
    return np.sqrt(a * a + b * b)


def friquee_chroma(y: np.ndarray, cb: np.ndarray, cr: np.ndarray) -> dict[str, float]:
    """The features of planes [H, W] that need no more than windowed deviations."""
    plane = chroma(y, cb, cr)
    sigma, half_sigma = normalised(plane).sigma, normalised(half(plane)).sigma
    return {
        "fc_sigma_skew": skewness(sigma),
        "fc2_sigma_kurt": kurtosis(half_sigma),
        "fc2_sigma": float(half_sigma.mean()),
    }
