"""Maps that several families of features share: windowed mean and deviation, MSCN, gradients, shifts.

Planes are [H, W] float64. Correlations are of the same size, zero outside the frame unless stated otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import correlate1d

Offset = tuple[int, int]
"""Rows down and columns to the right."""

HORIZONTAL: Offset = (0, 1)
VERTICAL: Offset = (1, 0)
DIAGONAL: Offset = (1, 1)
ANTIDIAGONAL: Offset = (-1, 1)


def gaussian(size: int, sigma: float) -> np.ndarray:
    """Sampled Gaussian [size] of sum 1."""
    offsets = np.arange(size) - (size - 1) / 2
    values = np.exp(-(offsets**2) / (2 * sigma**2))
    return values / values.sum()


NARROW = gaussian(7, 7 / 6)
WIDE = gaussian(7, 7 * 1.5 / 6)


def separable(
    plane: np.ndarray, rows: np.ndarray, columns: np.ndarray, border: str = "constant"
) -> np.ndarray:
    """Correlation with `rows` down each column and `columns` along each row; zero outside by default."""
    return correlate1d(correlate1d(plane, rows, axis=0, mode=border), columns, axis=1, mode=border)


def smoothed(plane: np.ndarray, window: np.ndarray = NARROW) -> np.ndarray:
    return separable(plane, window, window)


@dataclass(frozen=True)
class Normalised:
    """A map's mean-subtracted, contrast-normalised coefficients (MSCN), and its windowed deviation."""

    mscn: np.ndarray
    sigma: np.ndarray


def normalised(plane: np.ndarray) -> Normalised:
    mean = smoothed(plane)
    sigma = np.sqrt(np.abs(smoothed(plane * plane) - mean * mean))
    return Normalised((plane - mean) / (sigma + 1), sigma)


def mscn(plane: np.ndarray) -> np.ndarray:
    return normalised(plane).mscn


def shifted(plane: np.ndarray, offset: Offset) -> np.ndarray:
    """The plane moved by an offset, cyclic."""
    return np.roll(plane, offset, axis=(0, 1))


def product(plane: np.ndarray, offset: Offset) -> np.ndarray:
    """Products of neighbours, the plane times its shifted copy."""
    return plane * shifted(plane, offset)


SMOOTHING = np.array([1.0, 2.0, 1.0])
DIFFERENCE = np.array([-1.0, 0.0, 1.0])


def sobel(plane: np.ndarray, border: str = "constant") -> tuple[np.ndarray, np.ndarray]:
    """Unscaled Sobel derivatives (sum of absolute weights 8) along rows and down columns."""
    return separable(plane, SMOOTHING, DIFFERENCE, border), separable(plane, DIFFERENCE, SMOOTHING, border)


def cross(plane: np.ndarray) -> np.ndarray:
    """Vertical less horizontal neighbours, zero outside."""
    ones = np.array([1.0, 0.0, 1.0])
    return correlate1d(plane, ones, axis=0, mode="constant") - correlate1d(
        plane, ones, axis=1, mode="constant"
    )
