"""A stage that trains an adaptation: the reference, the state of a resume, the export, and two ranks."""

from __future__ import annotations

import pytest
import torch

from engine.conftest import load_params, rollout_params, update_params, video_of
from modules.loader import load_model

LORA = {"rank": 4, "alpha": 8.0, "targets": ["q_proj", "v_proj", "down_proj"]}
PARTS = ("languageModel", "motionProjector")


@pytest.fixture
def videos(clips, profile):
    return [video_of(clip, profile) for clip in clips[:3]]


def load(commands, checkpoint, profile, folder, **changes):
    params = load_params(checkpoint, profile, folder / "cache", parts=PARTS, lora=LORA, **changes)
    return commands.run("load", params)


def step(commands, prompt, videos, **changes):
    drawn = commands.run("rollout", rollout_params(prompt, videos))["completions"]
    return commands.run("update", update_params(prompt, videos, drawn, **changes))["metrics"]


def test_the_adaptation_alone_trains_and_its_reference_is_the_start(
    commands, checkpoint, profile, prompt, videos, tmp_path
):
    result = load(commands, checkpoint, profile, tmp_path)
    policy = commands.policy
    trained = {name for name, p in policy.model.named_parameters() if p.requires_grad}
    assert {name.split(".")[0] for name in trained} == {"language_model", "motion_mlp"}
    assert all("lora_" in name for name in trained if name.startswith("language_model"))
    assert result["trainable"] == sum(p.numel() for p in policy.names)
    reference = policy.reference[0]
    base = policy.model.language_model.model.layers[0].self_attn.q_proj
    shared = reference.language_model.model.layers[0].self_attn.q_proj
    assert shared.weight is base.weight and shared.lora_b is not base.lora_b
    before = {name: p.clone() for name, p in policy.model.named_parameters()}
    assert step(commands, prompt, videos, lr=1e-2)["kl"] < 1e-9
    assert step(commands, prompt, videos, lr=1e-2)["kl"] > 1e-6
    moved = {name for name, p in policy.model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == trained
    assert shared.lora_b.abs().max() == 0


def test_the_export_is_merged_and_a_resumed_run_is_the_run(
    commands, checkpoint, profile, prompt, videos, tmp_path
):
    load(commands, checkpoint, profile, tmp_path)
    step(commands, prompt, videos, lr=1e-2)
    commands.begin_save({"folder": str(tmp_path / "state"), "extra": {}})()
    drawn = commands.run("rollout", rollout_params(prompt, videos, temperature=0.0))["completions"]
    commands.run("export", {"folder": str(tmp_path / "model")})
    after = step(commands, prompt, videos, lr=1e-2)

    load(commands, checkpoint, profile, tmp_path)
    commands.run("restore", {"folder": str(tmp_path / "state")})
    assert step(commands, prompt, videos, lr=1e-2) == after

    # The merged model is one of the official layout, and writes what the adapted one wrote.
    plain = load_model(checkpoint)
    merged = load_model(tmp_path / "model")
    assert merged.state_dict().keys() == plain.state_dict().keys()
    commands.run("load", load_params(tmp_path / "model", profile, tmp_path / "cache"))
    again = commands.run("rollout", rollout_params(prompt, videos, temperature=0.0))["completions"]
    for group, expected in zip(again, drawn, strict=True):
        for one, other in zip(group, expected, strict=True):
            assert one["tokens"] == other["tokens"]
            torch.testing.assert_close(
                torch.tensor(one["logps"]), torch.tensor(other["logps"]), atol=1e-4, rtol=1e-4
            )
