"""A scene: one or two shots of a moving camera over a picture with moving sprites, rendered at any times.

Frames are planes at full chroma until the end; times are frame numbers of a virtual timeline of `length`
frames, of which only those that are looked at are ever drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from procedural.planes import Planes, noise_like, to_yuv
from procedural.sources import Sources

SIZES = (
    (640, 360), (640, 360), (480, 272), (480, 272), (426, 240), (512, 288), (568, 320), (480, 360),
    (400, 300), (320, 240), (360, 360), (272, 480), (360, 640), (854, 480),
)  # fmt: skip
"""Frame sizes; both sides hold the 7 × 7 grid of 32-pixel fragments."""

MARGIN = 48
"""Pixels around the camera's path, room for shake."""


def triangle(x: np.ndarray, span: np.ndarray) -> np.ndarray:
    """x reflected into [0, span]."""
    span = np.maximum(span, 1e-3)
    return span - np.abs((x % (2 * span)) - span)


@dataclass
class Sprite:
    patch: np.ndarray
    """[3, h, w] uint8 YUV."""

    mask: np.ndarray
    """[h, w] bool."""

    start: np.ndarray
    """Place of the left top corner at time 0, pixels (x, y)."""

    velocity: np.ndarray
    """Pixels a frame."""


@dataclass
class Shot:
    picture: np.ndarray
    """[3, H, W] uint8 YUV, larger than the frame by the room that the camera has."""

    start: np.ndarray
    velocity: np.ndarray
    sway: np.ndarray
    """Amplitude (x, y) in pixels."""

    period: float
    zoom: float
    """Relative change of scale over the whole timeline; 0 for cameras that move by whole pixels."""

    sprites: list[Sprite]


@dataclass
class Scene:
    kind: str
    width: int
    height: int
    length: int
    shots: list[Shot]
    cut: int
    """First frame of the second shot; `length` without one."""

    grain: float
    """Standard deviation of the noise floor, of 255."""

    drift: float
    """Relative change of brightness over the clip."""

    bars: int
    """Rows of black above and below."""

    seed: int

    def render(self, times: Sequence[float], offsets: np.ndarray | None = None) -> Planes:
        """Frames at `times`, which may lie between frames and past the end, each moved by `offsets` [n, 2] pixels.
        The same time gives the same frame."""
        full = np.empty((len(times), 3, self.height, self.width), np.uint8)
        for k, t in enumerate(times):
            shot = self.shots[0] if t < self.cut else self.shots[-1]
            offset = np.zeros(2) if offsets is None else offsets[k]
            self._draw(full[k], shot, float(t), offset)
        if self.drift:
            for k, t in enumerate(times):
                gain = 1 + self.drift * (t / self.length - 0.5)
                full[k, 0] = (full[k, 0] * np.float32(gain)).clip(0, 255)
        planes = Planes(full[:, 0], np.ascontiguousarray(full[:, 1:, ::2, ::2]))
        if self.grain > 0:
            for k, t in enumerate(times):
                noise = noise_like(planes.y[k], np.random.default_rng((self.seed, int(1000 * t))))
                planes.y[k] = (planes.y[k] + self.grain * noise).round().clip(0, 255)
        if self.bars:
            planes.y[:, : self.bars], planes.y[:, -self.bars :] = 16, 16
            planes.uv[:, :, : self.bars // 2], planes.uv[:, :, -(self.bars // 2) :] = 128, 128
        return planes

    def _draw(self, out: np.ndarray, shot: Shot, t: float, offset: np.ndarray) -> None:
        _, high, wide = shot.picture.shape
        room = np.array([wide - self.width, high - self.height])
        path = triangle(shot.start + shot.velocity * t, 1.0 * (room - 2 * MARGIN).clip(0))
        place = path + MARGIN + shot.sway * np.sin(2 * np.pi * t / shot.period + np.array([0, 1.3])) + offset
        if shot.zoom:
            scale = 1 + shot.zoom * (t / self.length)
            for plane, source in zip(out, shot.picture, strict=True):
                x, y = place + np.array([self.width, self.height]) * (1 - 1 / scale) / 2
                plane[:] = np.asarray(
                    Image.fromarray(source).transform(
                        (self.width, self.height),
                        Image.Transform.AFFINE,
                        (1 / scale, 0, x, 0, 1 / scale, y),
                        Image.Resampling.BICUBIC,
                    )
                )
        else:
            x, y = np.clip(place.round().astype(int), 0, room)
            out[:] = shot.picture[:, y : y + self.height, x : x + self.width]
        for sprite in shot.sprites:
            h, w = sprite.mask.shape
            span = np.array([self.width - w / 2, self.height - h / 2])
            sx, sy = (
                (triangle(sprite.start + sprite.velocity * t, span) - offset - [w / 4, h / 4])
                .round()
                .astype(int)
            )
            x0, y0, x1, y1 = max(sx, 0), max(sy, 0), min(sx + w, self.width), min(sy + h, self.height)
            if x1 > x0 and y1 > y0:
                inside = np.s_[y0 - sy : y1 - sy, x0 - sx : x1 - sx]
                np.copyto(out[:, y0:y1, x0:x1], sprite.patch[:, *inside], where=sprite.mask[inside])


def _picture(
    rng: np.random.Generator, source: np.ndarray, width: int, height: int, soft: float
) -> np.ndarray:
    """A source cropped or scaled so that the frame and the camera's room fit, as YUV [3, H, W]."""
    need = np.array([width, height]) + 2 * MARGIN + rng.uniform(0, 160, 2)
    image = Image.fromarray(source)
    least = max(need[0] / image.width, need[1] / image.height)
    scale = max(least, float(rng.choice([0.5, 0.7, 1.0, 1.0, 1.3])))
    if abs(scale - 1) > 0.02:
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)
    x, y = ((np.array(image.size) - need).clip(0) * rng.random(2)).astype(int)
    image = image.crop(
        (x, y, min(x + int(need[0]) + 2, image.width), min(y + int(need[1]) + 2, image.height))
    )
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if soft > 0.15:
        image = image.filter(ImageFilter.GaussianBlur(soft))
    array = np.asarray(image).astype(np.float32)
    array = (array - 128) * rng.uniform(0.85, 1.08) + 128 * rng.uniform(0.8, 1.12)
    return to_yuv(array.clip(0, 255).astype(np.uint8))


def _sprite(rng: np.random.Generator, source: np.ndarray, width: int, height: int, soft: float) -> Sprite:
    w, h = (int(v) for v in rng.uniform(0.1, 0.45, 2) * [width, height] + 16)
    h, w = min(h, source.shape[0]), min(w, source.shape[1])
    y, x = rng.integers(0, source.shape[0] - h + 1), rng.integers(0, source.shape[1] - w + 1)
    image = Image.fromarray(source[y : y + h, x : x + w])
    if soft > 0.15:
        image = image.filter(ImageFilter.GaussianBlur(soft))
    mask = Image.new("L", (w, h), 0)
    draw = ImageDraw.Draw(mask)
    if rng.random() < 0.5:
        draw.ellipse([0, 0, w - 1, h - 1], fill=255)
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 9))))
        draw.polygon([(w / 2 * (1 + np.cos(a)), h / 2 * (1 + np.sin(a))) for a in angles], fill=255)
    speed, angle = np.exp(rng.uniform(np.log(0.5), np.log(6))), rng.uniform(0, 2 * np.pi)
    return Sprite(
        to_yuv(np.asarray(image)),
        np.asarray(mask) > 0,
        rng.uniform(0, 1, 2) * [width, height],
        speed * np.array([np.cos(angle), np.sin(angle)]),
    )


def _shot(rng: np.random.Generator, sources: Sources, width: int, height: int) -> tuple[str, Shot]:
    kind, source = sources.pick(rng)
    soft = float(rng.choice([0, 0, 0.4, 0.75]) * rng.uniform(0.5, 1.2))
    picture = _picture(rng, source, width, height, soft)
    velocity, sway, zoom, sprites = np.zeros(2), np.zeros(2), 0.0, int(rng.integers(0, 4))
    move = rng.choice(["pan", "sway", "static", "zoom", "hand"], p=[0.33, 0.2, 0.2, 0.09, 0.18])
    if move == "pan":
        angle = rng.choice([0, np.pi, rng.uniform(0, 2 * np.pi)])
        velocity = np.exp(rng.uniform(np.log(0.4), np.log(6))) * np.array(
            [np.cos(angle), 0.6 * np.sin(angle)]
        )
    elif move == "sway":
        sway = rng.uniform(5, MARGIN * 0.8, 2) * [1, 0.4]
    elif move == "hand":
        sway, velocity = rng.uniform(1, 6, 2), rng.normal(0, 0.5, 2)
    elif move == "zoom":
        zoom = float(rng.uniform(0.08, 0.5))
    else:
        sprites = max(sprites, 2)
    others = [sources.pick(rng)[1] for _ in range(sprites)]
    room = np.array(picture.shape[:0:-1]) - [width, height] - 2 * MARGIN
    return kind, Shot(
        picture,
        rng.uniform(0, 1, 2) * room.clip(0),
        velocity,
        sway,
        float(rng.uniform(24, 110)),
        zoom,
        [_sprite(rng, other, width, height, soft) for other in others],
    )


def draw_scene(rng: np.random.Generator, sources: Sources) -> Scene:
    """A random scene of a split's pictures."""
    width, height = SIZES[rng.integers(len(SIZES))]
    length = (
        int(rng.integers(24, 44)) if rng.random() < 0.3 else int(np.exp(rng.uniform(np.log(44), np.log(420))))
    )
    kind, first = _shot(rng, sources, width, height)
    shots, cut = [first], length
    if length > 60 and rng.random() < 0.18:
        shots.append(_shot(rng, sources, width, height)[1])
        cut = int(rng.uniform(0.2, 0.8) * length)
    bars = 2 * int(rng.integers(8, height // 14)) if rng.random() < 0.04 else 0
    return Scene(
        kind,
        width,
        height,
        length,
        shots,
        cut,
        grain=float(rng.choice([0, rng.uniform(0.3, 2.5)])),
        drift=float(rng.choice([0, 0, rng.uniform(-0.2, 0.2)])),
        bars=bars,
        seed=int(rng.integers(2**31)),
    )
