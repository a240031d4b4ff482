"""The procedural clips on disk, as the training stages read them.

Layout of the cache (`VQA_CACHE`, default `.cache/small`), written by `npm run make-clips`:

    {train,test,family}/shard_0000/
        y.npy                [n, 16, 224, 224] uint8, stitched fragments of 8 pairs of frames
        uv.npy               [n, 16, 2, 112, 112] uint8
        labels.npz           score [n], severity [n, d], when [n, d], group [n], kind [n]
        statistics_HASH.npy  [n, k] float32, raw, all names of the table in order

`train` is for fitting; `test` are other stills and the photographs' validation split; `family` is a family
of stills that is in neither. The four clips of a group are versions of one scene: split by `group`, never by
clip. Label arrays have the order of `core/training/distortions.json`; `when` is 0 whole clip, 1 first half, 2
second half, as `concepts.label_concepts(score, severity, when)` takes it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from modules.profiles import IMAGENET_MEAN, IMAGENET_STD
from modules.statistics import TABLE_PATH

CACHE = Path(os.environ.get("VQA_CACHE", Path(__file__).parents[3] / ".cache" / "small"))

GRID, CELL = 7, 32
SPLITS = ("train", "test", "family")

TABLE_HASH = hashlib.sha256(TABLE_PATH.read_bytes()).hexdigest()[:8]
"""Digest of the table of statistics; features computed with another table are not read."""


@lru_cache(maxsize=1)
def _tables() -> tuple[np.ndarray, ...]:
    """Contribution of each sample to a channel, BT.601 limited, in the integers of libswscale and the page:
    `pmulhw` of (sample − offset) · 8 and a coefficient of 13 fractional bits."""
    sample = np.arange(256)

    def table(coefficient: int, offset: int) -> np.ndarray:
        return ((sample - offset) * 8 * ((coefficient * 8192 + 32768) // 65536) >> 16).astype(np.int16)

    luma = table(65536 * 255 // 219, 16)
    # Negative coefficients round like the C code: the shift floors.
    return luma, table(104597, 128), table(-25675, 128), table(-53279, 128), table(132201, 128)


def to_rgb(y: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Planes [..., S, S] and [..., 2, S/2, S/2] uint8 → RGB [..., 3, S, S] uint8, nearest chroma."""
    luma, red, green_u, green_v, blue = _tables()
    u, v = uv[..., 0, :, :], uv[..., 1, :, :]
    base = luma[y]
    out = np.empty((*y.shape[:-2], 3, *y.shape[-2:]), np.uint8)
    for c, chroma in enumerate((red[v], green_u[u] + green_v[v], blue[u])):
        wide = chroma.repeat(2, axis=-1).repeat(2, axis=-2)
        np.clip(base + wide, 0, 255, out=out[..., c, :, :], casting="unsafe")
    return out


_MEAN = 255 * torch.tensor(IMAGENET_MEAN)[:, None, None]
_STD = 255 * torch.tensor(IMAGENET_STD)[:, None, None]


def normalised(rgb: np.ndarray) -> Tensor:
    """RGB [..., 3, S, S] uint8 → float32, ImageNet-normalised."""
    return (torch.from_numpy(rgb).float() - _MEAN) / _STD


def blocks(planes: np.ndarray, indices: np.ndarray, size: int) -> np.ndarray:
    """Some fragments of stitched planes, stitched again: [..., S, S] → [..., g·size, g·size].

    indices: [g, g] of fragments, row-major in the 7 × 7 grid; size: side of a fragment in this plane.
    """
    *lead, _, _ = planes.shape
    cut = planes.reshape(*lead, GRID, size, GRID, size).swapaxes(-3, -2)
    cut = cut.reshape(*lead, GRID * GRID, size, size)[..., indices.reshape(-1), :, :]
    g = len(indices)
    return cut.reshape(*lead, g, g, size, size).swapaxes(-3, -2).reshape(*lead, g * size, g * size)


@dataclass
class Shard:
    folder: Path
    y: np.ndarray
    """Memory-mapped."""

    uv: np.ndarray

    def pixels(
        self, clip: int, frames: Sequence[int] | None = None, fragments: np.ndarray | None = None
    ) -> Tensor:
        """One clip [T, 3, S, S], normalised; all frames and fragments unless some are given."""
        take = slice(None) if frames is None else list(frames)
        y, uv = self.y[clip][take], self.uv[clip][take]
        if fragments is not None:
            y, uv = blocks(y, fragments, CELL), blocks(uv, fragments, CELL // 2)
        return normalised(to_rgb(y, uv))

    @property
    def statistics_path(self) -> Path:
        return self.folder / f"statistics_{TABLE_HASH}.npy"


@dataclass
class Clips:
    """The finished shards of a split."""

    split: str
    shards: list[Shard]
    score: np.ndarray
    """[n] pseudo-MOS."""

    severity: np.ndarray
    """[n, d], 0 absent."""

    when: np.ndarray
    """[n, d]"""

    group: np.ndarray
    """[n] number of the scene."""

    kind: np.ndarray
    """[n] `photo` or the family of the still."""

    shard_of: np.ndarray
    """[n, 2] shard and index in it."""

    def __len__(self) -> int:
        return len(self.score)

    def pixels(
        self, clip: int, frames: Sequence[int] | None = None, fragments: np.ndarray | None = None
    ) -> Tensor:
        shard, index = self.shard_of[clip]
        return self.shards[shard].pixels(int(index), frames, fragments)

    def statistics(self) -> Tensor:
        """Raw statistics [n, k]; raises FileNotFoundError before the stage `statistics` ran."""
        shards = sorted(set(self.shard_of[:, 0].tolist()))
        values = {s: np.load(self.shards[s].statistics_path) for s in shards}
        return torch.from_numpy(np.stack([values[s][k] for s, k in self.shard_of.tolist()]))

    def rows(self, keep: np.ndarray) -> Clips:
        """The clips of a mask [n]."""
        names = ("score", "severity", "when", "group", "kind", "shard_of")
        return Clips(self.split, self.shards, **{n: getattr(self, n)[keep] for n in names})

    def first(self, shards: int) -> Clips:
        return self.rows(self.shard_of[:, 0] < shards)


def load_clips(split: str, *, with_statistics: bool = False, cache: Path = CACHE) -> Clips:
    """All finished shards of a split (only those with statistics, if `with_statistics`).

    Raises FileNotFoundError when there are none.
    """
    shards, labels, locations = [], [], []
    for folder in sorted((cache / split).glob("shard_????")):
        shard = Shard(
            folder, np.load(folder / "y.npy", mmap_mode="r"), np.load(folder / "uv.npy", mmap_mode="r")
        )
        if with_statistics and not shard.statistics_path.exists():
            continue
        labels.append(np.load(folder / "labels.npz"))
        locations.append(np.stack([np.full(len(shard.y), len(shards)), np.arange(len(shard.y))], 1))
        shards.append(shard)
    if not shards:
        what = "with statistics " if with_statistics else ""
        raise FileNotFoundError(f"no clips {what}in {cache / split}; make them with: npm run make-clips")
    names = ("score", "severity", "when", "group", "kind")
    arrays = {name: np.concatenate([part[name] for part in labels]) for name in names}
    return Clips(split, shards, **arrays, shard_of=np.concatenate(locations))
