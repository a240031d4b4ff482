"""Oracles: closed forms of d and of the targets; a fit on separable inputs."""

import numpy as np
import pytest
import torch

from procedural.labels import IDS
from small.concepts import SCORE, SEVERITY, WEIGHTS
from small.config import MOTION, POOLED
from small.penalty.copies import ORIGINAL, Rows
from small.penalty.fit import (
    SEEN,
    TEMPORAL_INDEX,
    Fit,
    PenaltyRecipe,
    Targets,
    penalty,
    probe,
    real_targets,
    restored_projector,
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


@torch.no_grad()
def linear_targets(model, x):
    concepts = torch.zeros(len(x), model.labels.out_features)
    concepts[:, SCORE] = model.hidden(pad_pooled(x))[:, :1]
    n = len(x)
    return Targets(
        concepts, torch.ones_like(concepts), torch.zeros(n, dtype=torch.bool), torch.full((n,), -1)
    )


def test_a_probe_finds_a_linear_label():
    model, x = projector(), torch.randn(900, MOTION.features - POOLED)
    targets = linear_targets(model, x)
    probe(model, x, targets, ridge=1e-6)
    with torch.no_grad():
        assert torch.allclose(model(pad_pooled(x))[:, SCORE], targets.concepts[:, SCORE], atol=0.02)


def test_intact_clips_lose_their_temporal_faults():
    model, count = projector(1), MOTION.features - POOLED
    x = torch.randn(64, count)
    targets = linear_targets(model, x)
    with torch.no_grad():
        model.labels.bias[SEVERITY] = 1.0
    real = Targets(targets.concepts, targets.weight, torch.ones(64, dtype=torch.bool), targets.single)
    recipe = PenaltyRecipe(steps=25, rows=8, real_rows=8, lr=1e-2)
    fitted = Fit(model, torch.randn(192, 192), recipe).run(x, targets, x, real, torch.ones(64))
    with torch.no_grad():
        components = fitted(pad_pooled(x))[:, SEVERITY]
    assert components[:, TEMPORAL_INDEX].mean() < 0.7
