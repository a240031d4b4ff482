"""Real clips, decoded as on the page: frames, RGB conversion, and the native fragments of a frame.

Frames in presentation order, RGB from the planes by the tagged matrix (BT.601 limited without a tag) with the
nearest chroma sample, rotation applied.
"""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from PIL import Image

from modules.open_video import open_video
from procedural.fragments import edges
from procedural.planes import Planes
from small.data import CELL, GRID

SIDE = GRID * CELL

MATRICES = {1: (0.2126, 0.0722), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593), 7: (0.212, 0.087)}
"""Kr and Kb by AVColorSpace: BT.709, BT.2020 (both), SMPTE 240M; all else is BT.601."""


class Footage:
    """The first frames of a clip, as coded, with their conversion to RGB."""

    def __init__(self, path: Path, count: int):
        self.frames: list[av.VideoFrame] = []
        with open_video(path) as container:
            stream = container.streams.best("video")
            stream.thread_count = 1
            self.rate = float(stream.average_rate or 25)
            for frame in container.decode(stream):
                self.frames.append(frame)
                if len(self.frames) == count:
                    break
        first = self.frames[0]
        self.kr, self.kb = MATRICES.get(int(first.colorspace), (0.299, 0.114))
        self.full = int(first.color_range) == 2 or first.format.name.startswith("yuvj")
        self.turns = (getattr(first, "rotation", 0) or 0) // 90

    def __len__(self) -> int:
        return len(self.frames)

    def planes(self) -> Planes:
        """All frames as 8-bit 4:2:0 (even sizes), for an encoder."""
        width, height = self.frames[0].width & ~1, self.frames[0].height & ~1
        out = Planes(
            np.empty((len(self), height, width), np.uint8),
            np.empty((len(self), 2, height // 2, width // 2), np.uint8),
        )
        for k, frame in enumerate(self.frames):
            planar = frame.format.name in ("yuv420p", "yuvj420p")
            out.put(k, frame if planar else frame.reformat(format="yuv420p"))
        return out

    def rgb(self, k: int) -> np.ndarray:
        """Frame k, shown size [H, W, 3] uint8."""
        frame = self.frames[k]
        depth = frame.format.components[0].bits
        kind = np.uint8 if depth == 8 else np.dtype("<u2")
        y, u, v = (
            np.frombuffer(p, np.uint8).reshape(p.height, -1).view(kind)[:, : p.width] / 2.0 ** (depth - 8)
            for p in frame.planes
        )
        return self.colour(y, u, v)

    def colour(self, y: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """8-bit-scaled planes [H, W], [h, w] → RGB [H, W, 3] uint8, turned to the shown orientation."""
        (height, width), (h, w) = y.shape, u.shape
        luma = y.astype(np.float32) if self.full else (y.astype(np.float32) - 16) * (255 / 219)
        scale = 1 if self.full else 255 / 224
        ys, xs = np.arange(height) * h // height, np.arange(width) * w // width
        cb, cr = (((c - 128.0) * scale).astype(np.float32)[ys][:, xs] for c in (u, v))
        kr, kb, kg = self.kr, self.kb, 1 - self.kr - self.kb
        red, blue = luma + 2 * (1 - kr) * cr, luma + 2 * (1 - kb) * cb
        green = luma - (2 * kb * (1 - kb) * cb + 2 * kr * (1 - kr) * cr) / kg
        rgb = np.stack([red, green, blue], -1).round().clip(0, 255).astype(np.uint8)
        return np.rot90(rgb, self.turns) if self.turns else rgb


def fragments(rgb: np.ndarray) -> np.ndarray:
    """A frame [H, W, 3] → stitched fragments [3, 224, 224]; one too small is scaled up first."""
    height, width = rgb.shape[:2]
    if height < SIDE or width < SIDE:
        if width <= height:
            size = (SIDE, -(-height * SIDE // width))
        else:
            size = (-(-width * SIDE // height), SIDE)
        rgb = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC))
        height, width = rgb.shape[:2]
    rows = np.concatenate([np.arange(y, y + CELL) for y in edges(height, GRID, CELL)])
    columns = np.concatenate([np.arange(x, x + CELL) for x in edges(width, GRID, CELL)])
    return np.ascontiguousarray(rgb[rows][:, columns].transpose(2, 0, 1))
