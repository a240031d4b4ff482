"""An exported checkpoint is read by everything that reads checkpoints: converter, conformance command."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from functools import partial

import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from engine import make_checkpoint, shapes
from engine.conftest import rollout_params, update_params, video_of
from engine.parsing import parsed
from engine.released_tokenizer import write_released_tokenizer
from engine.text import read_tokenizer
from engine.video.videos import Video
from modules.config import TINY_MOTION, TINY_VISION, LanguageConfig, config_to_json
from modules.loader import load_model
from modules.profiles import BUILT_IN_PROFILES
from modules.random_checkpoint import spread
from modules.shard_writer import write_shards
from modules.stages import Clip, greedy, stage_tensors
from modules.vqathinker import VQAThinkerModel
from small.prompt import ROOT, node


@pytest.mark.slow
def test_the_converter_and_the_conformance_command_take_an_export(loaded, prompt, clips, profile, tmp_path):
    """Oracle of the numbers: the engine's own model after a step, on a decoded clip."""
    videos = [video_of(path, profile) for path in clips[:2]]
    completions = loaded.run("rollout", rollout_params(prompt, videos))["completions"]
    loaded.run("update", update_params(prompt, videos, completions))
    folder = tmp_path / "model"
    loaded.run("export", {"folder": str(folder)})
    pixels = loaded.videos.clip(parsed(Video, videos[0], "video"))
    clip = Clip(
        frames=pixels.frames,
        input_ids=torch.tensor([loaded.policy.text.prompt(prompt)]),
        motion_frames=pixels.motion_frames,
    )
    model = loaded.policy.model
    with torch.no_grad():
        tokens, logits, gaps = greedy(model, profile, clip.input_ids, clip.encode(model, profile))
        reference = clip.tensors() | dict(stage_tensors(model, profile, clip))
    reference |= {"greedy.tokens": tokens[0], "greedy.logits": logits[0], "greedy.gap": gaps[0]}
    save_file({k: v.detach().contiguous() for k, v in reference.items()}, folder / "reference.safetensors")

    done = subprocess.run(
        [node(), "scripts/conformance/main.ts", str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MISS" not in done.stdout and "reference" in done.stdout

    (folder / "reference.safetensors").unlink()
    package = tmp_path / "package"
    command = [node(), "convert/cli.ts", str(folder), str(package), "--variants", "wasm:fp32"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = json.loads((package / "manifest.json").read_text())
    assert manifest["profile"]["name"] == profile.name
    assert (
        manifest["producedBy"]["checkpointSha256"] == loaded.run("export", {"folder": str(folder)})["sha256"]
    )


@pytest.mark.parametrize("shape", ["tiny", "small"])
def test_a_random_checkpoint_of_a_named_shape(shape, tmp_path):
    sha256 = make_checkpoint.make(tmp_path / "a", shape, shapes.TOKENIZER, dtype=torch.float32, seed=1)
    model = load_model(tmp_path / "a")
    profile = model.config.profile
    text = Tokenizer.from_file(str(shapes.TOKENIZER / "tokenizer.json"))
    assert model.config.language.vocab_size == text.get_vocab_size()
    assert (profile.frames, profile.size) == {"tiny": (8, 64), "small": (8, 224)}[shape]
    assert all(t.isfinite().all() for t in model.state_dict().values())
    again = make_checkpoint.make(tmp_path / "b", shape, shapes.TOKENIZER, dtype=torch.float32, seed=1)
    assert again == sha256


def test_a_published_shape_is_written_in_pieces(tmp_path, monkeypatch):
    """The same model as one that is drawn whole would be, in shards, with every id at its released place."""
    little = replace(
        LanguageConfig(),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    monkeypatch.setattr(make_checkpoint, "DRAWN", 1000)
    monkeypatch.setattr(make_checkpoint, "write_shards", partial(write_shards, shard_bytes=20_000_000))
    tokenizer = tmp_path / "tokenizer"
    write_released_tokenizer(shapes.TOKENIZER, tokenizer)
    config = replace(
        shapes.config_of("1b", tokenizer), language=little, vision=TINY_VISION, motion=TINY_MOTION
    )
    monkeypatch.setattr(make_checkpoint, "config_of", lambda *_: config)
    make_checkpoint.make(tmp_path / "a", "1b", tokenizer, dtype=torch.bfloat16, seed=1)
    shards = sorted((tmp_path / "a").glob("model-*.safetensors"))
    assert len(shards) > 1
    model = load_model(tmp_path / "a")
    for name, weight in model.named_parameters():
        mean, deviation = spread(name, weight.shape)
        assert weight.isfinite().all()
        if weight.numel() > 10_000 and not name.endswith("qkv.weight"):
            assert abs(float(weight.mean()) - mean) < 0.05 * deviation, name
            assert 0.9 * deviation < float(weight.std()) < 1.1 * deviation, name
    text = read_tokenizer(tokenizer)
    assert text.get_vocab_size() == 151_674
    ids = [text.token_to_id(token) for token in ("<img>", "</img>", "<IMG_CONTEXT>", "<|im_end|>")]
    assert ids == [151_665, 151_666, 151_667, 151_645]
    sentence = "A blurry video.<img><IMG_CONTEXT></img>"
    assert text.decode(text.encode(sentence).ids, skip_special_tokens=False) == sentence
    assert (tmp_path / "a" / "tokenizer.json").exists()


def test_a_published_shape_with_another_vocabulary_is_refused(tmp_path):
    with pytest.raises(shapes.VocabularyError, match=r"151,674.* has [\d,]+ entries.*released-size"):
        make_checkpoint.make(tmp_path / "a", "8b", shapes.TOKENIZER, dtype=torch.bfloat16, seed=1)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("shape", "parameters"), [("1b", 938_193_024), ("2b", 2_088_957_440), ("8b", 7_944_373_760)]
)
def test_the_published_shapes_have_the_published_sizes(shape, parameters, monkeypatch):
    """Parameters without the motion branch, as published; counted without making them."""
    monkeypatch.setattr(shapes, "_released", lambda text: True)
    config = shapes.config_of(shape, shapes.TOKENIZER)
    with torch.device("meta"):
        model = VQAThinkerModel(config)
    parts = (model.vision_model, model.language_model, model.mlp1)
    assert sum(p.numel() for part in parts for p in part.parameters()) == parameters
    assert set(config.profiles) == set(BUILT_IN_PROFILES)
    assert config_to_json(config)["llm_config"]["vocab_size"] == 151_674


def test_the_bundled_model_has_the_small_shape():
    """The shape `small` is that of the model in the repository, weights apart."""
    config = shapes.config_of("small", shapes.TOKENIZER)
    bundled = json.loads((shapes.TOKENIZER / "manifest.json").read_text())["profile"]
    assert config_to_json(config)["profiles"]["small8"] == bundled
