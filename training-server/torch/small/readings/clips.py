"""Clips with dense truths: shards in the layout of `small.data`, with `dense.npz` beside the labels.

    readings/{train,test}/shard_0000        procedural scenes; seeds of their own
    readings/where/shard_0000               test scenes whose local distortions all act in a region
    readings/{real-train,real-test}/…       windows of real clips as scenes (`FootageScene`)

`dense.npz`: distance [n, 17, 3, 8, 49] float16; presence [n, 12, 8, 49] uint8 (`truths.presence`); shown,
wanted [n, 16]; shift, gain [n, 8]. `source` [n] is the scene's number, or that of the real clip.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from modules.atomic_write import atomic_write
from procedural import version as generator
from procedural.clips import PAIRS, VERSIONS, draw_group, draw_versions, pair_times, version_draws
from procedural.fragments import cut
from procedural.labels import IDS, Labels
from procedural.planes import Planes
from procedural.scene import Scene
from procedural.sources import Sources
from procedural.version import Version
from small.data import CACHE, CELL, GRID
from small.readings.footage_scene import FootageScene, footage_scene, real_clips
from small.readings.truths import DenseTruth, TracedDrawing, presence

FOLDER = CACHE / "readings"
GROUPS = 25
SHARDS = {"train": 8, "real-train": 4, "test": 6, "where": 1, "real-test": 1}
"""Of 100 clips; the metrics in the document are of these."""

REGIONAL = generator.REGIONAL
SEEDS = {"train": 50_000_000, "test": 60_000_000, "real-train": 70_000_000, "real-test": 80_000_000}
SEEDS["where"] = 90_000_000
STILLS = {"train": 160, "test": 40}
"""Stills by split of the sources; `where` has those of `test`."""
REAL = {"real-train": "train", "real-test": "validation"}

Traced = tuple[Planes, Labels, DenseTruth, np.ndarray]
"""Fragments, labels, truths and the mask [17] of lasting distortions."""


def traced_version(
    scene: Scene | FootageScene, version: Version, base_crf: float | None, rng: np.random.Generator
) -> Traced:
    """One clip of a scene."""
    planes, labels, truth = TracedDrawing(
        scene, version, base_crf, rng, pair_times(scene.length)
    ).draw_traced()
    lasting = np.array([scene.lasting.get(name, 0) > 0 for name in IDS])
    return cut(planes, GRID, CELL), labels, truth, lasting


def procedural_groups(split: str, first: int) -> Iterator[tuple[int, str, list[Traced]]]:
    """Source number, kind and the four clips of endless scenes from `first` on."""
    images = "test" if split == "where" else split
    sources = Sources(images, CACHE, STILLS[images])
    number = first
    while True:
        seed = SEEDS[split] + number
        scene, base_crf, versions = draw_group(seed, sources)
        clips = [
            traced_version(scene, version, base_crf, version_draws(seed, v))
            for v, version in enumerate(versions)
        ]
        yield number, scene.kind, clips
        number += 1


def real_groups(split: str, first: int) -> Iterator[tuple[int, str, list[Traced]]]:
    """The same of windows of intact real clips of good quality, repositories in turn."""
    clips = [clip for clip in real_clips(REAL[split]) if clip.intact and clip.good]
    if not clips:
        raise FileNotFoundError("no real clips (VQA_SHARED)")
    by_repository: dict[str, list[int]] = {}
    for index, clip in enumerate(clips):
        by_repository.setdefault(clip.repository, []).append(index)
    repositories = list(by_repository.values())
    number = first
    while True:
        seed = SEEDS[split] + number
        rng = np.random.default_rng((seed, 7))
        turn = repositories[number % len(repositories)]
        source = turn[(number // len(repositories)) % len(turn)]
        scene = footage_scene(clips[source], rng)
        number += 1
        if scene is None:
            continue
        made = [
            traced_version(scene, version, None, version_draws(seed, v))
            for v, version in enumerate(draw_versions(rng))
        ]
        yield source, scene.kind, made


def make_shard(split: str, index: int, groups: int = GROUPS) -> Path:
    """Renders a shard unless it is there; its folder."""
    out = FOLDER / split / f"shard_{index:04d}"
    if out.exists():
        return out
    side, count = GRID * CELL, groups * VERSIONS
    y = np.empty((count, 2 * PAIRS, side, side), np.uint8)
    uv = np.empty((count, 2 * PAIRS, 2, side // 2, side // 2), np.uint8)
    rows: dict[str, list] = {name: [] for name in ("score", "severity", "when", "where", "group", "kind")}
    dense: dict[str, list] = {
        name: [] for name in ("distance", "presence", "shown", "wanted", "shift", "gain", "source")
    }
    make = real_groups if split in REAL else procedural_groups
    # Real windows may be skipped, so that their numbers run ahead; shards start far apart.
    first = index * groups * (4 if split in REAL else 1)
    for g, (source, kind, clips) in zip(range(groups), make(split, first), strict=False):
        for v, (fragments, labels, truth, lasting) in enumerate(clips):
            at = g * VERSIONS + v
            y[at], uv[at] = fragments.y, fragments.uv
            values = (labels.score, labels.severity, labels.when, labels.where, index * groups + g, kind)
            for name, value in zip(rows, values, strict=True):
                rows[name].append(value)
            for name in ("distance", "shown", "wanted", "shift", "gain"):
                dense[name].append(getattr(truth, name))
            # Real clips were encoded by their authors.
            unsure = ("compression",) if split in REAL else ()
            dense["presence"].append(presence(labels.severity, truth.distance, lasting, unsure))
            dense["source"].append(source)
    with atomic_write(out, per_process=True) as partial:
        partial.mkdir(parents=True)
        np.save(partial / "y.npy", y)
        np.save(partial / "uv.npy", uv)
        np.savez(partial / "labels.npz", **{name: np.array(values) for name, values in rows.items()})
        np.savez_compressed(
            partial / "dense.npz", **{name: np.array(values) for name, values in dense.items()}
        )
    return out


def stage_clips() -> None:
    """Renders the missing shards of every split."""
    torch.set_num_threads(1)
    for split, count in SHARDS.items():
        generator.REGIONAL = 1.0 if split == "where" else REGIONAL
        for index in range(count):
            cpu = time.process_time()
            out = make_shard(split, index)
            print(f"{split}/{out.name} {time.process_time() - cpu:.1f} cpu-s", flush=True)
    generator.REGIONAL = REGIONAL
