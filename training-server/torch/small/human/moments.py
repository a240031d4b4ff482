"""Parameters of generalised Gaussians fitted by moments, skewness and kurtosis.

Where a map is flat its coefficients are rounding noise, whose sign would decide what counts as negative.
Coefficients of at most `FLAT` therefore add nothing to the sums of squares of the two sides and count as
`FLAT_WEIGHT` on each. An undefined parameter is NaN, as is the variance of a side without coefficients; the
shape of a flat map is the first of the grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import gammaln

FLAT = 1e-9
FLAT_WEIGHT = 0.1


@lru_cache(maxsize=1)
def _grid() -> tuple[np.ndarray, np.ndarray]:
    """Shapes 0.200, 0.201 … 10.000, and the ratio Γ(2/g)² / (Γ(1/g) Γ(3/g)) of each, which rises with g."""
    shapes = np.arange(200, 10001) / 1000
    ratios = np.exp(2 * gammaln(2 / shapes) - gammaln(1 / shapes) - gammaln(3 / shapes))
    return shapes, ratios


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0 else float("nan")


@dataclass(frozen=True)
class Gaussian:
    """Symmetric generalised Gaussian."""

    shape: float
    std: float


def fit_gaussian(values: np.ndarray) -> Gaussian:
    """Fit by the variance and the mean absolute deviation."""
    centred = values - values.mean()
    variance = float(np.mean(centred * centred))
    absolute = float(np.mean(np.abs(centred)))
    shapes, ratios = _grid()
    if absolute == 0:
        return Gaussian(float(shapes[0]), variance**0.5)
    index = int(np.argmin(np.abs(variance / absolute**2 - 1 / ratios)))
    return Gaussian(float(shapes[index]), variance**0.5)


@dataclass(frozen=True)
class AsymmetricGaussian:
    """Generalised Gaussian with a variance of each side."""

    shape: float
    left: float
    """Variance of the negative side."""

    right: float
    """Variance of the positive side."""


def fit_asymmetric(values: np.ndarray) -> AsymmetricGaussian:
    squares = values * values
    negative, positive = values < -FLAT, values > FLAT
    flat = FLAT_WEIGHT * (values.size - negative.sum() - positive.sum())
    left, right = (
        _ratio(float(squares[side].sum()), float(side.sum() + flat) if side.any() else 0)
        for side in (negative, positive)
    )
    shapes, ratios = _grid()
    if not (left > 0 and right > 0):
        return AsymmetricGaussian(float(shapes[0]), left, right)
    gamma = (left / right) ** 0.5
    rho = float(np.mean(np.abs(values))) ** 2 / float(squares.mean())
    wanted = rho * (gamma**3 + 1) * (gamma + 1) / (gamma**2 + 1) ** 2
    index = int(np.argmin((ratios - wanted) ** 2))
    return AsymmetricGaussian(float(shapes[index]), left, right)


def _central(values: np.ndarray, order: int) -> float:
    return float(np.mean((values - values.mean()) ** order))


def skewness(values: np.ndarray) -> float:
    """Third standardised moment; NaN of a constant."""
    return _ratio(_central(values, 3), _central(values, 2) ** 1.5)


def kurtosis(values: np.ndarray) -> float:
    """Fourth standardised moment, 3 of a normal distribution; NaN of a constant."""
    return _ratio(_central(values, 4), _central(values, 2) ** 2)


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values * values)))
