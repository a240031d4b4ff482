"""The rules of `ladder.json` against the clips themselves, where they are."""

from fractions import Fraction

import av
import numpy as np
import pytest

from procedural.sources import shared_folder
from small.footage import Footage
from small.ladder import TABLE

MEDIA = shared_folder() / "media"
SUFFIXES = (".mp4", ".mkv", ".mov", ".webm")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MEDIA.exists(), reason="no clips: VQA_SHARED"),
]


def assessable(path):
    """The rule `holdOutRule`."""
    rule = TABLE["holdOutRule"]
    if path.name in rule["patterns"]:
        return False
    try:
        footage = Footage(path, TABLE["frames"])
    except (av.FFmpegError, IndexError):
        return False
    if len(footage) < rule["frames"]:
        return False
    planes = footage.planes()
    luma = planes.y.astype(np.float32)
    return (
        luma.std((1, 2)).mean() >= rule["deviation"]
        and np.abs(np.diff(luma, axis=0)).mean() >= rule["motion"]
    )


def test_the_hold_out_clips_are_those_of_the_rule():
    result = [f.name for f in sorted(MEDIA.iterdir()) if f.suffix in SUFFIXES and assessable(f)]
    assert [name for name in result if name not in TABLE["clips"]] == TABLE["holdOut"]


def packet_bytes(path):
    """Mean size, in bytes, of the packets of the ladder's frames."""
    options = {"ignore_editlist": "1"} if path.suffix in (".mp4", ".mov") else {}
    with av.open(str(path), options=options) as container:
        sizes = [p.size for p in container.demux(container.streams.best("video")) if p.size]
    return np.mean(sizes[: TABLE["frames"]])


def encoded_bytes(planes, crf):
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = planes.y.shape[2], planes.y.shape[1], "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.options = {"crf": str(crf), "preset": "veryfast", "threads": "1"}
    total = 0
    for k in range(len(planes)):
        frame = planes.frame(k)
        frame.pts, frame.time_base = k, encoder.time_base
        total += sum(p.size for p in encoder.encode(frame))
    return (total + sum(p.size for p in encoder.encode(None))) / len(planes)


def test_the_compressed_ones_are_those_of_the_rule():
    mildest = next(grid for grid in TABLE["grids"] if grid["id"] == "crf")["levels"][0]
    result = [
        clip
        for clip in [*TABLE["clips"], *TABLE["holdOut"]]
        if encoded_bytes(Footage(MEDIA / clip, TABLE["frames"]).planes(), mildest)
        >= TABLE["best"]["bits"] * packet_bytes(MEDIA / clip)
    ]
    assert set(result) == set(TABLE["best"]["compressed"])
