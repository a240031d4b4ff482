import numpy as np
import pytest
import torch
from av import VideoFrame

from modules.profiles import pool_space
from small.backbone import ZERO_SCALE, BackboneModel, zero_scaled
from small.config import MOTION, POOLED, PROFILE
from small.data import GRID, blocks, to_rgb
from small.ladder import distorted, levels_of, shown
from small.metrics import held_out_metrics, ladder_metrics, macro_accuracy, top1, within
from small.perception import Normalizer
from small.vision import Vision, dense_targets


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def test_rgb_is_that_of_swscale():
    """Oracle: ffmpeg's converter, exact (the page's is compared with it too)."""
    rng = np.random.default_rng(0)
    y, uv = (
        rng.integers(0, 256, (64, 64)).astype(np.uint8),
        rng.integers(0, 256, (2, 32, 32)).astype(np.uint8),
    )
    packed = np.concatenate([y.ravel(), uv.ravel()]).reshape(-1, 64)
    expected = VideoFrame.from_ndarray(packed, format="yuv420p").to_ndarray(format="rgb24")
    assert (to_rgb(y, uv) == expected.transpose(2, 0, 1)).all()


def test_blocks_are_the_chosen_fragments():
    plane = np.arange((GRID * 4) ** 2).reshape(1, GRID * 4, GRID * 4)
    indices = np.array([[48, 0], [8, 6]])
    chosen = blocks(plane, indices, 4)[0]
    assert (chosen[:4, :4] == plane[0, 24:28, 24:28]).all()
    assert (chosen[4:, :4] == plane[0, 4:8, 4:8]).all()
    assert (chosen[4:, 4:] == plane[0, 0:4, 24:28]).all()


def test_profile_fits_the_limits():
    assert PROFILE.context_tokens == 393 and PROFILE.motion_frames == 16
    assert MOTION.features == POOLED + len(MOTION.statistics) == 512 + len(MOTION.statistics)


def test_a_zero_scaled_backbone_is_the_same_times_the_factor():
    backbone = BackboneModel().backbone.eval()
    pixels = torch.randn(1, 16, 3, 64, 64)
    call = (pixels, PROFILE.slow_indices, PROFILE.pool_time, pool_space(64))
    with torch.no_grad():
        full = backbone(*call)
        scaled = zero_scaled(backbone)(*call)
    assert full.abs().max() > 0.1
    torch.testing.assert_close(scaled, full * ZERO_SCALE, rtol=1e-4, atol=1e-9)


def test_one_vision_token_is_one_fragment():
    frames = torch.randn(2, 3, 96, 96)
    with torch.no_grad():
        assert Vision()(frames).shape == (2, 9, 192)
    targets = dense_targets(frames)
    changed = frames.clone()
    changed[:, :, 32:64, 64:96] = 0  # fragment 5 of 3 × 3
    moved = (dense_targets(changed) != targets).any(-1)
    assert moved.nonzero()[:, 1].unique().tolist() == [5]


def test_standardisation_clips_and_does_not_explode():
    raw = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    normalizer = Normalizer.of(raw)
    assert normalizer(raw).abs().max() < 1 and normalizer(raw + 1).tolist()[0][1] == 4.0


def test_metrics_of_exact_answers():
    score = np.array([5.0, 4, 3, 2] * 3)
    group = np.repeat([7, 3, 9], 4)
    severity = np.zeros((12, 13))
    severity[np.arange(12), np.tile([0, 1, 2, 3], 3)] = 0.5
    severity[::4] = 0
    offset = np.repeat([0.0, 10, -10], 4)  # an error common to a scene
    result = held_out_metrics(score, severity, group, score + offset, severity)
    assert result["within"] == pytest.approx(1) and result["srcc"] < 0.6 and result["top1"] == 1
    assert within(score, -score + offset, group) == pytest.approx(-1)
    assert top1(severity, np.roll(severity, 1, axis=1)) == 0
    assert macro_accuracy(severity, np.zeros_like(severity)) == 0.5


def test_ladder_metrics_count_ties_as_misses():
    falling, tied = np.array([5.0, 4, 3, 2, 1.5, 1]), np.array([5.0, 5, 3, 2, 1.5, 1])
    result = ladder_metrics({("a", "crf"): falling, ("b", "crf"): tied, ("a", "drop"): np.ones(6)})
    assert result["top"] == pytest.approx(1 / 3) and result["ladder_drop"] == 0
    assert result["ladder"] == pytest.approx((1 + 0.9856 + 0) / 3, abs=1e-3)


def test_ladder_rules():
    assert shown("drop", 3, 8).tolist() == [0, 0, 0, 3, 3, 3, 6, 6]
    assert shown("freeze", 0.4, 10).tolist() == [0, 1, 2, 3, 3, 3, 3, 7, 8, 9]
    grid = {"levels": [1], "levelsOdd": [2]}
    assert levels_of(grid, 0) == [1] and levels_of(grid, 3) == [2] and levels_of({"levels": [1]}, 3) == [1]
    rng, grey = np.random.default_rng(0), np.full((20, 30, 3), 100, np.uint8)
    assert (distorted(grey, "gain", 2, rng) == 200).all() and (
        distorted(grey, "contrast", 0.5, rng) == 114
    ).all()
    assert (distorted(grey, "sigma", 2, rng) == 100).all() and (distorted(grey, "scale", 3, rng) == 100).all()
    assert distorted(grey, "noise", 10, rng).std() == pytest.approx(10, rel=0.1)
