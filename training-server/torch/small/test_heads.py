"""Heads and their lesson. Oracles: rules that are known to hold, and `codes.decide` as the reader."""

import numpy as np
import pytest
import torch

from small.codes import COUNT, SCORE, SEVERITY, decide
from small.config import POOLED
from small.heads import HeadRecipe, Lesson, Opinion, Targets, fit_judge, opinion_loss, opinion_of
from small.projector import Projector, TeachingRecipe, own_labels_loss, pad_pooled, teach

STATISTICS = Projector().norm.normalized_shape[0] - POOLED


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def opinion(probability: torch.Tensor, severity: torch.Tensor, score: torch.Tensor) -> Opinion:
    none = torch.full_like(probability, -9.0)
    return Opinion(score, probability.logit(), severity, none, none)


def test_a_fault_is_named_from_the_lessons_probability_on():
    probability = torch.full((3, COUNT), 0.01)
    probability[0, 4], probability[1, 4], probability[2, 4] = 0.15, 0.25, 0.95
    severity = torch.full((3, COUNT), 0.4)
    codes = Lesson(likely=0.2)(opinion(probability, severity, torch.full((3,), 4.9)))
    labels = [decide(code) for code in codes.numpy()]
    assert [label.severity[4] > 0 for label in labels] == [False, True, True]
    assert codes[2, SEVERITY][4] == pytest.approx(1 + 0.4 * 0.95, abs=0.02)
    assert (codes[:, SEVERITY][:, :4] < 0.1).all() and codes[:, SCORE].flatten().tolist() == pytest.approx(
        [1.9] * 3
    )


@pytest.mark.parametrize("severity", [0.05, 0.5, 1.0])
def test_the_threshold_is_the_same_for_faint_and_strong(severity):
    likely = torch.full((1, COUNT), 0.2)
    codes = Lesson(likely=0.2)(opinion(likely, torch.full((1, COUNT), severity), torch.full((1,), 3.0)))
    assert codes[0, SEVERITY].tolist() == pytest.approx([decide.named] * COUNT, abs=1e-5)


def known_rule(count: int = 400) -> tuple[torch.Tensor, Targets]:
    """Statistic 3 is the score; a fault is there where its own statistic is above 1, as bad as that says."""
    x = torch.randn(count, STATISTICS)
    severity = (x[:, 10 : 10 + COUNT] - 1).clamp(0, 1)
    return x, Targets((3 + x[:, 3]).clamp(1, 5), severity, torch.zeros(count, COUNT, dtype=torch.long))


def test_a_judge_learns_a_known_rule_and_a_projector_learns_it_from_judges():
    x, truth = known_rule(1200)
    recipe = HeadRecipe(steps=400, noise=0.0, dropout=0.0)
    judges = [fit_judge(x, truth, seed, recipe) for seed in range(2)]
    said = opinion_of(judges, x)
    assert np.corrcoef(said.score, truth.score)[0, 1] > 0.9
    assert ((said.logit > 0) == truth.present).float().mean() > 0.91
    recipe = TeachingRecipe(steps=400, noise=0.0, only=0.0, balanced=0.0)
    projector = teach(judges, Lesson(), x, truth, 0, recipe)
    with torch.no_grad():
        codes = projector(pad_pooled(x))
    wanted = Lesson()(said)
    assert np.corrcoef(codes[:, 0], wanted[:, 0])[0, 1] > 0.95
    assert ((codes[:, SEVERITY] > 0.5) == (wanted[:, SEVERITY] > 0.5)).float().mean() > 0.95


def test_severities_of_absent_faults_cost_nothing():
    truth = Targets(torch.full((4,), 3.0), torch.zeros(4, COUNT), torch.zeros(4, COUNT, dtype=torch.long))
    losses = []
    for severity in (0.0, 5.0):
        said = opinion(torch.full((4, COUNT), 0.1), torch.full((4, COUNT), severity), torch.full((4,), 3.0))
        losses.append(opinion_loss(said, truth, HeadRecipe()).item())
    assert losses[0] == losses[1]


def test_a_scene_that_is_judged_wrong_as_a_whole_costs_less_than_its_order():
    truth = Targets(
        torch.tensor([5.0, 4, 3, 2]), torch.zeros(4, COUNT), torch.zeros(4, COUNT, dtype=torch.long)
    )
    sure = torch.full((4, COUNT), 0.1), torch.zeros(4, COUNT)
    shifted = opinion_loss(opinion(*sure, truth.score + 1), truth, HeadRecipe())
    turned = opinion_loss(opinion(*sure, truth.score + torch.tensor([-1.0, 1, -1, 1])), truth, HeadRecipe())
    assert shifted < turned


def test_a_projector_knows_more_than_judges_that_are_wrong():
    x, truth = known_rule(1200)
    # Judges that learnt the faults of the next statistic over.
    shifted = Targets(truth.score, truth.severity.roll(1, 1), truth.when)
    judges = [fit_judge(x, shifted, 0, HeadRecipe(steps=300, noise=0.0, dropout=0.0))]
    one = truth.present.sum(1) == 1

    def right(**weights: float) -> float:
        recipe = TeachingRecipe(steps=400, noise=0.0, **weights)
        projector = teach(judges, Lesson(), x, truth, 0, recipe)
        with torch.no_grad():
            places = projector(pad_pooled(x))[:, SEVERITY]
        return float((places[one].argmax(1) == truth.present[one].float().argmax(1)).float().mean())

    assert right(only=0.0, balanced=0.0) < 0.2
    assert right(only=3.0, balanced=0.6) > 0.5


def test_a_rare_fault_weighs_as_much_as_a_common_one():
    truth = Targets(torch.full((4,), 3.0), torch.zeros(4, COUNT), torch.zeros(4, COUNT, dtype=torch.long))
    common = torch.full((COUNT,), 0.5)
    common[2] = 0.1
    truth.severity[0, 1:3] = 0.5
    said = torch.full((4, 1 + 3 * COUNT), decide.named)
    recipe = TeachingRecipe(only=0.0, balanced=1.0)
    before = own_labels_loss(said, truth, common, recipe).item()
    losses = []
    for fault in (1, 2):
        better = said.clone()
        better[0, SEVERITY.start + fault] += 10
        losses.append(before - own_labels_loss(better, truth, common, recipe).item())
    assert losses[1] == pytest.approx(5 * losses[0], rel=1e-3)
