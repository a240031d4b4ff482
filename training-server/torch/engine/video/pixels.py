"""From a decoded frame to what a branch of the model sees: squashed whole, or native blocks side by side.

The rules are those of `workers/media/pixels.ts` and `core/sampling/fragments.ts`; a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import av
import numpy as np
from PIL import Image

from engine.video.colour import Colour, Planes, planes_of, to_rgb
from modules.profiles import BranchPixels


@dataclass(frozen=True, kw_only=True)
class PixelRule:
    """Conversion of a frame to the input of one branch."""

    pixels: str
    """"squash" or "fragments"."""

    size: int
    """Side S of the result."""

    cell: int = 0
    """Side of a fragment; 0 for "squash"."""

    @property
    def name(self) -> str:
        """For file names: equal for equal pixels, also between versions of this code."""
        return f"{self.pixels}{self.size}" + (f"x{self.cell}" if self.cell else "")


def rule_of(branch: BranchPixels, size: int) -> PixelRule:
    """Of a profile's branch."""
    return PixelRule(pixels=branch.pixels, size=size, cell=branch.cell or 0)


class DecodedFrame:
    """One decoded frame in its shown orientation. Holds views into the frame, so it must not outlive it."""

    def __init__(self, frame: av.VideoFrame, colour: Colour):
        self.colour = colour
        self.turns = turns_of(frame)
        self.source = planes_of(frame)

    @property
    def size(self) -> tuple[int, int]:
        """Shown width and height."""
        coded = self.source.y if isinstance(self.source, Planes) else self.source
        height, width = coded.shape[:2]
        return (height, width) if self.turns % 2 else (width, height)

    @cached_property
    def rgb(self) -> np.ndarray:
        """The whole frame [H, W, 3] uint8."""
        width, height = self.size
        return self.at(np.arange(height), np.arange(width))

    def at(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """RGB at the given shown rows [n] and columns [m]: [n, m, 3]."""
        width, height = self.size
        # np.rot90 turns counter-clockwise; a shown position is mapped to the coded frame.
        coded_rows, coded_columns = {
            0: (rows, columns),
            1: (columns, height - 1 - rows),
            2: (height - 1 - rows, width - 1 - columns),
            3: (width - 1 - columns, rows),
        }[self.turns]
        if isinstance(self.source, Planes):
            if self.turns % 2:
                return to_rgb(self.source, self.colour, coded_rows, coded_columns).swapaxes(0, 1)
            return to_rgb(self.source, self.colour, coded_rows, coded_columns)
        block: np.ndarray = self.source[coded_rows][:, coded_columns]
        return block.swapaxes(0, 1) if self.turns % 2 else block

    def input(self, rule: PixelRule) -> np.ndarray:
        """The model's input [S, S, 3] uint8."""
        if rule.pixels == "squash":
            return resized(self.rgb, rule.size, rule.size)
        width, height = fragment_frame(*self.size, rule.size)
        rows, columns = (block_positions(length, rule.size, rule.cell) for length in (height, width))
        if (width, height) == self.size:
            return np.ascontiguousarray(self.at(rows, columns))
        return np.ascontiguousarray(resized(self.rgb, width, height)[rows][:, columns])


def turns_of(frame: av.VideoFrame) -> int:
    """Quarter turns counter-clockwise that bring the coded frame upright."""
    return round((getattr(frame, "rotation", 0) or 0) / 90) % 4


def resized(rgb: np.ndarray, width: int, height: int) -> np.ndarray:
    """Pillow's antialiased bicubic, uint8."""
    if rgb.shape[:2] == (height, width):
        return rgb
    return np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BICUBIC))


def fragment_frame(width: int, height: int, size: int) -> tuple[int, int]:
    """Frame size before cutting: scaled up, its tighter side to `size`, where it is too small."""
    if width >= size and height >= size:
        return width, height
    if width <= height:
        return size, -(-height * size // width)
    return -(-width * size // height), size


def block_positions(length: int, size: int, cell: int) -> np.ndarray:
    """The `size` positions along an axis of `length` pixels that the blocks take, block after block."""
    grid = size // cell
    most = 2 * ((length - cell) // 2)
    # floor(((2i + 1) length / 2G − cell / 2) / 2) in whole numbers.
    starts = (2 * (((2 * i + 1) * length - cell * grid) // (4 * grid)) for i in range(grid))
    return np.concatenate([np.arange(cell) + max(0, min(start, most)) for start in starts])
