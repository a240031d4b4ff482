"""Random checkpoints: they read back, they are reproducible, and their paths show."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from modules.conformance import conformance, main
from modules.loader import load_model
from modules.random_checkpoint import PROFILES, SMALLEST_GAP, RandomCheckpoint, random_clip, write
from modules.statistics import NAMES


@pytest.mark.parametrize("profile", PROFILES)
def test_the_reference_is_what_the_files_compute(profile, tmp_path):
    gap = write(tmp_path, RandomCheckpoint(profile=profile, heads=6, kv_heads=2, layers=1, seed=5))
    assert gap >= SMALLEST_GAP
    lines = list(conformance(tmp_path))
    assert len(lines) > 30
    assert [line for line in lines if not line.ok] == []


@pytest.mark.parametrize(("profile", "heads", "kv_heads"), [("train6", 5, 1), ("test12", 6, 3)])
def test_a_conformance_folder_of_other_sizes(profile, heads, kv_heads, tmp_path, capsys, monkeypatch):
    """The form of the recorded folder: official config.json, constants in profiles.json, any file name."""
    write(tmp_path, RandomCheckpoint(profile=profile, heads=heads, kv_heads=kv_heads, layers=3, seed=2))
    config = json.loads((tmp_path / "config.json").read_text())
    given = config.pop("profiles")[profile]
    del config["motion_config"], config["default_profile"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    constants = {
        "token_ids": {"<img>": 392, "</img>": 393, "<IMG_CONTEXT>": 394},
        "slowfast": {"slow_stem": 8, "fast_stem": 1},
        "normalisation": {"mean": given["mean"], "std": given["std"]},
        profile: {
            "frames": given["frames"],
            "image_size": given["size"],
            "tokens_per_frame": given["tokensPerFrame"],
            "slow_indices": given["slowIndices"],
            "repeat": {6: 6, 12: 4}[given["frames"]],
        },
    }
    (tmp_path / "profiles.json").write_text(json.dumps(constants))
    (tmp_path / "reference.safetensors").rename(tmp_path / "another-name.safetensors")
    monkeypatch.setattr("sys.argv", ["conformance", str(tmp_path)])
    assert main() == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["stage"] for line in lines} == {"another-name"}
    assert len(lines) > 40
    recorded = load_file(tmp_path / "another-name.safetensors")
    recorded["motion_mlp"] += 1e-4
    save_file(recorded, tmp_path / "another-name.safetensors")
    assert main() == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["name"] for line in lines if not line["ok"]] == ["motion_mlp"]


def test_bf16_weights_have_a_reference_of_bf16(tmp_path):
    sizes = RandomCheckpoint(profile="fragments", heads=5, kv_heads=1, layers=1, tied=True)
    write(tmp_path, sizes, torch.bfloat16)
    assert all(line.ok for line in conformance(tmp_path))


@pytest.mark.parametrize("profile", ["fragments", "mixed", "train6"])
def test_statistics_enter_the_motion_token(profile, tmp_path):
    """They follow the pooled vector, standardised by the buffers; at least some are off the limit of ±4."""
    write(tmp_path, RandomCheckpoint(profile=profile, heads=4, kv_heads=2, layers=1, statistics=NAMES))
    assert all(line.ok for line in conformance(tmp_path))
    reference = load_file(tmp_path / "reference.safetensors")
    values = reference["motion_statistics"]
    assert values.shape == (len(NAMES),)
    assert values.isfinite().all()
    assert (values.abs() < 4).sum() > len(NAMES) / 2
    model = load_model(tmp_path)
    vector = torch.cat([reference["slowfast.pooled"], values])
    with torch.no_grad():
        torch.testing.assert_close(model.motion_mlp(vector), reference["motion_mlp"], atol=1e-6, rtol=1e-5)
        changed = model.motion_mlp(torch.cat([reference["slowfast.pooled"], values + 0.1]))
    assert (changed - reference["motion_mlp"]).abs().max() > 1e-3 * reference["motion_mlp"].abs().max()


def test_a_seed_gives_the_same_files(tmp_path):
    sizes = RandomCheckpoint(profile="fragments", heads=4, kv_heads=4, layers=1, seed=9)
    for name in ("a", "b"):
        write(tmp_path / name, sizes)
    for file in ("model.safetensors", "reference.safetensors", "config.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_attention_is_peaked_and_the_motion_token_matters(tmp_path):
    write(tmp_path, RandomCheckpoint(profile="fragments", heads=6, kv_heads=2))
    model = load_model(tmp_path)
    reference = load_file(tmp_path / "reference.safetensors")
    attention = model.language_model.model.layers[0].self_attn
    x = model.language_model.model.layers[0].input_layernorm(reference["lm.inputs_embeds"])
    q = attention.q_proj(x).unflatten(-1, (6, 8))
    k = attention.k_proj(x).unflatten(-1, (2, 8)).repeat_interleave(3, dim=1)
    weights = (torch.einsum("qhd,khd->hqk", q, k) * 8**-0.5).softmax(-1)
    assert weights.amax(-1).median() > 10 / len(x)
    assert 0.1 < reference["lm.logits.last8"].std() < 10
    profile = model.config.profile
    clip = random_clip(model.config, torch.Generator().manual_seed(1))
    with torch.no_grad():
        encoded = clip.encode(model, profile)
        before = model(clip.input_ids, encoded, profile)[0, -1]
        encoded.motion += 0.1
        assert (model(clip.input_ids, encoded, profile)[0, -1] - before).abs().max() > 1e-3
