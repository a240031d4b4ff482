"""Low-complexity features of TLVQM (TIP 2019): motion of corners, spatial and temporal information.

Planes are half-size luma, 0 to 1, of a sampled frame and of one frame before and one after it. A motion is
determined by block matching of Sobel maps within ±R, R = width / 40 of the frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import correlate

from small.human.maps import sobel

Derivatives = tuple[np.ndarray, np.ndarray]

CORNER = (
    np.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [-2, -2, 0, 1, 1], [-2, -2, -2, 1, 1], [-2, -2, -2, 1, 1]])
    / 32
)
CORNERS = (CORNER, CORNER[::-1], CORNER[::-1, ::-1], CORNER[:, ::-1])
CORNER_THRESHOLD = 0.01
TIE = 1e-6
"""Strengths are multiples of this, so that equal corners do not depend on rounding errors."""

EDGE = 4
"""Outer rows and columns without derivatives."""

STILL = 0.005
"""Block difference up to which a corner does not move."""


def derivatives(plane: np.ndarray) -> Derivatives:
    across, down = sobel(plane)
    return across / 8, down / 8


def without_edge(plane: np.ndarray) -> np.ndarray:
    out = np.zeros_like(plane)
    out[EDGE:-EDGE, EDGE:-EDGE] = plane[EDGE:-EDGE, EDGE:-EDGE]
    return out


def key_points(plane: np.ndarray, reach: int) -> np.ndarray:
    """Corners [n, 2] as (y, x), strongest first, none within `reach` of a stronger one in both axes."""
    responses = np.stack([np.abs(correlate(plane, kernel, mode="constant")) for kernel in CORNERS])
    strength = np.round((responses.max(0) - responses.min(0)) / TIE) * TIE
    border = reach + 3
    inner = np.zeros_like(strength)
    inner[border:-border, border:-border] = strength[border:-border, border:-border]
    columns = np.ascontiguousarray(inner.T)  # ties: smallest x, then smallest y
    points = []
    while True:
        x, y = divmod(int(columns.argmax()), columns.shape[1])
        if columns[x, y] <= CORNER_THRESHOLD:
            return np.array(points, int).reshape(-1, 2)
        points.append((y, x))
        columns[max(x - reach, 0) : x + reach + 1, max(y - reach, 0) : y + reach + 1] = 0


def block_differences(now: Derivatives, other: Derivatives, y: int, x: int, reach: int) -> np.ndarray:
    """Sums of squared differences [2R + 1, 2R + 1] of the 3 × 3 block at (y, x) and those around it."""
    side = 2 * reach + 1
    total = np.zeros((side, side))
    for a, b in zip(now, other, strict=True):
        block = a[y - 1 : y + 2, x - 1 : x + 2]
        area = b[y - reach - 1 : y + reach + 2, x - reach - 1 : x + reach + 2]
        for i in range(3):
            for j in range(3):
                difference = area[i : i + side, j : j + side] - block[i, j]
                total += difference * difference
    return total


def _distances(reach: int) -> np.ndarray:
    """Length of each offset, 1 at the corners, flattened by columns."""
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return (np.hypot(y, x) / (np.sqrt(2) * reach)).ravel("F")


@dataclass(frozen=True)
class Match:
    offset: tuple[int, int]
    """(y, x) of the matching block; (0, 0) where nothing matches clearly better."""

    moved: bool


def match(differences: np.ndarray, following: np.ndarray, *, strict: bool, reach: int) -> Match:
    """Best offset of a corner by block differences [2R + 1, 2R + 1] flattened by columns.

    following: the differences to the frame after, which decide about a nearer offset. strict: the best must
    be strictly below four fifths of the second best.
    """
    none = Match((0, 0), False)
    distance = _distances(reach)
    still = differences[len(differences) // 2]
    if still <= STILL:
        return none
    first, second = np.argsort(differences, kind="stable")[:2]
    best, limit = differences[first], 0.8 * differences[second]
    clear = best < limit if strict else best <= limit
    if clear or distance[first] < distance[second]:
        candidate = best
    else:
        near = np.flatnonzero(0.8 * differences <= best)
        nearest = near[distance[near].argmin()]
        if following[nearest] < 1.1 * best:
            candidate = differences[nearest]
        elif best < 0.9 * still:
            candidate = best
        else:
            return none
    if not 1.01 * candidate < still:
        return none
    x, y = divmod(int(np.flatnonzero(differences == candidate)[0]), 2 * reach + 1)
    return Match((y - reach, x - reach), (y, x) != (reach, reach))


@dataclass(frozen=True)
class CornerMotion:
    """Key points of a frame and their motion."""

    points: np.ndarray
    """[n, 2] as (y, x)."""

    vectors: np.ndarray
    """[n, 4]: motion from the frame before, then to the frame after, each as (y, x)."""

    moved: np.ndarray
    """[n] bool."""

    reach: int

    @property
    def intensity(self) -> np.ndarray:
        return np.sqrt((self.vectors**2).sum(1) / (4 * self.reach**2))


def motion(
    now: Derivatives, before: Derivatives, after: Derivatives, points: np.ndarray, reach: int
) -> CornerMotion:
    vectors, moved = np.zeros((len(points), 4)), np.zeros(len(points), bool)
    for k, (y, x) in enumerate(points):
        to_before, to_after = (
            block_differences(now, other, y, x, reach).ravel("F") for other in (before, after)
        )
        a = match(to_before, to_after, strict=False, reach=reach)
        b = match(to_after, to_after, strict=True, reach=reach)
        vectors[k] = (-a.offset[0], -a.offset[1], *b.offset)
        moved[k] = a.moved or b.moved
    return CornerMotion(points, vectors, moved, reach)


def still_area(shape: tuple[int, ...], corners: CornerMotion) -> np.ndarray:
    """Mask [H, W], 0 around each corner that moved, where it was and where it will be."""
    mask, r = np.ones(shape), corners.reach
    for (y, x), vector in zip(
        corners.points[corners.moved], corners.vectors[corners.moved].astype(int), strict=True
    ):
        for dy, dx in ((0, 0), -vector[:2], vector[2:]):
            top, left = y + dy - r, x + dx - r
            mask[max(top, 0) : max(top + 2 * r + 1, 0), max(left, 0) : max(left + 2 * r + 1, 0)] = 0
    return mask


def flicker(mask: np.ndarray, before: np.ndarray, after: np.ndarray) -> float:
    """Mean deviation of the larger absolute difference from the mean one, within a mask."""
    total = mask.sum()
    if total == 0:
        return 0.0
    mean = ((mask * before).sum() + (mask * after).sum()) / (2 * total)
    return float((mask * np.abs(np.maximum(before, after) - mean)).sum() / total)


def _inside(values: np.ndarray) -> np.ndarray:
    return np.abs(values - values.mean()) < values.std(ddof=1)


def ego_deviation(corners: CornerMotion) -> float:
    """Standard deviation of the intensity of the corners that move as most do."""
    if len(corners.points) < 2:
        return 0.0
    v = corners.vectors
    alike = corners.intensity[_inside((v[:, 1] + v[:, 3]) / 2) & _inside((v[:, 0] + v[:, 2]) / 2)]
    return float(alike.std(ddof=1)) if len(alike) > 1 else 0.0


def motion_features(now: np.ndarray, before: np.ndarray, after: np.ndarray, reach: int) -> dict[str, float]:
    """Features of half-size planes [h, w], 0 to 1; reach: R."""
    slopes = derivatives(now)
    slopes = without_edge(slopes[0]), without_edge(slopes[1])
    corners = motion(slopes, derivatives(before), derivatives(after), key_points(now, reach), reach)
    intensity, v = corners.intensity, corners.vectors
    moving = intensity.sum() > 0
    change_before, change_after = np.abs(now - before), np.abs(now - after)
    cells = (now.shape[0] / reach) * (now.shape[1] / reach)
    jerk = np.sqrt(np.hypot(v[:, 0] - v[:, 2], v[:, 1] - v[:, 3]) / (2 * reach))
    height = (v[:, 0] + v[:, 2]) / (4 * reach) + 0.5
    return {
        "mo_intensity": float((intensity.sum() / cells) ** 0.25),
        "mo_ego_std": ego_deviation(corners),
        "si": float(np.hypot(*slopes).std(ddof=1) ** 0.25),
        "mo_jerk": float(jerk.mean()) if moving else 0.0,
        "ti": float(((change_before.mean() + change_after.mean()) / 2) ** 0.25),
        "mo_y": float(height.mean()) if moving else 0.5,
        "mo_flicker": flicker(still_area(now.shape, corners), change_before, change_after),
    }
