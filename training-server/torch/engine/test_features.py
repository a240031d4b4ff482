"""Features of frozen parts on disk. Oracle: the same command with nothing kept."""

from __future__ import annotations

import torch

from engine.conftest import Commands, load_params, rollout_params, update_params, video_of
from engine.features import FeatureDiskCache
from engine.video.disk_cache import DiskCache

FROZEN = ("languageModel", "motionProjector")


def counts(commands) -> tuple[int, int]:
    encoder = commands.policy.encoder
    return encoder.frames_encoded, encoder.clips_encoded


def test_what_was_computed_once_is_computed_in_no_later_run(
    ranks, checkpoint, profile, prompt, clips, tmp_path
):
    videos = [video_of(path, profile) for path in clips[:2]]
    results = []
    for _ in range(2):
        commands = Commands(ranks, lambda *_: None)
        commands.run("load", load_params(checkpoint, profile, tmp_path, parts=FROZEN))
        completions = commands.run("rollout", rollout_params(prompt, videos))["completions"]
        metrics = commands.run("update", update_params(prompt, videos, completions))["metrics"]
        results.append((completions, metrics))
        assert counts(commands) == ((0, 0) if len(results) == 2 else (2 * profile.frames, 2))
        commands.close()
    assert results[0] == results[1]


def test_features_of_other_weights_and_of_trained_parts_are_not_read_from_disk(
    ranks, checkpoint, profile, prompt, clips, tmp_path
):
    videos = [video_of(clips[0], profile)]
    other = tmp_path / "other"
    commands = Commands(ranks, lambda *_: None)
    commands.run("load", load_params(checkpoint, profile, tmp_path, parts=FROZEN))
    commands.run("rollout", rollout_params(prompt, videos))
    with torch.no_grad():
        commands.policy.model.mlp1[3].bias += 1
        commands.policy.model.slowfast_model.feature_extraction[0].multipathway_blocks[0].norm.bias += 1
    commands.run("export", {"folder": str(other)})
    for folder, parts in ((other, FROZEN), (checkpoint, (*FROZEN, "visionProjector", "motionExtractor"))):
        commands.run("load", load_params(folder, profile, tmp_path, parts=parts))
        commands.run("rollout", rollout_params(prompt, videos))
        assert counts(commands) == (profile.frames, 1), parts
    commands.close()


def test_a_video_of_other_content_has_other_features(ranks, checkpoint, profile, prompt, clips, tmp_path):
    path = tmp_path / "clip.mp4"
    commands = Commands(ranks, lambda *_: None)
    for source in clips[:2]:
        path.write_bytes(source.read_bytes())
        commands.run("load", load_params(checkpoint, profile, tmp_path, parts=FROZEN))
        commands.run("rollout", rollout_params(prompt, [video_of(path, profile)]))
        assert counts(commands) == (profile.frames, 1)
    commands.close()


def test_shapes_come_back_and_corrupted_files_do_not(tmp_path):
    disk_cache = FeatureDiskCache(DiskCache(tmp_path), "part")
    for value in (torch.randn(7), torch.randn(1, 7), torch.randn(3, 7)):
        disk_cache.put(("named", 1), value)
        assert torch.equal(disk_cache.get(("named", 1)), value)
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    file.write_bytes(file.read_bytes()[:-1])
    assert disk_cache.get(("named", 1)) is None
    assert FeatureDiskCache(DiskCache(tmp_path), "other").get(("named", 1)) is None


def test_what_is_computed_in_less_than_float32_keeps_nothing(
    ranks, checkpoint, profile, prompt, clips, tmp_path
):
    videos = [video_of(path, profile) for path in clips[:1]]
    commands = Commands(ranks, lambda *_: None)
    commands.run("load", load_params(checkpoint, profile, tmp_path, parts=FROZEN, precision="bf16"))
    commands.run("rollout", rollout_params(prompt, videos))
    assert counts(commands) == (profile.frames, 1)
    assert commands.policy.encoder.vision_cache.store is None
    commands.close()
