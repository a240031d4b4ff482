"""Procedural clips as video files, with a table in the form of the released training data.

A clip has all of its frames, at most `LONGEST`; the same seed gives the same scenes and distortions. Files
are made beside their folder, which appears at once: where the table is, all clips are.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import PictureType

from modules.atomic_write import atomic_write
from procedural.clips import draw_group, version_draws
from procedural.labels import IDS, Labels
from procedural.planes import Planes
from procedural.sources import Sources
from procedural.version import draw_version
from small.text import STYLE_SIZE, Label, compose

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LONGEST = 48
"""Frames of the longest clip, a sixth of the longest virtual clip; those are never drawn whole."""

RATE = 25
CRF = "6"
"""Below the finest grain of the scenes; lossless files would be five times larger."""

QUESTION = "<image>\nRate the quality of this video from 1 to 5."
"""As in the released rows; the trainer uses its own prompt."""


def write_video(path: Path, planes: Planes) -> None:
    """H.264 4:2:0 at 25 fps."""
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = planes.y.shape[2], planes.y.shape[1], "yuv420p"
        stream.options = {"crf": CRF, "preset": "superfast", "threads": "1"}
        for k in range(len(planes)):
            frame = planes.frame(k)
            frame.pts, frame.time_base, frame.pict_type = k, Fraction(1, RATE), PictureType.NONE
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def row(number: int, name: str, labels: Labels, text: str) -> dict:
    """A line of the table: the released keys, and the added keys `distortions` and `text`."""
    return {
        "id": number,
        "dataset_name": "procedural",
        "image": [name],
        "conversations": [
            {"from": "human", "value": QUESTION},
            {"from": "gpt", "value": round(labels.score, 6)},
        ],
        "distortions": {n: round(float(s), 4) for n, s in zip(IDS, labels.severity, strict=True)},
        "text": text,
    }


def make_group_videos(seed: int, first: int, sources: Sources, folder: Path) -> list[dict]:
    """Four clips of one scene, and their rows."""
    scene, base_crf, versions = draw_group(seed, sources)
    length = min(scene.length, LONGEST)
    scene = replace(scene, length=length, cut=min(scene.cut, length))
    rows = []
    for v, version in enumerate(versions):
        draws = version_draws(seed, v)
        planes, labels = draw_version(scene, version, base_crf, draws, np.arange(length))
        name = f"{first + v:06d}.mp4"
        write_video(folder / name, planes)
        label = Label(score=labels.score, severity=labels.severity.tolist(), when=labels.when.tolist())
        rng = np.random.default_rng((seed, 11, v))
        rows.append(row(first + v, name, labels, compose(label, rng.standard_normal(STYLE_SIZE), rng)))
    return rows


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Exclusive lock on a folder across processes; the system releases it when a process ends."""
    if fcntl is None:
        yield
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_videos(folder: Path, seed: int, groups: int, sources: Sources) -> None:
    """`groups` scenes of four clips; resumes an interrupted run, group by group."""
    with exclusive(folder):
        if not (folder / "clips.jsonl").exists():
            _make_videos(folder, seed, groups, sources)


def _make_videos(folder: Path, seed: int, groups: int, sources: Sources) -> None:
    partial = folder.with_name(f"{folder.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    for g in range(groups):
        done = partial / f"group_{g:05d}.jsonl"
        if not done.exists():
            rows = make_group_videos(seed + g, 4 * g, sources, partial)
            with atomic_write(done) as writing:
                writing.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
        lines.append(done.read_text("utf-8"))
        print(f"group {g + 1}", flush=True)
    (partial / "clips.jsonl").write_text("".join(lines), "utf-8")
    for done in partial.glob("group_*.jsonl"):
        done.unlink()
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)
