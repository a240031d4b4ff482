"""The statistics against an oracle in numpy float64 that loops over fragments, frames and pairs."""

import math

import numpy as np
import pytest
import torch

from modules.profiles import IMAGENET_MEAN, IMAGENET_STD
from modules.statistics import NAMES, standardised, statistics

GRID, CELL, FRAMES = 3, 32, 6


@pytest.fixture(scope="module")
def rgb() -> np.ndarray:
    """[T, 3, S, S] in [0, 1]: smooth shapes that move a pixel a frame, noise, a dark second half."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0 : GRID * CELL, 0 : GRID * CELL]
    frames = []
    for t in range(FRAMES):
        base = 0.5 + 0.3 * np.sin((x + t) / 7 + y / 11)
        frame = np.stack([base, base**2, 1 - base]) + 0.02 * rng.standard_normal((3, *x.shape))
        frames.append(frame * (1 if t < 3 else 0.8))
    return np.clip(np.stack(frames), 0, 1)


@pytest.fixture(scope="module")
def found(rgb) -> dict[str, float]:
    mean, std = (np.array(v)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_STD))
    pixels = torch.tensor((rgb - mean) / std, dtype=torch.float64)
    return dict(zip(NAMES, statistics(pixels, NAMES, CELL).tolist(), strict=True))


def cells(plane: np.ndarray) -> list[np.ndarray]:
    rows = range(0, plane.shape[0], CELL)
    return [plane[r : r + CELL, c : c + CELL] for r in rows for c in rows]


def luma(frame: np.ndarray) -> np.ndarray:
    return 0.299 * frame[0] + 0.587 * frame[1] + 0.114 * frame[2]


def halved(block: np.ndarray, s: int) -> np.ndarray:
    return np.array(
        [[block[i : i + s, j : j + s].mean() for j in range(0, CELL, s)] for i in range(0, CELL, s)]
    )


def test_gradient_of_a_coarser_scale(rgb, found):
    values = []
    for frame in rgb:
        parts = [np.abs(np.diff(halved(c, 2), axis=1)).mean() for c in cells(luma(frame))]
        values.append(math.log(np.mean(parts) + 1e-4))
    assert found["dx_2"] == pytest.approx(np.mean(values), abs=1e-6)


def test_logarithm_before_the_fragments_and_their_spread(rgb, found):
    values = []
    for frame in rgb:
        logs = []
        for c in cells(luma(frame)):
            total = [
                abs(4 * c[i, j] - c[i - 1, j] - c[i + 1, j] - c[i, j - 1] - c[i, j + 1])
                for i in range(1, CELL - 1)
                for j in range(1, CELL - 1)
            ]
            logs.append(math.log(np.mean(total) + 1e-4))
        values.append((np.mean(logs), np.min(logs), np.sqrt(np.var(logs) + 1e-8)))
    mean, least, spread = np.mean(values, axis=0)
    assert found["laplacian_1_log"] == pytest.approx(mean, abs=1e-6)
    assert found["laplacian_1_min"] == pytest.approx(least, abs=1e-6)
    assert found["laplacian_1_spread"] == pytest.approx(spread, abs=1e-5)


def test_soft_count_and_halves(rgb, found):
    def share(cell):
        return np.clip((0.006 - np.abs(np.diff(cell, axis=1))) / 0.003 + 0.5, 0, 1).mean()

    shares = [np.mean([share(c) for c in cells(luma(f))]) for f in rgb]
    assert found["dx_below_0p006"] == pytest.approx(np.mean(shares), abs=1e-6)
    assert found["dx_flat_half"] == pytest.approx(np.mean(shares[3:]) - np.mean(shares[:3]), abs=1e-6)


def test_blocking_phase(rgb, found):
    values = []
    for frame in rgb:
        logs = []
        for c in cells(luma(frame)):
            columns = np.append(np.abs(np.diff(c, axis=1)).mean(0), 0)
            phases = [columns[p::8].mean() for p in range(8)]
            logs.append(math.log((max(phases) - np.mean(phases)) / (np.mean(phases) + 1e-4) + 0.1))
        values.append(np.mean(logs))
    assert found["block_x"] == pytest.approx(np.mean(values), abs=1e-6)


def test_pairs_gaps_and_flow(rgb, found):
    y = [luma(f) for f in rgb]
    pairs = [math.log(np.abs(y[t + 1] - y[t]).mean() + 1e-4) for t in range(0, FRAMES, 2)]
    assert found["pair_1_min"] == pytest.approx(min(pairs), abs=1e-6)
    assert found["pair_1_half"] == pytest.approx(pairs[-1] - pairs[0], abs=1e-6)
    gaps = [math.log(np.abs(y[t + 1] - y[t]).mean() + 1e-4) for t in range(1, FRAMES - 1, 2)]
    assert found["gap_max"] == pytest.approx(max(gaps), abs=1e-6)
    speeds = []
    for t in range(0, FRAMES, 2):
        top = bottom = 0.0
        for a, b in zip(cells(y[t]), cells(y[t + 1]), strict=True):
            a, b = halved(a, 2), halved(b, 2)
            middle, change = (a + b) / 2, (b - a)[1:-1, 1:-1]
            slope = (middle[1:-1, 2:] - middle[1:-1, :-2]) / 2
            top, bottom = top - (slope * change).sum(), bottom + (slope**2 + 1e-4).sum()
        speeds.append(abs(top / bottom))
    assert found["flow_x_2_speed"] == pytest.approx(np.mean(speeds), abs=1e-6)


def test_deviation_over_all_pixels(rgb, found):
    values = [np.sqrt(np.var(luma(f)) + 1e-6) for f in rgb]
    assert found["luma_deviation"] == pytest.approx(np.mean(values), abs=1e-6)


def test_fragments_do_not_see_each_other(rgb):
    """The means over fragments stay when the fragments of every frame change places."""
    pixels = torch.tensor(rgb, dtype=torch.float64)
    cut = pixels.unflatten(-1, (GRID, CELL)).unflatten(-3, (GRID, CELL))  # [T, 3, G, c, G, c]
    moved = cut.flip(2).flip(4).flatten(4, 5).flatten(2, 3)
    a, b = (statistics(p, NAMES, CELL) for p in (pixels, moved))
    assert not torch.equal(pixels, moved)
    torch.testing.assert_close(a, b, rtol=0, atol=1e-9)


def test_batch_equals_single_and_all_is_finite(rgb):
    pixels = torch.tensor(np.stack([rgb, rgb[::-1].copy(), np.zeros_like(rgb)]), dtype=torch.float32)
    raw = statistics(pixels, NAMES, CELL)
    assert torch.isfinite(raw).all()
    torch.testing.assert_close(raw[1], statistics(pixels[1], NAMES, CELL))


def test_standardised_is_clipped():
    value = standardised(torch.tensor([0.0, 100.0]), torch.tensor([1.0, 1.0]), torch.tensor([2.0, 2.0]))
    assert value.tolist() == [-0.5, 4.0]
