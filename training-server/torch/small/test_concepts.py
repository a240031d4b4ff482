"""The verbalisation policy. Oracles: the label behind an exact concept vector; the documented thresholds."""

import numpy as np
import pytest

from procedural.labels import FIRST_HALF, TABLE, WHOLE
from small.concepts import (
    CONCEPT_DIM,
    COUNT,
    FIRST,
    SCORE,
    SEVERITY,
    STYLE_PART,
    ConceptNoise,
    LabelPrior,
    concept_vector,
    verbalization_policy,
)
from small.text import DISTORTIONS, EXACT, SENTENCES, STYLE_SIZE, Label, compose

STYLE = np.zeros(STYLE_SIZE)


def vector(score=3.0, **components):
    """A concept vector of a score and some severity components."""
    concepts = np.zeros(CONCEPT_DIM)
    concepts[SCORE] = score - 3
    for name, component in components.items():
        concepts[SEVERITY][DISTORTIONS.index(name)] = component
    return concepts


def named(label):
    return {d for d, s in zip(DISTORTIONS, label.severity, strict=True) if s > 0}


def test_an_exact_vector_is_verbalised_as_its_label():
    rng, prior = np.random.default_rng(0), LabelPrior(decoupled=0, weight_spread=0, quality=(5, 5))
    for _ in range(500):
        given = prior.draw(rng)
        output = verbalization_policy(concept_vector(given, STYLE))
        assert named(output) == named(given) and output.when == given.when and not output.unmentioned
        # A score may be split differently between two distortions, hence the wide tolerance.
        assert np.allclose(output.severity, given.severity, atol=0.35)
        if 1.4 < given.score < 4.6:
            assert output.score == pytest.approx(given.score, abs=1e-6)


def test_a_single_distortion_keeps_its_severity_where_score_and_severity_agree():
    for name, row in zip(DISTORTIONS, TABLE["distortions"], strict=True):
        score = 1 + 4 * (1 - row["weight"] * 0.6 ** TABLE["exponent"])
        output = verbalization_policy(vector(score, **{name: 1.6}))
        assert max(output.severity) == pytest.approx(0.6, abs=0.06)


def test_named_from_half_way_on_and_unmentioned_below():
    assert named(verbalization_policy(vector(4.4, blur=0.51))) == {"blur"}
    output = verbalization_policy(vector(4.4, blur=0.49))
    assert named(output) == set() and output.unmentioned == {DISTORTIONS.index("blur")}
    assert verbalization_policy(vector(4.4, blur=0.29)).unmentioned == frozenset()


def test_a_low_score_alone_names_nothing_and_is_not_called_clean():
    """People also score content and sharpness; the text then says that no single fault stands out."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        components = np.zeros(CONCEPT_DIM)
        components[SEVERITY] = 0.1 * rng.standard_normal(COUNT)
        components[SCORE] = rng.uniform(-2, 0.4)
        output = verbalization_policy(components)
        assert named(output) == set()
        text = compose(output, STYLE, rng, EXACT)
        assert not any(clean in text for clean in SENTENCES["sentences"]["clean"]["high"])


def test_at_most_three_are_named_and_the_fourth_is_not_denied():
    output = verbalization_policy(vector(1.5, blur=1.9, noise=1.7, freeze=1.5, shake=1.3))
    assert named(output) == {"blur", "noise", "freeze"} and output.unmentioned == {DISTORTIONS.index("shake")}


def test_a_high_score_lowers_severities_and_a_low_one_leaves_them():
    strengths = [
        max(verbalization_policy(vector(score, compression=1.6)).severity) for score in (1.5, 2.5, 3.5, 4.5)
    ]
    assert strengths[:2] == pytest.approx([0.6, 0.6])
    assert strengths[1] > strengths[2] > strengths[3] and strengths[3] < 0.3


def test_order_of_components_is_order_of_severities():
    output = verbalization_policy(vector(2.0, noise=0.9, flicker=1.05, banding=1.8)).severity
    order = [DISTORTIONS[i] for i in np.argsort(output)[::-1][:3]]
    assert order == ["banding", "flicker", "noise"]


def test_a_half_is_named_only_above_one_half():
    concepts = vector(3.0, noise=1.5)
    index = DISTORTIONS.index("noise")
    concepts[FIRST][index] = 0.45
    assert verbalization_policy(concepts).when[index] == WHOLE
    concepts[FIRST][index] = 0.55
    assert verbalization_policy(concepts).when[index] == FIRST_HALF


def test_scores_beyond_the_scale_stay_apart():
    components = np.linspace(-3.5, 3.5, 701)
    scores = [verbalization_policy.score(p) for p in components]
    assert min(scores) > 1 and max(scores) < 5 and np.all(np.diff(scores) > 0)
    assert verbalization_policy.score(0.77) == pytest.approx(3.77)
    # Of scores spread evenly up to 5.3, no two decimals gather 5 %.
    values, counts = np.unique(
        np.round([verbalization_policy.score(p) for p in np.linspace(1, 2.3, 1000)], 2), return_counts=True
    )
    assert counts.max() < 50 and len(values) > 70


def test_noise_lowers_some_components_and_leaves_styles():
    rng = np.random.default_rng(2)
    label = Label(score=3, severity=(0.5,) * COUNT, when=(0,) * COUNT)
    concepts = np.stack([concept_vector(label, STYLE)] * 2000)
    got = ConceptNoise().on(concepts, rng)
    assert np.array_equal(got[:, STYLE_PART], concepts[:, STYLE_PART])
    low = got[:, SEVERITY] < 0.75
    assert 0.15 < low.mean() < 0.4
    assert got[:, SCORE].std() == pytest.approx(0.25 * (4 / 3) ** 0.5, rel=0.1)
