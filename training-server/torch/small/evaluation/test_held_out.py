"""Oracles: hand-made answers whose metrics are exact."""

import numpy as np
import pytest

from procedural.labels import IDS as DISTORTIONS
from small.answers import ReadAnswer, read_answers
from small.evaluation import metric as metric_module
from small.evaluation.about import about
from small.evaluation.comparison import srcc_gain
from small.evaluation.gates import metric_table
from small.evaluation.held_out import (
    MEASURES,
    LabelledPredictions,
    attribution,
    label_predictions,
    measure,
    opening,
    variety,
)

COUNT = len(DISTORTIONS)


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr(metric_module, "RESAMPLES", 50)


def labels(count=80):
    rng = np.random.default_rng(0)
    severity = np.zeros((count, COUNT))
    severity[np.arange(count), rng.integers(0, COUNT, count)] = rng.uniform(0.1, 1, count)
    severity[::4] = 0
    return 5 - 3 * severity.sum(1), severity, np.arange(count) // 4


def true_answers(score, severity):
    return [
        ReadAnswer(score=float(s), named=tuple(np.array(DISTORTIONS)[row > 0]), ruled_out=())
        for s, row in zip(score, severity, strict=True)
    ]


def moved(read, by):
    return [ReadAnswer(score=a.score + d, named=a.named, ruled_out=()) for a, d in zip(read, by, strict=True)]


def perfect():
    score, severity, group = labels()
    return label_predictions(score, severity, group, true_answers(score, severity))


def test_perfect_answers_have_perfect_metrics():
    for result in measure([perfect()], "here", "command"):
        expected = 0.0 if result.name.startswith("MAE") else 1.0
        assert result.value == pytest.approx(expected) and result.low == pytest.approx(expected)
        assert result.n == (60 if "top-1" in result.name else 80)


def test_several_heads_are_averaged_beside_the_first():
    score, severity, group = labels()
    first = perfect()
    second = label_predictions(score, severity, group, moved(true_answers(score, severity), np.full(80, 0.5)))
    by_name = {f.name: f.value for f in measure([first, second], "here", "c")}
    assert by_name["MAE, here"] == 0
    assert by_name["MAE, here, mean of heads"] == pytest.approx(0.25)


def test_a_clip_without_a_name_is_no_hit_not_even_for_the_first_distortion():
    severity = np.zeros((2, COUNT))
    severity[:, 0] = 0.5
    nothing = np.zeros((2, COUNT))
    result = LabelledPredictions(
        score=np.ones(2), severity=severity, group=np.zeros(2), written=np.ones(2), named=nothing
    )
    assert attribution(result) == 0


def test_only_the_first_named_counts_for_attribution():
    for order, value in ((("blur", "noise"), 1), (("noise", "blur"), 0)):
        read = [ReadAnswer(score=3.0, named=order, ruled_out=())]
        assert attribution(label_predictions(np.array([3.0]), np.eye(COUNT)[:1], np.zeros(1), read)) == value


def test_unreadable_answers_are_counted_and_have_no_score():
    score, severity, group = labels()
    read = true_answers(score, severity)
    read[0] = ReadAnswer(score=None, named=(), ruled_out=())
    result = label_predictions(score, severity, group, read)
    assert MEASURES["SRCC"](result) == pytest.approx(1)
    by_name = {f.name: f.value for f in variety(result, ["<answer>3.00</answer>"] * 80, "here", "c")}
    assert by_name["readable, here"] == pytest.approx(79 / 80)


def test_intervals_are_the_same_twice_and_hold_the_value():
    score, severity, group = labels()
    noise = np.random.default_rng(1).standard_normal(80)
    noisy = label_predictions(score, severity, group, moved(true_answers(score, severity), noise))
    first, second = (measure([noisy], "here", "c") for _ in range(2))
    assert first == second
    assert all(f.low <= f.value <= f.high for f in first) and first[0].low < first[0].high


def test_variety_counts_openings_scores_and_decimals():
    texts = ["<think>Here. A.</think><answer>2.00</answer>", "<think>Here. B.</think><answer>2.5</answer>"]
    texts += [
        "<think>画面清晰。好。</think><answer>4.00</answer>",
        "<think>There! C.</think><answer>2.00</answer>",
    ]
    assert [opening(t) for t in texts] == ["Here.", "Here.", "画面清晰。", "There!"]
    read = [ReadAnswer(score=s, named=(), ruled_out=()) for s in (2.0, 2.5, 4.0, 2.0)]
    result = label_predictions(np.ones(4), np.zeros((4, COUNT)), np.arange(4), read)
    by_name = {f.name.removesuffix(", here"): f.value for f in variety(result, texts, "here", "c")}
    assert by_name["share of the most frequent opening"] == 0.5
    assert by_name["different openings"] == 3 and by_name["different texts"] == 4
    assert by_name["two decimals"] == 0.75
    assert by_name["share of the most frequent score"] == 0.5
    assert by_name["standard deviation of the score"] == pytest.approx(np.std([2, 2.5, 4, 2]))


def test_a_gain_is_paired():
    """Both models err on the same clips: their difference has a smaller interval than either."""
    score, severity, group = labels(200)
    rng = np.random.default_rng(3)
    shared, independent = rng.standard_normal(200), rng.standard_normal(200)
    good = label_predictions(score, severity, group, moved(true_answers(score, severity), 0.7 * shared))
    bad = label_predictions(
        score, severity, group, moved(true_answers(score, severity), 0.7 * shared + 0.4 * independent)
    )
    gain = srcc_gain(good, bad, "gain", "c")
    assert gain.value == pytest.approx(MEASURES["SRCC"](good) - MEASURES["SRCC"](bad))
    assert gain.low > 0
    same = srcc_gain(good, good, "gain", "c")
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_answers_are_read_by_the_page():
    texts = [
        "<think>I see strong blur and slight noise. There is no banding.</think><answer>2.50</answer>",
        "<think>Fine.</think><answer>6.00</answer>",
        "<answer>3.00",
    ]
    first, second, third = read_answers(texts)
    assert first == ReadAnswer(score=2.5, named=("blur", "noise"), ruled_out=("banding",))
    assert second.score is None and third.score is None


def test_about_is_what_the_converter_takes():
    metrics = measure([perfect()], "held-out clips", "npm run evaluate-small")
    content = about(metrics, perfect(), 4_400_000)
    assert content["metrics"][0] == metrics[0].as_json()
    scale = content["scale"]
    assert scale["kind"] == "own" and scale["n"] == 80 and len(scale["quantiles"]) == 101
    assert scale["quantiles"][-1] == 5 and sorted(scale["quantiles"]) == scale["quantiles"]
    assert metric_table(metrics) in content["card"] and "4.4 million" in content["card"]
