"""Spatial features of luma: BRISQUE (TIP 2012), GM-LOG (TIP 2014), HIGRADE (TIP 2017), FRIQUEE (JoV 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import correlate

from small.human.maps import (
    ANTIDIAGONAL,
    DIAGONAL,
    HORIZONTAL,
    VERTICAL,
    WIDE,
    Normalised,
    cross,
    gaussian,
    mscn,
    normalised,
    product,
    separable,
    shifted,
    smoothed,
    sobel,
)
from small.human.moments import fit_asymmetric, fit_gaussian, kurtosis, rms, skewness
from small.human.resize import half

Features = dict[str, float]


@dataclass(frozen=True)
class Luma:
    """Luma [H, W], 0 to 255, with the maps that families share."""

    plane: np.ndarray
    maps: Normalised
    half_maps: Normalised
    """Of the plane at half size."""

    across: np.ndarray
    """Products of horizontal neighbours of the MSCN map."""

    @classmethod
    def of(cls, plane: np.ndarray) -> Luma:
        maps = normalised(plane)
        return cls(plane, maps, normalised(half(plane)), product(maps.mscn, HORIZONTAL))


def brisque(luma: Luma) -> Features:
    return {
        "br1_v_lvar": fit_asymmetric(product(luma.maps.mscn, VERTICAL)).left,
        "br2_h_lvar": fit_asymmetric(product(luma.half_maps.mscn, HORIZONTAL)).left,
        "br2_d_shape": fit_asymmetric(product(luma.half_maps.mscn, DIAGONAL)).shape,
    }


def _log_kernel(sigma: float = 0.5) -> np.ndarray:
    """Laplacian of Gaussian [5, 5]: zero mean, absolute sum 1."""
    y, x = np.mgrid[-2:3, -2:3]
    square = x**2 + y**2
    bell = np.exp(-square / (2 * sigma**2))
    kernel = bell / bell.sum() * (square - 2 * sigma**2) / sigma**4
    kernel -= kernel.mean()
    return kernel / np.abs(kernel).sum()


BELL = gaussian(7, 0.5)[1:6]
BELL_STEP = BELL - gaussian(7, 0.5)[2:7]
BELL_SUM = BELL.sum() * np.abs(BELL_STEP).sum()
LOG = _log_kernel()
JOINT_WINDOW = gaussian(7, 1.0)
JOINT_BINS, JOINT_STEP, JOINT_FLOOR = 10, 0.2, 0.2


def joint_histogram(plane: np.ndarray) -> np.ndarray:
    """Joint histogram [gradient, Laplacian] of sum 1 of the jointly normalised maps."""
    along = separable(plane, BELL, BELL_STEP) / BELL_SUM
    down = separable(plane, BELL_STEP, BELL) / BELL_SUM
    gradient = np.sqrt(along * along + down * down) / 2.5
    laplacian = np.abs(correlate(plane, LOG, mode="constant"))
    energy = separable((gradient * gradient + laplacian * laplacian) / 2, JOINT_WINDOW, JOINT_WINDOW)
    scale = np.sqrt(energy) + JOINT_FLOOR
    rows, columns = (
        np.clip(np.ceil((v / scale)[2:-2, 2:-2] / JOINT_STEP), 1, JOINT_BINS).astype(int) - 1
        for v in (gradient, laplacian)
    )
    counts = np.bincount((rows * JOINT_BINS + columns).ravel(), minlength=JOINT_BINS**2)
    return counts.reshape(JOINT_BINS, JOINT_BINS) / counts.sum()


def gm_log(luma: Luma) -> Features:
    joint = joint_histogram(luma.plane)
    gradient, laplacian = joint.sum(1), joint.sum(0)
    gradient_given = (joint / (laplacian[None, :] + 1e-4)).sum(1)
    laplacian_given = (joint / (gradient[:, None] + 1e-4)).sum(0)
    gradient_given, laplacian_given = (v / v.sum() for v in (gradient_given, laplacian_given))
    bins = {
        "gl_g2": gradient[1],
        "gl_g4": gradient[3],
        "gl_g8": gradient[7],
        "gl_l8": laplacian[7],
        "gl_l10": laplacian[9],
        "gl_gl3": gradient_given[2],
        "gl_lg4": laplacian_given[3],
        "gl_lg10": laplacian_given[9],
    }
    return {name: float(value) for name, value in bins.items()}


def gradient_magnitude(plane: np.ndarray) -> np.ndarray:
    return np.hypot(*sobel(plane, "nearest"))


def higrade(luma: Luma) -> Features:
    gradient = gradient_magnitude(luma.plane)
    fine, coarse = mscn(gradient), mscn(half(gradient))
    log = np.log(np.abs(fine) + 0.1)
    corner = fit_gaussian(log + shifted(log, DIAGONAL) - shifted(log, HORIZONTAL) - shifted(log, VERTICAL))
    return {
        "hi1_std": fit_gaussian(fine).std,
        "hi1_logdd_std": corner.std,
        "hi1_logdd_shape": corner.shape,
        "hi1_logx_shape": fit_gaussian(cross(log)).shape,
        "hi2_std": fit_gaussian(coarse).std,
        "hi2_d1_shape": fit_gaussian(coarse - shifted(coarse, DIAGONAL)).shape,
        "hi2_d2_shape": fit_gaussian(coarse - shifted(coarse, ANTIDIAGONAL)).shape,
        "hi2_x_std": fit_gaussian(cross(coarse)).std,
    }


def friquee_luma(luma: Luma) -> Features:
    sigma = luma.maps.sigma
    band = normalised(smoothed(sigma) - smoothed(sigma, WIDE))
    return {
        "fl_h_skew": skewness(luma.across),
        "fl_sigma1": float(sigma.mean()),
        "fl_h_shape": fit_asymmetric(luma.across).shape,
        "fl_sigma2": float(luma.half_maps.sigma.mean()),
        "fl_n2_skew": skewness(luma.half_maps.mscn),
        "fl_dog_std": rms(band.mscn),
        "fl_dog_kurt": kurtosis(band.mscn),
        "fl_dogs_kurt": kurtosis(mscn(band.sigma)),
    }
