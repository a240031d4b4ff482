"""Degraded copies of real clips (`copies.json`): their pixel statistics, severities and VMAF.

The stage `distorted-copies` of `npm run train-small` computes them and caches one file a clip; it can be
stopped and resumed. It needs the clips of `VQA_SHARED/clips` with their table, and for VMAF an ffmpeg with
libvmaf (`VQA_FFMPEG`); without one the severity of the parameter is the only target.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import torch
from PIL import Image

from modules.atomic_write import atomic_write
from modules.statistics import NAMES, statistics
from procedural.clips import pair_times
from procedural.codec import through, x264
from procedural.labels import IDS, TABLE
from procedural.planes import Planes
from procedural.sources import shared_folder
from small.data import CACHE, CELL, TABLE_HASH, normalised
from small.footage import Footage, fragments
from small.ladder import distorted, shown

RULES = json.loads(Path(__file__).with_name("copies.json").read_text("utf-8"))
FOLDER = CACHE / "penalty"
PARAMETERS = {row["id"]: row for row in TABLE["distortions"]}
ORIGINAL = "original"


@dataclass(frozen=True)
class Copy:
    """One row of a clip's file."""

    kind: str
    """`original` or a distortion."""

    severity: float
    """0 to 1 by the parameter."""

    vmaf: float
    """0 to 100, NaN where not measured."""


def severity_of(kind: str, level: float) -> float:
    """Severity in (0, 1] of a parameter, the inverse of the table's interpolation."""
    row = PARAMETERS[kind]
    low, high = row["from"], row["to"]
    if kind == "drop":
        return float(np.clip(np.log10(level) ** 1.3, 0.02, 1))
    if row["scale"] == "log":
        level, low, high = np.log(level), np.log(low), np.log(high)
    return float(np.clip((level - low) / (high - low), 0.02, 1))


def levels_of(kind: str, rng: np.random.Generator) -> list[float]:
    """Rising parameters of one clip: one in each of `steps` equal parts of the range, in logarithms."""
    low, high = np.log(RULES["levels"][kind])
    steps = RULES["steps"]
    return [float(np.exp(low + (high - low) * (k + rng.random()) / steps)) for k in range(steps)]


def source_rows(split: str) -> list[dict[str, str]]:
    """Rows of the clips' table in a split, `train` or `validation`."""
    with (shared_folder() / "clips" / "SOURCES.tsv").open(encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines, delimiter="\t") if row["split"] == split]


def intact(row: dict[str, str]) -> bool:
    """True where nothing is wrong with a clip's frame times."""
    return float(row["largest_gap"]) <= 1.5 and float(row["repeated_frames"]) <= 0.1


def clean_sources(split: str, count: int) -> list[str]:
    """Names of good clips, one repository after the other."""
    by_repository: dict[str, list[str]] = {}
    for row in source_rows(split):
        if row["native_quality"] == "good" and intact(row):
            by_repository.setdefault(row["repository"], []).append(row["file"])
    queues = list(by_repository.values())
    turns = range(max(map(len, queues), default=0))
    return [queue[turn] for turn in turns for queue in queues if turn < len(queue)][:count]


def sized(frame: np.ndarray) -> np.ndarray:
    """A frame [H, W, 3] with at most `lines` of its shorter side, sizes even."""
    height, width = frame.shape[:2]
    scale = min(1, RULES["lines"] / min(height, width))
    size = tuple(2 * int(side * scale / 2) for side in (width, height))
    if size == (width, height):
        return frame
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))


GRIDS = {"blur": "sigma", "lowres": "scale", "over": "gain", "under": "gain"}


def colour_cast(frame: np.ndarray, level: float) -> np.ndarray:
    """A frame with less red and more blue by a level of 255."""
    return (frame.astype(np.int16) + np.array([-level, 0, level], np.int16)).clip(0, 255).astype(np.uint8)


def banded(frame: np.ndarray, level: float) -> np.ndarray:
    """A frame whose channels have `level` values left."""
    step = 255 / max(round(level) - 1, 1)
    table = (np.round(np.arange(256) / step) * step).round().clip(0, 255).astype(np.uint8)
    return table[frame]


def moved(frame: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """A frame shifted by whole pixels, its border repeated."""
    height, width = frame.shape[:2]
    rows, columns = np.arange(height) + dy, np.arange(width) + dx
    return frame[rows.clip(0, height - 1)][:, columns.clip(0, width - 1)]


def disordered(length: int, window: int, rng: np.random.Generator) -> np.ndarray:
    """Frame numbers with a random order inside windows of frames."""
    order = np.arange(length)
    for begin in range(0, length, window):
        rng.shuffle(order[begin : begin + window])
    return order


class RealClip:
    """The first frames of a clip at working size, and its copies."""

    def __init__(self, path: Path):
        footage = Footage(path, RULES["frames"])
        self.frames = [sized(footage.rgb(k)) for k in range(len(footage))]
        self.rate = footage.rate

    def __len__(self) -> int:
        return len(self.frames)

    def original(self, times: np.ndarray) -> np.ndarray:
        """[n, H, W, 3] at frame numbers [n]."""
        return np.stack([self.frames[t] for t in times])

    def encoded(self, crf: float, times: np.ndarray) -> np.ndarray:
        """[n, H, W, 3] through x264 at a constant rate factor."""
        height, width = self.frames[0].shape[:2]
        planes = Planes(
            np.empty((len(self), height, width), np.uint8),
            np.empty((len(self), 2, height // 2, width // 2), np.uint8),
        )
        for k, frame in enumerate(self.frames):
            planes.put(k, av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="yuv420p"))
        shown_times, back = np.unique(times, return_inverse=True)
        coded = through(planes, x264(crf, "veryfast")).take(shown_times)
        return np.stack([coded.frame(k).to_ndarray(format="rgb24") for k in range(len(coded))])[back]

    def copy(self, kind: str, level: float, rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
        """[n, H, W, 3] of a degraded copy at frame numbers [n]."""
        length = len(self)
        match kind:
            case "compression":
                return self.encoded(level, times)
            case "blur" | "lowres" | "noise" | "over" | "under" | "contrast":
                return np.stack([distorted(self.frames[t], GRIDS.get(kind, kind), level, rng) for t in times])
            case "banding":
                return banded(self.original(times), level)
            case "colour":
                return np.stack([colour_cast(self.frames[t], level) for t in times])
            case "flicker":
                gains = np.exp(level * rng.standard_normal(length))
                frames = [self.frames[t] * gains[t] for t in times]
                return np.stack(frames).round().clip(0, 255).astype(np.uint8)
            case "shake":
                offsets = np.round(level * rng.standard_normal((length, 2))).astype(int)
                return np.stack([moved(self.frames[t], *offsets[t]) for t in times])
            case "freeze":
                order = shown("freeze", level, length)
            case "drop":
                order = (np.floor(np.arange(length) / level) * level).astype(int)
            case "disorder":
                order = disordered(length, max(2, round(level)), rng)
            case _:
                raise ValueError(f"copies.json names an unknown distortion, {kind}")
        return self.original(order[times])


def vmaf_of(original: np.ndarray, copy: np.ndarray, ffmpeg: str) -> float:
    """VMAF of frames [n, H, W, 3] against others."""
    _, height, width, _ = original.shape
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("copy.rgb", "original.rgb")]
        for path, frames in zip(paths, (copy, original), strict=True):
            frames.tofile(path)
        raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "25"]
        inputs = [word for path in paths for word in (*raw, "-i", str(path))]
        log = Path(folder) / "vmaf.json"
        graph = (
            "[0:v]format=yuv420p[a];[1:v]format=yuv420p[b];"
            f"[a][b]libvmaf=log_fmt=json:log_path={log}:n_threads=1"
        )
        command = [ffmpeg, "-loglevel", "error", *inputs, "-lavfi", graph, "-f", "null", "-"]
        subprocess.run(command, check=True)
        return float(json.loads(log.read_text("utf-8"))["pooled_metrics"]["vmaf"]["mean"])


def raw_statistics(frames: np.ndarray) -> np.ndarray:
    """Raw pixel statistics [k] of frames [16, H, W, 3]."""
    stitched = np.stack([fragments(frame) for frame in frames])
    return statistics(normalised(stitched), NAMES, CELL).numpy()


def clip_rows(path: Path, seed: int, ffmpeg: str | None) -> Iterator[tuple[Copy, np.ndarray]]:
    """A clip and its copies, each with its statistics."""
    clip, rng = RealClip(path), np.random.default_rng((seed, 3))
    times = pair_times(len(clip))
    original = clip.original(times)
    yield Copy(ORIGINAL, 0.0, 100.0), raw_statistics(original)
    for kind in RULES["levels"]:
        for level in levels_of(kind, rng):
            frames = clip.copy(kind, level, rng, times)
            measured = ffmpeg is not None and kind in RULES["measured"]
            vmaf = vmaf_of(original, frames, ffmpeg) if measured and ffmpeg else float("nan")
            yield Copy(kind, severity_of(kind, level), vmaf), raw_statistics(frames)


def save_rows(out: Path, rows: list[tuple[Copy, np.ndarray]]) -> None:
    """Writes copies and statistics as one npz file."""
    copies, values = zip(*rows, strict=True)
    with atomic_write(out, per_process=True) as partial:
        np.savez(
            partial,
            kind=np.array([c.kind for c in copies]),
            severity=np.array([c.severity for c in copies]),
            vmaf=np.array([c.vmaf for c in copies]),
            statistics=np.stack(values),
        )


SOURCES = {"train": 10, "validation": 4}
"""Clips with copies; of all others the original alone is used."""


def rows_path(split: str, name: str, whole: bool) -> Path:
    return FOLDER / TABLE_HASH / split / f"{name}{'' if whole else '.original'}.npz"


def stage_distorted_copies() -> None:
    """Computes and caches the copies of every clip; FileNotFoundError without the clips."""
    torch.set_num_threads(1)
    ffmpeg = os.environ.get("VQA_FFMPEG")
    for split, count in SOURCES.items():
        chosen = clean_sources(split, count)
        others = [row["file"] for row in source_rows(split) if row["file"] not in chosen]
        for number, name in enumerate((*chosen, *others)):
            whole = name in chosen
            out = rows_path(split, name, whole)
            if out.exists():
                continue
            out.parent.mkdir(parents=True, exist_ok=True)
            path = shared_folder() / "clips" / name
            if whole:
                rows = list(clip_rows(path, number, ffmpeg))
            else:
                clip = RealClip(path)
                original = raw_statistics(clip.original(pair_times(len(clip))))
                rows = [(Copy(ORIGINAL, 0.0, 100.0), original)]
            save_rows(out, rows)
            print(name, len(rows), flush=True)


@dataclass(frozen=True)
class Rows:
    """Originals and copies of a split."""

    clip: np.ndarray
    kind: np.ndarray
    severity: np.ndarray
    vmaf: np.ndarray
    statistics: np.ndarray
    """[n, k] raw"""

    intact: np.ndarray
    """[n] bool: the clip's frame times are intact."""

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def severities(self) -> np.ndarray:
        """[n, d] of all distortions."""
        out = np.zeros((len(self), len(IDS)))
        for row, (kind, severity) in enumerate(zip(self.kind, self.severity, strict=True)):
            if kind != ORIGINAL:
                out[row, IDS.index(kind)] = severity
        return out


def load_rows(split: str, *folders: str) -> Rows:
    """The cached rows of a split: its copies, or other folders; FileNotFoundError where there are none."""
    about = {row["file"]: row for row in source_rows(split)}
    parts: dict[str, list[np.ndarray]] = {
        k: [] for k in ("clip", "kind", "severity", "vmaf", "statistics", "intact")
    }
    paths = [p for f in folders or (split,) for p in sorted((FOLDER / TABLE_HASH / f).glob("*.npz"))]
    for path in paths:
        name = path.name.removesuffix(".npz").removesuffix(".original")
        with np.load(path) as file:
            count = len(file["kind"])
            parts["clip"].append(np.full(count, name))
            parts["intact"].append(np.full(count, intact(about[name])))
            for key in ("kind", "severity", "vmaf", "statistics"):
                parts[key].append(file[key])
    if not parts["clip"]:
        raise FileNotFoundError("no copies: run npm run train-small -- distorted-copies and real-views")
    return Rows(**{key: np.concatenate(values) for key, values in parts.items()})
