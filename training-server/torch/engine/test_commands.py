"""The commands on one rank, in this process."""

from __future__ import annotations

import errno
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import saving
from engine.conftest import ALL_PARTS, load_params, rollout_params, update_params, video_of, write_clip
from engine.faults import CommandError, described
from engine.parsing import parsed
from engine.text import Text
from engine.video.footage import Footage
from engine.video.test_video import corrupted
from engine.video.videos import Video
from modules.generate import generate
from modules.loader import CheckpointError, load_model


@pytest.fixture
def videos(clips, profile) -> list[dict]:
    return [video_of(path, profile, start=k) for k, path in enumerate(clips[:4])]


def weights(commands) -> dict[str, torch.Tensor]:
    return {name: t.clone() for name, t in commands.policy.model.state_dict().items()}


def equal(ours, expected) -> bool:
    return all(torch.equal(ours[name], expected[name]) for name in ours)


def test_load_says_what_was_loaded(commands, checkpoint, profile, tmp_path):
    result = commands.run("load", load_params(checkpoint, profile, tmp_path, parts=("motionProjector",)))
    model = commands.policy.model
    assert result["parameters"] == sum(p.numel() for p in model.parameters())
    assert result["trainable"] == sum(p.numel() for p in model.motion_mlp.parameters())
    assert result["ranks"] == 1 and result["memoryBytes"] is None and len(result["sha256"]) == 64


def test_greedy_answers_are_those_of_plain_generation(loaded, prompt, videos):
    params = rollout_params(prompt, videos, temperature=0, numGenerations=2)
    completions = loaded.run("rollout", params)["completions"]
    policy = loaded.policy
    ids = torch.tensor([policy.text.prompt(prompt)])
    for video, group in zip(videos, completions, strict=True):
        clip = loaded.videos.clip(parsed(Video, video, "video"))
        with torch.no_grad():
            encoded = policy.model.encode(
                clip.pixels(policy.profile, policy.device)[None],
                policy.profile,
                clip.motion_pixels(policy.profile, policy.device)[None],
            )
            embeds = policy.model.inputs_embeds(ids, encoded, policy.profile)
            plain = generate(
                policy.model.language_model, embeds, max_new_tokens=10, stop_ids={policy.text.end}
            )
        assert group[0] == group[1]
        assert group[0]["tokens"] == plain.tokens[0]
        assert group[0]["logps"] == pytest.approx(plain.logps[0], abs=5e-5)
        assert group[0]["text"] == policy.text.decode(plain.tokens[0])


def test_draws_depend_on_the_seed_alone(loaded, prompt, videos):
    whole = loaded.run("rollout", rollout_params(prompt, videos))["completions"]
    alone = loaded.run("rollout", rollout_params(prompt, videos[2:3], seeds=[102], slots=1))["completions"]
    assert [a["tokens"] for a in alone[0]] == [a["tokens"] for a in whole[2]]
    other = loaded.run("rollout", rollout_params(prompt, videos[2:3], seeds=[7]))["completions"]
    assert [a["tokens"] for a in other[0]] != [a["tokens"] for a in whole[2]]


def test_log_probabilities_are_of_temperature_1(loaded, prompt, videos):
    """Oracle: the tokens again, one forward pass of prompt and answer, softmax of the plain logits."""
    params = rollout_params(prompt, videos[:1], temperature=0.7, topK=5)
    completions = loaded.run("rollout", params)["completions"]
    policy = loaded.policy
    ids = torch.tensor([policy.text.prompt(prompt)])
    clip = loaded.videos.clip(parsed(Video, videos[0], "video"))
    with torch.no_grad():
        embeds = policy.model.inputs_embeds(ids, policy.encoder.encode([clip]), policy.profile)
        for completion in completions[0]:
            tokens = torch.tensor([completion["tokens"]])
            row = torch.cat([embeds, policy.model.language_model.embed(tokens)], 1)
            logits = policy.model.language_model.logits(policy.model.language_model(row))
            logps = logits[0, ids.shape[1] - 1 : -1].log_softmax(-1).gather(1, tokens[0, :, None])[:, 0]
            assert completion["logps"] == pytest.approx(logps.tolist(), abs=5e-5)


def test_an_unreadable_video_costs_itself(loaded, prompt, clips, profile, videos, notices):
    broken = video_of(clips[4], profile)
    result = loaded.run("rollout", rollout_params(prompt, [videos[0], broken, videos[1]]))
    assert [group is None for group in result["completions"]] == [False, True, False]
    assert [f["path"] for f in result["failed"]] == [str(clips[4])]
    sound = result["completions"][0]
    step = update_params(prompt, [videos[0], broken], [sound, sound])
    assert loaded.run("update", step)["metrics"]["videos/failed"] == 1
    warnings = [params["text"] for method, params in notices if method == "log"]
    assert len(warnings) == 1 and str(clips[4]) in warnings[0]


def test_a_substituted_frame_is_logged_once(loaded, prompt, profile, tmp_path, notices):
    source = write_clip(tmp_path / "whole.mp4", frames=24, gop=8)
    path = corrupted(source, tmp_path / "damaged.mp4", {Footage(source).order[23]})
    video = video_of(path, profile, start=15)
    video["motionIndices"] = [min(i, 23) for i in video["motionIndices"]]
    video["indices"] = video["indices"][:7] + [23]
    for _ in range(2):
        assert loaded.run("rollout", rollout_params(prompt, [video]))["failed"] == []
    texts = [params["text"] for method, params in notices if method == "log"]
    assert texts == [f"Frame 23 of {path} could not be decoded; frame 22 was used"]


def test_a_null_frame_is_zero_after_normalisation(loaded, profile, clips):
    video = video_of(clips[0], profile)
    video["indices"][3] = None
    clip = loaded.videos.clip(parsed(Video, video, "video"))
    pixels = clip.pixels(profile, torch.device("cpu"))
    assert torch.count_nonzero(pixels[3]) == 0 and torch.count_nonzero(pixels[2]) > 0


def test_updates_learn_and_the_kl_is_to_the_start(loaded, prompt, videos):
    completions = loaded.run("rollout", rollout_params(prompt, videos))["completions"]
    step = update_params(prompt, videos, completions)
    for group, drawn in zip(step["groups"], completions, strict=True):
        for completion, drawn_completion in zip(group["completions"], drawn, strict=True):
            completion["oldLogps"] = drawn_completion["logps"]  # the ratio is to the policy that drew
    first = loaded.run("update", step)["metrics"]
    second = loaded.run("update", step)["metrics"]
    assert first["kl"] == 0 and second["kl"] > 1e-4
    assert first["clip_ratio/region_mean"] == 0
    assert second["loss"] < first["loss"] - 1e-3
    assert first["grad_norm"] > 0 and first["skipped"] == 0


def test_parts_that_do_not_train_stay(commands, checkpoint, profile, prompt, videos, tmp_path):
    commands.run("load", load_params(checkpoint, profile, tmp_path, parts=("languageModel",)))
    before = weights(commands)
    example = {"video": videos[0], "text": "<think>fine</think> <answer>3.50</answer>"}
    params = {"prompt": prompt, "examples": [example], "lr": 1e-3, "maxGradNorm": 1.0, "maxTokensPerRow": 256}
    commands.run("sft", params)
    after = weights(commands)
    moved = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"language_model"}


def test_a_part_scales_the_learning_rate(commands, checkpoint, profile, prompt, videos, tmp_path):
    """Adam's first step is the rate itself wherever the gradient is far from ε."""
    optimiser = {"lrScale": {"visionProjector": 0.25}}
    commands.run("load", load_params(checkpoint, profile, tmp_path, optimiser=optimiser))
    before = weights(commands)
    completions = commands.run("rollout", rollout_params(prompt, videos))["completions"]
    commands.run("update", update_params(prompt, videos, completions, maxGradNorm=1e9))
    after = weights(commands)

    def largest(name: str) -> float:
        return float((after[name] - before[name]).abs().max())

    assert largest("mlp1.1.weight") == pytest.approx(0.25e-3, rel=1e-2)
    assert largest("motion_mlp.1.weight") == pytest.approx(1e-3, rel=1e-2)


def test_dense_targets(loaded, videos):
    examples = [{"video": v, "targets": [0.1 * i, None if i else 0.5]} for i, v in enumerate(videos)]
    params = {"examples": examples, "names": ["blur", "noise.fine"], "lr": 2e-4, "maxGradNorm": 10.0}
    losses = [loaded.run("regression_pretrain", params)["metrics"] for _ in range(8)]
    assert set(losses[0]) >= {"loss", "loss/blur", "loss/noise.fine"}
    assert losses[-1]["loss"] < 0.7 * losses[0]["loss"]


def test_fit_is_the_ridge_regression(loaded, videos, profile):
    width = loaded.policy.model.config.language.hidden_size
    generator = torch.Generator().manual_seed(0)
    targets = torch.randn(4, width, generator=generator, dtype=torch.float64)
    examples = [{"video": v, "targets": t.tolist()} for v, t in zip(videos, targets, strict=True)]
    loaded.run("fit", {"examples": examples, "ridge": 1e-9})
    clips = [loaded.videos.clip(parsed(Video, v, "video")) for v in videos]
    with torch.no_grad():
        # Four videos in 64 dimensions: without a penalty to speak of, the targets themselves.
        assert torch.allclose(loaded.policy.encoder.motion(clips).double(), targets, atol=1e-3)


@pytest.mark.parametrize("kind", ["adamw", "adamw-sr"])
def test_a_resumed_run_is_the_run(commands, checkpoint, profile, prompt, videos, tmp_path, kind):
    """Bit for bit on one thread: weights, optimiser, answers, metrics."""
    load = load_params(
        checkpoint, profile, tmp_path / "cache", optimiser={"kind": kind}, precision="bf16", parts=ALL_PARTS
    )

    def goes_on() -> list:
        completions = commands.run("rollout", rollout_params(prompt, videos))["completions"]
        metrics = commands.run("update", update_params(prompt, videos, completions))["metrics"]
        return [completions, metrics]

    commands.run("load", load)
    goes_on()
    saved = commands.begin_save({"folder": str(tmp_path / "run" / "step-1"), "extra": {"seed": [1, 2]}})
    went = goes_on()  # while it is written
    assert saved()["bytes"] > 0
    end = weights(commands)
    commands.run("load", load)
    assert commands.run("restore", {"folder": str(tmp_path / "run" / "step-1")}) == {
        "extra": {"seed": [1, 2]}
    }
    assert goes_on() == went
    assert equal(weights(commands), end)


def test_a_checkpoint_has_its_dense_head(commands, checkpoint, profile, videos, tmp_path):
    load = load_params(checkpoint, profile, tmp_path / "cache", reference=False)
    examples = [{"video": v, "targets": [0.1 * i]} for i, v in enumerate(videos)]
    params = {"examples": examples, "names": ["blur"], "lr": 3e-3, "maxGradNorm": 10.0}
    commands.run("load", load)
    commands.run("regression_pretrain", params)
    commands.begin_save({"folder": str(tmp_path / "s"), "extra": None})()
    went = commands.run("regression_pretrain", params)["metrics"]
    commands.run("load", load)
    commands.run("restore", {"folder": str(tmp_path / "s")})
    assert commands.run("regression_pretrain", params)["metrics"] == went


def test_a_full_disk_loses_nothing(loaded, prompt, videos, tmp_path, monkeypatch):
    folder = tmp_path / "last"
    loaded.begin_save({"folder": str(folder), "extra": 1})()
    before = weights(loaded)

    class FullDisk(saving.FileSystemWriter):
        def write_data(self, plan, planner):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(saving, "FileSystemWriter", FullDisk)
    with pytest.raises(Exception) as raised:
        loaded.begin_save({"folder": str(folder), "extra": 2})()
    assert described(raised.value)["data"]["code"] == "train/disk"
    monkeypatch.undo()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["last"]
    assert loaded.run("restore", {"folder": str(folder)}) == {"extra": 1}
    assert equal(weights(loaded), before)


def test_a_write_that_was_cut_short_is_no_checkpoint(loaded, tmp_path, monkeypatch):
    """Killed between the two renames: the old folder is found under the name that it had meanwhile."""
    folder = tmp_path / "last"
    loaded.begin_save({"folder": str(folder), "extra": 1})()
    folder.rename(tmp_path / ".last.previous")
    (tmp_path / ".last.partial").mkdir()
    assert loaded.run("restore", {"folder": str(folder)}) == {"extra": 1}
    loaded.begin_save({"folder": str(folder), "extra": 2})()
    assert loaded.run("restore", {"folder": str(folder)}) == {"extra": 2}


def test_another_models_checkpoint_is_refused(commands, checkpoint, profile, tmp_path):
    load = load_params(checkpoint, profile, tmp_path / "cache", parts=("languageModel",))
    commands.run("load", load)
    commands.begin_save({"folder": str(tmp_path / "s"), "extra": None})()
    commands.run("load", load_params(checkpoint, profile, tmp_path / "cache"))
    before = weights(commands)
    with pytest.raises(CommandError, match=r"optimiser\.mlp1\.0\.bias.* is absent there") as raised:
        commands.run("restore", {"folder": str(tmp_path / "s")})
    assert described(raised.value)["data"]["code"] == "train/checkpoint"
    assert equal(weights(commands), before)
    with pytest.raises(CommandError, match="there is no checkpoint"):
        commands.run("restore", {"folder": str(tmp_path / "none")})


def test_an_export_is_the_model(loaded, prompt, videos, profile, tmp_path):
    completions = loaded.run("rollout", rollout_params(prompt, videos))["completions"]
    loaded.run("update", update_params(prompt, videos, completions))
    result = loaded.run("export", {"folder": str(tmp_path / "model")})
    model = load_model(tmp_path / "model")
    assert equal(model.state_dict(), weights(loaded))
    assert model.config.profiles == loaded.policy.model.config.profiles
    assert Text(tmp_path / "model", profile).prompt(prompt) == loaded.policy.text.prompt(prompt)
    files = {p.name for p in (tmp_path / "model").iterdir()}
    assert files >= {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json"}
    assert json.loads((tmp_path / "model" / "generation_config.json").read_text())["eos_token_id"]
    again = loaded.run("export", {"folder": str(tmp_path / "model")})
    assert again == result and [p.name for p in tmp_path.glob(".model*")] == []


def test_a_profile_that_the_checkpoint_lacks_goes_with_the_export(commands, checkpoint, profile, tmp_path):
    from dataclasses import replace

    other = replace(profile, name="another")
    commands.run("load", load_params(checkpoint, other, tmp_path / "cache"))
    commands.run("export", {"folder": str(tmp_path / "model")})
    model = load_model(tmp_path / "model")
    assert model.config.profiles["another"] == other and model.config.default_profile == profile.name


WRONG = {
    "a prompt without its features": ("rollout", {"prompt": "Hello"}, r"0 <IMG_CONTEXT> for the 33 features"),
    "seeds": ("rollout", {"seeds": [1]}, "1 seeds for 4 videos"),
    "frames": ("rollout", {"videos": [{"path": "x", "indices": [0, 1]}], "seeds": [1]}, "2 and 2 frames"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_an_impossible_command_names_its_problem(loaded, prompt, videos, mistake):
    method, changes, message = WRONG[mistake]
    with pytest.raises((CommandError, ValueError), match=message):
        loaded.run(method, rollout_params(prompt, videos) | changes)


def test_a_checkpoint_that_is_not_whole_is_named(commands, checkpoint, profile, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(checkpoint, folder)
    state = load_file(folder / "model.safetensors")
    del state["mlp1.1.bias"]
    save_file(state, folder / "model.safetensors")
    with pytest.raises(CheckpointError) as raised:
        commands.run("load", load_params(folder, profile, tmp_path / "cache"))
    description = described(raised.value)
    assert description["data"]["code"] == "train/checkpoint"
    assert description["message"] == "the checkpoint cannot be loaded: missing: mlp1.1.bias [64]"
    with pytest.raises(CommandError, match="there is no config.json"):
        commands.run("load", load_params(tmp_path / "none", profile, tmp_path / "cache"))


def test_an_export_to_a_full_disk_leaves_the_old_one(loaded, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    loaded.run("export", {"folder": str(folder)})

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("engine.export.save_model", full)
    with pytest.raises(CommandError) as raised:
        loaded.run("export", {"folder": str(folder)})
    assert raised.value.code == "train/disk"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    load_model(folder)


def test_nothing_goes_before_load(commands):
    with pytest.raises(CommandError, match="no checkpoint is loaded"):
        commands.run("export", {"folder": "x"})


def test_no_gpu_where_one_is_asked_for(commands, checkpoint, profile, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(CommandError, match="no CUDA GPU is here"):
        commands.run("load", load_params(checkpoint, profile, tmp_path, device="cuda"))


def test_frozen_batch_norm(commands, checkpoint, profile, prompt, videos, tmp_path):
    completions = None
    for mode, drifts in (("eval", False), ("train", True)):
        commands.run("load", load_params(checkpoint, profile, tmp_path, frozenBatchNorm=mode))
        before = weights(commands)
        completions = commands.run("rollout", rollout_params(prompt, videos))["completions"]
        commands.run("update", update_params(prompt, videos, completions))
        after = weights(commands)
        moved = any(
            not torch.equal(before[name], after[name]) for name in before if name.endswith("running_mean")
        )
        assert moved == drifts, mode


def test_probe(commands, clips):
    result = commands.probe({"paths": [str(path) for path in clips]})
    assert result[1] == {"frames": 21, "width": 96, "height": 80, "fps": 25.0}
    assert result[4]["frames"] == 0 and "error" in result[4]
