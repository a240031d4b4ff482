"""Features of frozen parts on disk. Oracle: the same command with nothing kept."""

from __future__ import annotations

import torch

from engine.commands import Commands
from engine.conftest import load_params, rollout_params, update_params, video_of
from engine.features import FeatureShelf
from engine.video.shelf import Shelf

FROZEN = ("languageModel", "motionProjector")


def counts(commands) -> tuple[int, int]:
    encoder = commands.policy.encoder
    return encoder.pictures, encoder.motions


def test_what_was_computed_once_is_computed_in_no_later_run(
    ranks, checkpoint, profile, prompt, clips, tmp_path
):
    videos = [video_of(path, profile) for path in clips[:2]]
    found = []
    for _ in range(2):
        commands = Commands(ranks, lambda *_: None)
        commands.run("load", load_params(checkpoint, profile, tmp_path, parts=FROZEN))
        answers = commands.run("rollout", rollout_params(prompt, videos))["completions"]
        metrics = commands.run("update", update_params(prompt, videos, answers))["metrics"]
        found.append((answers, metrics))
        assert counts(commands) == ((0, 0) if len(found) == 2 else (2 * profile.frames, 2))
        commands.close()
    assert found[0] == found[1]


def test_other_weights_and_what_trains_are_not_taken_from_the_shelf(
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


def test_shapes_come_back_and_damage_does_not(tmp_path):
    shelf = FeatureShelf(Shelf(tmp_path), "part")
    for value in (torch.randn(7), torch.randn(1, 7), torch.randn(3, 7)):
        shelf.put(("named", 1), value)
        assert torch.equal(shelf.get(("named", 1)), value)
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    file.write_bytes(file.read_bytes()[:-1])
    assert shelf.get(("named", 1)) is None
    assert FeatureShelf(Shelf(tmp_path), "other").get(("named", 1)) is None


def test_what_is_computed_in_less_than_float32_keeps_nothing(
    ranks, checkpoint, profile, prompt, clips, tmp_path
):
    videos = [video_of(path, profile) for path in clips[:1]]
    commands = Commands(ranks, lambda *_: None)
    commands.run("load", load_params(checkpoint, profile, tmp_path, parts=FROZEN, precision="bf16"))
    commands.run("rollout", rollout_params(prompt, videos))
    assert counts(commands) == (profile.frames, 1)
    assert commands.policy.encoder.vision_cache.below is None
    commands.close()
