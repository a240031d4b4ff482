"""Images of the scenes: generated stills and photographs, by split; no image is in two splits."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from modules.atomic_write import atomic_write
from procedural.stills import FAMILIES, HELD_OUT

ROOT = Path(__file__).parents[3]

SEEDS = {"train": 1_000_000, "test": 2_000_000, "family": 3_000_000}
"""First seed of a split's stills; `family` has stills of the held-out family alone."""

PHOTO_SPLIT = {"train": "train", "test": "validation"}


def shared_folder() -> Path:
    """Folder of the photographs' parent, `VQA_SHARED` or `../shared` beside the repository."""
    return Path(os.environ.get("VQA_SHARED", ROOT.parent / "shared"))


def photo_files(split: str) -> list[Path]:
    """Photographs of a split as SOURCES.tsv divides them; none when the folder is absent."""
    folder = shared_folder() / "photos"
    table = folder / "SOURCES.tsv"
    if split not in PHOTO_SPLIT or not table.exists():
        return []
    with table.open(encoding="utf-8") as rows:
        named = [
            row["file"] for row in csv.DictReader(rows, delimiter="\t") if row["split"] == PHOTO_SPLIT[split]
        ]
    return [folder / name for name in sorted(named)]


@dataclass
class Sources:
    """Images of one split. Stills are generated once and cached as files under `folder`."""

    split: str
    folder: Path
    stills: int = 160
    """Number of generated stills of a split; the families take turns."""

    photo_share: float = 0.65
    """Share of picks that are photographs, where there are any."""

    photos: list[Path] = field(init=False)

    def __post_init__(self):
        self.photos = photo_files(self.split)

    def pick(self, rng: np.random.Generator) -> tuple[str, np.ndarray]:
        """Kind, `photo` or a family, and a random image [H, W, 3]."""
        if self.photos and rng.random() < self.photo_share:
            return "photo", _photo(self.photos[rng.integers(len(self.photos))])
        return self.still(int(rng.integers(self.stills)))

    def still(self, index: int) -> tuple[str, np.ndarray]:
        families = HELD_OUT if self.split == "family" else FAMILIES
        name = list(families)[index % len(families)]
        path = self.folder / "stills" / f"{self.split}_{index:04d}.png"
        if not path.exists():
            image = families[name](np.random.default_rng(SEEDS[self.split] + index))
            with atomic_write(path, per_process=True) as partial:
                Image.fromarray(image).save(partial, "png", compress_level=1)
        return name, _image(path)


@lru_cache(maxsize=300)
def _photo(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


@lru_cache(maxsize=200)
def _image(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))
