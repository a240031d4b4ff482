import numpy as np
import pytest

from procedural import order

L = 96


def test_frozen_and_thinned():
    times = np.arange(10)
    assert order.thinned(times, 3).tolist() == [0, 0, 0, 3, 3, 3, 6, 6, 6, 9]
    assert order.frozen(times, 10, 0.5, 0.4).tolist() == [0, 1, 2, 2, 2, 2, 2, 7, 8, 9]
    assert order.paused(8, 3, 2).tolist() == [0, 1, 2, 2, 2, 2, 3, 4]


@pytest.mark.parametrize("seed", range(8))
def test_shuffles_change_the_order_and_nothing_else(seed):
    rng = np.random.default_rng(seed)
    everything = order.shuffled(L, L, rng)
    assert sorted(everything) == list(range(L)) and (everything != np.arange(L)).any()
    inside = order.shuffled(L, 12, rng)
    assert sorted(inside) == list(range(L)) and (inside // 12 == np.arange(L) // 12).all()
    by = order.jittered(L, 5, rng) - np.arange(L)
    assert set(by[5:-5]) == {-5, 0, 5}


@pytest.mark.parametrize("seed", range(8))
def test_gaps_and_repeats(seed):
    rng = np.random.default_rng(seed)
    gaps = order.gapped(L, 20, rng)
    assert len(gaps) == L and gaps[0] == 0 and (np.diff(gaps) >= 1).all() and gaps[-1] < L + 20
    assert gaps[-1] > L - 1  # something is missing, and later frames moved up
    repeats = order.stuttered(L, 20, rng)
    assert (np.diff(repeats) >= 0).all() and (repeats <= np.arange(L)).all()
    assert (np.diff(repeats) == 0).sum() == 20
    inserted = order.replaced(L, 20, rng)
    values, counts = np.unique(inserted, return_counts=True)
    assert len(inserted) == L and counts.max() >= 20 and len(values) in (L - 20, L - 19)


def test_strengths_of_the_reward_are_within_reach():
    # s = L/8 frames: repeats and gaps of s to 3 s, windows of 4 s, jumps by s; all are severities.
    s = L // 8
    for share in (s / L, 3 * s / L):
        assert 0 < (share - 0.06) / 0.74 < 1 and 0 < share / order.GAPS < 1
    assert 0 < order.severity_of("disorder", 2 * s) < order.severity_of("disorder", 4 * s) < 1


def test_worse_disorder_moves_frames_further():
    def moved(severity):
        rngs = (np.random.default_rng(k) for k in range(20))
        return np.mean([np.abs(order.disorder(L, severity, r)[0] - np.arange(L)).mean() for r in rngs])

    assert 0 < moved(0.1) < moved(0.5) < moved(1.0)
    assert order.disorder(L, 1.0, np.random.default_rng(0))[1] == 1
