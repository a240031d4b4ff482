"""Closed-form statistics of the motion branch's pixels: a table interpreted with tensors.

Names, order and formulas are `core/sampling/statistics.json`, which the ONNX emitter reads too; what stands
here is only how each word of the table is computed. No operation crosses the border of a fragment, since
neighbouring fragments are not neighbours in the frame.

Shapes: B clips, T = 2N frames, G × G fragments of `cell` pixels a side, S = G · cell, n statistics.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from modules import statistic_maps as maps
from modules.profiles import IMAGENET_MEAN, IMAGENET_STD

TABLE_PATH = Path(__file__).parents[3] / "core" / "sampling" / "statistics.json"
TABLE: Mapping[str, Any] = json.loads(TABLE_PATH.read_text("utf-8"))
ROWS: Mapping[str, Mapping[str, Any]] = {row["name"]: row for row in TABLE["rows"]}
NAMES: tuple[str, ...] = tuple(ROWS)
LIMIT: float = TABLE["limit"]

FRAME_MAPS = tuple(name for name in TABLE["maps"] if not name.startswith(("pair", "gap", "flow", "leap")))
"""Maps of one frame: a row of theirs has a value for each fragment of a single frame."""


PAIR_MAPS = tuple(name for name in TABLE["maps"] if name.startswith(("pair", "flow")) and "gap" not in name)
"""Maps of the two frames of a pair."""


def _distinct_rows(maps_used: Sequence[str]) -> tuple[str, ...]:
    """The first row of each distinct value of a fragment; one with a logarithm where there is one."""
    chosen: dict[str, str] = {}
    for log_wanted in (True, False):
        for name, row in ROWS.items():
            key = json.dumps([row["map"], row["scale"], row["cell"]])
            after = row.get("after")
            logarithm = "log" in row or (isinstance(after, Mapping) and "log" in after)
            if row["map"] in maps_used and logarithm == log_wanted:
                chosen.setdefault(key, name)
    return tuple(name for name in ROWS if name in chosen.values())


FRAGMENT_NAMES = _distinct_rows(FRAME_MAPS)
"""Rows whose values of each fragment differ, of single frames, in the table's order."""

PAIR_FRAGMENT_NAMES = tuple(
    # A fragment's own flow, not the sides of the ratio.
    name
    for name in _distinct_rows(PAIR_MAPS)
    if not (ROWS[name]["map"].startswith("flow") and ROWS[name]["cell"] == "mean")
)
"""The same of the two frames of a pair."""

VARIANCE_FLOOR = 1e-8
"""Under the root of a deviation over fragments or time."""

Row = Mapping[str, Any]


class Fragments:
    """Fragments of some clips and the maps made of them; each is computed once for all rows that share it.

    Maps are [B, M, G², h, w], M the frames, pairs or gaps; those of ratios [B, M, G², 2].
    """

    def __init__(self, pixels: Tensor, cell: int, *, pairs: bool = True):
        """pixels [B, T, 3, S, S], normalised. Without `pairs` every frame counts as the first of a pair; maps
        of two frames are then undefined."""
        batch, frames, _, side, _ = pixels.shape
        self._pairs = pairs
        if side % cell or (pairs and frames % 2):
            raise ValueError(f"{frames} frames of {side} pixels are no pairs of {cell}-pixel fragments")
        grid = side // cell
        mean, std = (pixels.new_tensor(v)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_STD))
        rgb = (pixels * std + mean).clamp(0, 1)
        cut = rgb.view(batch, frames, 3, grid, cell, grid, cell).permute(2, 0, 1, 3, 5, 4, 6)
        red, green, blue = cut.reshape(3, batch, frames, grid * grid, cell, cell)
        weights = TABLE["luma"]
        luma = weights[0] * red + weights[1] * green + weights[2] * blue
        self._maps: dict[tuple[str, int], Tensor] = {
            ("luma", 1): luma,
            ("cb", 1): 0.564 * (blue - luma),
            ("cr", 1): 0.713 * (red - luma),
            ("saturation", 1): torch.maximum(red, torch.maximum(green, blue))
            - torch.minimum(red, torch.minimum(green, blue)),
        }
        self._values: dict[str, Tensor] = {}

    def map(self, name: str, scale: int) -> Tensor:
        key = (name, scale)
        if key not in self._maps:
            self._maps[key] = self._compute(name, scale)
        return self._maps[key]

    def _compute(self, name: str, scale: int) -> Tensor:
        if name in ("luma", "cb", "cr", "saturation"):
            finer = self.map(name, scale // 2)  # a mean of means: a quarter of the work
            return F.avg_pool2d(finer.flatten(0, 2), 2).unflatten(0, finer.shape[:3])
        luma = self.map("luma", scale)
        first, second = (luma[:, 0::2], luma[:, 1::2]) if self._pairs else (luma, luma)
        match name.split("_"):
            case ["dx"]:
                return (luma[..., :, 1:] - luma[..., :, :-1]).abs()
            case ["dy"]:
                return (luma[..., 1:, :] - luma[..., :-1, :]).abs()
            case ["laplacian"]:
                return maps.laplacian(luma)
            case ["checker"]:
                return maps.checker(luma)
            case ["chroma", "laplacian"]:
                return maps.laplacian(self.map("cb", scale)) + maps.laplacian(self.map("cr", scale))
            case ["pair"]:
                return (second - first).abs()
            case ["pair", "signed"]:
                return second - first
            case ["pair", "checker"]:
                return maps.checker(second - first)
            case ["gap"]:
                return (first[:, 1:] - second[:, :-1]).abs()
            case ["gap", "signed"]:
                return first[:, 1:] - second[:, :-1]
            case ["flow", axis]:
                return maps.flow(first, second, axis)
            case ["echo", lag]:
                return maps.echo(first, int(lag))
            case ["halo", axis, reach]:
                return maps.halo(first, axis, reach)
            case ["comb"]:
                return maps.comb(first)
            case ["seam", axis]:
                return maps.seam(first, axis)
            case ["pair" | "gap" as kind, "blocks"]:
                return maps.block_means(self.map(kind, scale), maps.DIFFERENCE_BLOCK)
            case ["checker", "blocks"]:
                return maps.block_means(self.map("checker", scale), maps.CHECKER_BLOCK)
            case ["pair", "checker", "blocks"]:
                return maps.block_means(self.map("pair_checker", scale), maps.CHECKER_BLOCK)
            case ["pair", "against", "gap"]:
                pairs = maps.change(second, first)
                return pairs[:, 1:] - maps.change(first[:, 1:], second[:, :-1])
            case ["leap", "against", "gap"]:
                gaps = maps.change(first[:, 1:], second[:, :-1])
                return maps.change(first[:, 2:], second[:, :-2]) - gaps[:, :-1]
        raise ValueError(f"statistics.json names an unknown map, {name}")

    def each(self, row: Row) -> Tensor:
        """One row's value of each fragment, [B, M, G²]: before `fragments`, with its logarithm if any."""
        value = _each_fragment(self.map(row["map"], row["scale"]), row)
        after = row.get("after")
        return (value + after["log"]).log() if isinstance(after, Mapping) and "log" in after else value

    def value(self, row: Row) -> Tensor:
        """One row up to `after`, [B, M]; rows that differ only in `time` share it."""
        key = json.dumps({k: v for k, v in row.items() if k not in ("name", "time")}, sort_keys=True)
        if key not in self._values:
            value = _over_fragments(self.map(row["map"], row["scale"]), row)
            self._values[key] = _after(value, row.get("after"))
        return self._values[key]


def _ramp(value: Tensor, rule: Mapping[str, float]) -> Tensor:
    width = rule["width"]
    slope, offset = (-1 / width, rule["below"]) if "below" in rule else (1 / width, rule["above"])
    return (value * slope).add_(0.5 - slope * offset).clamp_(0, 1)


def _deviation(values: Tensor, dims: tuple[int, ...]) -> Tensor:
    spread = (values * values).mean(dims) - values.mean(dims) ** 2
    return (spread.clamp(min=0) + 1e-6).sqrt()


def _phase(values: Tensor, axis: str, scale: int) -> Tensor:
    """Strength of a grid of 8 native pixels: strongest phase above the mean of all, relative. [B, M, G²]."""
    lines = values.mean(-2 if axis == "dx" else -1)
    phases = F.pad(lines, (0, 1)).unflatten(-1, (-1, 8 // scale)).mean(-2)
    mean = phases.mean(-1)
    return (phases.amax(-1) - mean) / (mean + 1e-4)


def _each_fragment(values: Tensor, row: Row) -> Tensor:
    """Map [B, M, G², h, w] → [B, M, G²]: over a fragment's positions, then its logarithm."""
    cell = row["cell"]
    if cell == "mean":
        each = values.mean((-1, -2))
    elif cell == "min":
        each = values.amin((-1, -2))
    elif cell == "max":
        each = values.amax((-1, -2))
    elif cell == "ratio":
        each = values[..., 0] / values[..., 1]
    elif cell == "deviation":
        each = _deviation(values, (-1, -2))
    elif cell == "phase8":
        each = _phase(values, row["map"], row["scale"])
    else:
        each = _ramp(values, cell).mean((-1, -2))
    return (each + row["log"]).log() if "log" in row else each


def _over_fragments(values: Tensor, row: Row) -> Tensor:
    """Map [B, M, G², h, w] → [B, M]: over a fragment's positions, its logarithm, over the fragments."""
    over = row["fragments"]
    if over == "ratio":
        parts = values.mean(2)
        return parts[..., 0] / parts[..., 1]
    if over == "pixels":
        return _deviation(values, (2, 3, 4))
    return _REDUCE[over](_each_fragment(values, row))


def _after(value: Tensor, rule: str | Mapping[str, float] | None) -> Tensor:
    if rule is None:
        return value
    if rule == "abs":
        return value.abs()
    return (value + rule["log"]).log() if "log" in rule else _ramp(value, rule)


def _std(values: Tensor) -> Tensor:
    return (values.var(-1, correction=0) + VARIANCE_FLOOR).sqrt()


def _half(values: Tensor) -> Tensor:
    half = values.shape[-1] // 2
    return values[..., -half:].mean(-1) - values[..., :half].mean(-1)


def _steps(values: Tensor) -> Tensor:
    return (values[..., 1:] - values[..., :-1]).abs().mean(-1)


def _coherence(values: Tensor) -> Tensor:
    return values.mean(-1).abs() / (values.abs().mean(-1) + 0.005)


def _flips(values: Tensor) -> Tensor:
    product = values[..., 1:] * values[..., :-1]
    return 0.5 - 0.5 * (product / (product.abs() + 1e-4)).mean(-1)


_REDUCE: Mapping[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda v: v.mean(-1),
    "min": lambda v: v.amin(-1),
    "max": lambda v: v.amax(-1),
    "std": _std,
    "half": _half,
    "steps": _steps,
    "coherence": _coherence,
    "flips": _flips,
}


def over_time(values: Tensor, rule: str | Mapping[str, float]) -> Tensor:
    """[B, M] → [B]; a ramp counts the distance from the mean of all."""
    if isinstance(rule, str):
        return _REDUCE[rule](values)
    return _ramp(values - values.mean(-1, keepdim=True), rule).mean(-1)


def statistics(pixels: Tensor, names: Sequence[str] = NAMES, cell: int = 32) -> Tensor:
    """Normalised pixels [B, T, 3, S, S] or [T, 3, S, S] → raw statistics [B, n] or [n].

    Raises KeyError for a name that the table does not hold.
    """
    if pixels.dim() == 4:
        return statistics(pixels[None], names, cell)[0]
    fragments = Fragments(pixels, cell)
    rows = [ROWS[name] for name in names]
    return torch.stack([over_time(fragments.value(row), row["time"]) for row in rows], dim=-1)


def fragment_values(frames: Tensor, names: Sequence[str], cell: int = 32) -> Tensor:
    """Normalised frames [n, 3, S, S] → raw values of each fragment [n, G², k], of rows of single frames.

    Raises KeyError for a name that the table does not hold, ValueError for a row of two frames.
    """
    refused = [name for name in names if ROWS[name]["map"] not in FRAME_MAPS]
    if refused:
        raise ValueError(f"{refused[0]} is no statistic of one frame")
    fragments = Fragments(frames[None], cell, pairs=False)
    return torch.stack([fragments.each(ROWS[name])[0] for name in names], dim=-1)


def standardised(raw: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Input of the motion projector: raw [..., n] by mean and std [n], clipped to ±LIMIT."""
    return ((raw - mean) / std).clamp(-LIMIT, LIMIT)
