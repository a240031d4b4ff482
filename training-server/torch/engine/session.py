"""State of an engine between commands: the loaded checkpoint, its videos, and reports to the driver."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from engine.dense import DenseHead
from engine.faults import CommandError
from engine.policy import Policy
from engine.ranks import Ranks
from engine.saving import Saver
from engine.video.decode_pool import DecodePool
from engine.video.footage import VideoError
from engine.video.videos import NamesVideo, Video, Videos
from training.clips import ClipPixels

Notify = Callable[[str, Mapping[str, Any]], None]
"""Sends a notification to the driver: method and parameters."""

Entry = TypeVar("Entry", bound=NamesVideo)
Example = TypeVar("Example")

PROGRESS_EVERY = 0.25
"""Seconds between two notifications of one phase."""


class Session:
    """One loaded checkpoint and its data, on one rank."""

    def __init__(self, ranks: Ranks, notify: Notify):
        self.ranks, self.notify = ranks, notify
        self.policy: Policy | None = None
        self.videos: Videos | None = None
        self.dense: DenseHead | None = None
        """Heads of regression pretraining, from its first step on."""

        self.saver = Saver(ranks)
        self.probe_pool: DecodePool | None = None
        self._logged_failures: set[str] = set()
        self._phase, self._notified_at = "", 0.0

    def close(self) -> None:
        """Waits for a checkpoint that is being written and ends the decoders."""
        self.saver.wait()
        for pool in (self.probe_pool, self.videos.pool if self.videos else None):
            if pool is not None:
                pool.close()

    def unload(self) -> None:
        """Drops the loaded checkpoint."""
        self.saver.wait()
        if self.videos is not None:
            self.videos.pool.close()
        self.policy = self.videos = self.dense = None

    def loaded(self) -> tuple[Policy, Videos]:
        """Raises CommandError before `load`."""
        if self.policy is None or self.videos is None:
            raise CommandError("no checkpoint is loaded")
        return self.policy, self.videos

    def announce(self, videos: Sequence[Video]) -> None:
        """Starts to decode this rank's share of the videos of a coming command; from any thread."""
        if self.videos is not None and videos:
            self.videos.announce(self.ranks.share(videos))

    def progress(self, phase: str, done: int, of: int) -> None:
        """Reports the progress of a phase: its begin and end always, otherwise every `PROGRESS_EVERY`."""
        now = time.monotonic()
        if phase == self._phase and done < of and now - self._notified_at < PROGRESS_EVERY:
            return
        self._phase, self._notified_at = phase, now
        self.notify("progress", {"phase": phase, "done": done, "of": of})

    def read_clips(self, share: Sequence[Video]) -> tuple[list[ClipPixels | None], list[dict[str, str]]]:
        """Decoded clips of this rank's share, None for an unreadable video; and the unreadable videos of all
        ranks."""
        _, videos = self.loaded()
        videos.announce(share)
        clips: list[ClipPixels | None] = []
        failed = []
        for number, video in enumerate(share):
            try:
                clips.append(videos.clip(video))
            except VideoError as error:
                clips.append(None)
                failed.append((video.path, str(error)))
            self.progress("encode", number + 1, len(share))
        while videos.notices:
            self.notify("log", {"level": "info", "text": videos.notices.pop()})
        return clips, self.gather_failures(failed)

    def read_examples(
        self, entries: Sequence[Entry], make: Callable[[Entry, ClipPixels], Example]
    ) -> tuple[list[Example], int]:
        """This rank's share of a step without the unreadable videos, and their number over all ranks."""
        share = self.ranks.share(entries)
        clips, failed = self.read_clips([entry.video for entry in share])
        pairs = zip(share, clips, strict=True)
        return [make(entry, clip) for entry, clip in pairs if clip is not None], len(failed)

    def gather_failures(self, failed: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
        """Unreadable videos (path, reason) of all ranks, each path once; each is logged once in a session."""
        reasons = dict(pair for share in self.ranks.gather(list(failed)) for pair in share)
        for path, error in reasons.items():
            if path not in self._logged_failures:
                self._logged_failures.add(path)
                self.notify("log", {"level": "warning", "text": f"{path} cannot be read: {error}"})
        return [{"path": path, "error": error} for path, error in reasons.items()]
