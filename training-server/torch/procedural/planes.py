"""Frames as 8-bit 4:2:0 planes, their conversion to and from RGB (BT.601 limited), and a field of noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from av import VideoFrame
from PIL import Image

_TO_YUV = np.array(
    [[0.256788, 0.504129, 0.097906], [-0.148223, -0.290993, 0.439216], [0.439216, -0.367788, -0.071427]]
)
_OFFSET = np.array([16, 128, 128])


@dataclass
class Planes:
    y: np.ndarray
    """[n, H, W] uint8."""

    uv: np.ndarray
    """[n, 2, H/2, W/2] uint8."""

    def __len__(self) -> int:
        return len(self.y)

    def copy(self) -> Planes:
        return Planes(self.y.copy(), self.uv.copy())

    def take(self, indices) -> Planes:
        return Planes(self.y[indices], self.uv[indices])

    def resized(self, height: int, width: int) -> Planes:
        """Bicubic resize of each plane; both sides even."""
        out = Planes(
            np.empty((len(self), height, width), np.uint8),
            np.empty((len(self), 2, height // 2, width // 2), np.uint8),
        )
        for k in range(len(self)):
            for now, then in zip((out.y[k], *out.uv[k]), (self.y[k], *self.uv[k]), strict=True):
                now[:] = np.asarray(Image.fromarray(then).resize(now.shape[::-1], Image.Resampling.BICUBIC))
        return out

    def frame(self, k: int) -> VideoFrame:
        """One frame for a codec or for swscale."""
        packed = np.concatenate([self.y[k].reshape(-1), self.uv[k].reshape(-1)])
        return VideoFrame.from_ndarray(packed.reshape(-1, self.y.shape[2]), format="yuv420p")

    def put(self, k: int, frame: VideoFrame) -> None:
        for out, plane in zip((self.y[k], *self.uv[k]), frame.planes, strict=True):
            height, width = out.shape
            rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
            out[:] = rows[:height, :width]

    def map_rgb(self, k: int, table: np.ndarray) -> None:
        """Frame k through a table [256] on each of R, G, B, in place."""
        rgb = table[self.frame(k).to_ndarray(format="rgb24")]
        self.put(k, VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p"))


def to_yuv(rgb: np.ndarray) -> np.ndarray:
    """[H, W, 3] uint8 → [3, H, W] uint8, chroma at full size, smoothed 2 × 2 to be subsampled."""
    yuv = np.tensordot(_TO_YUV.astype(np.float32), rgb.astype(np.float32), (1, 2))
    yuv += _OFFSET[:, None, None]
    chroma = yuv[1:]
    chroma[:, :-1] = (chroma[:, :-1] + chroma[:, 1:]) / 2
    chroma[:, :, :-1] = (chroma[:, :, :-1] + chroma[:, :, 1:]) / 2
    return yuv.round().clip(0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _field() -> np.ndarray:
    return np.random.default_rng(11).standard_normal((1400, 1700), dtype=np.float32)


def noise_like(plane: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Standard normal noise of a plane's shape: a random, randomly flipped cut of one large field."""
    field, (height, width) = _field(), plane.shape
    y, x = rng.integers(field.shape[0] - height), rng.integers(field.shape[1] - width)
    cut = field[y : y + height, x : x + width]
    sign = 1 if rng.random() < 0.5 else -1
    return sign * (cut[::-1] if rng.random() < 0.5 else cut)
