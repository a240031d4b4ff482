"""Closed-form values of every fragment, cached beside the clips: inputs of all heads of this package.

`features_HASH.npz` of a shard: statistics [n, 283] raw; frame [n, 8, 49, k] values of the first frame of each
pair (`FRAGMENT_NAMES`); pair [n, 8, 49, p] of the pair (`PAIR_FRAGMENT_NAMES`); wave [n, 8, 49, 96]
(`energies`). All but the statistics are float16.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from modules.atomic_write import atomic_write
from modules.statistics import (
    FRAGMENT_NAMES,
    NAMES,
    PAIR_FRAGMENT_NAMES,
    ROWS,
    Fragments,
    over_time,
)
from small.data import CELL, TABLE_HASH, load_clips
from small.ladder import Key, ladder_clips
from small.readings.energies import wave_energies


@dataclass(frozen=True)
class Features:
    """Values of n clips."""

    statistics: np.ndarray
    frame: np.ndarray
    pair: np.ndarray
    wave: np.ndarray

    def __len__(self) -> int:
        return len(self.statistics)

    def __getitem__(self, rows: np.ndarray) -> Features:
        return Features(*(getattr(self, f.name)[rows] for f in fields(self)))

    @classmethod
    def joined(cls, parts: list[Features]) -> Features:
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))


@torch.no_grad()
def clip_features(pixels: Tensor) -> tuple[np.ndarray, ...]:
    """Features of one clip [16, 3, S, S], normalised."""
    fragments = Fragments(pixels[None], CELL)
    statistics = [over_time(fragments.value(ROWS[name]), ROWS[name]["time"])[0] for name in NAMES]
    groups = []
    for names in (FRAGMENT_NAMES, PAIR_FRAGMENT_NAMES):
        each = [fragments.each(ROWS[name])[0] for name in names]
        # Maps of all frames: only the first of each pair is kept.
        groups.append(torch.stack([v[::2] if len(v) == len(pixels) else v for v in each], -1))
    wave = wave_energies(fragments.map("luma", 1)[0])
    small = [v.half().numpy() for v in (*groups, wave)]
    return torch.stack(statistics).numpy(), *small


def _stacked(rows: list[tuple[np.ndarray, ...]]) -> Features:
    return Features(*(np.stack(column) for column in zip(*rows, strict=True)))


def features_path(folder: Path) -> Path:
    return folder / f"features_{TABLE_HASH}.npz"


def compute_features(split: str, cache: Path) -> None:
    """Computes the features of every finished shard of a split that has none."""
    clips = load_clips(split, cache=cache)
    for shard in clips.shards:
        path = features_path(shard.folder)
        if path.exists():
            continue
        cpu = time.process_time()
        features = _stacked([clip_features(shard.pixels(k)) for k in range(len(shard.y))])
        with atomic_write(path) as partial:
            np.savez(partial, **vars(features))
        print(f"{split}/{shard.folder.name} features {time.process_time() - cpu:.1f} cpu-s", flush=True)


def load_features(folders: list[Path]) -> Features:
    """Features of the clips of whole shards, in order."""
    parts = []
    for folder in folders:
        with np.load(features_path(folder)) as file:
            parts.append(Features(**{f.name: file[f.name] for f in fields(Features)}))
    return Features.joined(parts)


def ladder_features(which: str, cache: Path) -> tuple[list[Key], Features]:
    """Keys and features of the points of the severity ladder, cached."""
    path = cache / f"ladder_{which}_{TABLE_HASH}.npz"
    if not path.exists():
        keys, rows = [], []
        for clip, grid, step, pixels in ladder_clips(which):
            keys.append((clip, grid, str(step)))
            rows.append(clip_features(pixels))
        with atomic_write(path) as partial:
            np.savez(partial, keys=np.array(keys), **vars(_stacked(rows)))
    with np.load(path) as file:
        keys = [(clip, grid, int(step)) for clip, grid, step in file["keys"]]
        return keys, Features(**{f.name: file[f.name] for f in fields(Features)})


def stage_features() -> None:
    """Computes the missing features of every split."""
    from small.readings.clips import FOLDER, SHARDS

    torch.set_num_threads(1)
    for split in SHARDS:
        compute_features(split, FOLDER)
