"""YUV to RGB by the integers of `workers/media/yuv.ts`, so that training and the page see the same pixels.

8-bit pictures follow the arithmetic of libswscale's x86 converter: coefficients of 13 fractional bits, each
product cut down on its own, chroma from the nearest sample. Deeper ones are rounded to 8 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import av
import numpy as np

COEFFICIENTS = {
    "bt601": (104597, 132201, 25675, 53279),
    "bt709": (117489, 138438, 13975, 34925),
    "bt2020": (110013, 140363, 12277, 42626),
    "smpte240m": (117579, 136230, 16907, 35559),
    "fcc": (104448, 132798, 24759, 53109),
}
"""Red from V, blue from U, green from U and from V for full-range chroma, 16 fractional bits."""

MATRICES = {
    1: "bt709",
    4: "fcc",
    5: "bt601",
    6: "bt601",
    7: "smpte240m",
    9: "bt2020",
    10: "bt2020",
}
"""By H.273 number. Untagged is BT.601, or BT.2020 where the transfer is PQ or HLG."""

PQ_HLG = (16, 18)
FULL = 2
"""AVColorRange of full range."""


@dataclass(frozen=True, kw_only=True)
class Colour:
    """Colour matrix and range of a stream."""

    matrix: str = "bt601"
    full: bool = False


def stream_colour(frame: av.VideoFrame, context: av.VideoCodecContext) -> Colour:
    """Of the frame where the bitstream states it, else of the container, else as ffmpeg takes it."""
    stated = [MATRICES.get(int(source.colorspace)) for source in (frame, context)]
    transfers = {int(source.color_trc) for source in (frame, context)}
    untagged = "bt2020" if transfers & set(PQ_HLG) else "bt601"
    ranges = [int(source.color_range) for source in (frame, context)]
    stated_range = next((r for r in ranges if r), 0)
    return Colour(
        matrix=next((m for m in stated if m), untagged),
        full=stated_range == FULL or frame.format.name.startswith("yuvj"),
    )


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Contribution of each sample value to a channel, int16."""

    luma: np.ndarray
    red_v: np.ndarray
    green_u: np.ndarray
    green_v: np.ndarray
    blue_u: np.ndarray


@cache
def tables(colour: Colour, depth: int) -> Tables:
    """Tables of 2^depth entries."""
    red, blue, green_u, green_v = (c * 224 // 255 if colour.full else c for c in COEFFICIENTS[colour.matrix])
    luma = 65536 if colour.full else 65536 * 255 // 219
    black, middle = (0 if colour.full else 16) << (depth - 8), 128 << (depth - 8)
    table = _eight_bit if depth == 8 else _deeper
    return Tables(
        luma=table(depth, luma, black),
        red_v=table(depth, red, middle),
        green_u=table(depth, -green_u, middle),
        green_v=table(depth, -green_v, middle),
        blue_u=table(depth, blue, middle),
    )


def _eight_bit(depth: int, coefficient: int, offset: int) -> np.ndarray:
    # `pmulhw`: negative products round down, as the shift does.
    rounded = (coefficient * 8192 + 32768) // 65536
    table: np.ndarray = (((np.arange(256, dtype=np.int64) - offset) * 8 * rounded) >> 16).astype(np.int16)
    return table


def _deeper(depth: int, coefficient: int, offset: int) -> np.ndarray:
    unit = 65536 * 2 ** (depth - 8)
    values = (np.arange(1 << depth, dtype=np.float64) - offset) * coefficient / unit
    table: np.ndarray = np.floor(values + 0.5).astype(np.int16)
    return table


@dataclass(frozen=True, kw_only=True)
class Planes:
    """Samples of one coded frame: y [H, W], u and v [h, w], a chroma sample for 1 << shift luma samples."""

    y: np.ndarray
    u: np.ndarray
    v: np.ndarray
    shift_x: int
    shift_y: int
    depth: int


_DIRECT = {
    f"{family}{sampling}p{depth}": (shifts, int(depth[:2] or 8))
    for family in ("yuv", "yuva", "yuvj")
    for sampling, shifts in (("420", (1, 1)), ("422", (1, 0)), ("444", (0, 0)), ("440", (0, 1)))
    for depth in ("", "10le", "12le")
}
_REORDERED = {"nv12": "yuv420p", "nv21": "yuv420p", "p010le": "yuv420p10le", "gray": "yuv420p"}
"""Formats that hold the same samples in another order; a grey frame gets neutral chroma."""


def planes_of(frame: av.VideoFrame) -> Planes | np.ndarray:
    """The planes of a frame as views; of a format without them, RGB [H, W, 3] as libswscale gives it."""
    name = frame.format.name
    if name in _REORDERED:
        frame = frame.reformat(format=_REORDERED[name])
        name = frame.format.name
    if name not in _DIRECT:
        return frame.to_ndarray(format="rgb24")
    (shift_x, shift_y), depth = _DIRECT[name]
    kind = np.uint8 if depth == 8 else np.dtype("<u2")
    y, u, v = (
        np.frombuffer(memoryview(plane), np.uint8)
        .reshape(plane.height, plane.line_size)
        .view(kind)[:, : plane.width]
        for plane in frame.planes[:3]
    )
    return Planes(y=y, u=u, v=v, shift_x=shift_x, shift_y=shift_y, depth=depth)


def to_rgb(planes: Planes, colour: Colour, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """RGB [rows, columns, 3] uint8 at the given coded rows [n] and columns [m], nearest chroma."""
    table = tables(colour, planes.depth)
    y = planes.y[rows][:, columns]
    chroma_rows, chroma_columns = rows >> planes.shift_y, columns >> planes.shift_x
    u = planes.u[chroma_rows][:, chroma_columns]
    v = planes.v[chroma_rows][:, chroma_columns]
    base = table.luma[y]
    out = np.empty((*y.shape, 3), np.uint8)
    for channel, added in enumerate((table.red_v[v], table.green_u[u] + table.green_v[v], table.blue_u[u])):
        np.clip(base + added, 0, 255, out=out[..., channel], casting="unsafe")
    return out
