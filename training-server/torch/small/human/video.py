"""Frames of a video file as the features read them: planar 8-bit 4:2:0 of the limited range, coded size,
every coded frame once, neither rotated nor stretched."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from small.human.clip import FramePlanes, clip_features
from small.human.frames import FramePlan, frame_plan


def _open(path: Path) -> av.container.InputContainer:
    options = {"ignore_editlist": "1"} if path.suffix in (".mp4", ".mov") else {}
    return av.open(str(path), options=options)


def _planes(frame: av.VideoFrame) -> FramePlanes:
    if frame.format.name != "yuv420p" or int(frame.color_range) == 2:
        frame = frame.reformat(format="yuv420p", dst_color_range="MPEG", interpolation="BICUBIC")
    y, cb, cr = (
        np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width] for p in frame.planes
    )
    return FramePlanes(y, cb, cr)


def planned(path: Path, *, whole: bool = False) -> FramePlan:
    """Frames of the video that the features read."""
    with _open(path) as container:
        stream = container.streams.best("video")
        count = sum(packet.size > 0 for packet in container.demux(stream))
        return frame_plan(count, float(stream.average_rate), whole=whole)


def video_features(path: Path, *, whole: bool = False) -> np.ndarray:
    """The columns [47] of a video; whole: of all of its blocks, as the published tables have them."""
    plan = planned(path, whole=whole)
    wanted = {number for block in plan.blocks for s in block for number in (s.before, s.now, s.after)}
    wanted |= set(plan.sharpness)
    frames: dict[int, FramePlanes] = {}
    with _open(path) as container:
        stream = container.streams.best("video")
        stream.thread_count = 1
        for number, frame in enumerate(container.decode(stream)):
            if number in wanted:
                frames[number] = _planes(frame)
            if len(frames) == len(wanted):
                break
    return clip_features(plan, frames.__getitem__)
