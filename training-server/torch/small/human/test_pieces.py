"""Oracles of the pieces: distributions of given parameters, shifted textures, flat frames."""

import numpy as np
import pytest

from small.human.clip import FramePlanes, clip_features, sample_features
from small.human.frames import COLUMNS, frame_plan, samples_of, sharpness_frames_of, spread
from small.human.maps import HORIZONTAL, VERTICAL, product, shifted
from small.human.moments import fit_asymmetric, fit_gaussian, kurtosis, skewness
from small.human.motion import CORNER_THRESHOLD, derivatives, key_points, motion
from small.human.resize import half, resize
from small.human.sharpness import BLOCK, FIRST, block_means
from small.human.spatial import joint_histogram


def texture(height: int, width: int, seed: int = 3) -> np.ndarray:
    """Blocky noise with corners, 0 to 1."""
    cells = np.random.default_rng(seed).random((height // 8 + 1, width // 8 + 1))
    return np.kron(cells, np.ones((8, 8)))[:height, :width]


def planes(height: int, width: int, level: float | None = None, seed: int = 3) -> FramePlanes:
    y = 235 * texture(height, width, seed) if level is None else np.full((height, width), level)
    chroma = np.full((-(-height // 2), -(-width // 2)), 128, np.uint8)
    return FramePlanes(y.astype(np.uint8), chroma, chroma)


def test_shapes_of_given_distributions():
    rng = np.random.default_rng(1)
    laplace, normal = rng.laplace(3, 2, 400_000), rng.normal(-1, 5, 400_000)
    assert fit_gaussian(laplace).shape == pytest.approx(1, abs=0.02)
    assert fit_gaussian(normal).shape == pytest.approx(2, abs=0.02)
    assert fit_gaussian(normal).std == pytest.approx(5, rel=0.01)
    sides = np.abs(rng.normal(0, 1, 400_000)) * np.where(rng.random(400_000) < 2 / 3, -2, 1)
    fit = fit_asymmetric(sides)
    assert fit.left == pytest.approx(4, rel=0.02) and fit.right == pytest.approx(1, rel=0.02)
    assert fit.shape == pytest.approx(2, abs=0.05)
    assert kurtosis(normal) == pytest.approx(3, abs=0.05) and abs(skewness(normal)) < 0.02


def test_rounding_noise_of_a_flat_area_does_not_decide_a_side():
    values = np.concatenate([np.full(900, 1e-14), [-1.0] * 50, [1.0] * 50])
    mirrored = np.concatenate([np.full(900, -1e-14), [-1.0] * 50, [1.0] * 50])
    assert fit_asymmetric(values) == fit_asymmetric(mirrored)
    assert fit_asymmetric(values).left == pytest.approx(50 / (50 + 90))


def test_shift_is_down_and_to_the_right_and_cyclic():
    plane = np.arange(6.0).reshape(2, 3)
    assert shifted(plane, HORIZONTAL).tolist() == [[2, 0, 1], [5, 3, 4]]
    assert product(plane, VERTICAL).tolist() == [[0, 4, 10], [0, 4, 10]]


def test_resize_keeps_constants_and_sizes():
    flat = np.full((23, 31), 7.0)
    for scale in (0.5, 480 / 540, 2.0):
        out = resize(flat, scale)
        assert out.shape == (int(np.ceil(scale * 23)), int(np.ceil(scale * 31)))
        assert np.allclose(out, 7)
    ramp = np.tile(np.arange(40.0), (8, 1))
    assert np.allclose(half(ramp)[2, 4:-4], 2 * np.arange(4, 16) + 0.5)


def test_joint_histogram_sums_to_1():
    joint = joint_histogram(255 * texture(64, 80))
    assert joint.shape == (10, 10) and joint.sum() == pytest.approx(1)


def test_block_means_are_those_of_the_blocks():
    plane = np.random.default_rng(2).random((70, 90))
    means = block_means(plane)
    assert means.shape == (3, 4)
    assert means[1, 2] == pytest.approx(plane[23 : 23 + BLOCK, 39 : 39 + BLOCK].mean())
    assert means[0, 0] == pytest.approx(plane[FIRST : FIRST + BLOCK, FIRST : FIRST + BLOCK].mean())


def test_a_shifted_texture_moves_by_the_shift():
    plane = texture(120, 160)
    before, after = shifted(plane, (-2, 1)), shifted(plane, (3, -1))
    points = key_points(plane, 8)
    assert len(points) > 10
    near = np.abs(points[:, None] - points[None]).max(2) + 100 * np.eye(len(points))
    assert near.min() > 8
    assert CORNER_THRESHOLD == 0.01
    result = motion(derivatives(plane), derivatives(before), derivatives(after), points, 8)
    inner = (points > 20).all(1) & (points[:, 0] < 100) & (points[:, 1] < 140)
    assert inner.sum() > 5
    assert (result.vectors[inner] == [2, -1, 3, -1]).all(1).mean() > 0.9


def test_frame_numbers_at_30_frames_a_second():
    samples = samples_of(240, 29.97)
    assert [(s.before, s.now, s.after) for s in samples[:3]] == [(0, 1, 2), (2, 11, 12), (12, 21, 22)]
    assert samples[-1].now == 231 and len(samples) == 24
    assert sharpness_frames_of(240, 29.97) == [14, 44, 74, 104, 134, 164, 194, 224]
    whole, part = frame_plan(240, 29.97, whole=True), frame_plan(240, 29.97)
    assert [block[0].now for block in whole.blocks] == [1, 31, 61, 91, 121, 151, 181]
    assert [block[0].now for block in part.blocks] == [1, 61, 121, 181]
    assert len({s.now for block in part.blocks for s in block}) == 16
    assert part.sharpness == (44, 104, 164, 224)


def test_blocks_are_spread_over_the_clip():
    assert spread(3, 4) == [0, 1, 2]
    assert spread(4, 4) == [0, 1, 2, 3]
    assert spread(9, 4) == [1, 3, 5, 7]
    assert spread(100, 4) == [12, 37, 62, 87]


def test_a_short_clip_has_one_block_and_a_shorter_one_no_samples():
    assert [len(block) for block in frame_plan(25, 30).blocks] == [3]
    assert frame_plan(3, 30).blocks == ((),)


def test_a_flat_clip_gives_missing_values_and_no_warning(recwarn):
    plan = frame_plan(40, 30)
    values = dict(zip(COLUMNS, clip_features(plan, lambda k: planes(48, 64, 16)), strict=True))
    assert np.isnan(values["avg_br1_v_lvar"]) and np.isnan(values["avg_br2_h_lvar"])
    assert values["avg_mo_intensity"] == 0 and values["avg_ti"] == 0 and values["hc_sobel"] < 0.01
    assert not recwarn.list


def test_every_column_has_a_feature():
    frame = planes(96, 128)
    values = sample_features(frame, frame.y, frame.y)
    for column in COLUMNS:
        kind, _, name = column.partition("_")
        assert kind == "hc" or name in values
    assert values["ti"] == 0 and values["mo_intensity"] == 0
    assert all(np.isfinite(value) for value in values.values())
