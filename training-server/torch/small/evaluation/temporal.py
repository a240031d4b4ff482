"""Temporal preference: is a scene's clean version worth more than the same frames in a damaged order?

The orders are those of the temporal reward, drawn over the whole video with the strengths `ours` by
`core/sampling/perturb.ts`. All versions of a scene take their frames from one rendering, through one encoder,
so that nothing but the order differs.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from torch import Tensor

from modules.profiles import Profile
from procedural.clips import CELL, GRID, draw_group, draw_version, pair_times, version_draws
from procedural.fragments import cut
from procedural.labels import TABLE
from procedural.planes import Planes
from procedural.sources import Sources
from small.answers import ReadAnswer
from small.data import CACHE, normalised, to_rgb
from small.evaluation.figure import Figure, figure, mean_figure
from small.evaluation.held_out import written_scores
from small.make_clips import SEEDS, STILLS
from small.prompt import CORE, ask_node

RAW = "raw"
MODES = ("duplicate", "random_drop", "shuffle", "local_shuffle", "jitter", "reverse")
NAMES = {
    "duplicate": "freeze",
    "random_drop": "drop",
    "shuffle": "shuffle",
    "local_shuffle": "local shuffle",
    "jitter": "jitter",
    "reverse": "reverse",
}
ORDERED = tuple(mode for mode in MODES if mode != "reverse")
"""Modes whose damage is visible in any scene that moves; a reversed one often looks as natural."""

PROCEDURAL = Path(__file__).parents[2] / "procedural"


@lru_cache(maxsize=1)
def generator_digest() -> str:
    """Of the generator: its clips are made again when it changes."""
    files = [f for f in sorted(PROCEDURAL.glob("*.py")) if not f.name.startswith("test_")]
    made = b"".join(f.read_bytes() for f in files) + repr(sorted(TABLE.items())).encode()
    return hashlib.sha256(made).hexdigest()[:8]


@lru_cache(maxsize=2)
def held_out_sources(cache: Path) -> Sources:
    return Sources("test", cache, STILLS["test"])


def scene_seed(scene: int) -> int:
    """Of a held-out scene by its number."""
    return SEEDS["test"] + scene


PERTURB = """
input.scenes.map(([seed, length]) => Object.fromEntries(input.modes.map((mode) => {
  const seen = perturb.perturb(input.profile, length, mode, random.seededRandom(seed).fork(mode));
  return [mode, seen.kind === 'perturbed' ? seen.motion : null];
})))
"""


def orders(scenes: Sequence[tuple[int, int]], profile: Profile) -> list[dict[str, list[int] | None]]:
    """For (seed, frames of the video) of every scene: the source frames [2N] seen in each mode, pairs
    side by side; None where the video cannot be perturbed. One process for all."""
    given = {
        "scenes": [list(map(int, scene)) for scene in scenes],
        "modes": MODES,
        "profile": {
            "sampling": profile.sampling,
            "frames": profile.frames,
            "motion": {"frames": profile.motion.frames},
        },
    }
    modules = {"perturb": CORE / "sampling" / "perturb.ts", "random": CORE / "stats" / "random.ts"}
    return ask_node(modules, PERTURB, given)


def save_planes(path: Path, planes: Planes, **more: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(partial, y=planes.y, uv=planes.uv, **more)
    partial.rename(path)


def pixels_of(y: np.ndarray, uv: np.ndarray) -> Tensor:
    """Stitched fragments → one clip as the judge takes it."""
    return normalised(to_rgb(y, uv))


@dataclass(frozen=True)
class Reordered:
    """The held-out scenes' clean versions in every order; a clip is named `scene/mode`."""

    folder: Path
    """Where what was drawn is kept."""

    scenes: tuple[int, ...]
    sources: Path = CACHE
    """Where the stills are."""

    @property
    def name(self) -> str:
        return "temporal"

    @property
    def fingerprint(self) -> str:
        return generator_digest()

    def path(self, scene: int) -> Path:
        return self.folder / f"temporal-{self.fingerprint}" / f"{scene}.npz"

    def pixels(self, name: str) -> Tensor:
        scene, mode = name.split("/")
        with np.load(self.path(int(scene))) as made:
            order = made[mode]
            return pixels_of(made["y"][order], made["uv"][order])

    def missing(self) -> list[int]:
        return [scene for scene in self.scenes if not self.path(scene).exists()]

    def make(self, scenes: Sequence[int], profile: Profile) -> None:
        """Renders scenes in every order and keeps them."""
        sources = held_out_sources(self.sources)
        groups = [draw_group(scene_seed(scene), sources) for scene in scenes]
        seen = orders(
            [(scene, drawn.length) for scene, (drawn, *_) in zip(scenes, groups, strict=True)], profile
        )
        for scene, (drawn, base_crf, versions), own in zip(scenes, groups, seen, strict=True):
            raw = pair_times(drawn.length)
            wanted = {RAW: raw} | {mode: np.array(order) for mode, order in own.items() if order is not None}
            frames = np.unique(np.concatenate(list(wanted.values())))
            draws = version_draws(scene_seed(scene), 0)
            cells = cut(draw_version(drawn, versions[0], base_crf, draws, frames)[0], GRID, CELL)
            places = {mode: np.searchsorted(frames, order) for mode, order in wanted.items()}
            facts = np.array([motion(cells.take(places[RAW])), drawn.irreversible], float)
            save_planes(self.path(scene), cells, facts=facts, **places)

    def facts(self) -> tuple[list[str], np.ndarray]:
        """Names of all clips, and [scenes, 2]: share of moving blocks and irreversibility."""
        names, facts = [], []
        for scene in self.scenes:
            with np.load(self.path(scene)) as made:
                names += [f"{scene}/{mode}" for mode in (RAW, *MODES) if mode in made.files]
                facts.append(made["facts"])
        return names, np.array(facts)


def motion(pairs: Planes) -> float:
    """Mean over a clip's pairs [2N] of the share of 8 × 8 blocks whose mean luma differs by more than 2 of
    255 between neighbouring frames; noise is averaged away."""
    n, height, width = pairs.y.shape
    blocks = pairs.y.reshape(n, height // 8, 8, width // 8, 8).mean((2, 4))
    return float((np.abs(blocks[1::2] - blocks[::2]) > 2).mean())


MOVES = 0.1
"""A clip has motion where that share is at least this."""


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What each scene's versions are worth to a judge."""

    scene: np.ndarray
    """[n]"""

    higher: dict[str, np.ndarray]
    """Mode → [n]: 1 = the clean version is worth more, .5 = the same, 0 = less, NaN = not perturbable."""

    moves: np.ndarray
    """[n] bool."""

    irreversible: np.ndarray
    """[n] bool."""


def preferences(
    scenes: Sequence[int], facts: np.ndarray, names: Sequence[str], read: Sequence[ReadAnswer]
) -> Preferences:
    """From answers to clips named `scene/mode`; facts: [n, 2], share of moving blocks and irreversibility. An
    unreadable answer is worth less than any that can be read."""
    score = dict(zip(names, np.nan_to_num(written_scores(read), nan=0.0), strict=True))

    def higher(scene: int, mode: str) -> float:
        damaged = score.get(f"{scene}/{mode}")
        raw = score[f"{scene}/{RAW}"]
        return float("nan") if damaged is None else float(0.5 + 0.5 * np.sign(raw - damaged))

    return Preferences(
        scene=np.array(scenes),
        higher={mode: np.array([higher(scene, mode) for scene in scenes]) for mode in MODES},
        moves=facts[:, 0] >= MOVES,
        irreversible=facts[:, 1] > 0,
    )


def overall(found: Preferences) -> np.ndarray:
    """[n]: a scene's mean over the modes but reversal."""
    return np.nanmean([found.higher[mode] for mode in ORDERED], axis=0)


def measure(found: Preferences, command: str) -> list[Figure]:
    """Shares of scenes whose clean version is worth more; ties count half, and their share is a figure
    too."""
    figures = []
    for mode in MODES:
        values, title = found.higher[mode], f"clean preferred to {NAMES[mode]}"
        subsets = [("", np.ones(len(values), bool))]
        if mode == "jitter":
            subsets.append((", clips with motion", found.moves))
        if mode == "reverse":
            subsets += [
                (", irreversible scenes", found.irreversible),
                (", other scenes", ~found.irreversible),
            ]
        for suffix, chosen in subsets:
            chosen_values = np.where(chosen, values, np.nan)
            figures.append(mean_figure(title + suffix, chosen_values, found.scene, command))
        ties = np.where(np.isnan(values), np.nan, values == 0.5)
        figures.append(mean_figure(f"equal scores, clean and {NAMES[mode]}", ties, found.scene, command))
    name = "clean preferred, mean of all but reversal"
    figures.append(mean_figure(name, overall(found), found.scene, command))
    return figures


def gain(found: Preferences, start: Preferences, name: str, command: str) -> Figure:
    """Mean preference of a judge minus that of its start, paired by scene."""
    difference = overall(found) - overall(start)
    return figure(name, lambda rows: float(difference[rows].mean()), found.scene, command)


def make(clips: Reordered, scenes: Sequence[int], profile: Profile) -> None:
    """`Reordered.make`, for another process."""
    clips.make(scenes, profile)
