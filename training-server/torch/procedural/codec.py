"""Encoding and decoding by real codecs, in memory."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from fractions import Fraction

from av import CodecContext, VideoFrame
from av.video.frame import PictureType

from procedural.planes import Planes

os.environ.setdefault("SVT_LOG", "1")  # errors only: it prints its settings for every clip otherwise


@dataclass(frozen=True)
class Codec:
    name: str
    """Encoder of libavcodec."""

    options: dict[str, str] = field(default_factory=dict)
    quantiser: int | None = None
    """Constant quantiser of MPEG encoders, 1 to 31."""

    smaller: float = 1.0
    """Factor by which both sides are reduced before encoding and enlarged after it."""


def x264(crf: float, preset: str = "superfast") -> Codec:
    return Codec("libx264", {"crf": f"{crf:.2f}", "preset": preset, "threads": "1"})


def mpeg(quantiser: int, name: str = "mpeg2video") -> Codec:
    return Codec(name, {"threads": "1"}, quantiser)


def vpx(quality: int, name: str = "libvpx") -> Codec:
    rate = {"crf": str(quality), "b": "0" if name == "libvpx-vp9" else "20M"}
    bounds = {"qmin": str(max(quality - 3, 0)), "qmax": str(min(quality + 3, 63))}
    return Codec(name, rate | bounds | {"deadline": "realtime", "cpu-used": "8", "threads": "1"})


def av1(crf: float) -> Codec:
    """SVT-AV1 in its low-delay form, CRF 1 to 63."""
    options = {"crf": str(round(crf)), "preset": "12", "svtav1-params": "lp=1:pred-struct=1"}
    return Codec("libsvtav1", options)


DECODERS = {
    "libx264": "h264",
    "mpeg2video": "mpeg2video",
    "mpeg4": "mpeg4",
    "libvpx": "vp8",
    "libvpx-vp9": "vp9",
    "libsvtav1": "libdav1d",
}


def leave_real_time() -> None:
    """Resets the calling thread's scheduling: opened as root, SVT-AV1 sets real-time priority 99, which
    starves everything else on the machine."""
    if hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) == os.SCHED_FIFO:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def through(planes: Planes, codec: Codec, rate: int = 25) -> Planes:
    """The frames after encoding and decoding, equal in number.

    Raises RuntimeError when the decoder gives another number of frames.
    """
    if codec.smaller > 1:
        height, width = planes.y.shape[1:]
        small = planes.resized(2 * round(height / codec.smaller / 2), 2 * round(width / codec.smaller / 2))
        return through(small, replace(codec, smaller=1.0), rate).resized(height, width)
    encoder = CodecContext.create(codec.name, "w")
    encoder.width, encoder.height = planes.y.shape[2], planes.y.shape[1]
    encoder.pix_fmt, encoder.time_base, encoder.framerate = "yuv420p", Fraction(1, rate), Fraction(rate)
    encoder.options = codec.options
    if codec.quantiser is not None:
        encoder.qmin = encoder.qmax = codec.quantiser
        encoder.bit_rate = 1_000_000_000
        encoder.bit_rate_tolerance = 1_000_000_000
    decoder = CodecContext.create(DECODERS[codec.name], "r")
    decoder.thread_count = 1
    out, count = planes.copy(), 0
    decoded: list[VideoFrame] = []
    for k in range(len(planes)):
        frame = planes.frame(k)
        frame.pts, frame.time_base, frame.pict_type = k, encoder.time_base, PictureType.NONE
        packets = encoder.encode(frame)
        if k == 0:
            leave_real_time()
        for packet in packets:
            decoded += decoder.decode(packet)
    for packet in encoder.encode(None):
        decoded += decoder.decode(packet)
    decoded += decoder.decode(None)
    for frame in decoded:
        if count < len(planes):
            out.put(count, frame)
        count += 1
    if count != len(planes):
        raise RuntimeError(f"{codec.name} gave {count} frames of {len(planes)}")
    return out
