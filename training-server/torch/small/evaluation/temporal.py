"""Temporal preference: the share of scenes whose clean version scores above the same frames perturbed.

The perturbations are those of the temporal reward, drawn over the whole video with the strengths `ours` by
`core/sampling/perturb.ts`. All versions of a scene take their frames from one rendering, through one encoder,
so that nothing but the order differs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from torch import Tensor

from modules.atomic_write import atomic_write
from modules.profiles import Profile
from procedural.clips import CELL, GRID, draw_group, pair_times, version_draws
from procedural.fragments import cut
from procedural.labels import TABLE
from procedural.planes import Planes
from procedural.sources import Sources
from procedural.version import draw_version
from small.answers import ReadAnswer
from small.data import CACHE, normalised, to_rgb
from small.evaluation.held_out import written_scores
from small.evaluation.metric import Metric, mean_metric, metric
from small.make_clips import SEEDS, STILLS
from small.prompt import CORE, evaluate_in_node

CLEAN = "clean"
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
"""Modes that are visible in any scene with motion; a reversed scene often looks as natural."""

PROCEDURAL = Path(__file__).parents[2] / "procedural"


@lru_cache(maxsize=1)
def generator_digest() -> str:
    """Digest of the generator; its clips are rendered again when it changes."""
    files = [f for f in sorted(PROCEDURAL.glob("*.py")) if not f.name.startswith("test_")]
    source = b"".join(f.read_bytes() for f in files) + repr(sorted(TABLE.items())).encode()
    return hashlib.sha256(source).hexdigest()[:8]


@lru_cache(maxsize=2)
def held_out_sources(cache: Path) -> Sources:
    return Sources("test", cache, STILLS["test"])


def scene_seed(scene: int) -> int:
    """Seed of a held-out scene by its number."""
    return SEEDS["test"] + scene


PERTURB = """
input.scenes.map(([seed, length]) => Object.fromEntries(input.modes.map((mode) => {
  const drawn = perturb.perturb(input.profile, length, mode, random.seededRandom(seed).fork(mode));
  return [mode, drawn.kind === 'perturbed' ? drawn.motion : null];
})))
"""


def orders(scenes: Sequence[tuple[int, int]], profile: Profile) -> list[dict[str, list[int] | None]]:
    """Source frames [2N] of every scene (seed, frames of the video) in each mode, pairs side by side.

    None where the video cannot be perturbed. One Node process computes all.
    """
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
    return evaluate_in_node(modules, PERTURB, given)


def save_planes(path: Path, planes: Planes, **more: np.ndarray) -> None:
    """Writes planes and further arrays as one npz file."""
    with atomic_write(path, per_process=True) as partial:
        np.savez(partial, y=planes.y, uv=planes.uv, **more)


def pixels_of(y: np.ndarray, uv: np.ndarray) -> Tensor:
    """One normalised clip of stitched fragments, as the predictor takes it."""
    return normalised(to_rgb(y, uv))


@dataclass(frozen=True)
class Reordered:
    """`ClipSet` of the held-out scenes' clean versions in every order; a clip is named `scene/mode`."""

    folder: Path
    """Folder of the rendered scenes."""

    scenes: tuple[int, ...]
    sources: Path = CACHE
    """Folder of the stills."""

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
        with np.load(self.path(int(scene))) as file:
            order = file[mode]
            return pixels_of(file["y"][order], file["uv"][order])

    def missing(self) -> list[int]:
        return [scene for scene in self.scenes if not self.path(scene).exists()]

    def make(self, scenes: Sequence[int], profile: Profile) -> None:
        """Renders scenes in every order into the folder."""
        sources = held_out_sources(self.sources)
        groups = [draw_group(scene_seed(scene), sources) for scene in scenes]
        perturbed = orders(
            [(scene, drawn.length) for scene, (drawn, *_) in zip(scenes, groups, strict=True)], profile
        )
        for scene, (drawn, base_crf, versions), by_mode in zip(scenes, groups, perturbed, strict=True):
            wanted = {CLEAN: pair_times(drawn.length)}
            wanted |= {mode: np.array(order) for mode, order in by_mode.items() if order is not None}
            frames = np.unique(np.concatenate(list(wanted.values())))
            draws = version_draws(scene_seed(scene), 0)
            cells = cut(draw_version(drawn, versions[0], base_crf, draws, frames)[0], GRID, CELL)
            indices = {mode: np.searchsorted(frames, order) for mode, order in wanted.items()}
            facts = np.array([motion(cells.take(indices[CLEAN])), drawn.irreversible], float)
            save_planes(self.path(scene), cells, facts=facts, **indices)

    def facts(self) -> tuple[list[str], np.ndarray]:
        """Names of all clips, and [scenes, 2]: share of moving blocks and irreversibility."""
        names, facts = [], []
        for scene in self.scenes:
            with np.load(self.path(scene)) as file:
                names += [f"{scene}/{mode}" for mode in (CLEAN, *MODES) if mode in file.files]
                facts.append(file["facts"])
        return names, np.array(facts)


def motion(pairs: Planes) -> float:
    """Mean over a clip's pairs [2N] of the share of 8 × 8 blocks whose mean luma differs by more than 2 of
    255 between neighbouring frames; noise is averaged away."""
    n, height, width = pairs.y.shape
    blocks = pairs.y.reshape(n, height // 8, 8, width // 8, 8).mean((2, 4))
    return float((np.abs(blocks[1::2] - blocks[::2]) > 2).mean())


MOTION_THRESHOLD = 0.1
"""A clip has motion where `motion` is at least this."""


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """Comparison of each scene's clean version with its perturbed ones, by a model's scores."""

    scene: np.ndarray
    """[n]"""

    higher: dict[str, np.ndarray]
    """Mode → [n]: 1 where the clean version scores higher, .5 equal, 0 lower, NaN not perturbable."""

    moves: np.ndarray
    """[n] bool."""

    irreversible: np.ndarray
    """[n] bool."""


def preferences(
    scenes: Sequence[int], facts: np.ndarray, names: Sequence[str], read: Sequence[ReadAnswer]
) -> Preferences:
    """Preferences of answers to clips named `scene/mode`; an unreadable answer ranks below any readable one.

    facts: [n, 2], share of moving blocks and irreversibility.
    """
    score = dict(zip(names, np.nan_to_num(written_scores(read), nan=0.0), strict=True))

    def higher(scene: int, mode: str) -> float:
        perturbed = score.get(f"{scene}/{mode}")
        clean = score[f"{scene}/{CLEAN}"]
        return float("nan") if perturbed is None else float(0.5 + 0.5 * np.sign(clean - perturbed))

    return Preferences(
        scene=np.array(scenes),
        higher={mode: np.array([higher(scene, mode) for scene in scenes]) for mode in MODES},
        moves=facts[:, 0] >= MOTION_THRESHOLD,
        irreversible=facts[:, 1] > 0,
    )


def overall(preferences: Preferences) -> np.ndarray:
    """[n]: each scene's mean over all modes but reversal."""
    return np.nanmean([preferences.higher[mode] for mode in ORDERED], axis=0)


def measure(result: Preferences, command: str) -> list[Metric]:
    """Shares of scenes whose clean version scores higher; ties count half and are a metric of their own."""
    metrics = []
    for mode in MODES:
        values, title = result.higher[mode], f"clean preferred to {NAMES[mode]}"
        subsets = [("", np.ones(len(values), bool))]
        if mode == "jitter":
            subsets.append((", clips with motion", result.moves))
        if mode == "reverse":
            subsets += [
                (", irreversible scenes", result.irreversible),
                (", other scenes", ~result.irreversible),
            ]
        for suffix, chosen in subsets:
            chosen_values = np.where(chosen, values, np.nan)
            metrics.append(mean_metric(title + suffix, chosen_values, result.scene, command))
        ties = np.where(np.isnan(values), np.nan, values == 0.5)
        metrics.append(mean_metric(f"equal scores, clean and {NAMES[mode]}", ties, result.scene, command))
    name = "clean preferred, mean of all but reversal"
    metrics.append(mean_metric(name, overall(result), result.scene, command))
    return metrics


def gain(result: Preferences, start: Preferences, name: str, command: str) -> Metric:
    """Mean preference of a model minus that of its start, paired by scene."""
    difference = overall(result) - overall(start)
    return metric(name, lambda rows: float(difference[rows].mean()), result.scene, command)


def make(clips: Reordered, scenes: Sequence[int], profile: Profile) -> None:
    """`Reordered.make` as a function that another process can import."""
    clips.make(scenes, profile)
