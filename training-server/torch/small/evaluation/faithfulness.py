"""Faithfulness: removing the named distortion must change the text and raise the score, and another video
must change the text.

The clip without the distortion is drawn from the same streams of random numbers, so that all else of it is
the same. A model that ignores its input fails all three.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from procedural.clips import CELL, GRID, draw_group, pair_times, version_draws
from procedural.fragments import cut
from procedural.labels import IDS as DISTORTIONS
from procedural.planes import Planes
from procedural.version import draw_version
from small.answers import ReadAnswer
from small.data import CACHE
from small.evaluation.held_out import VERSIONS
from small.evaluation.metric import Metric, mean_metric
from small.evaluation.temporal import generator_digest, held_out_sources, pixels_of, save_planes, scene_seed

PAIRS = 500


@dataclass(frozen=True, order=True)
class Case:
    """A distorted held-out clip and the distortion that its text names."""

    scene: int
    version: int
    distortion: str
    index: int
    """Index of the clip among the held-out ones."""

    @property
    def name(self) -> str:
        return f"{self.scene}/{self.version}/{self.distortion}"


@dataclass(frozen=True)
class Repaired:
    """`ClipSet` of held-out clips without one of their distortions, named `scene/version/distortion`; each is
    drawn on first access and cached."""

    folder: Path
    sources: Path = CACHE

    @property
    def name(self) -> str:
        return "repaired"

    @property
    def fingerprint(self) -> str:
        return generator_digest()

    def pixels(self, name: str) -> Tensor:
        path = self.folder / f"repaired-{self.fingerprint}" / f"{name.replace('/', '~')}.npz"
        if not path.exists():
            scene, version, distortion = name.split("/")
            save_planes(path, self._draw(int(scene), int(version), distortion))
        with np.load(path) as file:
            return pixels_of(file["y"], file["uv"])

    def _draw(self, scene: int, version: int, removed: str | None) -> Planes:
        seed = scene_seed(scene)
        drawn, base_crf, versions = draw_group(seed, held_out_sources(self.sources))
        remaining = versions[version].without(removed) if removed else versions[version]
        # The noise floor and the first encoder, which all versions of a scene share, are removed too.
        scene_of = replace(drawn, grain=0.0) if removed == "noise" else drawn
        crf = None if removed == "compression" else base_crf
        draws = version_draws(seed, version)
        return cut(draw_version(scene_of, remaining, crf, draws, pair_times(drawn.length))[0], GRID, CELL)

    def check(self, case: Case, distorted: Tensor) -> None:
        """Draws the clip with its distortions again and compares it with the held-out one, `distorted`.

        Raises ValueError where they differ: the pairs would differ in more than the distortion.
        """
        planes = self._draw(case.scene, case.version, None)
        if not pixels_of(planes.y, planes.uv).equal(distorted):
            raise ValueError(
                "the held-out clips are of another generator; make them again: npm run make-clips"
            )


def cases(
    group: np.ndarray, severity: np.ndarray, read: Sequence[ReadAnswer], most: int = PAIRS
) -> list[Case]:
    """Distorted clips whose text names a distortion that is present, with the first such one.

    group [n], severity [n, distortions] and answers of all held-out clips in order, four versions per scene,
    the clean one first. Blur that the clean version has too cannot be removed and does not count. Versions
    alternate, so that many scenes, and clips with one and with several distortions, are included.
    """
    by_version: list[list[Case]] = [[] for _ in range(VERSIONS)]
    blur = DISTORTIONS.index("blur")
    for index, answer in enumerate(read):
        version = index % VERSIONS
        present = severity[index].copy()
        if present[blur] <= severity[index - version, blur]:
            present[blur] = 0
        named = next(
            (d for d in answer.named if d in DISTORTIONS and present[DISTORTIONS.index(d)] > 0), None
        )
        if version > 0 and answer.score is not None and named is not None:
            by_version[version].append(Case(int(group[index]), version, named, index))
    chosen = [every[: -(-most // (VERSIONS - 1))] for every in by_version]
    rest = [case for every, taken in zip(by_version, chosen, strict=True) for case in every[len(taken) :]]
    return sorted([*(case for taken in chosen for case in taken), *rest][:most])


THINK = re.compile(r"<think>(.*?)</think>", re.S)


def trace(text: str) -> str:
    """The reasoning alone, the score left out."""
    match = THINK.search(text)
    return match.group(1).strip() if match else text


def measure(
    chosen: Sequence[Case], before: Sequence[str], after: Sequence[str], rise: np.ndarray, command: str
) -> list[Metric]:
    """Metrics of pairs of texts with and without the distortion.

    rise: [n] of the score, NaN where the second cannot be read, which counts as no rise. The text of another
    video is that of the next pair's clip.
    """
    scene = np.array([case.scene for case in chosen])
    traces = [trace(text) for text in before]
    changed = np.array([a != trace(b) for a, b in zip(traces, after, strict=True)], float)
    swapped = np.array([a != b for a, b in zip(traces, traces[1:] + traces[:1], strict=True)], float)
    rose = (np.nan_to_num(rise, nan=0.0) > 0).astype(float)
    of = "named distortion removed"
    return [
        mean_metric(f"trace changes, {of}", changed, scene, command),
        mean_metric(f"score rises, {of}", rose, scene, command),
        mean_metric(f"mean rise of the score, {of}", rise, scene, command),
        mean_metric("trace changes, another video", swapped, scene, command),
    ]
