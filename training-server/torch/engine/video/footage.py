"""Frames of a video file by the rule of the page: L packets in order of presentation, hidden ones included.

The file is read through twice: once for the order of its packets, once to feed the decoder just the groups
of pictures that hold wanted frames. A frame that cannot be decoded is replaced by the nearest before it that
can, else after it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import av

from engine.video.colour import stream_colour
from engine.video.pixels import DecodedFrame, turns_of
from modules.open_video import film_stream, open_video


class VideoError(Exception):
    """A video that cannot be read; the message says why in one line."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Of the stream that is looked at."""

    frames: int
    """L: packets of the stream."""

    width: int
    """Shown width in pixels, rotation applied."""

    height: int

    fps: float
    """Average; 0 where the container does not say."""


@dataclass(frozen=True, kw_only=True)
class DecodeRange:
    """Packets start … end − 1 in decode order that go into the decoder, with a flush after the last."""

    start: int
    end: int


class Footage:
    """The best video stream of a file. Raises VideoError for a file without one or without a packet."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        stamps: list[int | None] = []
        self.keys: list[bool] = []
        with self._opened() as (container, stream):
            self.fps = float(stream.average_rate or 0)
            for packet in _packets(container, stream):
                stamps.append(packet.pts if packet.pts is not None else packet.dts)
                self.keys.append(packet.is_keyframe)
        if not stamps:
            raise VideoError("the video stream has no packet")
        self.timed = None not in stamps and len(set(stamps)) == len(stamps)
        # Without stamps of their own, frames are counted as they come out.
        self.order = sorted(range(len(stamps)), key=lambda d: (stamps[d], d)) if self.timed else None
        """Packet of each frame."""
        self.frame_of = {stamps[d]: i for i, d in enumerate(self.order)} if self.order else None
        self.shown = [0] * len(stamps)
        for i, d in enumerate(self.order or range(len(stamps))):
            self.shown[d] = i

    def __len__(self) -> int:
        return len(self.keys)

    def _opened(self) -> _Opened:
        return _Opened(self.path)

    def facts(self) -> Facts:
        """Size of the first frame that decodes. Raises VideoError when none does."""
        size: list[tuple[int, int]] = []

        def measure(i: int, frame: av.VideoFrame, context: av.VideoCodecContext) -> bool:
            width, height = frame.width, frame.height
            size.append((height, width) if turns_of(frame) % 2 else (width, height))
            return True

        self._decode([DecodeRange(start=0, end=len(self))], measure)
        if not size:
            raise VideoError("no frame can be decoded")
        return Facts(frames=len(self), width=size[0][0], height=size[0][1], fps=self.fps)

    def read(self, wanted: Collection[int], take: Callable[[int, DecodedFrame], None]) -> dict[int, int]:
        """Calls `take` with each wanted frame as soon as it is decoded, in no certain order.

        Returns frame → the frame that stands for it, for those that could not be decoded. Raises VideoError
        when no frame can, IndexError for an index past the end.
        """
        missing = set(wanted)
        if missing and not 0 <= min(missing) <= max(missing) < len(self):
            raise IndexError(f"frame {max(missing)} of {len(self)}")
        self._collect(self.decode_ranges(missing), missing, take)
        if missing:  # a mark of a key frame that is none, or real damage: from the beginning then
            self._collect([DecodeRange(start=0, end=len(self))], missing, take)
        if not missing:
            return {}
        return self._substitute(missing, take)

    def _collect(
        self, ranges: list[DecodeRange], missing: set[int], take: Callable[[int, DecodedFrame], None]
    ) -> None:
        def on_frame(i: int, frame: av.VideoFrame, context: av.VideoCodecContext) -> bool:
            if i in missing:
                missing.discard(i)
                take(i, DecodedFrame(frame, stream_colour(frame, context)))
            return not missing

        self._decode(ranges, on_frame)

    def _substitute(self, missing: set[int], take: Callable[[int, DecodedFrame], None]) -> dict[int, int]:
        decodable: set[int] = set()

        def note(i: int, frame: av.VideoFrame, context: av.VideoCodecContext) -> bool:
            decodable.add(i)
            return False

        whole = [DecodeRange(start=0, end=len(self))]
        self._decode(whole, note)
        if not decodable:
            raise VideoError("no frame can be decoded")
        stands_for = {
            i: max((j for j in decodable if j < i), default=min(decodable)) for i in sorted(missing)
        }
        substitutes = set(stands_for.values())

        def give(j: int, frame: DecodedFrame) -> None:
            for i, other in stands_for.items():
                if other == j:
                    take(i, frame)

        self._collect(whole, substitutes, give)
        return stands_for

    def decode_ranges(self, wanted: Iterable[int]) -> list[DecodeRange]:
        """The fewest packets that give the wanted frames, as `workers/media/plan.ts` plans them."""
        if self.order is None:
            return [DecodeRange(start=0, end=len(self))]
        ranges: list[DecodeRange] = []
        for d in sorted(self.order[i] for i in set(wanted)):
            current = DecodeRange(start=self._start_of(d), end=d + 1)
            while ranges and current.start < ranges[-1].end:
                last = ranges.pop()
                current = DecodeRange(start=min(last.start, current.start), end=current.end)
            ranges.append(current)
        return ranges

    def _start_of(self, d: int) -> int:
        key = self._key_before(d)
        # Pictures that lead a key frame (open GOP) need the group before.
        leads = d != key and self.shown[d] < self.shown[key]
        return self._key_before(key - 1) if leads and key > 0 else key

    def _key_before(self, d: int) -> int:
        while d > 0 and not self.keys[d]:
            d -= 1
        return d

    def _decode(
        self, ranges: list[DecodeRange], on_frame: Callable[[int, av.VideoFrame, av.VideoCodecContext], bool]
    ) -> None:
        """Feeds the packets of the ranges to a decoder until `on_frame` returns true. A damaged packet gives
        no frame."""
        count = 0

        def give(frames: Iterable[av.VideoFrame]) -> bool:
            nonlocal count
            for frame in frames:
                i = self.frame_of.get(frame.pts) if self.frame_of else count
                count += 1
                if i is None or i >= len(self) or frame.is_corrupt:
                    continue
                if on_frame(i, frame, context):
                    return True
            return False

        with self._opened() as (container, stream):
            context = stream.codec_context
            waiting = iter(ranges)
            current = next(waiting, None)
            for d, packet in enumerate(_packets(container, stream)):
                if current is None:
                    return
                if d < current.start:
                    continue
                if give(_decoded(context, packet)):
                    return
                if d + 1 == current.end:
                    if give(_decoded(context, None)):
                        return
                    context.flush_buffers()
                    current = next(waiting, None)


class _Opened:
    """A file open for reading, with its best stream and one decoding thread."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> tuple[av.container.InputContainer, av.VideoStream]:
        try:
            self.container = open_video(self.path)
        except (av.FFmpegError, OSError) as error:
            raise VideoError(_reason(error)) from error
        try:
            stream = film_stream(self.container)
            if stream is None:
                covers = len(self.container.streams.video) > 0
                raise VideoError(
                    "its only picture is a cover" if covers else "there is no video stream in it"
                )
            if stream.codec_context is None:
                raise VideoError("there is no decoder for its video stream")
            stream.codec_context.thread_count = 1
        except BaseException:
            self.container.close()
            raise
        return self.container, stream

    def __exit__(self, *_: object) -> None:
        self.container.close()


def _packets(
    container: av.container.InputContainer, stream: av.VideoStream
) -> Iterable[av.Packet[av.VideoStream]]:
    packets = iter(container.demux(stream))
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return  # what lies before the damage counts
        if packet.size:
            yield packet


def _decoded(context: av.VideoCodecContext, packet: av.Packet[av.VideoStream] | None) -> list[av.VideoFrame]:
    try:
        return context.decode(packet)
    except (av.FFmpegError, ValueError):
        return []


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "the file is not there"
    text = getattr(error, "strerror", None) or str(error)
    return str(text)
