"""Oracle: the bundled package in onnxruntime. Its graphs and the restored weights give the same tokens."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from modules.config import ModelConfig
from modules.slowfast import SlowFast
from modules.vqathinker import VQAThinkerModel
from small.backbone import zero_scaled
from small.checkpoint import profile_with_prompt
from small.config import MOTION, PROFILE, VISION
from small.human.frames import COLUMNS
from small.language import language_config
from small.predictor import Package
from small.restore import BUNDLED, dequantised, restored_tensors, short_name, write_parts
from small.tokenizer import load


def test_a_graph_name_ends_with_the_name_in_the_checkpoint():
    assert short_name("layers.0.vision_model.norm1.weight") == "vision_model.norm1.weight"
    assert short_name("statistics.motion_statistics.mean") == "motion_statistics.mean"
    assert short_name("quality_head.quality_head.inner.bias") == "quality_head.inner.bias"
    assert short_name("constant_3") is None


def test_blocks_are_scaled_and_padding_is_cut():
    integers = np.full((2, 2, 4), 128, np.uint8)
    integers[1, 0, 2] = 131
    scales = np.array([[1, 1], [0.5, 2]], np.float32)
    expected = np.zeros((2, 6), np.float32)
    expected[1, 2] = 1.5
    assert np.array_equal(dequantised(integers, scales, 6), expected)


def test_parts_are_written_once(tmp_path):
    torch.manual_seed(0)
    tensors = {f"slowfast_model.{k}": v for k, v in SlowFast(MOTION).state_dict().items()}
    tensors |= {"mlp1.0.weight": torch.ones(3), "motion_statistics.mean": torch.zeros(2)}
    write_parts(tensors, tmp_path)
    assert set(load_file(tmp_path / "vision.safetensors")) == {"mlp1.0.weight"}
    assert set(load_file(tmp_path / "motion_statistics.safetensors")) == {"mean"}
    backbone = SlowFast(MOTION)
    backbone.load_state_dict(load_file(tmp_path / "slowfast.safetensors"))
    scaled = zero_scaled(backbone).state_dict()
    for name, value in scaled.items():
        assert torch.allclose(value, tensors[f"slowfast_model.{name}"])
    write_parts({**tensors, "mlp1.0.weight": torch.zeros(3)}, tmp_path)
    assert load_file(tmp_path / "vision.safetensors")["mlp1.0.weight"].sum() == 3


@pytest.fixture(scope="module")
def bundled():
    """The restored model beside the package in onnxruntime."""
    tensors = restored_tensors()
    motion = MOTION
    if "quality_head.inner.bias" in tensors:
        hidden = len(tensors["quality_head.inner.bias"])
        motion = replace(MOTION, quality_features=COLUMNS, quality_hidden=hidden)
    tokenizer = load(BUNDLED)
    profile = profile_with_prompt(PROFILE, tokenizer)
    config = ModelConfig(
        vision=VISION,
        language=language_config(tokenizer),
        motion=motion,
        profiles={profile.name: profile},
        default_profile=profile.name,
    )
    model = VQAThinkerModel(config)
    model.load_state_dict(tensors, strict=True)
    return model.eval(), Package(BUNDLED, "q8").load()


@torch.no_grad()
def test_restored_weights_give_the_tokens_of_the_package(bundled):
    model, package = bundled
    pixels = torch.randn(16, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    features = torch.randn(len(COLUMNS), generator=torch.Generator().manual_seed(1)) * 3
    features[3] = torch.nan
    expected = package.encode(pixels, features)
    frames = model.vision_tokens(pixels[None, ::2])[0]
    assert torch.allclose(frames, expected.frames, atol=1e-3)
    motion = model.motion_token(pixels[None], model.config.profile, features[None])[0]
    assert torch.allclose(motion, expected.motion, atol=1e-2)
    logits = model.language_model.logits(model.language_model(frames[None, :20]))
    assert torch.isfinite(logits).all()
