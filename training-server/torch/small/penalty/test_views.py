"""Views of real clips. Oracles: frame numbers by hand, the table's limits."""

from collections import Counter

import numpy as np
import pytest

from procedural.version import TEMPORAL
from small.penalty.copies import ORIGINAL
from small.penalty.views import VIEWS, View, ViewedClip, draw_kind, draw_view, view_counts, view_row


class Clip:
    """Frames whose pixels are their number."""

    rate = 60.0

    def __init__(self, count):
        self.count, self.converted = count, Counter()

    def __len__(self):
        return self.count

    def rgb(self, k):
        self.converted[k] += 1
        frame = np.full((300, 400, 3), k, np.uint8)
        frame[:, :200] += 1
        return frame


def view(**changed):
    return View(**{"start": 3, "length": 5, "stride": 2, "lines": 1080, "mirrored": False} | changed)


def test_a_view_shows_every_other_frame_of_a_stretch_at_half_the_rate():
    clip = ViewedClip(Clip(20), view())
    assert [int(frame[0, -1, 0]) for frame in clip.frames] == [3, 5, 7, 9, 11]
    assert clip.rate == 30 and len(clip) == 5


def test_a_frame_is_converted_once_scaled_down_and_mirrored():
    footage = Clip(20)
    frames = ViewedClip(footage, view(lines=150, mirrored=True)).frames
    assert frames[1].shape == (150, 200, 3) and frames[1] is frames[1]
    assert frames[1][0, 0, 0] == 5 and frames[1][0, -1, 0] == 6
    assert set(footage.converted.values()) == {1}


@pytest.mark.parametrize("count", [2, 30, 300])
def test_drawn_views_lie_within_the_clip(count):
    rng = np.random.default_rng(0)
    views = [draw_view(count, 60, rng) for _ in range(200)]
    for drawn in views:
        assert drawn.length >= 1 and 0 <= drawn.start
        assert drawn.frames()[-1] < count and drawn.lines in VIEWS["lines"]
    assert {drawn.stride for drawn in views} == {1, 2}
    assert {draw_view(count, 25, rng).stride for _ in range(20)} == {1}


def test_kinds_are_drawn_by_their_shares_and_uncertain_clips_stay_as_they_are():
    rng, short = np.random.default_rng(0), view(length=40, lines=540)
    kinds = Counter(draw_kind(short, True, rng) for _ in range(2000))
    assert kinds[ORIGINAL] / 2000 == pytest.approx(VIEWS["intact"], abs=0.05)
    temporal = sum(n for kind, n in kinds.items() if kind in TEMPORAL)
    assert temporal / (2000 - kinds[ORIGINAL]) == pytest.approx(VIEWS["temporal"], abs=0.05)
    assert {draw_kind(short, False, rng) for _ in range(50)} == {ORIGINAL}
    long = {draw_kind(view(length=300), True, rng) for _ in range(500)}
    assert "compression" in kinds and "compression" not in long


def test_a_row_has_the_severity_of_its_parameter_and_no_vmaf_without_ffmpeg():
    rng = np.random.default_rng(3)
    rows = [view_row(Clip(60), True, rng, None)[0] for _ in range(6)]
    for row in rows:
        assert row.severity == 0 if row.kind == ORIGINAL else 0 < row.severity <= 1
        assert row.vmaf == 100 if row.kind == ORIGINAL else np.isnan(row.vmaf)


def test_clips_of_rare_repositories_get_more_views():
    rows = [{"file": str(k), "repository": "many"} for k in range(40)] + [{"file": "x", "repository": "one"}]
    counts = view_counts(rows)
    assert counts["0"] == VIEWS["clip"][0] and counts["x"] == VIEWS["clip"][1]
