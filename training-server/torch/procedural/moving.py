"""Moving foreground of a shot: a near layer with parallax, and particles that fall, burst or decay, whose
motion is irreversible in time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from procedural.planes import to_yuv


@dataclass
class Layer:
    """A strip near the camera; it repeats mirrored without end."""

    patch: np.ndarray
    """[3, h, w] uint8 YUV."""

    mask: np.ndarray
    """[h, w] bool."""

    top: int
    ratio: float
    """Speed relative to the background."""

    def draw(self, out: np.ndarray, position: np.ndarray, start: float) -> None:
        """Draws onto a frame [3, H, W], in place; camera at `position`, with the height `start` at time 0."""
        _, high, wide = out.shape
        h, w = self.mask.shape
        columns = (np.arange(wide) + int(round(position[0] * self.ratio))) % w
        top = self.top - int(round((position[1] - start) * self.ratio))
        first, last = max(top, 0), min(top + h, high)
        if last > first:
            rows = np.s_[first - top : last - top]
            mask = self.mask[rows][:, columns]
            np.copyto(out[:, first:last], self.patch[:, rows][:, :, columns], where=mask)


def draw_layer(rng: np.random.Generator, source: np.ndarray, width: int, height: int) -> Layer:
    """Hills or walls along the bottom, or posts that pass by, cut out of an image [H, W, 3]."""
    h = min(int(rng.uniform(0.2, 0.45) * height), source.shape[0] - 1)
    w = min(int(width * rng.uniform(0.8, 1.2)), source.shape[1])
    y, x = rng.integers(0, source.shape[0] - h), rng.integers(0, source.shape[1] - w + 1)
    posts = rng.random() < 0.35
    if posts:
        h = min(height + 40, source.shape[0])
        y = rng.integers(0, source.shape[0] - h + 1)
    patch = to_yuv(source[y : y + h, x : x + w])
    if posts:
        mask = np.zeros((h, w), bool)
        for centre in rng.integers(0, w, rng.integers(1, 4)):
            mask[:, centre : centre + int(rng.integers(8, max(w // 12, 10)))] = True
    else:
        profile = np.cumsum(rng.standard_normal(w)) * 0.6 + 12 * np.sin(np.arange(w) / rng.uniform(15, 60))
        mask = np.arange(h)[:, None] >= (profile - profile.min()).clip(0, 0.8 * h)
    both = np.concatenate([patch, patch[:, :, ::-1]], 2), np.concatenate([mask, mask[:, ::-1]], 1)
    return Layer(*both, -20 if posts else height - h + 14, float(rng.uniform(1.25, 2.2)))


@lru_cache(maxsize=64)
def _disc(size: int) -> np.ndarray:
    at = np.arange(size) - (size - 1) / 2
    return np.hypot(at[:, None], at) <= size / 2


@dataclass
class Particles:
    """Discs whose age counts from their birth; each is born again after `period` frames."""

    birth: np.ndarray
    """[n], frames."""

    origin: np.ndarray
    """[n, 2] pixels (x, y)."""

    velocity: np.ndarray
    """[n, 2] pixels a frame at birth."""

    size: np.ndarray
    """[n] pixels across at birth."""

    colour: np.ndarray
    """[n, 3] uint8 YUV."""

    gravity: float
    drag: float
    """Frames after which a particle has lost most of its first speed; inf without air."""

    life: float
    """Frames until it has shrunk to nothing; inf for those that stay as they are."""

    period: float

    def draw(self, out: np.ndarray, t: float, offset: np.ndarray) -> None:
        """Draws onto a frame [3, H, W] at time t, in place."""
        _, high, wide = out.shape
        age = (t - self.birth) % self.period
        way = age if np.isinf(self.drag) else self.drag * (1 - np.exp(-age / self.drag))
        position = self.origin + self.velocity * way[:, None] - offset
        position[:, 1] += self.gravity * age**2 / 2
        sizes = (self.size * (1 - age / self.life)).round().astype(int)
        for (x, y), size, colour in zip(position.round().astype(int), sizes, self.colour, strict=True):
            x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + size, wide), min(y + size, high)
            if size > 0 and x1 > x0 and y1 > y0:
                mask = _disc(int(size))[y0 - y : y1 - y, x0 - x : x1 - x]
                np.copyto(out[:, y0:y1, x0:x1], colour[:, None, None], where=mask)


def draw_particles(rng: np.random.Generator, width: int, height: int) -> Particles:
    """Random particles of one kind that fill a good part of the frame."""
    kind, n = rng.choice(["falling", "bursting", "decaying"]), int(rng.integers(25, 70))
    period = float(rng.uniform(30, 80))
    origin = rng.uniform(0, 1, (n, 2)) * [width, height]
    velocity = rng.normal(0, 0.6, (n, 2))
    gravity, drag, life = 0.0, np.inf, np.inf
    birth = rng.uniform(0, period, n)
    if kind == "falling":
        gravity = float(rng.uniform(0.08, 0.5))
        origin[:, 1] -= 0.4 * height
    elif kind == "bursting":
        centres, which = rng.uniform(0.2, 0.8, (3, 2)) * [width, height], rng.integers(0, 3, n)
        origin, birth = centres[which], (rng.uniform(0, period, 3))[which]
        angle, speed = rng.uniform(0, 2 * np.pi, n), rng.uniform(2, 11, n)
        velocity = speed[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        gravity, drag, life = 0.06, float(rng.uniform(8, 18)), 1.1 * period
    else:
        gravity, life = float(rng.uniform(-0.02, 0.05)), 1.02 * period
    grey = rng.uniform(40, 230, (n, 1))
    rgb = (grey + rng.normal(0, 40, (1, 3)) + rng.normal(0, 12, (n, 3))).clip(0, 255).astype(np.uint8)
    return Particles(
        birth, origin, velocity, rng.uniform(3, 13, n), to_yuv(rgb[:, None])[..., 0].T.copy(),
        gravity, drag, life, period,
    )  # fmt: skip
