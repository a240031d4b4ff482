"""Teacher heads and distillation. Oracles: rules that hold exactly, and `concepts.verbalization_policy`."""

import numpy as np
import pytest
import torch

from small.concepts import COUNT, SCORE, SEVERITY, verbalization_policy
from small.config import POOLED
from small.heads import (
    TargetMapping,
    Targets,
    TeacherOutput,
    TeacherRecipe,
    ensemble_output,
    fit_teacher,
    teacher_loss,
)
from small.projector import DistillationRecipe, Projector, distill, hard_label_loss, pad_pooled

STATISTICS = Projector().norm.normalized_shape[0] - POOLED


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def output_of(probability: torch.Tensor, severity: torch.Tensor, score: torch.Tensor) -> TeacherOutput:
    none = torch.full_like(probability, -9.0)
    return TeacherOutput(score, probability.logit(), severity, none, none)


def test_a_distortion_is_named_from_the_threshold_probability_on():
    probability = torch.full((3, COUNT), 0.01)
    probability[0, 4], probability[1, 4], probability[2, 4] = 0.15, 0.25, 0.95
    severity = torch.full((3, COUNT), 0.4)
    concepts = TargetMapping(threshold=0.2)(output_of(probability, severity, torch.full((3,), 4.9)))
    labels = [verbalization_policy(row) for row in concepts.numpy()]
    assert [label.severity[4] > 0 for label in labels] == [False, True, True]
    assert concepts[2, SEVERITY][4] == pytest.approx(1 + 0.4 * 0.95, abs=0.02)
    assert (concepts[:, SEVERITY][:, :4] < 0.1).all()
    assert concepts[:, SCORE].flatten().tolist() == pytest.approx([1.9] * 3)


@pytest.mark.parametrize("severity", [0.05, 0.5, 1.0])
def test_the_threshold_is_the_same_for_faint_and_strong(severity):
    probability = torch.full((1, COUNT), 0.2)
    concepts = TargetMapping(threshold=0.2)(
        output_of(probability, torch.full((1, COUNT), severity), torch.full((1,), 3.0))
    )
    expected = [verbalization_policy.naming_threshold] * COUNT
    assert concepts[0, SEVERITY].tolist() == pytest.approx(expected, abs=1e-5)


def exact_rule(count: int = 400) -> tuple[torch.Tensor, Targets]:
    """Statistic 3 is the score; a distortion is present where its statistic exceeds 1, by its severity."""
    x = torch.randn(count, STATISTICS)
    severity = (x[:, 10 : 10 + COUNT] - 1).clamp(0, 1)
    return x, Targets((3 + x[:, 3]).clamp(1, 5), severity, torch.zeros(count, COUNT, dtype=torch.long))


def test_a_teacher_fits_an_exact_rule_and_a_student_learns_it_from_teachers():
    x, truth = exact_rule(1200)
    recipe = TeacherRecipe(steps=400, noise=0.0, dropout=0.0)
    teachers = [fit_teacher(x, truth, seed, recipe) for seed in range(2)]
    output = ensemble_output(teachers, x)
    assert np.corrcoef(output.score, truth.score)[0, 1] > 0.9
    assert ((output.logit > 0) == truth.present).float().mean() > 0.91
    recipe = DistillationRecipe(steps=400, noise=0.0, single=0.0, balanced=0.0)
    projector = distill(teachers, TargetMapping(), x, truth, 0, recipe)
    with torch.no_grad():
        concepts = projector(pad_pooled(x))
    wanted = TargetMapping()(output)
    assert np.corrcoef(concepts[:, 0], wanted[:, 0])[0, 1] > 0.95
    assert ((concepts[:, SEVERITY] > 0.5) == (wanted[:, SEVERITY] > 0.5)).float().mean() > 0.95


def test_severities_of_absent_distortions_cost_nothing():
    truth = Targets(torch.full((4,), 3.0), torch.zeros(4, COUNT), torch.zeros(4, COUNT, dtype=torch.long))
    losses = []
    for severity in (0.0, 5.0):
        output = output_of(
            torch.full((4, COUNT), 0.1), torch.full((4, COUNT), severity), torch.full((4,), 3.0)
        )
        losses.append(teacher_loss(output, truth, TeacherRecipe()).item())
    assert losses[0] == losses[1]


def test_an_offset_of_a_whole_scene_costs_less_than_a_wrong_order():
    truth = Targets(
        torch.tensor([5.0, 4, 3, 2]), torch.zeros(4, COUNT), torch.zeros(4, COUNT, dtype=torch.long)
    )
    sure = torch.full((4, COUNT), 0.1), torch.zeros(4, COUNT)
    shifted = teacher_loss(output_of(*sure, truth.score + 1), truth, TeacherRecipe())
    turned = teacher_loss(
        output_of(*sure, truth.score + torch.tensor([-1.0, 1, -1, 1])), truth, TeacherRecipe()
    )
    assert shifted < turned


def test_hard_labels_correct_wrong_teachers():
    x, truth = exact_rule(1200)
    # Teachers fitted on the statistics of the next distortion.
    shifted = Targets(truth.score, truth.severity.roll(1, 1), truth.when)
    teachers = [fit_teacher(x, shifted, 0, TeacherRecipe(steps=300, noise=0.0, dropout=0.0))]
    one = truth.present.sum(1) == 1

    def right(**weights: float) -> float:
        recipe = DistillationRecipe(steps=400, noise=0.0, **weights)
        projector = distill(teachers, TargetMapping(), x, truth, 0, recipe)
        with torch.no_grad():
            components = projector(pad_pooled(x))[:, SEVERITY]
        return float((components[one].argmax(1) == truth.present[one].float().argmax(1)).float().mean())

    assert right(single=0.0, balanced=0.0) < 0.2
    assert right(single=3.0, balanced=0.6) > 0.5


def test_a_rare_distortion_weighs_as_much_as_a_common_one():
    truth = Targets(torch.full((4,), 3.0), torch.zeros(4, COUNT), torch.zeros(4, COUNT, dtype=torch.long))
    prevalence = torch.full((COUNT,), 0.5)
    prevalence[2] = 0.1
    truth.severity[0, 1:3] = 0.5
    output = torch.full((4, 1 + 3 * COUNT), verbalization_policy.naming_threshold)
    recipe = DistillationRecipe(single=0.0, balanced=1.0)
    before = hard_label_loss(output, truth, prevalence, recipe).item()
    losses = []
    for distortion in (1, 2):
        better = output.clone()
        better[0, SEVERITY.start + distortion] += 10
        losses.append(before - hard_label_loss(better, truth, prevalence, recipe).item())
    assert losses[1] == pytest.approx(5 * losses[0], rel=1e-3)
