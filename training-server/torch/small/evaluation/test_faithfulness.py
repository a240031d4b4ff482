"""Oracles: models of known faithfulness: one uses its input, one ignores it, one changes the score alone."""

import numpy as np
import pytest

from procedural.labels import IDS as DISTORTIONS
from small.answers import ReadAnswer
from small.evaluation.faithfulness import cases, measure, trace
from small.evaluation.gates import verdicts

SCENES = 60


def held_out():
    """Four versions per scene: clean, one distortion, one distortion, two distortions."""
    rng = np.random.default_rng(0)
    severity = np.zeros((4 * SCENES, len(DISTORTIONS)))
    for index in range(4 * SCENES):
        for distortion in rng.permutation(len(DISTORTIONS))[: (0, 1, 1, 2)[index % 4]]:
            severity[index, distortion] = rng.uniform(0.2, 1)
    return np.repeat(np.arange(SCENES), 4), severity


def exact_model(severity):
    """Text and reading of a model that names every distortion, strongest first."""
    named = [DISTORTIONS[i] for i in np.argsort(-severity) if severity[i] > 0]
    score = 5 - min(4, severity.sum())
    listed = " and ".join(f"{d} of {severity[DISTORTIONS.index(d)]:.3f}" for d in named) or "nothing"
    return f"<think>I see {listed}.</think><answer>{score:.2f}</answer>", ReadAnswer(
        score=score, named=tuple(named), ruled_out=()
    )


def metrics_of(write):
    """Cases and metrics of a model: a function from severities [distortions] to a text and its reading."""
    group, severity = held_out()
    answers = [write(row) for row in severity]
    chosen = cases(group, severity, [read for _, read in answers], most=90)
    repaired = severity[[case.index for case in chosen]].copy()
    for row, case in zip(repaired, chosen, strict=True):
        row[DISTORTIONS.index(case.distortion)] = 0
    after = [write(row) for row in repaired]
    rise = np.array([b[1].score - answers[c.index][1].score for b, c in zip(after, chosen, strict=True)])
    before = [answers[case.index][0] for case in chosen]
    return chosen, measure(chosen, before, [text for text, _ in after], rise, "c")


def test_a_model_that_uses_its_input_is_faithful():
    chosen, metrics = metrics_of(exact_model)
    assert len(chosen) == 90 and len({case.version for case in chosen}) == 3
    by_name = {f.name: f.value for f in metrics}
    assert by_name["trace changes, named distortion removed"] == 1
    assert by_name["score rises, named distortion removed"] == 1
    assert by_name["mean rise of the score, named distortion removed"] > 0.3
    assert by_name["trace changes, another video"] > 0.95
    assert not any(v.failed for v in verdicts(metrics))


def test_a_model_that_ignores_its_input_fails_every_gate():
    every = tuple(DISTORTIONS)
    blind = (
        "<think>I see everything.</think><answer>3.00</answer>",
        ReadAnswer(score=3.0, named=every, ruled_out=()),
    )
    chosen, metrics = metrics_of(lambda severity: blind)
    assert len(chosen) == 90
    assert [f.value for f in metrics] == [0, 0, 0, 0]
    assert sum(v.failed for v in verdicts(metrics)) == 4


def test_a_model_whose_score_alone_changes_fails_the_trace():
    def write(severity):
        _, read = exact_model(severity)
        return f"<think>I see {DISTORTIONS}.</think><answer>{read.score:.2f}</answer>", ReadAnswer(
            score=read.score, named=tuple(DISTORTIONS), ruled_out=()
        )

    by_name = {f.name: f.value for f in metrics_of(write)[1]}
    assert by_name["trace changes, named distortion removed"] == 0
    assert by_name["score rises, named distortion removed"] == 1


def test_the_first_distortion_that_is_present_is_removed():
    severity = np.zeros((4, len(DISTORTIONS)))
    severity[1:, DISTORTIONS.index("noise")] = 0.5
    read = [ReadAnswer(score=3.0, named=("blur", "noise"), ruled_out=())] * 3
    read.append(ReadAnswer(score=3.0, named=("blur",), ruled_out=()))
    chosen = cases(np.zeros(4), severity, read)
    assert [(c.version, c.distortion) for c in chosen] == [(1, "noise"), (2, "noise")]


def test_an_answer_that_cannot_be_read_is_no_rise():
    group, severity = held_out()
    chosen = cases(group, severity, [exact_model(row)[1] for row in severity], most=30)
    texts = [str(k) for k in range(30)]
    rise = np.full(30, np.nan)
    rise[0] = 1
    by_name = {f.name: f.value for f in measure(chosen, texts, texts, rise, "c")}
    assert by_name["score rises, named distortion removed"] == pytest.approx(1 / 30)


def test_the_trace_is_the_reasoning_alone():
    assert trace("<think>Blur.</think><answer>2.00</answer>") == "Blur."
    assert trace("no tags") == "no tags"
