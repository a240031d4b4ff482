"""Giving an InternVL checkpoint its motion branch."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from modules.base_checkpoint import main, with_motion
from modules.loader import CheckpointError, load_model, save_model
from modules.random_checkpoint import RandomCheckpoint, random_clip, random_weights
from modules.vqathinker import VQAThinkerModel, normalised


@pytest.fixture(scope="module")
def whole():
    model = VQAThinkerModel(RandomCheckpoint(profile="fragments", heads=4, kv_heads=2, layers=1).config())
    random_weights(model, torch.Generator().manual_seed(0))
    return model.eval()


@pytest.fixture
def files(whole, tmp_path):
    """A base without motion tensors, and the motion encoder in the published file's form."""
    base = tmp_path / "base"
    save_model(whole, base)
    base_state = {
        n: t
        for n, t in load_file(base / "model.safetensors").items()
        if not n.startswith(("slowfast_model.", "motion_mlp."))
    }
    save_file(base_state, base / "model.safetensors")
    state = whole.slowfast_model.state_dict()
    published = {name.replace("feature_extraction", "blocks"): tensor for name, tensor in state.items()}
    published["blocks.6.proj.weight"] = torch.zeros(400, 192)
    torch.save({"model_state": published}, tmp_path / "slowfast.pyth")
    return base, tmp_path / "slowfast.pyth"


def test_everything_has_its_source(whole, files):
    model = with_motion(*files)
    assert not any(t.is_meta for t in model.state_dict().values())
    for name, tensor in whole.state_dict().items():
        if not name.startswith("motion_mlp"):
            assert torch.equal(model.state_dict()[name], tensor), name


def test_a_zero_projector_adds_nothing_and_still_learns(files):
    model = with_motion(*files)
    profile = model.config.profile
    clip = random_clip(model.config, torch.Generator().manual_seed(1))
    token = model.motion_token(
        normalised(clip.frames if clip.motion_frames is None else clip.motion_frames, profile)[None], profile
    )
    assert torch.equal(token, torch.zeros_like(token))
    token.sum().backward()
    assert model.motion_mlp[3].weight.grad.abs().sum() > 0


def test_the_official_projector(files):
    model = with_motion(*files, projector="official")
    for linear in (model.motion_mlp[1], model.motion_mlp[3]):
        assert 0 <= linear.weight.min() < linear.weight.max() < 0.01
        assert not linear.bias.any()


def test_the_written_checkpoint_loads(files, tmp_path):
    model = with_motion(*files, dtype=torch.bfloat16)
    save_model(model, tmp_path / "out")
    assert torch.equal(load_model(tmp_path / "out").mlp1[1].weight, model.mlp1[1].weight.float())


@pytest.fixture
def with_tokenizer(files):
    (files[0] / "vocab.json").write_text('{"a": 0}')
    (files[0] / "merges.txt").write_text("")
    (files[0] / "generation_config.json").write_text('{"eos_token_id": 1}')
    return files


def test_the_command_writes_what_training_starts_from(with_tokenizer, tmp_path, monkeypatch):
    monkeypatch.setenv("INIT_CWD", str(tmp_path))
    main(["base", "slowfast.pyth", "out", "--dtype", "float32"])
    out = tmp_path / "out"
    for name in ("vocab.json", "merges.txt"):
        assert (out / name).read_text() == (with_tokenizer[0] / name).read_text()
    assert json.loads((out / "generation_config.json").read_text()) == {"eos_token_id": 1}
    last = load_model(out).motion_mlp[3].weight
    assert 0 <= last.min() < last.max() < 0.01  # as the released code starts


def test_a_base_without_a_tokenizer_is_refused(files, tmp_path):
    with pytest.raises(CheckpointError, match="no tokenizer"):
        main([str(files[0]), str(files[1]), str(tmp_path / "out")])


def test_another_network_is_refused(whole, files, tmp_path):
    state = torch.load(files[1], weights_only=True)["model_state"]
    state["blocks.0.multipathway_blocks.0.conv.weight"] = torch.zeros(64, 3, 1, 7, 7)
    del state["blocks.4.multipathway_blocks.1.res_blocks.0.branch1_norm.bias"]
    torch.save({"model_state": state}, tmp_path / "other.pyth")
    with pytest.raises(CheckpointError) as caught:
        with_motion(files[0], tmp_path / "other.pyth")
    assert [p.split(":")[0] for p in caught.value.problems] == [
        "feature_extraction.0.multipathway_blocks.0.conv.weight",
        "feature_extraction.4.multipathway_blocks.1.res_blocks.0.branch1_norm.bias",
    ]


def test_a_base_with_motion_is_refused(whole, files, tmp_path):
    save_model(whole, tmp_path / "whole")
    with pytest.raises(CheckpointError, match="extra: motion_mlp.0.bias"):
        with_motion(tmp_path / "whole", files[1])
