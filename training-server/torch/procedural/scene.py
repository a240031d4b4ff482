"""A scene: one or two shots of a moving camera over an image with moving sprites, rendered at any times.

Frames have chroma at full size until the end. Times are frame numbers of a virtual timeline of `length`
frames; only requested ones are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from procedural.labels import effective, severity_of
from procedural.measures import luma_distance
from procedural.moving import Layer, Particles, draw_layer, draw_particles
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
    """Position of the left top corner at time 0, pixels (x, y)."""

    velocity: np.ndarray
    """Pixels a frame."""


@dataclass
class Shot:
    image: np.ndarray
    """[3, H, W] uint8 YUV, larger than the frame by the range of the camera."""

    start: np.ndarray
    velocity: np.ndarray
    sway: np.ndarray
    """Amplitude (x, y) in pixels."""

    period: float
    zoom: float
    """Relative change of scale over the whole timeline; 0 for cameras that move by whole pixels."""

    sprites: list[Sprite]

    halves: np.ndarray | None = None
    """The image shifted by half a pixel, for slow cameras. Both images are interpolated alike, a quarter of a
    pixel from the camera's position, so that sharpness does not change from frame to frame."""

    layer: Layer | None = None
    particles: Particles | None = None


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

    focus: float
    """Largest standard deviation of the blur of a pull of focus, pixels; too mild to be labelled."""

    bars: int
    """Rows of black above and below."""

    seed: int

    lasting: dict[str, float] = field(default_factory=dict)
    """Effective severities common to all versions: blur of the first shot, noise floor."""

    def render(self, times: Sequence[float], offsets: np.ndarray | None = None) -> Planes:
        """Frames at `times`, which may lie between frames and past the end, each moved by `offsets` [n, 2]
        pixels. The same time gives the same frame."""
        full = np.empty((len(times), 3, self.height, self.width), np.uint8)
        for k, t in enumerate(times):
            shot = self.shots[0] if t < self.cut else self.shots[-1]
            offset = np.zeros(2) if offsets is None else offsets[k]
            self._draw(full[k], shot, float(t), offset)
        if self.drift:
            for k, t in enumerate(times):
                gain = 1 + self.drift * (t / self.length - 0.5)
                full[k, 0] = (full[k, 0] * np.float32(gain)).clip(0, 255)
        if self.focus:
            for k, t in enumerate(times):
                sigma = self.focus * (0.5 - 0.5 * np.cos(4 * np.pi * t / self.length))
                if sigma > 0.25:
                    image = Image.fromarray(full[k, 0]).filter(ImageFilter.GaussianBlur(float(sigma)))
                    full[k, 0] = np.asarray(image)
        planes = Planes(full[:, 0], np.ascontiguousarray(full[:, 1:, ::2, ::2]))
        if self.grain > 0:
            for k, t in enumerate(times):
                noise = noise_like(planes.y[k], np.random.default_rng((self.seed, int(1000 * t))))
                planes.y[k] = (planes.y[k] + self.grain * noise).round().clip(0, 255)
        if self.bars:
            planes.y[:, : self.bars], planes.y[:, -self.bars :] = 16, 16
            planes.uv[:, :, : self.bars // 2], planes.uv[:, :, -(self.bars // 2) :] = 128, 128
        return planes

    @property
    def irreversible(self) -> bool:
        """True where every shot has irreversible motion."""
        return all(shot.particles is not None for shot in self.shots)

    def _draw(self, out: np.ndarray, shot: Shot, t: float, offset: np.ndarray) -> None:
        _, high, wide = shot.image.shape
        room = np.array([wide - self.width, high - self.height])
        path = triangle(shot.start + shot.velocity * t, 1.0 * (room - 2 * MARGIN).clip(0))
        sway = shot.sway * np.sin(2 * np.pi * t / shot.period + np.array([0, 1.3]))
        position = path + MARGIN + sway + offset
        if shot.zoom:
            scale = 1 + shot.zoom * (t / self.length)
            x, y = position + np.array([self.width, self.height]) * (1 - 1 / scale) / 2
            for c, (plane, source) in enumerate(zip(out, shot.image, strict=True)):
                # Of chroma only every second sample is used in the end.
                step, back = (1, 0.0) if c == 0 else (2, 0.5 / scale)
                plane[::step, ::step] = np.asarray(
                    Image.fromarray(source).transform(
                        (self.width // step, self.height // step),
                        Image.Transform.AFFINE,
                        (step / scale, 0, x - back, 0, step / scale, y - back),
                        Image.Resampling.BICUBIC,
                    )
                )
        else:
            image = shot.image
            if shot.halves is not None and (2 * position[0]).round() % 2:
                image, position = shot.halves, position - [0.5, 0]
            x, y = np.clip(position.round().astype(int), 0, room)
            out[:] = image[:, y : y + self.height, x : x + self.width]
        if shot.layer:
            shot.layer.draw(out, position, shot.start[1] + MARGIN)
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
        if shot.particles:
            shot.particles.draw(out, t, offset)


def _image(
    rng: np.random.Generator, source: np.ndarray, width: int, height: int, soft: float
) -> tuple[np.ndarray, float]:
    """A source cropped or scaled to hold the frame and the range of the camera, as YUV [3, H, W], and the
    effective severity of its blur."""
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
    sharp, softness, nominal = image, 0.0, severity_of("blur", max(soft, 0.01))
    if soft > 0.15:
        image = image.filter(ImageFilter.GaussianBlur(soft))
    if nominal > 0:
        before, after = (_luma(i, width, height) for i in (sharp, image))
        softness = effective("blur", nominal, luma_distance(before, after, np.zeros(1, int)))
    array = np.asarray(image).astype(np.float32)
    array = (array - 128) * rng.uniform(0.85, 1.08) + 128 * rng.uniform(0.8, 1.12)
    return to_yuv(array.clip(0, 255).astype(np.uint8)), softness


def _luma(image: Image.Image, width: int, height: int) -> Planes:
    """Luma of the left upper part of an image, of a frame's size, with neutral chroma."""
    y = np.asarray(image.crop((0, 0, width, height)).convert("L"))[None]
    return Planes(y, np.full((1, 2, height // 2, width // 2), 128, np.uint8))


def _halves(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An image resampled a quarter of a pixel to the left and to the right (Catmull-Rom)."""
    a, b, c, d = -0.0703125, 0.8671875, 0.2265625, -0.0234375
    x = np.pad(image, ((0, 0), (0, 0), (2, 2)), mode="edge").astype(np.float32)
    w = image.shape[2]
    left = d * x[..., :w] + c * x[..., 1 : w + 1] + b * x[..., 2 : w + 2] + a * x[..., 3 : w + 3]
    right = a * x[..., 1 : w + 1] + b * x[..., 2 : w + 2] + c * x[..., 3 : w + 3] + d * x[..., 4:]
    return tuple(side.round().clip(0, 255).astype(np.uint8) for side in (left, right))


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


def _shot(
    rng: np.random.Generator, sources: Sources, width: int, height: int, particles: bool
) -> tuple[str, Shot, float]:
    """Kind of its image, the shot, and the effective severity of its blur."""
    kind, source = sources.pick(rng)
    soft = float(rng.choice([0, 0, 0.4, 0.75]) * rng.uniform(0.5, 1.2))
    if rng.random() < 0.08:
        soft = float(rng.uniform(0.8, 1.7))
    image, softness = _image(rng, source, width, height, soft)
    velocity, sway, zoom, sprites = np.zeros(2), np.zeros(2), 0.0, int(rng.integers(0, 5))
    move = rng.choice(["pan", "sway", "static", "zoom", "hand"], p=[0.33, 0.2, 0.2, 0.09, 0.18])
    slow = move in ("sway", "hand")
    if move == "pan":
        angle = rng.choice([0, np.pi, rng.uniform(0, 2 * np.pi)])
        speed = np.exp(rng.uniform(np.log(0.5), np.log(6)))
        velocity, slow = speed * np.array([np.cos(angle), 0.6 * np.sin(angle)]), speed < 2
    elif move == "sway":
        sway = rng.uniform(5, MARGIN * 0.8, 2) * [1, 0.4]
    elif move == "hand":
        sway, velocity = rng.uniform(1, 6, 2), rng.normal(0, 0.5, 2)
    elif move == "zoom":
        zoom = float(rng.uniform(0.08, 0.5))
    else:
        sprites = max(sprites, 2)
    others = [sources.pick(rng)[1] for _ in range(sprites)]
    room = np.array(image.shape[:0:-1]) - [width, height] - 2 * MARGIN
    image, halves = _halves(image) if slow else (image, None)
    return (
        kind,
        Shot(
            image,
            rng.uniform(0, 1, 2) * room.clip(0),
            velocity,
            sway,
            float(rng.uniform(24, 110)),
            zoom,
            [_sprite(rng, other, width, height, soft) for other in others],
            halves,
            draw_layer(rng, sources.pick(rng)[1], width, height)
            if not zoom and move != "static" and rng.random() < LAYERED
            else None,
            draw_particles(rng, width, height) if particles else None,
        ),
        softness,
    )


LAYERED = 0.25
"""Share of moving cameras with a near layer."""

IRREVERSIBLE = 0.2
"""Share of scenes with particles."""


def draw_scene(rng: np.random.Generator, sources: Sources) -> Scene:
    """A random scene of a split's images."""
    width, height = SIZES[rng.integers(len(SIZES))]
    length = (
        int(rng.integers(24, 44)) if rng.random() < 0.3 else int(np.exp(rng.uniform(np.log(44), np.log(420))))
    )
    particles = rng.random() < IRREVERSIBLE
    kind, first, softness = _shot(rng, sources, width, height, particles)
    shots, cut = [first], length
    if length > 60 and rng.random() < 0.18:
        shots.append(_shot(rng, sources, width, height, particles)[1])
        cut = int(rng.uniform(0.2, 0.8) * length)
    bars = 2 * int(rng.integers(8, height // 14)) if rng.random() < 0.04 else 0
    grain = float(rng.choice([0, rng.uniform(0.3, 2.5), rng.uniform(2.5, 6)], p=[0.45, 0.43, 0.12]))
    scene = Scene(
        kind,
        width,
        height,
        length,
        shots,
        cut,
        grain=grain,
        drift=float(rng.choice([0, 0, rng.uniform(-0.25, 0.25)])),
        focus=float(rng.uniform(0.4, 0.9)) if rng.random() < 0.08 else 0.0,
        bars=bars,
        seed=int(rng.integers(2**31)),
    )
    if softness:
        scene.lasting["blur"] = softness
    if nominal := severity_of("noise", max(grain, 0.01)):
        times = np.linspace(0, length - 1, 2).astype(int)
        before, after = replace(scene, grain=0.0).render(times), scene.render(times)
        distance = luma_distance(before, after, np.arange(2), noise=True)
        scene.lasting["noise"] = effective("noise", nominal, distance)
    return scene
