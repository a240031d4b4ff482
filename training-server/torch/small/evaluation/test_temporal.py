"""Oracles: models that prefer the clean order, ignore it, or prefer a perturbed one; orders of core."""

import numpy as np
import pytest

from modules.profiles import BranchPixels, profile_of
from procedural.clips import pair_times
from procedural.planes import Planes
from small.answers import ReadAnswer
from small.evaluation.temporal import (
    CLEAN,
    MODES,
    ORDERED,
    gain,
    measure,
    motion,
    orders,
    overall,
    preferences,
)

PROFILE = profile_of(
    "test",
    frames=8,
    size=224,
    patch=16,
    sampling="goldenRatio",
    vision=BranchPixels(pixels="fragments", cell=32),
    motion=BranchPixels(pixels="fragments", cell=32, frames="successors"),
)


def read(score):
    return ReadAnswer(score=score, named=(), ruled_out=())


def preferences_of(value, count=40, without=()):
    """value(mode) is the score of every scene's version."""
    scenes = list(range(count))
    names = [f"{s}/{m}" for s in scenes for m in (CLEAN, *MODES) if (s, m) not in without]
    facts = np.stack([np.linspace(0, 0.4, count), np.arange(count) % 4 == 0], 1).astype(float)
    return preferences(scenes, facts, names, [read(value(name.split("/")[1])) for name in names])


def metrics_of(result):
    return {f.name: f for f in measure(result, "c")}


def test_a_model_that_prefers_the_clean_order():
    result = metrics_of(preferences_of(lambda mode: 4.0 if mode == CLEAN else 2.0))
    for mode in ("freeze", "drop", "shuffle", "local shuffle", "jitter", "reverse"):
        assert result[f"clean preferred to {mode}"].value == 1
        assert result[f"equal scores, clean and {mode}"].value == 0
    assert result["clean preferred to jitter, clips with motion"].n == 30
    assert result["clean preferred to reverse, irreversible scenes"].n == 10
    assert result["clean preferred to reverse, other scenes"].n == 30


def test_a_model_that_ignores_the_order_ties_and_gets_half():
    result = metrics_of(preferences_of(lambda mode: 3.0))
    assert result["clean preferred to shuffle"].value == 0.5
    assert result["equal scores, clean and shuffle"].value == 1


def test_a_model_that_prefers_perturbed_orders_gets_nothing():
    result = preferences_of(lambda mode: 1.0 if mode == CLEAN else 2.0)
    assert overall(result).max() == 0


def test_versions_that_cannot_be_made_are_not_counted():
    result = metrics_of(
        preferences_of(lambda mode: 4.0 if mode == CLEAN else 2.0, without={(0, "jitter"), (1, "jitter")})
    )
    assert result["clean preferred to jitter"].n == 38 and result["clean preferred to drop"].n == 40


def test_unreadable_answers_are_worth_least():
    result = preferences_of(lambda mode: None if mode == CLEAN else 1.0)
    assert overall(result).max() == 0


def test_gain_is_the_difference_of_the_means():
    better, start = (
        preferences_of(lambda mode: 4.0 if mode == CLEAN else 2.0),
        preferences_of(lambda mode: 3.0),
    )
    result = gain(better, start, "gain", "c")
    assert (result.value, result.low, result.high) == (0.5, 0.5, 0.5)


def test_orders_are_those_of_the_reward():
    (seen,) = orders([(5, 96)], PROFILE)
    clean = pair_times(96)
    assert set(seen) == set(MODES)
    assert all(len(order) == 16 and order != clean.tolist() for order in seen.values())
    # Reversal is not random: the sampled frames of the reversed video, read from its end.
    assert seen["reverse"] == (95 - clean).tolist()
    assert orders([(5, 96)], PROFILE) == [seen]
    assert orders([(6, 96)], PROFILE)[0]["shuffle"] != seen["shuffle"]


def test_a_still_of_one_frame_cannot_be_perturbed():
    (seen,) = orders([(5, 1)], PROFILE)
    assert set(seen.values()) == {None} and ORDERED == MODES[:-1]


@pytest.mark.parametrize(("step", "moves"), [(0, False), (4, True)])
def test_motion_is_seen_through_noise(step, moves):
    rng = np.random.default_rng(0)
    texture = np.kron(rng.integers(40, 200, (40, 40)), np.ones((8, 8)))
    frames = np.stack([texture[:224, step * (k % 2) : 224 + step * (k % 2)] for k in range(16)])
    noisy = (frames + 2 * rng.standard_normal(frames.shape)).clip(0, 255).astype(np.uint8)
    share = motion(Planes(noisy, np.zeros((16, 2, 112, 112), np.uint8)))
    assert share > 0.5 if moves else share < 0.02
