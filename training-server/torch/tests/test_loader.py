"""Checkpoint folders: what is read, written and refused."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from modules.loader import HEAD, INDEX, SINGLE, CheckpointError, load_model, save_model
from modules.random_checkpoint import RandomCheckpoint, random_weights
from modules.vqathinker import VQAThinkerModel

SIZES = RandomCheckpoint(profile="fragments", heads=4, kv_heads=2, layers=1)


@pytest.fixture(scope="module")
def model():
    generator = torch.Generator().manual_seed(3)
    model = VQAThinkerModel(SIZES.config()).eval()
    random_weights(model, generator)
    return model


@pytest.fixture
def folder(model, tmp_path):
    save_model(model, tmp_path)
    return tmp_path


def rewrite(folder, change):
    tensors = load_file(folder / SINGLE)
    change(tensors)
    save_file(tensors, folder / SINGLE)


def problems(folder) -> list[str]:
    with pytest.raises(CheckpointError) as caught:
        load_model(folder)
    return caught.value.problems


@pytest.mark.parametrize("shard_bytes", [10**9, 60_000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_out_and_in_again(model, tmp_path, shard_bytes, dtype):
    save_model(model, tmp_path, dtype=dtype, shard_bytes=shard_bytes)
    shards = sorted(p.name for p in tmp_path.glob("*.safetensors"))
    assert (tmp_path / INDEX).exists() == (len(shards) > 1) == (shard_bytes < 10**9)
    again = load_model(tmp_path)
    assert not again.training
    state = model.state_dict()
    for name, tensor in again.state_dict().items():
        expected = state[name]
        if expected.is_floating_point():
            assert tensor.dtype == torch.float32
            expected = expected.to(dtype).float()
        assert torch.equal(tensor, expected), name
    assert again.config.profiles == model.config.profiles


def test_the_index_accounts_for_every_byte(model, tmp_path):
    save_model(model, tmp_path, shard_bytes=60_000)
    index = json.loads((tmp_path / INDEX).read_text())
    state = model.state_dict()
    assert set(index["weight_map"]) == set(state)
    assert index["metadata"]["total_size"] == sum(t.numel() * t.element_size() for t in state.values())
    for name, shard in index["weight_map"].items():
        assert name in load_file(tmp_path / shard)


def test_a_smaller_save_replaces_the_index(model, tmp_path):
    save_model(model, tmp_path, shard_bytes=60_000)
    save_model(model, tmp_path)
    assert not (tmp_path / INDEX).exists()
    load_model(tmp_path)


def test_missing_extra_and_misshapen_are_named_together(folder):
    def change(tensors):
        del tensors["mlp1.0.weight"]
        tensors["mlp1.9.weight"] = torch.zeros(2)
        tensors["motion_mlp.3.bias"] = torch.zeros(3)

    rewrite(folder, change)
    reported_problems = problems(folder)
    assert reported_problems == [
        "missing: mlp1.0.weight [128]",
        "extra: mlp1.9.weight",
        "misshapen: motion_mlp.3.bias is [3], expected [32]",
    ]


def test_missing_motion_weights_are_no_silence(folder):
    rewrite(folder, lambda t: [t.pop(n) for n in list(t) if n.startswith("slowfast_model.")])
    assert all(p.startswith("missing: slowfast_model.") for p in problems(folder))


def test_a_counter_must_be_an_integer(folder):
    name = "slowfast_model.feature_extraction.0.multipathway_blocks.0.norm.num_batches_tracked"
    rewrite(folder, lambda t: t.update({name: torch.tensor(1.0)}))
    assert problems(folder) == [f"mistyped: {name} is F32, expected I64"]


def test_a_weight_must_be_a_float(folder):
    rewrite(folder, lambda t: t.update({"mlp1.0.bias": torch.zeros(128, dtype=torch.int64)}))
    assert problems(folder) == ["mistyped: mlp1.0.bias is I64, expected BF16, F16 or F32"]


def test_a_missing_shard_is_named(model, tmp_path):
    save_model(model, tmp_path, shard_bytes=60_000)
    shard = sorted(tmp_path.glob("model-*.safetensors"))[1]
    shard.unlink()
    assert f"shard {shard.name} is missing" in problems(tmp_path)


def test_index_and_shards_must_agree(model, tmp_path):
    save_model(model, tmp_path, shard_bytes=60_000)
    index = json.loads((tmp_path / INDEX).read_text())
    shard = index["weight_map"].pop("mlp1.0.bias")
    index["weight_map"]["mlp1.7.bias"] = shard
    (tmp_path / INDEX).write_text(json.dumps(index))
    assert problems(tmp_path) == [
        f"mlp1.7.bias is in the index but not in {shard}",
        f"mlp1.0.bias is in {shard} but not in the index",
    ]


def test_an_index_cannot_reach_outside(model, tmp_path):
    inner = tmp_path / "checkpoint"
    save_model(model, inner, shard_bytes=60_000)
    index = json.loads((inner / INDEX).read_text())
    first = index["weight_map"]["mlp1.0.bias"]
    shutil.copy(inner / first, tmp_path / first)
    index["weight_map"] = {n: f"../{s}" if s == first else s for n, s in index["weight_map"].items()}
    (inner / INDEX).write_text(json.dumps(index))
    assert any("outside the folder" in p for p in problems(inner))


def test_a_truncated_file_is_refused(folder):
    path = folder / SINGLE
    path.write_bytes(path.read_bytes()[:-100])
    assert problems(folder)[0].startswith(f"{SINGLE} is damaged")


def test_pickles_are_not_read(folder):
    (folder / SINGLE).unlink()
    torch.save({}, folder / "pytorch_model.bin")
    assert "pickled weights are never read" in problems(folder)[0]


def test_a_tied_head_may_lie_in_the_file_if_it_is_the_embedding(tmp_path):
    generator = torch.Generator().manual_seed(1)
    tied = RandomCheckpoint(profile="fragments", heads=4, kv_heads=2, layers=1, tied=True)
    model = VQAThinkerModel(tied.config()).eval()
    random_weights(model, generator)
    save_model(model, tmp_path)
    embedding = load_file(tmp_path / SINGLE)["language_model.model.embed_tokens.weight"]
    assert HEAD not in load_file(tmp_path / SINGLE)
    rewrite(tmp_path, lambda t: t.update({HEAD: embedding.clone()}))
    assert not hasattr(load_model(tmp_path).language_model, "lm_head")
    rewrite(tmp_path, lambda t: t.update({HEAD: embedding + 1}))
    assert "differs from the embedding" in problems(tmp_path)[0]


def test_an_untied_head_must_be_there(folder):
    rewrite(folder, lambda t: t.pop(HEAD))
    assert problems(folder) == [f"missing: {HEAD} [400, 32]"]
