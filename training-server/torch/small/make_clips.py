"""Renders procedural clips: `npm run make-clips -- --split train --shards 80`.

A shard is a folder with `y.npy` [n, 16, 224, 224] and `uv.npy` [n, 16, 2, 112, 112] uint8 (stitched fragments
of 8 pairs of frames, BT.601 limited 4:2:0), `labels.npz` (score [n]; severity [n, 17] effective, nominal of
the parameters alone, distance as measured; when and where [n, 17]; group, kind, irreversible, nominal_score
[n]) and `clips.jsonl`, one line a clip. Shards that exist are left alone, so the command can be stopped
and run again; the same seed gives the same clips.

With `--videos FOLDER --groups N` the clips become video files with every frame, and FOLDER/clips.jsonl names
them in the form of the released training data, for the training server.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch

from modules.atomic_write import atomic_write
from procedural.clips import CELL, GRID, PAIRS, VERSIONS, make_group
from procedural.labels import IDS, score_of
from procedural.sources import ROOT, Sources
from small.videos import make_videos

CACHE = Path(os.environ.get("VQA_CACHE", ROOT / ".cache" / "small"))
GROUPS = 25
"""Groups a shard, 100 clips."""

ROWS = (
    "score", "severity", "when", "group", "kind", "where", "nominal", "distance", "irreversible",
    "nominal_score",
)  # fmt: skip

SEEDS = {"train": 10_000_000, "test": 20_000_000, "family": 30_000_000}
STILLS = {"train": 160, "test": 40, "family": 12}
SHARDS = {"train": 336, "test": 20, "family": 4}


def make_shard(split: str, index: int, sources: Sources, out: Path) -> None:
    side, count = GRID * CELL, GROUPS * VERSIONS
    y = np.empty((count, 2 * PAIRS, side, side), np.uint8)
    uv = np.empty((count, 2 * PAIRS, 2, side // 2, side // 2), np.uint8)
    rows: dict[str, list] = {name: [] for name in ROWS}
    lines = []
    for g in range(GROUPS):
        number = index * GROUPS + g
        scene, clips = make_group(SEEDS[split] + number, sources)
        for v, clip in enumerate(clips):
            at = g * VERSIONS + v
            y[at], uv[at] = clip.fragments.y, clip.fragments.uv
            labels = clip.labels
            values = (
                labels.score, labels.severity, labels.when, number, scene.kind, labels.where, labels.nominal,
                labels.distance, scene.irreversible, score_of(labels.nominal),
            )  # fmt: skip
            for name, value in zip(rows, values, strict=True):
                rows[name].append(value)
            lines.append(
                {
                    "clip": index * count + at,
                    "group": number,
                    "kind": scene.kind,
                    "size": [scene.width, scene.height],
                    "frames": scene.length,
                    "irreversible": scene.irreversible,
                    "score": round(labels.score, 4),
                    "distortions": {
                        n: round(float(s), 4) for n, s in zip(IDS, labels.severity, strict=True) if s > 0
                    },
                }
            )
    with atomic_write(out, per_process=True) as partial:
        partial.mkdir()
        np.save(partial / "y.npy", y)
        np.save(partial / "uv.npy", uv)
        np.savez(partial / "labels.npz", **{name: np.array(values) for name, values in rows.items()})
        (partial / "clips.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--split", choices=list(SEEDS), default="train")
    parser.add_argument(
        "--shards", type=int, help="shards of 100 clips (default: 336 train, 20 test, 4 family)"
    )
    parser.add_argument("--first", type=int, default=0, help="first shard")
    parser.add_argument("--step", type=int, default=1, help="every step-th shard, to share the work")
    parser.add_argument("--out", type=Path, default=CACHE)
    parser.add_argument("--videos", type=Path, help="folder of video files to make instead of shards")
    parser.add_argument("--groups", type=int, default=25, help="scenes of four clips, with --videos")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # the measures are small; shards are what runs side by side
    if options.videos:
        stills = Sources(options.split, options.out, STILLS[options.split])
        make_videos(options.videos, SEEDS[options.split], options.groups, stills)
        return
    sources = Sources(options.split, options.out, STILLS[options.split])
    if not sources.photos and options.split != "family":
        print("no photographs found (VQA_SHARED): generated stills only", file=sys.stderr)
    for index in range(options.first, options.shards or SHARDS[options.split], options.step):
        out = options.out / options.split / f"shard_{index:04d}"
        if out.exists():
            continue
        wall, cpu = time.time(), time.process_time()
        make_shard(options.split, index, sources, out)
        print(
            f"{out.name} {time.time() - wall:.1f} s wall, {time.process_time() - cpu:.1f} cpu-s", flush=True
        )


def every_split() -> None:
    """Renders the missing shards of all splits."""
    for split in ("test", "family", "train"):
        main(["--split", split])


if __name__ == "__main__":
    main()
