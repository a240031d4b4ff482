"""Oracles: judges whose faithfulness is known: one looks, one never does, one only sees the score."""

import numpy as np
import pytest

from procedural.labels import IDS as DISTORTIONS
from small.answers import ReadAnswer
from small.evaluation.faithful import cases, measure, trace
from small.evaluation.gates import verdicts

SCENES = 60


def held_out():
    """Four versions a scene: clean, one fault, one fault, two faults."""
    rng = np.random.default_rng(0)
    severity = np.zeros((4 * SCENES, len(DISTORTIONS)))
    for place in range(4 * SCENES):
        for fault in rng.permutation(len(DISTORTIONS))[: (0, 1, 1, 2)[place % 4]]:
            severity[place, fault] = rng.uniform(0.2, 1)
    return np.repeat(np.arange(SCENES), 4), severity


def looks(severity):
    """What a judge that names every fault, strongest first, writes."""
    found = [DISTORTIONS[i] for i in np.argsort(-severity) if severity[i] > 0]
    score = 5 - min(4, severity.sum())
    said = " and ".join(f"{d} of {severity[DISTORTIONS.index(d)]:.3f}" for d in found) or "nothing"
    return f"<think>I see {said}.</think><answer>{score:.2f}</answer>", ReadAnswer(
        score=score, found=tuple(found), ruled_out=()
    )


def figures_of(write):
    """A judge as a function of severities [distortions] → text and what is read."""
    group, severity = held_out()
    answers = [write(row) for row in severity]
    chosen = cases(group, severity, [read for _, read in answers], most=90)
    repaired = severity[[case.place for case in chosen]].copy()
    for row, case in zip(repaired, chosen, strict=True):
        row[DISTORTIONS.index(case.fault)] = 0
    after = [write(row) for row in repaired]
    rise = np.array([b[1].score - answers[c.place][1].score for b, c in zip(after, chosen, strict=True)])
    before = [answers[case.place][0] for case in chosen]
    return chosen, measure(chosen, before, [text for text, _ in after], rise, "c")


def test_a_judge_that_looks_is_faithful():
    chosen, figures = figures_of(looks)
    assert len(chosen) == 90 and len({case.version for case in chosen}) == 3
    by_name = {f.name: f.value for f in figures}
    assert by_name["trace changes, named fault removed"] == 1
    assert by_name["score rises, named fault removed"] == 1
    assert by_name["mean rise of the score, named fault removed"] > 0.3
    assert by_name["trace changes, another video"] > 0.95
    assert not any(v.failed for v in verdicts(figures))


def test_a_judge_that_ignores_its_input_fails_every_gate():
    every = tuple(DISTORTIONS)
    blind = (
        "<think>I see everything.</think><answer>3.00</answer>",
        ReadAnswer(score=3.0, found=every, ruled_out=()),
    )
    chosen, figures = figures_of(lambda severity: blind)
    assert len(chosen) == 90
    assert [f.value for f in figures] == [0, 0, 0, 0]
    assert sum(v.failed for v in verdicts(figures)) == 4


def test_a_judge_whose_score_alone_moves_fails_the_trace():
    def write(severity):
        _, read = looks(severity)
        return f"<think>I see {DISTORTIONS}.</think><answer>{read.score:.2f}</answer>", ReadAnswer(
            score=read.score, found=tuple(DISTORTIONS), ruled_out=()
        )

    by_name = {f.name: f.value for f in figures_of(write)[1]}
    assert by_name["trace changes, named fault removed"] == 0
    assert by_name["score rises, named fault removed"] == 1


def test_the_first_fault_that_is_really_there_is_taken():
    severity = np.zeros((4, len(DISTORTIONS)))
    severity[1:, DISTORTIONS.index("noise")] = 0.5
    read = [ReadAnswer(score=3.0, found=("blur", "noise"), ruled_out=())] * 3
    read.append(ReadAnswer(score=3.0, found=("blur",), ruled_out=()))
    chosen = cases(np.zeros(4), severity, read)
    assert [(c.version, c.fault) for c in chosen] == [(1, "noise"), (2, "noise")]


def test_an_answer_that_cannot_be_read_is_no_rise():
    group, severity = held_out()
    chosen = cases(group, severity, [looks(row)[1] for row in severity], most=30)
    texts = [str(k) for k in range(30)]
    rise = np.full(30, np.nan)
    rise[0] = 1
    by_name = {f.name: f.value for f in measure(chosen, texts, texts, rise, "c")}
    assert by_name["score rises, named fault removed"] == pytest.approx(1 / 30)


def test_the_trace_is_the_reasoning_alone():
    assert trace("<think>Blur.</think><answer>2.00</answer>") == "Blur."
    assert trace("no tags") == "no tags"
