"""Published feature tables with human scores, read in place from a folder and never copied.

The folder has `features.npz` (`columns`, and `SET_light480_3fps` [n, columns] of each set) and `mos_SET.csv`
of each set, rows in the same order: `mos_common_1to5` is the MOS on one scale of 1 to 5 for all sets (INLSA
constants of the VIDEVAL repository), `split` is train, validation or test, `gray` marks clips without colour,
which are left out. The tables come from the repository vztu/VIDEVAL, commit 8a86166.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from procedural.sources import shared_folder
from small.human.frames import COLUMNS

VARIANT = "_light480_3fps"
TITLES = {"konvid1k": "KoNViD-1k", "livevqc": "LIVE-VQC", "youtubeugc": "YouTube-UGC"}


@dataclass(frozen=True)
class HumanScores:
    """Clips of one or several sets."""

    title: str
    features: np.ndarray
    """[n, 47], NaN where missing."""

    score: np.ndarray
    """[n] MOS, 1 to 5."""

    split: np.ndarray
    """[n]"""

    def __len__(self) -> int:
        return len(self.score)

    def rows(self, splits: Sequence[str]) -> HumanScores:
        chosen = np.isin(self.split, splits)
        return HumanScores(self.title, self.features[chosen], self.score[chosen], self.split[chosen])

    @classmethod
    def joined(cls, sets: Sequence[HumanScores]) -> HumanScores:
        parts = (np.concatenate([getattr(s, name) for s in sets]) for name in ("features", "score", "split"))
        return cls(" + ".join(s.title for s in sets), *parts)


def default_folder() -> Path:
    """`human` in `VQA_SHARED`."""
    return shared_folder() / "human"


def load_human_scores(folder: Path) -> list[HumanScores]:
    """Every set of a folder; FileNotFoundError without the tables, ValueError on tables that differ."""
    path = folder / "features.npz"
    if not path.exists():
        raise FileNotFoundError(
            f"no feature tables with human scores: {path} is missing. Set VQA_SHARED, or pass a folder with "
            "features.npz and mos_SET.csv made of the tables of github.com/vztu/VIDEVAL (commit 8a86166)"
        )
    table = np.load(path)
    names = [str(column) for column in table["columns"]]
    if absent := [column for column in COLUMNS if column not in names]:
        raise ValueError(f"{path} lacks the columns {', '.join(absent)}")
    indices = [names.index(column) for column in COLUMNS]
    sets = []
    for scores in sorted(folder.glob("mos_*.csv")):
        key = scores.stem.removeprefix("mos_")
        if key + VARIANT in table.files:
            sets.append(_read_set(scores, TITLES.get(key, key), table[key + VARIANT][:, indices]))
    if not sets:
        raise FileNotFoundError(f"no mos_SET.csv in {folder} belongs to an array of {path}")
    return sets


def _read_set(path: Path, title: str, features: np.ndarray) -> HumanScores:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    if len(rows) != len(features):
        raise ValueError(f"{path} has {len(rows)} rows, its features have {len(features)}")
    coloured = np.array([row.get("gray") != "1" for row in rows])
    score = np.array([float(row["mos_common_1to5"]) for row in rows])
    split = np.array([row.get("split") or "test" for row in rows])
    return HumanScores(title, features[coloured].astype(float), score[coloured], split[coloured])
