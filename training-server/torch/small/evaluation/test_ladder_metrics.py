"""Oracles: rows whose Spearman and top are known."""

import numpy as np
import pytest

from small.evaluation.ladder_metrics import measure
from small.ladder import GRIDS, TABLE, certainly_best, keys_of, rows

CLIPS = TABLE["clips"]


def metrics_of(heads, luma=0.5):
    result = measure(heads, "ladder", "c", luma=dict.fromkeys(CLIPS, luma))
    return {f.name: f for f in result}


def falling():
    return {(clip, grid): np.arange(6, 0, -1.0) for clip in CLIPS for grid in GRIDS}


def test_falling_scores_are_1_and_a_tie_on_top_is_a_miss():
    result = metrics_of([falling()])
    assert result["Spearman, ladder"].value == pytest.approx(1) and result["Spearman, ladder"].n == 96
    assert result["original first, ladder"].value == 1
    tied = {key: np.array([6.0, 6, 4, 3, 2, 1]) for key in falling()}
    result = metrics_of([falling(), tied])
    assert result["original first, ladder, mean of heads"].value == 0.5
    assert result["Spearman, ladder, mean of heads"].value < 1


def test_the_worst_grid_is_reported_and_constant_scores_rank_nothing():
    rows_of = falling()
    for clip in CLIPS:
        rows_of[clip, "noise"] = np.full(6, 3.0)
    result = metrics_of([rows_of])
    assert (
        result["lowest Spearman of a distortion, ladder"].value
        == 0
        == result["Spearman of noise, ladder"].value
    )
    assert result["Spearman, ladder"].value == pytest.approx(7 / 8)


def test_where_the_undamaged_clip_is_certainly_best():
    gain = CLIPS[0], "gain"  # even index: gains from 1.25
    assert certainly_best(*gain, 0.5).tolist() == [False, True, True, True, True]
    assert certainly_best(CLIPS[1], "gain", 0.5).tolist() == [False, True, True, True, True]
    assert certainly_best(*gain, 0.2) is None
    assert certainly_best("bikes.mp4", "crf", 0.5) is None
    assert certainly_best("carphone_pristine.mp4", "crf", 0.5).all()
    assert certainly_best("bikes.mp4", "noise", 0.1).all()


def test_a_little_more_light_and_dark_clips_do_not_count_where_certainly_best():
    rows_of = falling()
    for clip in CLIPS:
        rows_of[clip, "gain"] = np.array([5.0, 5.5, 4, 3, 2, 1])
    result = metrics_of([rows_of])
    assert result["original first, ladder"].value == pytest.approx(7 / 8)
    best = result["original first where certainly best, ladder"]
    assert best.value == 1
    left_out = sum(clip in TABLE["best"]["compressed"] for clip in CLIPS)
    assert best.n == 96 - left_out
    assert metrics_of([rows_of], luma=0.1)["original first where certainly best, ladder"].n == 84 - left_out


@pytest.mark.parametrize("which", ["clips", "holdOut"])
def test_rows_find_their_points(which):
    keys = keys_of(which)
    assert len(keys) == 41 * len(TABLE[which])
    scores = np.arange(len(keys), dtype=float)
    result = rows(keys, scores, which)
    clip, grid = TABLE[which][1], GRIDS[2]
    assert result[clip, grid].tolist() == [41, *range(41 + 11, 41 + 16)]
