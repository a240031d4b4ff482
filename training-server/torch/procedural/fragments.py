"""Positions of the fragments in a frame, and their stitching, by the rule of `core/sampling/fragments.ts` for
frames that are large enough, as those of generated clips are."""

from __future__ import annotations

import numpy as np

from procedural.planes import Planes


def edges(length: int, grid: int, cell: int) -> list[int]:
    """Left (or top) edges of the blocks along an axis of `length` pixels, even.

    Raises ValueError when the axis is shorter than the grid: such a frame is scaled up first.
    """
    if length < grid * cell:
        raise ValueError(f"{length} pixels hold no {grid} blocks of {cell}")
    at = (2 * int(((2 * i + 1) * length / (2 * grid) - cell / 2) // 2) for i in range(grid))
    return [max(0, min(x, 2 * ((length - cell) // 2))) for x in at]


def cut(planes: Planes, grid: int, cell: int) -> Planes:
    """Frames → stitched fragments, S = grid · cell a side, 4:2:0."""
    height, width = planes.y.shape[1:]
    rows = np.concatenate([np.arange(y, y + cell) for y in edges(height, grid, cell)])
    columns = np.concatenate([np.arange(x, x + cell) for x in edges(width, grid, cell)])
    luma = planes.y[:, rows][:, :, columns]
    chroma = planes.uv[:, :, rows[::2] // 2][..., columns[::2] // 2]
    return Planes(luma, chroma)
