"""What is said of a code. Oracle: the label behind an exact code, and the convention of `Decision`."""

import numpy as np
import pytest

from procedural.labels import FIRST_HALF, TABLE, WHOLE
from small.codes import (
    CODE_SIZE,
    COUNT,
    FIRST,
    SCORE,
    SEVERITY,
    STYLE_PART,
    CodeNoise,
    LabelPrior,
    code,
    decide,
)
from small.text import DISTORTIONS, EXACT, SENTENCES, STYLE_SIZE, Label, compose

STYLE = np.zeros(STYLE_SIZE)


def heard(score=3.0, **places):
    """A code with these heights of faults."""
    found = np.zeros(CODE_SIZE)
    found[SCORE] = score - 3
    for name, height in places.items():
        found[SEVERITY][DISTORTIONS.index(name)] = height
    return found


def named(label):
    return {d for d, s in zip(DISTORTIONS, label.severity, strict=True) if s > 0}


def test_an_exact_code_says_what_its_label_says():
    rng, prior = np.random.default_rng(0), LabelPrior(loose=0, weight_spread=0)
    for _ in range(500):
        given = prior.draw(rng)
        said = decide(code(given, STYLE))
        assert named(said) == named(given) and said.when == given.when and not said.doubtful
        # Two texts of one score may split it differently between two faults, hence the wide tolerance.
        assert np.allclose(said.severity, given.severity, atol=0.35)
        if 1.4 < given.score < 4.6:
            assert said.score == pytest.approx(given.score, abs=1e-6)


def test_a_single_fault_keeps_its_severity_where_score_and_severity_agree():
    for name, row in zip(DISTORTIONS, TABLE["distortions"], strict=True):
        score = 1 + 4 * (1 - row["weight"] * 0.6 ** TABLE["exponent"])
        said = decide(heard(score, **{name: 1.6}))
        assert max(said.severity) == pytest.approx(0.6, abs=0.06)


def test_named_from_half_way_on_and_silent_below():
    assert named(decide(heard(4.4, blur=0.51))) == {"blur"}
    said = decide(heard(4.4, blur=0.49))
    assert named(said) == set() and said.doubtful == {DISTORTIONS.index("blur")}
    assert decide(heard(4.4, blur=0.29)).doubtful == frozenset()


def test_a_low_score_is_never_called_clean():
    rng = np.random.default_rng(1)
    for _ in range(200):
        places = np.zeros(CODE_SIZE)
        places[SEVERITY] = 0.1 * rng.standard_normal(COUNT)
        places[SCORE] = rng.uniform(-2, 1.29)
        said = decide(places)
        assert named(said) == {DISTORTIONS[int(places[SEVERITY].argmax())]}
        text = compose(said, STYLE, rng, EXACT)
        assert not any(clean in text for clean in SENTENCES["sentences"]["clean"])


def test_at_most_three_are_named_and_the_fourth_is_not_denied():
    said = decide(heard(1.5, blur=1.9, noise=1.7, freeze=1.5, shake=1.3))
    assert named(said) == {"blur", "noise", "freeze"} and said.doubtful == {DISTORTIONS.index("shake")}


def test_strength_leads_to_the_score():
    """A fault of one height is called stronger under a low score, fainter under a high one."""
    strengths = [max(decide(heard(score, compression=1.4)).severity) for score in (1.5, 2.5, 3.5, 4.5)]
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[0] > 0.55 and strengths[-1] < 0.3


def test_order_of_heights_is_order_of_severities():
    said = decide(heard(2.0, noise=0.9, flicker=1.05, banding=1.8)).severity
    order = [DISTORTIONS[i] for i in np.argsort(said)[::-1][:3]]
    assert order == ["banding", "flicker", "noise"]


def test_a_half_is_told_only_where_the_code_is_sure():
    found = heard(3.0, noise=1.5)
    place = DISTORTIONS.index("noise")
    found[FIRST][place] = 0.45
    assert decide(found).when[place] == WHOLE
    found[FIRST][place] = 0.55
    assert decide(found).when[place] == FIRST_HALF


def test_scores_beyond_the_scale_stay_apart():
    places = np.linspace(-3.5, 3.5, 701)
    scores = [decide.score(p) for p in places]
    assert min(scores) > 1 and max(scores) < 5 and np.all(np.diff(scores) > 0)
    assert decide.score(0.77) == pytest.approx(3.77)
    # Of scores spread evenly up to 5.3, no two decimals gather 5 %.
    values, counts = np.unique(
        np.round([decide.score(p) for p in np.linspace(1, 2.3, 1000)], 2), return_counts=True
    )
    assert counts.max() < 50 and len(values) > 70


def test_noise_lowers_some_faults_and_leaves_styles():
    rng = np.random.default_rng(2)
    codes = np.stack([code(Label(score=3, severity=(0.5,) * COUNT, when=(0,) * COUNT), STYLE)] * 2000)
    got = CodeNoise().on(codes, rng)
    assert np.array_equal(got[:, STYLE_PART], codes[:, STYLE_PART])
    low = got[:, SEVERITY] < 0.75
    assert 0.15 < low.mean() < 0.4
    assert got[:, SCORE].std() == pytest.approx(0.25 * (4 / 3) ** 0.5, rel=0.1)
