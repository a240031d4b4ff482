"""Frames and clips that are encoded, and those that are cached. Oracle: the model's `encode`."""

import pytest
import torch

from modules.vqathinker import normalised
from training.clips import ClipPixels, Encoder, FeatureCache
from training.conftest import tiny_clip, tiny_model
from training.trainable import train_parts


@torch.no_grad()
def test_tokens_equal_those_of_the_models_encode(model, encoder):
    clips = [tiny_clip(0), tiny_clip(1)]
    ours = encoder.encode(clips)
    pixels = normalised(torch.stack([c.frames for c in clips]), model.config.profile)
    expected = model.encode(pixels, model.config.profile)
    torch.testing.assert_close(ours.frames, expected.frames, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(ours.motion, expected.motion, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_an_absent_frame_is_zero_after_normalisation(model, encoder):
    absent = [False, True, False, False]
    clip = tiny_clip(0, absent=absent)
    pixels = normalised(clip.frames[None], model.config.profile)
    pixels[:, 1] = 0
    expected = model.encode(pixels, model.config.profile)
    ours = encoder.encode([clip])
    torch.testing.assert_close(ours.frames, expected.frames, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(ours.motion, expected.motion, atol=1e-6, rtol=1e-5)
    assert not torch.equal(ours.frames, encoder.encode([tiny_clip(0)]).frames)


@torch.no_grad()
def test_the_motion_branch_may_see_other_frames(model, encoder):
    other = tiny_clip(5, motion_frames=tiny_clip(9).frames, motion_absent=[True, False, False, False])
    pixels = normalised(tiny_clip(9).frames[None], model.config.profile)
    pixels[:, 0] = 0
    expected = model.motion_token(pixels, model.config.profile)
    torch.testing.assert_close(encoder.motion([other]), expected, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_a_perturbed_clip_needs_no_frame_encoded(model, encoder):
    raw = tiny_clip(3, key="a.mp4", frame_keys=["a0", "a1", "a2", "a3"])
    order = [2, 0, 0, 3]
    perturbed = ClipPixels(frames=raw.frames[order], frame_keys=[raw.frame_keys[i] for i in order])
    encoded = encoder.encode([raw, perturbed])
    assert encoder.frames_encoded == 4 and encoder.clips_encoded == 2
    frames = encoded.frames.unflatten(1, (4, -1))
    assert torch.equal(frames[1], frames[0][order])
    assert not torch.equal(encoded.motion[0], encoded.motion[1])
    encoder.encode([raw])
    assert encoder.frames_encoded == 4 and encoder.clips_encoded == 2


@torch.no_grad()
def test_cached_features_have_the_same_bits_in_any_batch(model):
    """One thread on a CPU: what a resumed run computes must equal what the cache held."""
    train_parts(model, ("languageModel",))
    clips = [tiny_clip(n, key=n, frame_keys=[(n, k) for k in range(4)]) for n in range(5)]
    together = Encoder(model, model.config.profile)
    alone = [Encoder(model, model.config.profile) for _ in clips]
    for features in ("vision", "motion_vectors"):
        whole = getattr(together, features)(clips)
        single = [getattr(encoder, features)([clip]) for encoder, clip in zip(alone, clips, strict=True)]
        assert torch.equal(whole, torch.cat(single)), features


def test_what_may_change_is_forgotten(model, encoder):
    clip = tiny_clip(3, key="a.mp4", frame_keys=["a0", "a1", "a2", "a3"])
    counted = {}
    for parts in (("languageModel", "motionProjector"), ("vision", "languageModel"), ("motion",)):
        train_parts(model, parts)
        encoder.clear()
        encoder.frames_encoded = encoder.clips_encoded = 0
        for _ in range(2):
            encoder.encode([clip])
            encoder.weights_changed()
        counted[parts[0]] = (encoder.frames_encoded, encoder.clips_encoded)
    assert counted == {"languageModel": (4, 1), "vision": (8, 1), "motion": (4, 2)}


def test_a_rollouts_tokens_make_room_for_the_update(model, encoder):
    clip = tiny_clip(3, key="a.mp4", frame_keys=["a0", "a1", "a2", "a3"])
    for parts, cached in ((("vision", "languageModel"), 0), (("languageModel",), 4)):
        train_parts(model, parts)
        encoder.clear()
        with torch.no_grad():
            encoder.encode([clip])
        assert len(encoder.vision_cache) == 4
        encoder.before_training()
        assert len(encoder.vision_cache) == cached and len(encoder.motion_cache) == 1


def test_gradients_reach_what_trains_and_nothing_else(model, encoder):
    clip = tiny_clip(3, key="a.mp4", frame_keys=["a0", "a1", "a2", "a3"])
    train_parts(model, ("vision", "motionProjector"))
    for _ in range(2):  # the second time with a warm cache
        model.zero_grad(set_to_none=True)
        encoded = encoder.encode([clip])
        (encoded.frames.square().sum() + encoded.motion.square().sum()).backward()
        reached = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None}
        assert reached == {"vision_model", "motion_mlp"}


def test_a_frozen_extractor_keeps_its_statistics_unless_they_shall_drift(model, encoder):
    before = model.slowfast_model.state_dict()["feature_extraction.0.multipathway_blocks.0.norm.running_mean"]
    before = before.clone()

    def drifted():
        now = model.slowfast_model.state_dict()
        return not torch.equal(now["feature_extraction.0.multipathway_blocks.0.norm.running_mean"], before)

    train_parts(model, ("languageModel",))
    model.train()
    encoder.encode([tiny_clip(1), tiny_clip(2)])
    assert not drifted()
    train_parts(model, ("languageModel",), drifting_statistics=True)
    assert not any(p.requires_grad for p in model.slowfast_model.parameters())
    encoder.encode([tiny_clip(1, key="x"), tiny_clip(2, key="y")])
    assert drifted() and len(encoder.motion_cache) == 0
    train_parts(model, ("motion",))
    assert model.slowfast_model.training and not model.vision_model.training


def test_an_unknown_part_is_named(model):
    with pytest.raises(ValueError, match="'?head'? to train"):
        train_parts(model, ("head",))
    with pytest.raises(ValueError, match="nothing to train"):
        train_parts(model, ())


def test_the_cache_drops_the_oldest():
    cache = FeatureCache(capacity=40)
    for k in range(3):
        cache.put(k, torch.zeros(4))
        cache.get(0)
    assert cache.get(0) is not None and cache.get(1) is None and cache.bytes == 32


@torch.no_grad()
def test_two_models_do_not_share_features():
    a, b = tiny_model(0), tiny_model(1)
    clip = tiny_clip(3, key="a.mp4", frame_keys=["a0", "a1", "a2", "a3"])
    first, second = (Encoder(m, m.config.profile).encode([clip]) for m in (a, b))
    assert not torch.allclose(first.frames, second.frames)
