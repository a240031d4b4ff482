"""Distorted copies of real clips (`copies.json`), which teach the human head that distortions lower a score.

Human scores compare contents, and in user footage noise goes with sharpness: a head of them alone gives a
noisy copy a better score than its original. The stage `human-copies` of `npm run train-small` computes the
columns of every copy and caches them by clip. It needs ffmpeg and the clips of `VQA_SHARED/clips`; it can be
stopped and resumed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from modules.atomic_write import atomic_write
from procedural.sources import shared_folder
from small.data import CACHE
from small.human.clip import FramePlanes, clip_features
from small.human.frames import LINES, frame_plan

TABLE = json.loads(Path(__file__).with_name("copies.json").read_text("utf-8"))
ORIGINAL = "original"
FALLS: dict[tuple[str, float], float] = {
    (ORIGINAL, 0.0): 0.0,
    **{(kind, float(level)): fall for kind, row in TABLE["fall"].items() for level, fall in row.items()},
}
FOLDER = CACHE / "human" / "copies"


@dataclass(frozen=True)
class Copies:
    """Originals and their copies."""

    clip: np.ndarray
    """[n] names"""

    kind: np.ndarray
    """[n] `original` or a kind of `copies.json`"""

    fall: np.ndarray
    """[n] points that the score must fall, 0 for an original"""

    features: np.ndarray
    """[n, 47]"""

    def __len__(self) -> int:
        return len(self.clip)

    def rows(self, clips: list[str]) -> Copies:
        chosen = np.isin(self.clip, clips)
        return Copies(self.clip[chosen], self.kind[chosen], self.fall[chosen], self.features[chosen])


def shown_frame(kind: str, level: float, number: int, count: int) -> int:
    """Frame that a copy shows in place of a frame: a frozen part in the middle, or every n-th frame."""
    if kind == "repeat":
        return number - number % int(level)
    first = int(count * (1 - level) / 2)
    return first if kind == "freeze" and first <= number < first + count * level else number


@dataclass(frozen=True)
class RawClip:
    """Frames of a planar 4:2:0 file."""

    path: Path
    width: int
    height: int
    fps: float

    def frames(self) -> np.ndarray:
        return np.memmap(self.path, np.uint8, "r").reshape(-1, self.width * self.height * 3 // 2)

    @property
    def options(self) -> list[str]:
        """Of ffmpeg, for reading it."""
        size = f"{self.width}x{self.height}"
        return [
            "-f",
            "rawvideo",
            "-pix_fmt",
            "yuv420p",
            "-s",
            size,
            "-r",
            str(self.fps),
            "-i",
            str(self.path),
        ]

    def planes(self, number: int) -> FramePlanes:
        luma, w, h = self.width * self.height, self.width // 2, self.height // 2
        y, cb, cr = np.split(self.frames()[number], (luma, luma + w * h))
        return FramePlanes(y.reshape(self.height, self.width), cb.reshape(h, w), cr.reshape(h, w))


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-threads", "1", *arguments], check=True)


RAW = ("-an", "-vsync", "0", "-pix_fmt", "yuv420p", "-f", "rawvideo")


def original_clip(path: Path, folder: Path) -> RawClip:
    """The first seconds of a video at 480 lines of its shorter side, sizes even."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        width, height, fps = stream.width, stream.height, float(stream.average_rate)
    scale = min(1, LINES / min(width, height))
    width, height = (2 * round(side * scale / 2) for side in (width, height))
    clip = RawClip(folder / "original.yuv", width, height, fps)
    frames = str(round(TABLE["seconds"] * fps))
    resize = f"scale={width}:{height}:flags=lanczos"
    _ffmpeg("-noautorotate", "-i", str(path), "-frames:v", frames, "-vf", resize, *RAW, str(clip.path))
    return clip


def distorted_clip(original: RawClip, kind: str, level: float, folder: Path) -> RawClip:
    """A copy in another file; the original's where only the order of frames differs."""
    if kind == ORIGINAL or kind in TABLE["order"]:
        return original
    out, values = folder / "copy.yuv", {"level": f"{level:g}", **vars(original)}
    if kind in TABLE["encode"]:
        encoded = folder / "copy.mp4"
        _ffmpeg(*original.options, *(o.format(**values) for o in TABLE["encode"][kind]), str(encoded))
        _ffmpeg("-i", str(encoded), *RAW, str(out))
    else:
        _ffmpeg(*original.options, "-vf", TABLE["filters"][kind].format(**values), *RAW, str(out))
    return RawClip(out, original.width, original.height, original.fps)


def copy_features(path: Path) -> np.ndarray:
    """Columns [copies, 47] of a video's original and copies, in the order of `FALLS`."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        original = original_clip(path, Path(name))
        count = len(original.frames())
        plan = frame_plan(count, original.fps)
        for kind, level in FALLS:
            clip = distorted_clip(original, kind, level, Path(name))
            rows.append(
                clip_features(plan, lambda k, c=clip, w=(kind, level): c.planes(shown_frame(*w, k, count)))
            )
    return np.stack(rows)


def stage_human_copies() -> None:
    """Computes and caches the columns of all copies; raises FileNotFoundError without clips or ffmpeg."""
    if not shutil.which("ffmpeg"):
        raise FileNotFoundError("human-copies needs ffmpeg on the PATH")
    for name in (*TABLE["clips"], *TABLE["heldOut"]):
        out = FOLDER / f"{name}.npy"
        if out.exists():
            continue
        path = shared_folder() / "clips" / name
        if not path.exists():
            raise FileNotFoundError(f"human-copies needs {path} (VQA_SHARED)")
        with atomic_write(out) as partial:
            np.save(partial, copy_features(path))
        print(name, flush=True)


def load_copies(folder: Path = FOLDER) -> Copies:
    """The cached copies of all clips; raises FileNotFoundError before the stage `human-copies`."""
    kinds, falls = zip(*((kind, fall) for (kind, _), fall in FALLS.items()), strict=True)
    clips, features = [], []
    for name in (*TABLE["clips"], *TABLE["heldOut"]):
        path = folder / f"{name}.npy"
        if not path.exists():
            raise FileNotFoundError(f"no copies of {name}: run npm run train-small -- human-copies")
        features.append(np.load(path))
        clips += [name] * len(kinds)
    times = len(features)
    return Copies(
        np.array(clips), np.tile(kinds, times), np.tile(np.array(falls), times), np.concatenate(features)
    )
