"""Distortions of planes and of the camera; `order` has the temporal ones.

Parameters and their range: `core/training/distortions.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image, ImageFilter

from procedural.codec import Codec, av1, mpeg, vpx, x264
from procedural.labels import parameter
from procedural.planes import Planes, noise_like


class Draws:
    """Random streams of one distortion: one of the clip and one of each frame, independent of each other."""

    def __init__(self, seed: tuple[int, ...], times: np.ndarray):
        self.seed, self.times = seed, times
        self.clip = np.random.default_rng(seed)

    def frame(self, k: int) -> np.random.Generator:
        """Stream of the k-th of `times`."""
        return np.random.default_rng((*self.seed, 1, int(self.times[k])))


Spatial = Callable[[Planes, Sequence[int], float, Draws], None]
"""In-place change of the frames at the given indices, at a severity."""


def _each_plane(planes: Planes, k: int):
    """Frame k's planes and their linear size relative to luma."""
    yield planes.y[k], 1.0
    yield planes.uv[k, 0], 0.5
    yield planes.uv[k, 1], 0.5


def _box(plane: np.ndarray, length: int) -> np.ndarray:
    """Mean of `length` pixels along rows."""
    padded = np.pad(plane, ((0, 0), (length // 2 + 1, (length - 1) // 2)), mode="edge")
    total = np.cumsum(padded, axis=1, dtype=np.int32)
    return ((total[:, length:] - total[:, :-length]) / length).round()


def _disc(plane: np.ndarray, radius: float) -> np.ndarray:
    """Mean over a disc: defocus. Bright points become discs, edges keep two corners."""
    reach = int(radius)
    padded = np.pad(plane, ((reach, reach), (reach + 1, reach)), mode="edge")
    sums = np.cumsum(padded, axis=1, dtype=np.float32)
    rows, columns = plane.shape
    total, count = np.zeros(plane.shape, np.float32), 0
    for dy in range(-reach, reach + 1):
        half = int(np.sqrt(radius**2 - dy**2))
        line = sums[reach + dy : reach + dy + rows]
        total += line[:, reach + 1 + half : reach + 1 + half + columns] - line[:, reach - half :][:, :columns]
        count += 2 * half + 1
    return (total / count).round().clip(0, 255)


def _blur(planes, frames, severity, draws):
    sigma = parameter("blur", severity)
    kind = draws.clip.choice(["gauss", "box", "disc", "motion", "vertical"], p=[0.5, 0.12, 0.2, 0.13, 0.05])
    for k in frames:
        for plane, size in _each_plane(planes, k):
            # A box of 3.4 σ and a disc of radius 2 σ have the variance of a Gaussian σ along their axes.
            if kind == "motion":
                plane[:] = _box(plane, max(int(round(3.4 * sigma * size)), 1))
            elif kind == "vertical":
                plane[:] = _box(plane.T, max(int(round(3.4 * sigma * size)), 1)).T
            elif kind == "disc" and 2 * sigma * size >= 1.5:
                plane[:] = _disc(plane, 2 * sigma * size)
            else:
                image = Image.fromarray(plane)
                box = ImageFilter.BoxBlur(1.6 * sigma * size)
                step = box if kind == "box" else ImageFilter.GaussianBlur(sigma * size)
                plane[:] = np.asarray(image.filter(step))


def _noise(planes, frames, severity, draws):
    sigma = parameter("noise", severity)
    kind = draws.clip.choice(["rgb", "luma", "grain", "sensor", "lines"], p=[0.42, 0.18, 0.17, 0.18, 0.05])
    for k in frames:
        rng = draws.frame(k)
        light = planes.y[k]
        for plane, size in _each_plane(planes, k):
            if size < 1 and kind not in ("rgb", "sensor"):
                continue
            noise = noise_like(plane, rng)
            if kind == "grain":
                noise = (noise[:-1, :-1] + noise[1:, :-1] + noise[:-1, 1:] + noise[1:, 1:]) / 2
                plane = plane[:-1, :-1]
            # Independent RGB noise: its share in Y is |(.257, .504, .098)|; 4 chroma samples are averaged.
            share = (0.57 if size == 1 else 0.27) if kind == "rgb" else 0.9
            if kind == "sensor":  # photons: variance grows with the light, and a floor
                intensity = light if size == 1 else light[::2, ::2]
                noise = noise * np.sqrt(0.15 + np.clip(intensity.astype(np.float32) - 16, 0, None) / 128)
                share = 0.75 if size == 1 else 0.3
            if kind == "lines":
                noise = 0.6 * noise + 0.8 * noise[:, :1]
            plane[:] = (plane + sigma * share * noise).round().clip(0, 255)


def _lowres(planes, frames, severity, draws):
    factor = parameter("lowres", severity)
    down = draws.clip.choice(
        [Image.Resampling.BICUBIC, Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS]
    )
    up = draws.clip.choice(
        [Image.Resampling.BICUBIC, Image.Resampling.BILINEAR, Image.Resampling.NEAREST], p=[0.6, 0.3, 0.1]
    )
    for k in frames:
        for plane, _ in _each_plane(planes, k):
            height, width = plane.shape
            small = (max(round(width / factor), 2), max(round(height / factor), 2))
            plane[:] = np.asarray(Image.fromarray(plane).resize(small, down).resize((width, height), up))


def _rgb_table(planes, frames, table):
    table = table.round().clip(0, 255).astype(np.uint8)
    for k in frames:
        planes.map_rgb(k, table)


LEVELS = np.arange(256, dtype=np.float64)


def _over(planes, frames, severity, draws):
    gain = parameter("over", severity)
    lift = draws.clip.random() < 0.2  # a raised curve rather than a factor
    _rgb_table(planes, frames, 255 * np.clip(gain * LEVELS / 255, 0, 1) ** (0.85 if lift else 1))


def _under(planes, frames, severity, draws):
    gain = parameter("under", severity)
    curve = LEVELS / 255 if draws.clip.random() < 0.75 else (LEVELS / 255) ** 1.25
    _rgb_table(planes, frames, 255 * gain * curve)


def _contrast(planes, frames, severity, draws):
    centre = 128 if draws.clip.random() < 0.7 else draws.clip.uniform(95, 160)
    _rgb_table(planes, frames, centre + parameter("contrast", severity) * (LEVELS - centre))


def _colour(planes, frames, severity, draws):
    strength = parameter("colour", severity)
    kind = draws.clip.choice(["cast", "pale", "coarse", "shifted"], p=[0.45, 0.35, 0.1, 0.1])
    if kind == "pale":
        keep = 1 - strength / 60
        for k in frames:
            planes.uv[k] = (128 + keep * (planes.uv[k].astype(np.float32) - 128)).round()
        return
    if kind == "coarse":  # chroma subsampled once more, and repeated instead of interpolated
        size = 1 + max(round(strength / 5), 1)
        for k in frames:
            height, width = planes.uv.shape[2:]
            for plane in planes.uv[k]:
                plane[:] = plane[::size, ::size].repeat(size, 0).repeat(size, 1)[:height, :width]
        return
    if kind == "shifted":  # chroma beside its luma
        by = max(round(strength / 5), 1)
        for k in frames:
            planes.uv[k] = np.concatenate([planes.uv[k][..., :1].repeat(by, -1), planes.uv[k][..., :-by]], -1)
        return
    angle = draws.clip.uniform(0, 2 * np.pi)
    shift = strength * np.array([np.cos(angle), np.sin(angle)])
    for k in frames:
        planes.uv[k] = (planes.uv[k] + shift[:, None, None]).round().clip(16, 240)


def _banding(planes, frames, severity, draws):
    step = 219 / (parameter("banding", severity) - 1)
    phase = draws.clip.uniform(0, 1)
    table = (
        ((np.floor((LEVELS - 16) / step + phase) - phase + 0.5) * step + 16)
        .round()
        .clip(0, 255)
        .astype(np.uint8)
    )
    chroma = (np.floor((LEVELS - 128) / step + 0.5) * step + 128).round().clip(0, 255).astype(np.uint8)
    for k in frames:
        planes.y[k] = table[planes.y[k]]
        if step > 6:
            planes.uv[k] = chroma[planes.uv[k]]


def _flicker(planes, frames, severity, draws):
    spread = parameter("flicker", severity)
    period, phase = draws.clip.uniform(2, 5), draws.clip.uniform(0, 6)
    regular = draws.clip.random() < 0.3
    for k in frames:
        wave = (
            1.4 * np.sin(2 * np.pi * draws.times[k] / period + phase)
            if regular
            else draws.frame(k).standard_normal()
        )
        gain = np.exp(np.clip(spread * wave, -1, 0.8))
        table = ((LEVELS - 16) * gain + 16).round().clip(0, 255).astype(np.uint8)
        planes.y[k] = table[planes.y[k]]


def _ringing(planes, frames, severity, draws):
    gain = parameter("ringing", severity)
    kind = draws.clip.choice(["halo", "sharpen", "echo"], p=[0.4, 0.3, 0.3])
    radius = {"halo": draws.clip.uniform(1.8, 3.5), "sharpen": draws.clip.uniform(0.7, 1.1), "echo": 0}[kind]
    period = int(draws.clip.integers(2, 5))
    for k in frames:
        plane = planes.y[k].astype(np.float32)
        if kind == "echo":  # of a filter with a steep edge: waves beside every edge
            detail = np.zeros_like(plane)
            padded = np.pad(plane, ((0, 0), (3 * period, 3 * period)), mode="edge")
            for n in (1, 2, 3):
                width = plane.shape[1]
                left = padded[:, (3 - n) * period : (3 - n) * period + width]
                right = padded[:, (3 + n) * period : (3 + n) * period + width]
                detail += (-0.6) ** n * (left + right - 2 * plane) * 0.3
        else:
            detail = plane - np.asarray(Image.fromarray(planes.y[k]).filter(ImageFilter.GaussianBlur(radius)))
        planes.y[k] = (plane + gain * (1.5 if kind == "sharpen" else 1) * detail).round().clip(0, 255)


SPATIAL: Mapping[str, Spatial] = {
    "blur": _blur,
    "noise": _noise,
    "lowres": _lowres,
    "over": _over,
    "under": _under,
    "contrast": _contrast,
    "colour": _colour,
    "banding": _banding,
    "flicker": _flicker,
    "ringing": _ringing,
}
"""Compression is a codec (`codec_for`); freeze, drop, disorder, shake and interlacing are done when frames
are drawn, corruption after everything else."""


SMALLER = 0.15
"""Share of encoded versions that were encoded at a lower resolution and scaled back."""


def codec_for(severity: float, rng: np.random.Generator) -> Codec:
    """An encoder whose distortion is about that of x264 at the CRF of this severity."""
    smaller = float(rng.uniform(1.3, 2.4)) if rng.random() < SMALLER else 1.0
    severity = max(severity - 0.25 * (smaller - 1), 0)
    names, shares = ["x264", "mpeg2", "mpeg4", "vp8", "vp9", "av1"], [0.59, 0.12, 0.05, 0.09, 0.05, 0.1]
    kind = str(rng.choice(names, p=shares))
    if kind == "x264":
        preset = str(rng.choice(["superfast", "veryfast"], p=[0.7, 0.3]))
        codec = x264(parameter("compression", severity), preset)
    elif kind in ("mpeg2", "mpeg4"):
        codec = mpeg(int(round(4 * (31 / 4) ** severity)), f"{kind}video" if kind == "mpeg2" else kind)
    elif kind == "av1":
        codec = av1(34 + 29 * severity)
        smaller = max(smaller, 1 + 0.8 * severity)  # its coarsest quantiser is milder than x264's
    else:
        codec = vpx(int(round(28 + 35 * severity)), "libvpx" if kind == "vp8" else "libvpx-vp9")
    return replace(codec, smaller=smaller)


def shake_offset(draws: Draws, k: int, sigma: float) -> np.ndarray:
    """Camera offset (x, y) of a frame in pixels, white in time, clipped to the margin of a shot."""
    return np.clip(sigma * draws.frame(k).standard_normal(2), -40, 40)


def weave(planes: Planes, other: Planes, frames: Sequence[int]) -> None:
    """Odd rows from other frames, in place: two fields taken at different times."""
    planes.y[frames, 1::2] = other.y[frames, 1::2]
    planes.uv[frames, :, 1::2] = other.uv[frames, :, 1::2]


def roll_shutter(planes: Planes, shear: np.ndarray) -> None:
    """Rows of frame k moved sideways, the last by shear[k] pixels against the first, in place."""
    for k, by in enumerate(shear):
        for plane, size in _each_plane(planes, k):
            rows, columns = plane.shape
            shift = (by * size * np.linspace(-0.5, 0.5, rows)).round().astype(int)
            at = (np.arange(columns) + shift[:, None]).clip(0, columns - 1)
            plane[:] = np.take_along_axis(plane, at, 1)
