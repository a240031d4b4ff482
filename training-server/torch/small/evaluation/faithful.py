"""Faithfulness: does the text follow the video? Take away the fault that it names, and it must change, and
the score rise; put another video in its place, and it must change.

The clip without the fault is drawn from the same streams of random numbers, so that everything else of it is
the same. A judge that does not look fails all three.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from procedural.clips import CELL, GRID, draw_group, draw_version, pair_times, version_draws
from procedural.fragments import cut
from procedural.labels import IDS as DISTORTIONS
from procedural.planes import Planes
from small.answers import ReadAnswer
from small.data import CACHE
from small.evaluation.figure import Figure, mean_figure
from small.evaluation.held_out import VERSIONS
from small.evaluation.temporal import generator_digest, held_out_sources, pixels_of, save_planes, scene_seed

PAIRS = 500


@dataclass(frozen=True, order=True)
class Case:
    """A faulty held-out clip and the fault that its text names."""

    scene: int
    version: int
    fault: str
    place: int
    """Of the clip among the held-out ones."""

    @property
    def name(self) -> str:
        return f"{self.scene}/{self.version}/{self.fault}"


@dataclass(frozen=True)
class Repaired:
    """Held-out clips without one of their faults, named `scene/version/fault`; drawn when asked for, and
    kept."""

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
            scene, version, fault = name.split("/")
            save_planes(path, self._draw(int(scene), int(version), fault))
        with np.load(path) as made:
            return pixels_of(made["y"], made["uv"])

    def _draw(self, scene: int, version: int, fault: str | None) -> Planes:
        seed = scene_seed(scene)
        drawn, base_crf, versions = draw_group(seed, held_out_sources(self.sources))
        shown = versions[version].without(fault) if fault else versions[version]
        # What all versions of a scene have goes too: its noise floor, the encoder before all else.
        scene_of = replace(drawn, grain=0.0) if fault == "noise" else drawn
        crf = None if fault == "compression" else base_crf
        draws = version_draws(seed, version)
        return cut(draw_version(scene_of, shown, crf, draws, pair_times(drawn.length))[0], GRID, CELL)

    def check(self, case: Case, faulty: Tensor) -> None:
        """The clip with its faults, drawn again, must be the held-out one; else ValueError: the pairs would
        differ in more than the fault."""
        planes = self._draw(case.scene, case.version, None)
        if not pixels_of(planes.y, planes.uv).equal(faulty):
            raise ValueError(
                "the held-out clips are of another generator; make them again: npm run make-clips"
            )


def cases(
    group: np.ndarray, severity: np.ndarray, read: Sequence[ReadAnswer], most: int = PAIRS
) -> list[Case]:
    """Faulty clips whose text names a fault that is really there, the first such one; group [n] and severity
    [n, distortions] of all held-out clips in order, four a scene, the clean version first. Softness that the
    clean version has too cannot be taken away and is no fault here. Versions take turns, so that many scenes
    and clips with one and with several faults are in."""
    found: list[list[Case]] = [[] for _ in range(VERSIONS)]
    blur = DISTORTIONS.index("blur")
    for place, answer in enumerate(read):
        version = place % VERSIONS
        there = severity[place].copy()
        if there[blur] <= severity[place - version, blur]:
            there[blur] = 0
        named = next((d for d in answer.found if d in DISTORTIONS and there[DISTORTIONS.index(d)] > 0), None)
        if version > 0 and answer.score is not None and named is not None:
            found[version].append(Case(int(group[place]), version, named, place))
    chosen = [own[: -(-most // (VERSIONS - 1))] for own in found]
    left = [case for own, taken in zip(found, chosen, strict=True) for case in own[len(taken) :]]
    every = [case for own in chosen for case in own] + left
    return sorted(every[:most])


THINK = re.compile(r"<think>(.*?)</think>", re.S)


def trace(text: str) -> str:
    """The reasoning alone, the score left out."""
    found = THINK.search(text)
    return found.group(1).strip() if found else text


def measure(
    chosen: Sequence[Case], before: Sequence[str], after: Sequence[str], rise: np.ndarray, command: str
) -> list[Figure]:
    """Figures of pairs: texts with and without the fault, and the rise of the score [n] (NaN where the second
    cannot be read, which counts as no rise). Another video's text is that of the next pair's clip."""
    scene = np.array([case.scene for case in chosen])
    traces = [trace(text) for text in before]
    changed = np.array([a != trace(b) for a, b in zip(traces, after, strict=True)], float)
    swapped = np.array([a != b for a, b in zip(traces, traces[1:] + traces[:1], strict=True)], float)
    rose = (np.nan_to_num(rise, nan=0.0) > 0).astype(float)
    of = "named fault removed"
    return [
        mean_figure(f"trace changes, {of}", changed, scene, command),
        mean_figure(f"score rises, {of}", rose, scene, command),
        mean_figure(f"mean rise of the score, {of}", rise, scene, command),
        mean_figure("trace changes, another video", swapped, scene, command),
    ]
