"""One decoding job: frames of a video as the branches see them, or its facts."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from engine.video.footage import Facts, Footage, VideoError
from engine.video.pixel_cache import PixelCache
from engine.video.pixels import DecodedFrame, PixelRule


@dataclass(frozen=True, kw_only=True)
class Job:
    """Frames of one video, or its facts alone (no frames wanted)."""

    path: str
    """The video."""

    wanted: frozenset[tuple[int, PixelRule]] | None = None
    """Source index and the pixels it is seen in; None asks for the facts of the video instead."""

    cache: str | None = None
    """Folder of the pixel cache."""


@dataclass(kw_only=True)
class Outcome:
    """Result of a job."""

    pixels: dict[tuple[int, PixelRule], np.ndarray] = field(default_factory=dict)
    """[S, S, 3] uint8 each."""

    video: str = ""
    """Name of the content that the pixels are from (`PixelCache.video`)."""

    substituted: dict[int, int] = field(default_factory=dict)
    """Frames that could not be decoded → the frames used in their stead."""

    facts: Facts | None = None
    """Size and frame count, for a job without frames."""

    written: int = 0
    """Bytes added to the cache."""

    error: str | None = None
    """Why the video cannot be read."""


def work(job: Job) -> Outcome:
    """Does a job; whatever is wrong with the video is in the outcome."""
    try:
        if job.wanted is None:
            return Outcome(facts=Footage(job.path).facts())
        return _decoded(job)
    except VideoError as error:
        return Outcome(error=str(error))
    except FileNotFoundError:
        return Outcome(error="the file is not there")
    except (OSError, IndexError, av.FFmpegError, MemoryError, ValueError) as error:
        return Outcome(error=str(error) or type(error).__name__)


def _decoded(job: Job) -> Outcome:
    cache = PixelCache(job.cache) if job.cache else None
    name = PixelCache.video(job.path)
    outcome = Outcome(video=name)
    wanted: dict[int, list[PixelRule]] = {}
    for index, rule in job.wanted or ():
        cached = cache.frame(name, index, rule) if cache else None
        if cached is None:
            wanted.setdefault(index, []).append(rule)
        else:
            outcome.pixels[index, rule] = cached

    def take(index: int, frame: DecodedFrame) -> None:
        for rule in wanted[index]:
            outcome.pixels[index, rule] = pixels = frame.input(rule)
            if cache:
                outcome.written += cache.store(name, index, rule, pixels)

    if wanted:
        outcome.substituted = Footage(job.path).read(wanted.keys(), take)
    return outcome


def command() -> list[str]:
    """Starts such a process."""
    return [sys.executable, "-m", "engine.video.decode_worker"]


HOME = Path(__file__).resolve().parents[2]
"""Where the modules are found from."""
