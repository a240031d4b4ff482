"""Oracles: hand-made answers whose figures are known; intervals are seeded, so they are equal twice."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from procedural.labels import IDS as DISTORTIONS
from small.answers import ReadAnswer, read_answers
from small.card import model_card
from small.evaluate import (
    MEASURES,
    Figure,
    Judged,
    about,
    attribution,
    judged,
    ladder_measure,
    measure,
    table,
)
from small.judge import Seen, judge_clips


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr("small.evaluate.RESAMPLES", 50)


@dataclass
class Labels:
    """The fields of `Clips` that judging needs."""

    score: np.ndarray
    severity: np.ndarray
    group: np.ndarray


def clips(count=40):
    rng = np.random.default_rng(0)
    severity = np.zeros((count, 13))
    severity[np.arange(count), rng.integers(0, 13, count)] = rng.uniform(0.1, 1, count)
    severity[::4] = 0
    return Labels(score=5 - 3 * severity.sum(1), severity=severity, group=np.arange(count) // 4)


def truth(labels):
    return [
        ReadAnswer(score=float(s), found=tuple(np.array(DISTORTIONS)[row > 0]), ruled_out=())
        for s, row in zip(labels.score, labels.severity, strict=True)
    ]


def test_perfect_answers_have_perfect_figures():
    labels = clips()
    for figure in measure(judged(labels, truth(labels)), "here", "command"):
        expected = 0.0 if figure.name.startswith("MAE") else 1.0
        assert figure.value == pytest.approx(expected) and figure.low == pytest.approx(expected)
        assert figure.n == (30 if "top-1" in figure.name else 40)


def test_a_clip_without_a_name_is_no_hit_not_even_for_the_first_distortion():
    severity = np.zeros((2, 13))
    severity[:, 0] = 0.5
    found = Judged(
        score=np.ones(2), severity=severity, group=np.zeros(2), written=np.ones(2), named=np.zeros((2, 13))
    )
    assert attribution(found) == 0


def test_only_the_first_named_counts_for_attribution():
    labels = Labels(score=np.array([3.0]), severity=np.eye(13)[:1], group=np.zeros(1))
    for order, value in ((("blur", "noise"), 1), (("noise", "blur"), 0)):
        read = [ReadAnswer(score=3.0, found=order, ruled_out=())]
        assert attribution(judged(labels, read)) == value


def test_unreadable_answers_are_counted_and_have_no_score():
    labels = clips()
    read = truth(labels)
    read[0] = ReadAnswer(score=None, found=(), ruled_out=())
    found = judged(labels, read)
    assert MEASURES["readable"](found) == pytest.approx(39 / 40)
    assert MEASURES["SRCC"](found) == pytest.approx(1)


def test_intervals_are_those_of_scenes_and_the_same_twice():
    labels = clips()
    read = truth(labels)
    noise = np.random.default_rng(1).standard_normal(40)
    read = [
        ReadAnswer(score=a.score + n, found=a.found, ruled_out=()) for a, n in zip(read, noise, strict=True)
    ]
    first, second = (measure(judged(labels, read), "here", "c") for _ in range(2))
    assert first == second
    assert all(f.low <= f.value <= f.high for f in first) and first[0].low < first[0].high


def test_ladder_of_falling_scores_is_1_and_a_tie_on_top_is_a_miss():
    falling = {(c, g): np.arange(6, 0, -1.0) for c in "ab" for g in "xy"}
    rho, top = ladder_measure([falling], "c")
    assert (rho.value, top.value, rho.low, rho.n) == (1, 1, 1, 4)
    tied = {key: np.array([6.0, 6, 4, 3, 2, 1]) for key in falling}
    rho, top = ladder_measure([falling, tied], "c")
    assert top.value == 0.5 and rho.value < 1


def test_answers_are_read_by_the_page():
    texts = [
        "<think>I see strong blur and slight noise. There is no banding.</think><answer>2.50</answer>",
        "<think>Fine.</think><answer>6.00</answer>",
        "<answer>3.00",
    ]
    first, second, third = read_answers(texts)
    assert first == ReadAnswer(score=2.5, found=("blur", "noise"), ruled_out=("banding",))
    assert second.score is None and third.score is None


def test_stopped_judging_goes_on_where_it_stopped(tmp_path: Path):
    class Counting:
        def __init__(self, key):
            self.key, self.seen = key, 0

        def see(self, pixels):
            self.seen += 1
            return Seen(frames=pixels, motion=pixels)

        def write(self, seen):
            return [f"{self.key} {float(s.motion):g}" for s in seen]

    some = [(f"clip/{k}", lambda k=k: torch.tensor(float(k))) for k in range(70)]
    first = Counting("a")
    judge_clips([first], some[:40], tmp_path, "test", log=lambda _: None)
    assert first.seen == 40
    again, other = Counting("a"), Counting("b")
    texts = judge_clips([again, other], some, tmp_path, "test", log=lambda _: None)
    assert texts == [[f"{key} {k}" for k in range(70)] for key in "ab"]
    assert again.seen == 70 and other.seen == 0
    judge_clips([again], some, tmp_path, "test", log=lambda _: None)
    assert again.seen == 70


def test_about_is_what_the_converter_takes():
    figures = [Figure(name="SRCC", value=0.5, low=0.4, high=0.6, n=4, command="npm run evaluate-small")]
    said = about(figures, np.linspace(1, 5, 101), 4, 4_400_000)
    assert said["figures"] == [
        {"name": "SRCC", "value": 0.5, "n": 4, "command": "npm run evaluate-small", "low": 0.4, "high": 0.6}
    ]
    assert len(said["scale"]["quantiles"]) == 101 and said["scale"]["kind"] == "own"
    assert table(figures) in said["card"] == model_card(table(figures), 4_400_000)
    assert "4.4 million" in said["card"]
