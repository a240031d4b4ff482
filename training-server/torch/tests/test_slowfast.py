"""SlowFast as 2-D convolutions. Oracles: torch's conv3d and the official repeat, average pools and mean."""

import pytest
import torch
import torch.nn.functional as F

from modules.config import MotionConfig
from modules.profiles import BUILT_IN_PROFILES, ConfigError, pool_space, pool_time, profile_of, slow_indices
from modules.slowfast import SlowFast, TimeSpaceConv, pooled

SMALL = MotionConfig(
    stem_slow=12,
    stem_fast=4,
    fast_stem_time=3,
    inner_slow=8,
    inner_fast=4,
    expansion=2,
    depths=(1, 2, 1, 1),
    fast_to_slow_kernel=5,
)


@pytest.mark.parametrize(
    ("kernel", "stride", "time_stride"),
    [((1, 3, 3), 1, 1), ((1, 3, 3), 2, 1), ((3, 1, 1), 1, 1), ((5, 7, 7), 2, 1), ((7, 1, 1), 1, 4)],
)
@pytest.mark.parametrize("time", [1, 6, 9])
def test_a_convolution_is_conv3d(kernel, stride, time_stride, time):
    torch.manual_seed(0)
    conv = TimeSpaceConv(3, 5, kernel, stride=stride, time_stride=time_stride).double()
    clips = torch.randn(2, 3, time, 11, 11, dtype=torch.float64, requires_grad=True)
    padding = [k // 2 for k in kernel]
    expected = F.conv3d(clips, conv.weight, stride=(time_stride, stride, stride), padding=padding)
    seed = torch.randn_like(expected)
    gradients = torch.autograd.grad(expected, (clips, conv.weight), seed)
    ours = conv(clips.transpose(1, 2).flatten(0, 1), time).unflatten(0, (2, -1)).transpose(1, 2)
    torch.testing.assert_close(ours, expected)
    for computed, expected in zip(
        torch.autograd.grad(ours, (clips, conv.weight), seed), gradients, strict=True
    ):
        torch.testing.assert_close(computed, expected)


@pytest.mark.parametrize(("time", "repeat", "positions"), [(6, 6, 7), (6, 6, 14), (12, 4, 9), (12, 4, 18)])
def test_closed_form_pooling(time, repeat, positions):
    slow_time = -(-time // 4)
    weights, space = pool_time(time, slow_time, repeat), pool_space(32 * positions)
    for count, window, w in ((slow_time, 8, weights.slow), (time, 32, weights.fast)):
        features = torch.randn(1, 5, count, positions, positions, dtype=torch.float64)
        copies = features.repeat_interleave(repeat, dim=2)
        expected = F.avg_pool3d(copies, (window, 7, 7), stride=1).mean((2, 3, 4))
        torch.testing.assert_close(pooled(features.transpose(1, 2), w, space), expected)


def test_the_built_in_profiles_weights():
    test = BUILT_IN_PROFILES["test12@560"]
    assert test.slow_indices == (0, 5, 11)
    assert test.pool_time.slow == (0.25, 0.5, 0.25)
    fast = [5, 13, 21, 29, 34, 34, 34, 34, 29, 21, 13, 5]
    assert test.pool_time.fast == pytest.approx([x / 272 for x in fast])
    train = BUILT_IN_PROFILES["train6@448"]
    assert train.slow_indices == (0, 5)
    assert train.pool_time.fast == pytest.approx([0.125, *[0.1875] * 4, 0.125])
    assert len(train.pool_space) == 14
    assert (train.tokens_per_frame, train.context_tokens) == (256, 1537)
    assert (test.tokens_per_frame, test.context_tokens) == (400, 4801)


def test_slow_indices_are_exact():
    assert slow_indices(1) == (0,)
    assert slow_indices(16) == (0, 5, 10, 15)
    assert slow_indices(115)[-1] == 114


def test_space_weights_of_a_small_frame_are_a_plain_mean():
    assert pool_space(96) == (1 / 3,) * 3
    with pytest.raises(ConfigError, match="no multiple"):
        profile_of("odd", frames=8, size=100)


def test_frames_that_cannot_fuse_are_refused():
    model = SlowFast(SMALL)
    with pytest.raises(ValueError, match="6 frames need 2 slow indices, not 3"):
        next(model.blocks(torch.zeros(1, 6, 3, 32, 32), (0, 2, 5)))


def test_pooling_weights_must_fit_the_features():
    profile = BUILT_IN_PROFILES["train6@448"]
    message = "6 frames of 14 positions do not fit features of 6 frames of 1 positions"
    with pytest.raises(ValueError, match=message):
        pooled(torch.zeros(1, 6, 4, 1, 1), profile.pool_time.fast, profile.pool_space)


def run(model, pixels):
    return model(pixels, (0, 5), pool_time(6, 2), pool_space(64))


def test_frozen_means_no_gradient_and_no_drift():
    torch.manual_seed(0)
    model = SlowFast(SMALL)
    pixels = torch.randn(2, 6, 3, 64, 64)
    model.freeze().train()
    before = {n: b.clone() for n, b in model.named_buffers()}
    out = run(model, pixels)
    assert not out.requires_grad
    assert all(torch.equal(b, before[n]) for n, b in model.named_buffers())


def test_trainable_learns_and_tracks_statistics():
    torch.manual_seed(0)
    model = SlowFast(SMALL).freeze().freeze(False).train()
    before = {n: b.clone() for n, b in model.named_buffers()}
    run(model, torch.randn(2, 6, 3, 64, 64)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
    assert all(not torch.equal(b, before[n]) for n, b in model.named_buffers())


def test_clips_of_a_batch_do_not_mix():
    torch.manual_seed(0)
    model = SlowFast(SMALL).eval()
    pixels = torch.randn(3, 6, 3, 64, 64)
    with torch.no_grad():
        together = run(model, pixels)
        alone = torch.cat([run(model, clip[None]) for clip in pixels])
    assert together.shape == (3, SMALL.slow_features + SMALL.fast_features)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
