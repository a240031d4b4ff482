"""Generated stills: backgrounds and sprites for scenes, [H, W, 3] uint8 RGB.

A family is a function of a random generator. `HELD_OUT` is never trained on: it measures generalisation to
other images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1152, 720


def spectral(rng: np.random.Generator, height: int, width: int, exponent: float) -> np.ndarray:
    """1/f^exponent noise [H, W], scaled to [0, 1]."""
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    radius = np.sqrt(fy**2 + fx**2)
    radius[0, 0] = 1
    phase = rng.standard_normal((*radius.shape, 2)) @ np.array([1, 1j])
    field = np.fft.irfft2(phase / radius**exponent, s=(height, width))
    field -= field.min()
    return (field / field.max()).astype(np.float32)


def palette(rng: np.random.Generator, count: int = 2) -> np.ndarray:
    """Colours [count, 3] in [0, 255], not too saturated."""
    grey = rng.uniform(20, 235, (count, 1))
    return np.clip(grey + rng.normal(0, 38, (count, 3)), 0, 255).astype(np.float32)


def tinted(field: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """A field [H, W] in [0, 1] through a ramp of colours [n, 3]."""
    at = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(field, at, colours[:, c]) for c in range(3)], -1).clip(0, 255).astype(np.uint8)


def dead_leaves(rng: np.random.Generator) -> np.ndarray:
    """Textured discs, boxes and polygons of power-law size that hide each other."""
    textures = [
        Image.fromarray(tinted(spectral(rng, 360, 360, rng.uniform(0.6, 2)), palette(rng, 3)))
        for _ in range(10)
    ]
    image = textures[0].resize((WIDTH, HEIGHT))
    for radius in np.sort(7 / np.sqrt(rng.uniform(0.002, 1, 700)))[::-1]:
        side = int(2 * min(radius, 170)) + 2
        mask = Image.new("L", (side, side), 0)
        draw, kind = ImageDraw.Draw(mask), rng.integers(3)
        if kind == 0:
            draw.ellipse([1, 1, side - 2, side - int(rng.uniform(1, side / 3)) - 1], fill=255)
        elif kind == 1:
            draw.rectangle([1, 1, side - 2, int(rng.uniform(0.3, 0.95) * side)], fill=255)
        else:
            draw.polygon([tuple(p) for p in rng.uniform(0, side, (int(rng.integers(3, 7)), 2))], fill=255)
        texture = textures[rng.integers(len(textures))]
        x, y = rng.integers(0, 360 - min(side, 342), 2)
        patch = texture.crop((x, y, x + side, y + side))
        if rng.random() < 0.3:
            patch = Image.new("RGB", (side, side), tuple(int(v) for v in palette(rng, 1)[0]))
        at = (int(rng.integers(-side // 2, WIDTH)), int(rng.integers(-side // 2, HEIGHT)))
        image.paste(patch, at, mask)
    return np.asarray(image)


def terrain(rng: np.random.Generator) -> np.ndarray:
    """Sky with clouds and shaded ridges in depth."""
    y = np.linspace(0, 1, HEIGHT)[:, None]
    sky = 0.55 * y + 0.45 * spectral(rng, HEIGHT, WIDTH, rng.uniform(1.4, 2.2))
    image = tinted(sky, palette(rng, 3)).astype(np.float32)
    for depth in range(int(rng.integers(2, 5))):
        line = spectral(rng, 64, WIDTH, rng.uniform(1.2, 1.9))[0]
        edge = HEIGHT * (0.25 + 0.18 * depth + 0.35 * line)
        ground = spectral(rng, HEIGHT, WIDTH, rng.uniform(0.9, 1.7))
        light = np.gradient(ground, axis=1) * rng.uniform(15, 60)
        mask = np.arange(HEIGHT)[:, None] > edge[None]
        image = np.where(mask[..., None], tinted(np.clip(ground + light, 0, 1), palette(rng, 3)), image)
    return image.clip(0, 255).astype(np.uint8)


def shapes(rng: np.random.Generator) -> np.ndarray:
    """Smoothly shaded bodies before a gradient: large flat areas, few edges."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    ramp = (np.cos(angle) * x / WIDTH + np.sin(angle) * y / HEIGHT + 1.5) / 3
    image = tinted(ramp, palette(rng, 3)).astype(np.float32)
    for _ in range(int(rng.integers(5, 22))):
        cx, cy, a = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(25, 190)
        b = a * rng.uniform(0.4, 1)
        x0, x1, y0, y1 = int(max(cx - a, 0)), int(cx + a + 1), int(max(cy - b, 0)), int(cy + b + 1)
        u, v = (x[y0:y1, x0:x1] - cx) / a, (y[y0:y1, x0:x1] - cy) / b
        inside = u * u + v * v
        shade = np.clip(1 - ((u + 0.4) ** 2 + (v + 0.4) ** 2) / 2.6, 0.06, 1)[..., None]
        colour = palette(rng, 1)[0] * shade + 70 * np.clip(shade - 0.9, 0, 1) * 10 * rng.random()
        alpha = np.clip((1 - inside) * a / 2, 0, 1)[..., None]
        image[y0:y1, x0:x1] = image[y0:y1, x0:x1] * (1 - alpha) + colour * alpha
    return image.clip(0, 255).astype(np.uint8)


def glyphs(rng: np.random.Generator) -> np.ndarray:
    """Panels of text, bars and strokes: sharp edges and small detail."""
    image = Image.new("RGB", (WIDTH, HEIGHT), tuple(int(v) for v in palette(rng, 1)[0]))
    draw = ImageDraw.Draw(image)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyzABCDEFGHKLMNRSTVXZ0123456789.,:;()"))
    for _ in range(int(rng.integers(5, 12))):
        x, y = rng.uniform(-100, WIDTH - 100), rng.uniform(-80, HEIGHT - 80)
        w, h = rng.uniform(120, 560), rng.uniform(80, 380)
        paper, ink = palette(rng, 2)
        draw.rectangle([x, y, x + w, y + h], fill=tuple(int(v) for v in paper))
        size = int(rng.uniform(9, 38))
        font = ImageFont.load_default(size)
        for line in range(int(h / size / 1.3)):
            fragments = [
                "".join(rng.choice(letters, int(rng.integers(1, 9)))) for _ in range(int(w / size / 2.4))
            ]
            at = (x + size / 2, y + line * size * 1.3)
            draw.text(at, " ".join(fragments), fill=tuple(int(v) for v in ink), font=font)
    for _ in range(int(rng.integers(0, 30))):
        points = rng.uniform(0, 1, (2, 2)) * [WIDTH, HEIGHT]
        draw.line(
            [tuple(p) for p in points],
            fill=tuple(int(v) for v in palette(rng, 1)[0]),
            width=int(rng.integers(1, 5)),
        )
    return np.asarray(image)


def traced(rng: np.random.Generator) -> np.ndarray:
    """Ray-traced balls with shadows on a patterned floor under a sky."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    ray = np.stack([(x - WIDTH / 2) / 620, (HEIGHT * 0.4 - y) / 620, np.ones_like(x)], -1)
    ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
    sun = np.array([rng.uniform(-0.8, 0.8), rng.uniform(0.5, 1), rng.uniform(-0.9, 0.2)], np.float32)
    sun /= np.linalg.norm(sun)
    balls = [
        (
            np.array([rng.uniform(-4, 4), rng.uniform(0.3, 1.3) - 1, rng.uniform(3, 12)], np.float32),
            rng.uniform(0.4, 1.2),
        )
        for _ in range(int(rng.integers(3, 9)))
    ]
    image = tinted(np.clip(ray[..., 1] * 1.4, 0, 1), palette(rng, 3)).astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.where(ray[..., 1] < -0.02, -1 / ray[..., 1], np.inf)
    floor = np.isfinite(depth)
    point = ray * np.where(floor, depth, 0)[..., None]
    period = rng.uniform(0.3, 1.2)
    squares = (np.floor(point[..., 0] / period) + np.floor(point[..., 2] / period)) % 2
    grain = spectral(rng, HEIGHT, WIDTH, 0.8)
    tones = palette(rng, 2)
    colour = (tones[0] * squares[..., None] + tones[1] * (1 - squares[..., None])) * (
        0.7 + 0.6 * grain[..., None]
    )
    light = np.ones_like(x)
    for centre, radius in balls:  # shadow: distance of the ball's centre from the line to the sun
        to = centre - point
        along = to @ sun
        away = np.linalg.norm(to - along[..., None] * sun, axis=-1)
        light *= np.where(along > 0, 0.35 + 0.65 * np.clip((away - radius) * 8 + 0.5, 0, 1), 1)
    haze = np.exp(-np.where(floor, depth, 0) / 30)[..., None]
    image = np.where(floor[..., None], colour * light[..., None] * haze + image * (1 - haze), image)
    for centre, radius in sorted(balls, key=lambda b: -b[0][2]):
        along = ray @ centre
        gap = radius**2 - (centre @ centre - along**2)
        hit = (gap > 0) & (along > 0)
        near = along - np.sqrt(np.clip(gap, 0, None))
        normal = (ray * near[..., None] - centre) / radius
        shade = 0.2 + 0.8 * np.clip(normal @ sun, 0, 1)
        half = sun - ray
        half /= np.linalg.norm(half, axis=-1, keepdims=True) + 1e-6
        shine = np.clip((normal * half).sum(-1), 0, 1) ** 40 * 160
        body = palette(rng, 1)[0] * shade[..., None] + shine[..., None]
        image = np.where(hit[..., None], body, image)
    return image.clip(0, 255).astype(np.uint8)


FAMILIES: Mapping[str, Callable[[np.random.Generator], np.ndarray]] = {
    "leaves": dead_leaves,
    "terrain": terrain,
    "shapes": shapes,
    "glyphs": glyphs,
}
HELD_OUT: Mapping[str, Callable[[np.random.Generator], np.ndarray]] = {"traced": traced}
