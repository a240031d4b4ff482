"""Oracles: exact values, and the theory of the bootstrap: a mean's interval is ± 1.96 standard errors of the
scenes' means."""

import numpy as np
import pytest

from small.evaluation.metric import Metric, bounds, mean_metric, metric, resampled


def test_versions_of_a_scene_are_drawn_together():
    group = np.array([7, 3, 7, 3, 9, 9])
    for rows in resampled(group, draws=50):
        assert len(rows) == 6
        times = np.bincount(rows, minlength=6)
        assert times[0] == times[2] and times[1] == times[3] and times[4] == times[5]


def test_interval_of_a_mean_is_that_of_the_scenes():
    """Four versions with one value are one observation: the interval is twice that of as many clips."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal(400)
    repeated, group = np.repeat(values, 4), np.repeat(np.arange(400), 4)
    result = mean_metric("m", repeated, group, "c")
    half = 1.96 * values.std() / 20
    assert result.value == pytest.approx(values.mean())
    assert (result.high - result.low) / 2 == pytest.approx(half, rel=0.1)
    assert result == mean_metric("m", repeated, group, "c")
    alone = mean_metric("m", repeated, np.arange(1600), "c")
    assert (alone.high - alone.low) / 2 == pytest.approx(half / 2, rel=0.1)


def test_interval_holds_the_truth_in_about_95_of_100():
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(100):
        shares = (rng.random(200) < 0.75).astype(float)
        result = metric("share", lambda r, s=shares: s[r].mean(), np.arange(200), "c", draws=None)
        hits += result.low <= 0.75 <= result.high
    assert hits >= 88


def test_values_that_are_not_counted():
    result = mean_metric("m", np.array([1, np.nan, 0, 1.0]), np.arange(4), "c")
    assert result.value == pytest.approx(2 / 3) and result.n == 3
    none = mean_metric("m", np.full(3, np.nan), np.arange(3), "c")
    assert np.isnan(none.value) and none.n == 0 and none.low is None


def test_no_interval_where_most_resamples_have_no_value():
    assert bounds([np.nan, np.nan, 1.0]) == (None, None)
    assert bounds([1.0, 1.0, np.nan]) == (1, 1)


def test_json_is_that_of_a_manifest():
    result = Metric(name="SRCC", value=0.5, n=4, command="npm run evaluate-small").as_json()
    assert result == {"name": "SRCC", "value": 0.5, "n": 4, "command": "npm run evaluate-small"}
