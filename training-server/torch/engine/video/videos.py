"""Videos as the driver names them, to clips as the model takes them; each is decoded once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from engine.video.decode_pool import DecodePool
from engine.video.decoding import Job, Outcome
from engine.video.footage import VideoError
from engine.video.pixels import PixelRule, rule_of
from modules.profiles import Profile
from training.clips import ClipPixels

CLIPS_IN_MEMORY = 2 << 30
"""Bytes of decoded clips in memory; beyond it the least recently used go, and come back from the disk."""


@dataclass(frozen=True, kw_only=True)
class Video:
    """Source frames in the order shown; None is a frame of zeros after normalisation (official drop)."""

    path: str
    indices: tuple[int | None, ...]
    motion_indices: tuple[int | None, ...] | None = None
    """Frames of the motion branch, where it sees others."""


class NamesVideo(Protocol):
    """Part of a request that names one video."""

    @property
    def video(self) -> Video: ...


class Videos:
    """Clips by video, decoded ahead where they were announced."""

    def __init__(self, pool: DecodePool, profile: Profile, *, memory_bytes: int = CLIPS_IN_MEMORY):
        self.pool, self.profile = pool, profile
        self.vision = rule_of(profile.vision, profile.size)
        self.motion = rule_of(profile.motion, profile.size)
        self._memory_bytes = memory_bytes
        self._coming: OrderedDict[Video, Future[Outcome]] = OrderedDict()
        self._lock = threading.Lock()  # videos are announced while others are computed with
        self.notices: list[str] = []
        """Messages about the videos read since the last look (substituted frames), each once."""
        self._noticed: set[str] = set()

    def announce(self, videos: Iterable[Video]) -> None:
        """Starts decoding what is not at hand. Raises ValueError for one that is not of the profile."""
        for video in videos:
            self._start(video)

    def _start(self, video: Video) -> Future[Outcome]:
        self._check(video)
        with self._lock:
            if video not in self._coming:
                self._coming[video] = self.pool.submit(self._job(video))
                self._forget()
            self._coming.move_to_end(video)
            return self._coming[video]

    def clip(self, video: Video) -> ClipPixels:
        """Waits for the video. Raises VideoError where it cannot be read."""
        outcome = self._start(video).result()
        if outcome.error is not None:
            raise VideoError(outcome.error)
        for wanted, used in outcome.substituted.items():
            notice = f"Frame {wanted} of {video.path} could not be decoded; frame {used} was used"
            if notice not in self._noticed:
                self._noticed.add(notice)
                self.notices.append(notice)
        return self._assembled(video, outcome.video, outcome.pixels)

    def failures(self, videos: Sequence[Video]) -> list[tuple[str, str]]:
        """Path and reason of those that cannot be read; waits for all."""
        self.announce(videos)
        outcomes = ((video.path, self._start(video).result()) for video in videos)
        return [(path, outcome.error) for path, outcome in outcomes if outcome.error is not None]

    def _check(self, video: Video) -> None:
        counts = (len(video.indices), len(video.motion_indices or video.indices))
        wanted = (self.profile.frames, self.profile.motion_frames)
        if counts != wanted:
            raise ValueError(
                f"{counts[0]} and {counts[1]} frames were named for the two branches of profile "
                f"{self.profile.name}, which take {wanted[0]} and {wanted[1]}"
            )

    def _job(self, video: Video) -> Job:
        motion = video.indices if video.motion_indices is None else video.motion_indices
        wanted = {(i, self.vision) for i in video.indices} | {(i, self.motion) for i in motion}
        cache = self.pool.cache
        return Job(
            path=video.path,
            wanted=frozenset((i, rule) for i, rule in wanted if i is not None),
            cache=str(cache.folder) if cache else None,
        )

    def _assembled(
        self, video: Video, name: str, pixels: Mapping[tuple[int, PixelRule], np.ndarray]
    ) -> ClipPixels:
        def stacked(indices: Sequence[int | None], rule: PixelRule) -> torch.Tensor:
            blank = np.zeros((rule.size, rule.size, 3), np.uint8)
            frames = [blank if i is None else pixels[i, rule] for i in indices]
            return torch.from_numpy(np.stack(frames))

        def absent(indices: Sequence[int | None]) -> list[bool] | None:
            return [i is None for i in indices] if None in indices else None

        motion = video.indices if video.motion_indices is None else video.motion_indices
        same = self.motion == self.vision and motion == video.indices
        return ClipPixels(
            frames=stacked(video.indices, self.vision),
            absent=absent(video.indices),
            motion_frames=None if same else stacked(motion, self.motion),
            motion_absent=None if same else absent(motion),
            key=(name, motion),
            frame_keys=[(name, i) for i in video.indices],
        )

    def _forget(self) -> None:
        size = 0
        for video in reversed(list(self._coming)):
            future = self._coming[video]
            if not future.done():
                continue
            size += sum(pixels.nbytes for pixels in future.result().pixels.values())
            if size > self._memory_bytes:
                del self._coming[video]
