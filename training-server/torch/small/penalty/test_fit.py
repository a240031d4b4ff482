"""Oracles: closed forms of d and of the targets; a fit on separable inputs."""

import numpy as np
import pytest
import torch

from procedural.labels import IDS
from small.concepts import SCORE, SEVERITY, WEIGHTS
from small.config import MOTION, POOLED
from small.penalty.copies import ORIGINAL, Rows
from small.penalty.fit import (
    CONCEPT_RANK,
    SEEN,
    TEMPORAL_INDEX,
    Fit,
    PenaltyRecipe,
    Targets,
    penalty,
    prevalence_of,
    real_targets,
    restore_labels,
    restored_projector,
    ridge,
)
from small.projector import Projector, pad_pooled

RECIPE = PenaltyRecipe()
BLUR, FREEZE = IDS.index("blur"), IDS.index("freeze")


def rows(kinds, severity, vmaf, intact=True):
    n = len(kinds)
    return Rows(
        clip=np.array(["a"] * n),
        kind=np.array(kinds),
        severity=np.array(severity, float),
        vmaf=np.array(vmaf, float),
        statistics=np.zeros((n, 3)),
        intact=np.full(n, intact),
    )


def test_the_penalty_is_0_without_distortions_and_smaller_where_h_sees_them():
    severity = np.zeros((3, len(IDS)))
    severity[1, BLUR] = severity[2, FREEZE] = 1
    nothing, blur, freeze = penalty(severity, RECIPE)
    assert nothing == 0 and "blur" in SEEN
    assert blur == pytest.approx(RECIPE.largest * RECIPE.seen * WEIGHTS[BLUR])
    assert freeze == pytest.approx(RECIPE.largest * WEIGHTS[FREEZE])


def test_vmaf_is_the_target_where_it_was_measured():
    given = rows([ORIGINAL, "blur", "freeze", "noise"], [0, 0.5, 0.5, 0.5], [100, 60, np.nan, 95])
    got = real_targets(given, np.ones(4, bool), RECIPE)
    d = -got.concepts[:, SCORE][:, 0]
    assert d[0] == 0 and d[1] == pytest.approx(RECIPE.seen * RECIPE.vmaf * 0.4)
    by_strength = penalty(given.severities, RECIPE)
    assert d[2:].numpy() == pytest.approx(by_strength[2:], rel=1e-5)
    assert got.single.tolist() == [-1, BLUR, FREEZE, IDS.index("noise")]
    assert got.intact.tolist() == [True, True, False, True]


def test_unknown_originals_have_no_spatial_target():
    given = rows([ORIGINAL, "noise"], [0, 0.5], [100, 80])
    weight = real_targets(given, np.zeros(2, bool), RECIPE).weight
    assert (weight[:, SCORE] == 0).all() and weight[0, SEVERITY][BLUR] == 0
    assert weight[1, SEVERITY][IDS.index("noise")] == 1
    assert (weight[:, SEVERITY][:, TEMPORAL_INDEX] == 1).all()
    broken = real_targets(rows([ORIGINAL], [0], [100], intact=False), np.ones(1, bool), RECIPE)
    assert (broken.weight[:, SEVERITY][:, TEMPORAL_INDEX] == 0).all() and not broken.intact.any()


def projector(seed=0):
    torch.manual_seed(seed)
    return Projector().ignore_pooled()


def test_a_restored_projector_computes_what_the_bundled_one_did():
    model, last = projector(), torch.randn(192, 192)
    state = {
        f"{k}.{n}": t for k, m in (("0", model.norm), ("1", model.inner)) for n, t in m.state_dict().items()
    }
    got, reference = restored_projector({**state, "3.weight": last})
    x = pad_pooled(torch.randn(5, MOTION.features - POOLED))
    assert torch.equal(got.hidden(x) @ reference.T, model.hidden(x) @ last.T)


def targets_of(concepts, *, intact=False):
    n = len(concepts)
    single = torch.full((n,), -1)
    return Targets(
        concepts, torch.ones_like(concepts), torch.full((n,), intact), single, torch.ones(n, len(IDS))
    )


def test_ridge_finds_a_linear_map():
    torch.manual_seed(0)
    hidden, slopes = torch.randn(400, 12), torch.randn(12, 3)
    weight, bias = ridge(hidden, hidden @ slopes + 2, 1e-9)
    assert torch.allclose(weight, slopes.T, atol=1e-4) and torch.allclose(
        bias, torch.full((3,), 2.0), atol=1e-4
    )


def test_severities_are_restored_from_the_directions_that_a_package_passes_on():
    model, count = projector(), MOTION.features - POOLED
    x = torch.randn(600, count)
    with torch.no_grad():
        hidden = model.hidden(pad_pooled(x))
        passed = torch.linalg.qr(torch.randn(192, CONCEPT_RANK))[0]
        hidden_numbers = hidden @ passed
        wanted = torch.zeros(len(x), model.labels.out_features)
        wanted[:, SEVERITY] = (
            hidden_numbers[:, : len(IDS)] > hidden_numbers[:, : len(IDS)].median(0)[0]
        ) * 1.5
        wanted[:, SCORE] = hidden[:, :1]
    recipe = PenaltyRecipe(label_steps=400)
    restore_labels(model, torch.randn(192, CONCEPT_RANK) @ passed.T, x, targets_of(wanted), recipe)
    with torch.no_grad():
        got = model(pad_pooled(x))
    right = (got[:, SEVERITY] > 0.5) == (wanted[:, SEVERITY] > 0)
    assert right.float().mean() > 0.9
    assert torch.allclose(got[:, SCORE], wanted[:, SCORE], atol=0.05)
    outside = model.labels.weight[SEVERITY] @ (torch.eye(192) - passed @ passed.T)
    assert outside.abs().max() < 1e-3


def test_the_prevalence_of_a_distortion_in_no_row_is_a_half():
    concepts = torch.zeros(10, projector().labels.out_features)
    concepts[:4, SEVERITY.start + BLUR] = 1.5
    share = prevalence_of(targets_of(concepts))
    assert share[BLUR] == pytest.approx(0.4) and share[FREEZE] == 0.5


def test_a_copy_without_vmaf_has_no_target_of_d():
    given = rows(["blur", "noise"], [0.5, 0.5], [np.nan, np.nan])
    weight = real_targets(given, np.ones(2, bool), RECIPE).weight[:, SCORE][:, 0]
    assert weight.tolist() == [0, 1]


def test_intact_clips_lose_their_temporal_faults():
    model, count = projector(1), MOTION.features - POOLED
    x = torch.randn(64, count)
    concepts = torch.zeros(64, model.labels.out_features)
    with torch.no_grad():
        model.labels.bias[SEVERITY] = 1.0
    labels = targets_of(concepts)
    labels.weight.zero_()
    recipe = PenaltyRecipe(steps=25, rows=8, real_rows=8, lr=1e-2, naming=0, retention=1)
    real = targets_of(concepts, intact=True)
    real.weight.zero_()
    fitted = Fit(model, recipe).run(x, labels, x, real, torch.ones(64))
    with torch.no_grad():
        components = fitted(pad_pooled(x))[:, SEVERITY]
    spatial = [k for k in range(len(IDS)) if k not in TEMPORAL_INDEX]
    assert components[:, TEMPORAL_INDEX].mean() < 0.7 < components[:, spatial].mean()


def test_the_score_has_a_share_of_the_penalty():
    model, count = projector(1), MOTION.features - POOLED
    x, concepts = torch.randn(32, count), torch.zeros(32, model.labels.out_features)
    labels = targets_of(concepts)

    def d(share: float) -> torch.Tensor:
        torch.manual_seed(3)
        recipe = PenaltyRecipe(steps=3, rows=8, real_rows=8, share=share)
        fitted = Fit(model, recipe).run(x, labels, x, labels, torch.ones(32))
        with torch.no_grad():
            return fitted(pad_pooled(x))[:, SCORE]

    assert torch.allclose(d(0.5), 0.5 * d(1.0), atol=1e-6) and d(1.0).abs().max() > 1e-3
