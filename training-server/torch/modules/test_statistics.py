"""The statistics against an oracle in numpy float64 that loops over fragments, frames and pairs."""

import math

import numpy as np
import pytest
import torch

from modules.profiles import IMAGENET_MEAN, IMAGENET_STD
from modules.statistics import NAMES, TABLE, Fragments, over_time, standardised, statistics

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
def values_by_name(rgb) -> dict[str, float]:
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


def test_gradient_of_a_coarser_scale(rgb, values_by_name):
    values = []
    for frame in rgb:
        parts = [np.abs(np.diff(halved(c, 2), axis=1)).mean() for c in cells(luma(frame))]
        values.append(math.log(np.mean(parts) + 1e-4))
    assert values_by_name["dx_2"] == pytest.approx(np.mean(values), abs=1e-6)


def test_logarithm_before_the_fragments_and_their_spread(rgb, values_by_name):
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
    assert values_by_name["laplacian_1_log"] == pytest.approx(mean, abs=1e-6)
    assert values_by_name["laplacian_1_min"] == pytest.approx(least, abs=1e-6)
    assert values_by_name["laplacian_1_spread"] == pytest.approx(spread, abs=1e-5)


def test_soft_count_and_halves(rgb, values_by_name):
    def share(cell):
        return np.clip((0.006 - np.abs(np.diff(cell, axis=1))) / 0.003 + 0.5, 0, 1).mean()

    shares = [np.mean([share(c) for c in cells(luma(f))]) for f in rgb]
    assert values_by_name["dx_below_0p006"] == pytest.approx(np.mean(shares), abs=1e-6)
    assert values_by_name["dx_flat_half"] == pytest.approx(
        np.mean(shares[3:]) - np.mean(shares[:3]), abs=1e-6
    )


def test_blocking_phase(rgb, values_by_name):
    values = []
    for frame in rgb:
        logs = []
        for c in cells(luma(frame)):
            columns = np.append(np.abs(np.diff(c, axis=1)).mean(0), 0)
            phases = [columns[p::8].mean() for p in range(8)]
            logs.append(math.log((max(phases) - np.mean(phases)) / (np.mean(phases) + 1e-4) + 0.1))
        values.append(np.mean(logs))
    assert values_by_name["block_x"] == pytest.approx(np.mean(values), abs=1e-6)


def test_pairs_gaps_and_flow(rgb, values_by_name):
    y = [luma(f) for f in rgb]
    pairs = [math.log(np.abs(y[t + 1] - y[t]).mean() + 1e-4) for t in range(0, FRAMES, 2)]
    assert values_by_name["pair_1_min"] == pytest.approx(min(pairs), abs=1e-6)
    assert values_by_name["pair_1_half"] == pytest.approx(pairs[-1] - pairs[0], abs=1e-6)
    gaps = [math.log(np.abs(y[t + 1] - y[t]).mean() + 1e-4) for t in range(1, FRAMES - 1, 2)]
    assert values_by_name["gap_max"] == pytest.approx(max(gaps), abs=1e-6)
    speeds = []
    for t in range(0, FRAMES, 2):
        top = bottom = 0.0
        for a, b in zip(cells(y[t]), cells(y[t + 1]), strict=True):
            a, b = halved(a, 2), halved(b, 2)
            middle, change = (a + b) / 2, (b - a)[1:-1, 1:-1]
            slope = (middle[1:-1, 2:] - middle[1:-1, :-2]) / 2
            top, bottom = top - (slope * change).sum(), bottom + (slope**2 + 1e-4).sum()
        speeds.append(abs(top / bottom))
    assert values_by_name["flow_x_2_speed"] == pytest.approx(np.mean(speeds), abs=1e-6)


def test_echo_of_differences(rgb, values_by_name):
    pooled, least = [], []
    for frame in rgb[::2]:
        parts = []
        for c in cells(luma(frame)):
            x, y = np.diff(c, axis=1), np.diff(c, axis=0)
            top = (x[:, 2:] * x[:, :-2]).mean() + (y[2:] * y[:-2]).mean()
            parts.append((top, (x**2).mean() + (y**2).mean() + 1e-5))
        pooled.append(sum(a for a, _ in parts) / sum(b for _, b in parts))
        least.append(min(a / b for a, b in parts))
    assert values_by_name["echo_2_1"] == pytest.approx(np.mean(pooled), abs=1e-6)
    assert values_by_name["echo_2_1_min"] == pytest.approx(np.mean(least), abs=1e-6)


def test_halos_of_strong_edges(rgb, values_by_name):
    sharp = rgb.copy()
    sharp[:, :, :, 13::16] = 0.9  # edges strong enough to count
    values = []
    for frame in sharp[::2]:
        top = bottom = 0.0
        for c in cells(luma(frame)):
            c, parts = c.T, []
            for y in range(CELL):
                for x in range(5, CELL - 5):
                    step = c[y, x + 1] - c[y, x - 1]
                    weight = min(max((abs(step) - 0.08) / 0.08, 0), 1)
                    over = (c[y, x + 2] - c[y, x + 5]) - (c[y, x - 2] - c[y, x - 5])
                    parts.append((weight * step * over, weight * step * step))
            top, bottom = top + np.mean(parts, 0)[0], bottom + np.mean(parts, 0)[1] + 1e-5
        values.append(top / bottom)
    mean, std = (np.array(v)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_STD))
    names = ["halo_y_near", "halo_x_near"]
    down, along = statistics(torch.tensor((sharp - mean) / std), names, CELL).tolist()
    assert down == pytest.approx(np.mean(values), abs=1e-6)
    assert abs(down - along) > 0.1


def test_comb_sees_fields_that_moved_apart(rgb, values_by_name):
    def energy(c):
        kernel = np.array([1, -3, 4, -3, 1]) / 12
        total = 0.0
        for i in range(2, CELL - 2):
            for j in range(2, CELL - 2):
                down = abs(kernel @ c[i - 2 : i + 3, j])
                total += down - abs(kernel @ c[i, j - 2 : j + 3])
        return total / (CELL - 4) ** 2

    values = [max(energy(c) for c in cells(luma(f))) for f in rgb[::2]]
    assert values_by_name["comb_max"] == pytest.approx(np.mean(values), abs=1e-6)
    woven = rgb.copy()
    woven[:, :, 1::2] = np.roll(woven[:, :, 1::2], 3, axis=-1)
    mean, std = (np.array(v)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_STD))
    combs = statistics(torch.tensor((woven - mean) / std), ["comb_max"], CELL)
    assert combs.item() > values_by_name["comb_max"] + 0.01


def test_seams_are_lone_straight_steps(rgb, values_by_name):
    def strongest(c):
        values_by_name = 0.0
        for top in range(0, CELL, 8):
            for x in range(1, CELL - 2):
                step = [c[top : top + 8, x + k + 1] - c[top : top + 8, x + k] for k in (-1, 0, 1)]
                values_by_name = max(values_by_name, abs((step[1] - (step[0] + step[2]) / 2).mean()))
        return values_by_name

    for name, turned in (("seam_x_cell", False), ("seam_y_cell", True)):
        values = [
            np.mean([math.log(strongest(c.T if turned else c) + 1e-3) for c in cells(luma(f))])
            for f in rgb[::2]
        ]
        assert values_by_name[name] == pytest.approx(np.mean(values), abs=1e-6)


def test_blocks_of_differences_and_of_the_checker(rgb, values_by_name):
    y = [luma(f) for f in rgb]
    most = []
    for t in range(0, FRAMES, 2):
        logs = []
        for c in cells(np.abs(y[t + 1] - y[t])):
            parts = [c[i : i + 8, j : j + 8].mean() for i in range(0, 32, 8) for j in range(0, 32, 8)]
            logs.append(math.log(max(parts) + 1e-3))
        most.append(np.mean(logs))
    assert values_by_name["pair_blocks_most"] == pytest.approx(np.mean(most), abs=1e-6)
    least = []
    for frame in y:
        logs = []
        for c in cells(frame):
            x = c[:, :-2] - 2 * c[:, 1:-1] + c[:, 2:]
            both = np.abs(x[:-2] - 2 * x[1:-1] + x[2:]) / 4
            parts = [both[i : i + 10, j : j + 10].mean() for i in (0, 10, 20) for j in (0, 10, 20)]
            logs.append(math.log(min(parts) + 1e-4))
        least.append(np.mean(logs))
    assert values_by_name["checker_blocks_least"] == pytest.approx(np.mean(least), abs=1e-6)


def test_pairs_and_leaps_against_gaps(rgb, values_by_name):
    y = [luma(f) for f in rgb]

    def change(a, b):
        parts = zip(cells(y[a]), cells(y[b]), strict=True)
        return np.array([math.log(np.abs(halved(p, 4) - halved(q, 4)).mean() + 2e-3) for p, q in parts])

    pairs = [(change(t + 2, t + 1) - change(t, t + 1)).mean() for t in range(1, FRAMES - 1, 2)]
    assert values_by_name["pair_against_gap_mean"] == pytest.approx(np.mean(pairs), abs=1e-6)
    leap = change(4, 1) - change(2, 1)
    assert values_by_name["leap_against_gap_max"] == pytest.approx(leap.max(), abs=1e-6)


def test_signs_and_steps_in_time():
    speeds = torch.tensor([[1.0, 1.0, -1.0, 0.5], [2.0, 2.0, 2.0, 2.0]])
    coherence = [1.5 / 4 / (3.5 / 4 + 0.005), 2 / 2.005]
    agreement = [-0.5 / 0.5001 / 3, 4 / 4.0001]
    assert over_time(speeds, "coherence").tolist() == pytest.approx(coherence)
    assert over_time(speeds, "flips").tolist() == pytest.approx([0.5 - a / 2 for a in agreement], abs=1e-6)
    assert over_time(speeds, "steps").tolist() == pytest.approx([3.5 / 3, 0])
    far = over_time(torch.tensor([[0.0, 0.0, 0.0, 4.0]]), {"above": 0.5, "width": 0.5})
    assert far.tolist() == [0.25]


def test_order_of_frames_is_seen(rgb):
    """Frames that moved steadily: a shuffled clip's pairs differ as much as its gaps, and turn back."""
    y, x = np.mgrid[0 : GRID * CELL, 0 : GRID * CELL]
    times = np.array([t + k for t in range(0, 96, 12) for k in (0, 1)])
    order = np.random.default_rng(1).permutation(16)
    scores = {}
    for name, at in (("ordered", times), ("shuffled", times[order])):
        frames = [0.5 + 0.3 * np.sin((x + 0.5 * t) / 9) * np.sin(y / 7) for t in at]
        pixels = torch.tensor(np.repeat(np.stack(frames)[:, None], 3, 1))
        shift, scale = (torch.tensor(v)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_STD))
        names = ["pair_against_gap_mean", "flow_x_8_flips"]
        scores[name] = statistics((pixels - shift) / scale, names, CELL)
    assert scores["ordered"][0] < -1 < -0.5 < scores["shuffled"][0]
    assert scores["ordered"][1] < 0.1 < 0.2 < scores["shuffled"][1]


def test_deviation_over_all_pixels(rgb, values_by_name):
    values = [np.sqrt(np.var(luma(f)) + 1e-6) for f in rgb]
    assert values_by_name["luma_deviation"] == pytest.approx(np.mean(values), abs=1e-6)


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


def test_every_map_of_the_table_is_computed():
    """A map that is added to statistics.json alone fails here; the converter's table fails its type check."""
    fragments = Fragments(torch.rand(1, 6, 3, 64, 64), 32)
    for name in TABLE["maps"]:
        assert torch.isfinite(fragments.map(name, 1)).all(), name
    with pytest.raises(ValueError, match="unknown map, entropy"):
        fragments.map("entropy", 1)
