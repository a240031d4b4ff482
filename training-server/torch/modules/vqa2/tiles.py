"""An image as tiles: the canvas that fits it best, and the grid of features without the canvas's margins."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from modules.vqa2.config import SiglipConfig


def best_canvas(size: tuple[int, int], canvases: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The canvas (width, height) on which an image keeps most of its pixels; with equal ones, the smallest
    waste. The first of equals wins."""
    width, height = size
    best, most, least = canvases[0], 0, float("inf")
    for canvas_width, canvas_height in canvases:
        scale = min(canvas_width / width, canvas_height / height)
        seen = min(int(width * scale) * int(height * scale), width * height)
        waste = canvas_width * canvas_height - seen
        if seen > most or (seen == most and waste < least):
            best, most, least = (canvas_width, canvas_height), seen, waste
    return best


def cut(image: Image.Image, canvas: tuple[int, int], side: int) -> list[Image.Image]:
    """The image squashed to one tile, then the tiles of the canvas, row-major; margins are black."""
    width, height = image.size
    across, down = canvas[0] / width, canvas[1] / height
    if across < down:
        fitted = (canvas[0], min(ceil(height * across), canvas[1]))
    else:
        fitted = (min(ceil(width * down), canvas[0]), canvas[1])
    padded = Image.new("RGB", canvas, (0, 0, 0))
    corner = ((canvas[0] - fitted[0]) // 2, (canvas[1] - fitted[1]) // 2)
    padded.paste(image.resize(fitted, Image.Resampling.BICUBIC), corner)
    boxes = [(x, y, x + side, y + side) for y in range(0, canvas[1], side) for x in range(0, canvas[0], side)]
    return [image.resize((side, side), Image.Resampling.BICUBIC), *(padded.crop(box) for box in boxes)]


def unpadded(features: Tensor, size: tuple[int, int]) -> Tensor:
    """Features [D, h, w] of a canvas without the rows or columns of its margins; size is the image's."""
    width, height = size
    rows, columns = features.shape[1:]
    if width / height > columns / rows:
        margin = (rows - int(height * (columns / width))) // 2
        return features[:, margin : rows - margin]
    margin = (columns - int(width * (rows / height))) // 2
    return features[:, :, margin : columns - margin]


def squashed(frames: Tensor, config: SiglipConfig) -> Tensor:
    """RGB bytes [n, h, w, 3] → normalised [n, 3, S, S]: Pillow's bicubic to S × S, aspect ratio not seen."""
    size = (config.image_size, config.image_size)
    images = [Image.fromarray(f.numpy()).resize(size, Image.Resampling.BICUBIC) for f in frames]
    return normalised(images)


def normalised(images: Sequence[Image.Image]) -> Tensor:
    """Images of one size → float32 [n, 3, h, w] in [−1, 1], rounded as the official processor rounds."""
    bytes_ = torch.from_numpy(np.stack([np.asarray(image.convert("RGB")) for image in images]))
    unit = (bytes_.double() * (1 / 255)).float()
    return ((unit - 0.5) / 0.5).permute(0, 3, 1, 2).contiguous()
