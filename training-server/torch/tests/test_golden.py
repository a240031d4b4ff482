"""Parity with tensors that the official code recorded, and proof that the comparison can fail."""

import json

import pytest
import torch
from safetensors import safe_open

from modules import conformance, grpo_conformance, internvit, projector, qwen2, slowfast, vqathinker
from modules.config import read_config


def test_every_recorded_tensor(tiny):
    lines = list(conformance.conformance(tiny))
    assert [line for line in lines if not line.ok] == []
    recorded = set()
    for stage in ("train6", "test12"):
        with safe_open(tiny / f"{stage}.safetensors", framework="pt") as file:
            recorded |= {(stage, name) for name in file.keys()}  # noqa: SIM118
    gradients = json.loads((tiny / "train6_grads.json").read_text())["grad_l2"]
    assert len(gradients) == 71
    recorded |= {("train6", f"grads.{name}") for name in ("loss", *gradients)}
    inputs = {"input.frames", "input.input_ids", "batch.input_ids", "batch.attention_mask"}
    compared = {(line.stage, line.name) for line in lines}
    assert compared == {(stage, name) for stage, name in recorded if name not in inputs}


def test_recorded_losses(shared):
    lines = list(
        grpo_conformance.compare_losses(json.loads((shared / "golden/rules/grpo_loss.json").read_text()))
    )
    assert [line for line in lines if not line.ok] == []
    assert sum(line.cases for line in lines) > 10_000


def interleaved_rotation(x, cos, sin):
    turned = torch.stack([-x[..., 1::2], x[..., ::2]], dim=-1).flatten(-2)
    return x * cos + turned * sin


def columns_before_rows(tokens):
    side = round(tokens.shape[1] ** 0.5)
    grid = tokens.unflatten(1, (side // 2, 2, side // 2, 2))
    return grid.permute(0, 1, 3, 4, 2, 5).flatten(3).flatten(1, 2)


def plain_mean(features, time_weights, space_weights):
    return features.mean((1, 3, 4))


def lateral_first(self, slow, fast, fast_time):
    lateral = torch.relu(self.norm(self.conv_fast_to_slow(fast, fast_time)))
    return torch.cat([lateral, slow], dim=1)


def antialiased(x, right=torch.nn.functional.interpolate, **options):
    return right(x, antialias=True, **options)


MISTAKES = {
    "interleaved rotary pairs": (qwen2, "rotate", interleaved_rotation, "lm.logits.last8"),
    "pixel shuffle with columns before rows": (
        "modules.stages",
        "pixel_shuffle",
        columns_before_rows,
        "pixel_shuffle.frame0",
    ),
    "plain mean instead of windowed pools": (
        "modules.stages",
        "pooled",
        plain_mean,
        "slowfast.pooled",
    ),
    "fused channels before the slow ones": (
        slowfast.FuseFastToSlow,
        "forward",
        lateral_first,
        "slowfast.1.slow.mean",
    ),
    "antialiased position embedding": (
        internvit.F,
        "interpolate",
        antialiased,
        "vit.position_embedding",
    ),
    "Kinetics normalisation": (
        "modules.stages",
        "normalised",
        lambda frames, profile: ((frames.float() / 255 - 0.45) / 0.225).movedim(-1, -3),
        "pixel_values.mean",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_a_miss(mistake, tiny, monkeypatch):
    target, attribute, wrong, stage = MISTAKES[mistake]
    if isinstance(target, str):
        monkeypatch.setattr(f"{target}.{attribute}", wrong)
    else:
        monkeypatch.setattr(target, attribute, wrong)
    assert stage in missed(tiny)


@pytest.mark.parametrize(
    ("module", "kind", "eps", "stage"),
    [
        ("slowfast_model", torch.nn.BatchNorm2d, 1e-3, "slowfast.pooled"),
        ("mlp1", torch.nn.LayerNorm, 1e-6, "mlp1.frame0"),
        ("vision_model", torch.nn.LayerNorm, 1e-5, "vit.layers.1.frame0"),
        ("language_model", qwen2.RMSNorm, 1e-5, "lm.logits.last8"),
    ],
)
def test_a_wrong_epsilon_is_a_miss(module, kind, eps, stage, tiny, monkeypatch):
    load = conformance.load_model

    def load_wrong(folder):
        model = load(folder)
        for part in getattr(model, module).modules():
            if isinstance(part, kind):
                part.eps = eps
        return model

    monkeypatch.setattr(conformance, "load_model", load_wrong)
    assert stage in missed(tiny)


def missed(tiny) -> set[str]:
    model = conformance.load_model(tiny)
    recorded = conformance.load_file(tiny / "test12.safetensors")
    clip = conformance.Clip(frames=recorded.pop("input.frames"), input_ids=recorded.pop("input.input_ids"))
    profile = model.config.profiles["test12"]
    # The stages up to the prompt's logits: a mistake shows there, without the cost of the answers.
    return {
        name
        for name, ours in conformance.stage_tensors(model, profile, clip)
        if not conformance.compare("test12", name, ours, recorded[name]).ok
    }


def test_an_unknown_tensor_is_a_miss(tiny):
    model = conformance.load_model(tiny)
    recorded = conformance.load_file(tiny / "train6.safetensors")
    clip = conformance.Clip(frames=recorded["input.frames"], input_ids=recorded["input.input_ids"])
    only = {"motion_mlp": recorded["motion_mlp"], "motion_mlp.extra": recorded["motion_mlp"]}
    profile = model.config.profiles["train6"]
    lines = list(conformance.ClipComparison(model, profile, clip, only, "train6").lines())
    assert [line.ok for line in lines] == [True, False]


def test_bf16_weights_keep_the_answers(tiny):
    """README: weights rounded to bf16 leave all 20 greedy tokens as they are (arithmetic in fp32)."""
    model = conformance.load_model(tiny, dtype=torch.bfloat16).float()
    recorded = conformance.load_file(tiny / "train6.safetensors")
    clip = conformance.Clip(frames=recorded["input.frames"], input_ids=recorded["input.input_ids"])
    profile = read_config(tiny).profiles["train6"]
    tokens, logits, _ = conformance.greedy(model, profile, clip.input_ids, clip.encode(model, profile))
    assert tokens[0].tolist() == recorded["greedy.tokens"].tolist()
    assert 1e-3 < (logits[0, 0] - recorded["greedy.logits"][0]).abs().max() < 0.1


def test_bf16_throughout_runs_and_stays_near(tiny):
    """README: bf16 weights and activations move train6's first logits by about 0.14 and change no token."""
    model = conformance.load_model(tiny, dtype=torch.bfloat16)
    recorded = conformance.load_file(tiny / "train6.safetensors")
    clip = conformance.Clip(frames=recorded["input.frames"], input_ids=recorded["input.input_ids"])
    profile = model.config.profiles["train6"]
    with torch.no_grad():
        encoded = clip.encode(model, profile)
    assert encoded.motion.dtype == encoded.frames.dtype == torch.bfloat16
    _, logits, _ = conformance.greedy(model, profile, clip.input_ids, encoded, steps=1)
    assert 1e-3 < (logits[0, 0].float() - recorded["greedy.logits"][0]).abs().max() < 0.3


def test_prompt_and_video_must_fit(tiny):
    model = conformance.load_model(tiny)
    profile = model.config.profiles["train6"]
    encoded = vqathinker.Encoded(frames=torch.zeros(1, 3, 112), motion=torch.zeros(1, 112))
    with pytest.raises(ValueError, match=r"\[2\] context ids for 1 videos of 4 tokens"):
        model.inputs_embeds(torch.tensor([[1, 394, 394]]), encoded, profile)
    assert projector.EPSILON == 1e-5
