"""Oracles: texts of the writer itself, hand-made texts, and answers whose figures are known."""

import numpy as np
import pytest

from small.answers import ReadAnswer
from small.concepts import LabelPrior
from small.evaluation.real_clips import (
    RealAnswers,
    above_slight,
    broken,
    contradicts,
    measure,
    points,
    within_clip,
)
from small.penalty.copies import ORIGINAL, RULES
from small.text import STYLE_SIZE, compose


def test_no_text_of_the_writer_is_broken_or_contradicts_its_score():
    rng, prior = np.random.default_rng(0), LabelPrior()
    for _ in range(400):
        text = compose(prior.draw(rng), rng.standard_normal(STYLE_SIZE), rng)
        assert not broken(text), text
        assert not contradicts(text, float(text.partition("<answer>")[2][:4]))


@pytest.mark.parametrize(
    "thought",
    [
        "The clip shows slight against about.",
        "The clip shows slight blur. I also notice",
        "The clip shows slight blur slight noise.",
        "Overall, the quality is.",
    ],
)
def test_other_sentences_are_broken(thought):
    assert broken(f"<think>{thought}</think><answer>3.00</answer>")


def test_a_grade_of_another_score_contradicts():
    text = "<think>Overall, the quality is good.</think><answer>3.49</answer>"
    assert contradicts(text, 3.49) and not contradicts(text, 3.61)
    assert not contradicts("<think>The score reflects this.</think>", 3.49)


def test_degrees_above_slight():
    assert above_slight("<think>The clip suffers from very strong blur.</think>")
    assert above_slight("<think>The clip shows visible blur.</think>")
    assert not above_slight("<think>The clip shows mild blur throughout.</think>")


def answers(score_of, clips=("a", "b", "c")):
    listed = [(clip, *point) for clip in clips for point in points(np.random.default_rng(0))]
    clip, kind, level = (np.array(column) for column in zip(*listed, strict=True))
    severity = np.zeros(len(kind))
    for name in RULES["levels"]:
        for c in clips:
            severity[(kind == name) & (clip == c)] = [0.2, 0.5, 0.9]
    vmaf = np.where(np.isin(kind, RULES["measured"]), 100 - 80 * severity, np.nan)
    scores = [score_of(k, s, x) for k, s, x in zip(kind, severity, level, strict=True)]
    return RealAnswers(
        clip=clip,
        kind=kind,
        level=level,
        severity=severity,
        vmaf=vmaf,
        texts=[f"<think>The clip is clean.</think><answer>{s:.2f}</answer>" for s in scores],
        read=[ReadAnswer(score=s, named=(), ruled_out=()) for s in scores],
    )


def test_a_model_that_sees_every_degradation():
    result = {
        m.name: m.value for m in measure(answers(lambda k, s, x: 4 - 2 * s - x / 100 * (k == "encode")), "c")
    }
    assert result["Spearman, real clips"] == pytest.approx(1)
    assert result["SRCC against VMAF, real clips"] == pytest.approx(1)
    assert result["better encode preferred, crf 20 and 26, real clips"] == 1
    assert result["temporal fault named, real clips"] == 0
    assert result["broken sentences, real clips"] == 0
    assert result["share of the most frequent opening, real clips"] == 1


def test_a_model_that_sees_nothing_ranks_nothing():
    constant = answers(lambda k, s, x: 3.0)
    assert within_clip(constant, "blur").tolist() == [0, 0, 0]
    result = {m.name: m.value for m in measure(constant, "c")}
    assert result["better encode preferred, crf 26 and 32, real clips"] == 0.5


def test_the_original_comes_first_and_encodes_last():
    kinds = [kind for kind, _ in points(np.random.default_rng(1))]
    assert kinds[0] == ORIGINAL and kinds[-3:] == ["encode"] * 3
