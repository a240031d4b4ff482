"""Oracles: the table's own ends for severities, and hand-made frames for copies."""

import numpy as np
import pytest

from procedural.clips import pair_times
from procedural.labels import TABLE
from small.penalty.copies import (
    ORIGINAL,
    RULES,
    Copy,
    RealClip,
    banded,
    disordered,
    levels_of,
    load_rows,
    moved,
    rows_path,
    save_rows,
    severity_of,
)

KINDS = list(RULES["levels"])


class Frames(RealClip):
    """Frames of a moving texture instead of a file's."""

    def __init__(self, count=24):
        rng = np.random.default_rng(0)
        wide = rng.integers(40, 200, (240, 240 + 4 * count, 3)).astype(np.uint8)
        self.frames = [np.ascontiguousarray(wide[:, 4 * k : 4 * k + 240]) for k in range(count)]
        self.rate = 25.0


@pytest.mark.parametrize("row", TABLE["distortions"], ids=lambda row: row["id"])
def test_severity_is_1_at_the_far_end_of_the_table(row):
    assert severity_of(row["id"], row["to"]) == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
def test_levels_rise_in_severity_and_stay_in_range(kind):
    levels = levels_of(kind, np.random.default_rng(1))
    severity = [severity_of(kind, level) for level in levels]
    assert severity == sorted(severity) and len(set(severity)) == RULES["steps"]
    low, high = sorted(RULES["levels"][kind])
    assert all(low <= level <= high for level in levels)


@pytest.mark.parametrize("kind", KINDS)
def test_every_copy_has_the_original_s_shape_and_differs_from_it(kind):
    clip, rng = Frames(), np.random.default_rng(2)
    times = pair_times(len(clip))
    copy = clip.copy(kind, levels_of(kind, rng)[-1], rng, times)
    original = clip.original(times)
    assert copy.shape == original.shape and copy.dtype == np.uint8
    assert not np.array_equal(copy, original)


def test_an_order_shows_every_frame_of_a_window_once():
    order = disordered(20, 6, np.random.default_rng(3))
    assert sorted(order) == list(range(20))
    assert np.all(np.abs(order - np.arange(20)) < 6) and not np.array_equal(order, np.arange(20))


def test_shift_and_bands_of_a_ramp():
    ramp = np.tile(np.arange(64, dtype=np.uint8)[None, :, None] * 4, (8, 1, 3))
    assert np.array_equal(moved(ramp, 0, 3)[:, :-3], ramp[:, 3:])
    assert len(np.unique(banded(ramp, 5))) == 5


def test_rows_come_back_with_their_severities(tmp_path, monkeypatch):
    monkeypatch.setattr("small.penalty.copies.FOLDER", tmp_path)
    monkeypatch.setattr(
        "small.penalty.copies.source_rows",
        lambda split: [{"file": "a.mp4", "largest_gap": "1.0", "repeated_frames": "0.3"}],
    )
    out = rows_path("train", "a.mp4", whole=True)
    out.parent.mkdir(parents=True)
    save_rows(out, [(Copy(ORIGINAL, 0, 100), np.zeros(3)), (Copy("blur", 0.4, 70), np.ones(3))])
    rows = load_rows("train")
    assert len(rows) == 2 and rows.severities.sum() == pytest.approx(0.4)
    assert rows.clip.tolist() == ["a.mp4"] * 2 and not rows.intact.any()
    views = rows_path("train-views", "a.mp4", whole=True)
    views.parent.mkdir(parents=True)
    save_rows(views, [(Copy("freeze", 0.2, 100), np.zeros(3))])
    assert load_rows("train", "train", "train-views").kind.tolist() == [ORIGINAL, "blur", "freeze"]
