"""Real clips as scenes of the generator: the same distortions and dense truths on intact camera footage."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from procedural.planes import Planes
from procedural.sources import shared_folder
from small.footage import Footage

LENGTH = 28
"""Frames of a scene."""

SPARE = 12
"""Frames after its end, for clips whose dropped frames bring later ones."""

SHIFT = 24
"""Pixels around the window, room for shake."""

LARGEST = (568, 320)
"""Window of the frame; fragments stay native."""

LEAST = (288, 256)


@dataclass(frozen=True)
class RealClip:
    """A row of the table of real clips."""

    path: Path
    repository: str
    intact: bool
    """No gap and hardly a repeated frame."""

    good: bool


def real_clips(split: str) -> list[RealClip]:
    """Clips of a split, `train` or `validation`; none without the folder (`VQA_SHARED`)."""
    folder = shared_folder() / "clips"
    table = folder / "SOURCES.tsv"
    if not table.exists():
        return []
    with table.open(encoding="utf-8") as rows:
        return [
            RealClip(
                folder / row["file"],
                row["repository"],
                float(row["largest_gap"]) <= 1.5 and float(row["repeated_frames"]) <= 0.1,
                row["native_quality"] == "good",
            )
            for row in csv.DictReader(rows, delimiter="\t")
            if row["split"] == split
        ]


@dataclass
class FootageScene:
    """A window of consecutive frames, with what `Drawing` asks of a scene."""

    planes: Planes
    """[LENGTH + SPARE, H + 2 SHIFT, W + 2 SHIFT]."""

    kind: str = "footage"
    irreversible: bool = False
    lasting: dict[str, float] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return int(self.planes.y.shape[2]) - 2 * SHIFT

    @property
    def height(self) -> int:
        return int(self.planes.y.shape[1]) - 2 * SHIFT

    @property
    def length(self) -> int:
        return len(self.planes) - SPARE

    def render(self, times: Sequence[float], offsets: np.ndarray | None = None) -> Planes:
        """Frames nearest to `times`, the window moved by `offsets` [n, 2] pixels, even."""
        ys, uvs = [], []
        for k, t in enumerate(times):
            index = min(max(round(float(t)), 0), len(self.planes) - 1)
            moved = np.zeros(2) if offsets is None else offsets[k]
            x, y = (2 * (moved / 2).round()).clip(-SHIFT, SHIFT).astype(int) + SHIFT
            ys.append(self.planes.y[index, y : y + self.height, x : x + self.width])
            top, left = y // 2, x // 2
            uvs.append(self.planes.uv[index, :, top : top + self.height // 2, left : left + self.width // 2])
        return Planes(np.stack(ys), np.stack(uvs))


def footage_scene(clip: RealClip, rng: np.random.Generator) -> FootageScene | None:
    """A random window of a clip's first frames; None where the clip is too small or too short."""
    frames = Footage(clip.path, LENGTH + SPARE)
    if len(frames) < LENGTH // 2 + SPARE:
        return None
    planes = frames.planes()
    height, width = planes.y.shape[1:]
    size = [
        min(largest, (side - 2 * SHIFT) & ~1) for side, largest in zip((width, height), LARGEST, strict=True)
    ]
    if size[0] < LEAST[0] or size[1] < LEAST[1]:
        return None
    room = np.array([width, height]) - size - 2 * SHIFT
    x, y = (2 * (room * rng.random(2) / 2).astype(int)).tolist()
    w, h = size[0] + 2 * SHIFT, size[1] + 2 * SHIFT
    window = Planes(
        np.ascontiguousarray(planes.y[:, y : y + h, x : x + w]),
        np.ascontiguousarray(planes.uv[:, :, y // 2 : (y + h) // 2, x // 2 : (x + w) // 2]),
    )
    return FootageScene(window)
