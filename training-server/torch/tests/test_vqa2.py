"""VQA²: parity with tensors that the official code recorded, the strict loader, and the motion network."""

import json
from functools import partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from modules import conformance
from modules.config import ConfigError
from modules.loader import CheckpointError
from modules.vqa2 import groups, loader, model, qwen2_5_vl, siglip
from modules.vqa2.clips import Clips
from modules.vqa2.config import FastConfig, SiglipConfig, Vqa2Config, config_from_json
from modules.vqa2.conformance import _slow_pathway, protocol_lines, stage_lines
from modules.vqa2.motion import MotionNet
from modules.vqa2.tiles import best_canvas
from modules.vqa2.variant_conformance import load_variant


@pytest.fixture(scope="module")
def tiny(shared: Path) -> Path:
    folder = shared / "golden-vqa2" / "tiny"
    if not folder.is_dir():
        pytest.skip(f"no recorded results at {folder}")
    return folder


def test_every_recorded_tensor(tiny):
    lines = list(conformance.conformance(tiny))
    assert [line for line in lines if not line.ok] == []
    compared = {line.name for line in lines}
    for file in ("stages", "protocols"):
        with safe_open(tiny / f"{file}.safetensors", framework="pt") as opened:
            recorded = set(opened.keys())
        inputs = {name for name in recorded if name.endswith((".input_ids", ".rgb"))}
        assert recorded - inputs - compared == set()
    runs = json.loads((tiny / "train.json").read_text())["runs"]
    for run, facts in runs.items():
        assert f"{run}.loss" in compared
        for group in facts.get("groups", {}):
            if facts["groups"][group]["with_gradient"]:
                assert f"{run}.{group}" in compared


@pytest.fixture(scope="module")
def variant(shared: Path) -> Path:
    folder = shared / "golden-vqa2" / "qwen2_5"
    if not folder.is_dir():
        pytest.skip(f"no recorded results at {folder}")
    return folder


def test_every_recorded_tensor_of_the_variant(variant):
    lines = list(conformance.conformance(variant))
    assert [line for line in lines if not line.ok] == []
    compared = {line.name for line in lines}
    with safe_open(variant / "golden.safetensors", framework="pt") as opened:
        recorded = set(opened.keys())
    assert {n for n in recorded if "input" not in n} - compared == set()
    gradients = json.loads((variant / "golden.json").read_text())["grad_l2"]
    assert {f"grads.{name}" for name in gradients} <= compared


VARIANT_MISTAKES = {
    "windows in row-major order": (
        "window_order",
        lambda grid, config: (torch.arange(36), [36]),
        "visual.blocks.0",
    ),
    "decoder's ε in the vision tower": ("NORM_EPS", 1e-5, "visual"),
    "rotary rows and columns exchanged": (
        "vision_rotary",
        lambda grid, config, like, right=qwen2_5_vl.vision_rotary: tuple(
            t.unflatten(1, (2, 2, -1)).flip(2).flatten(1) for t in right(grid, config, like)
        ),
        "visual.blocks.0",
    ),
}


@pytest.mark.parametrize("mistake", VARIANT_MISTAKES)
def test_the_comparison_of_the_variant_sees_a_mistake(variant, monkeypatch, mistake):
    target, wrong, tensor = VARIANT_MISTAKES[mistake]
    monkeypatch.setattr(qwen2_5_vl, target, wrong)
    missed = {line.name for line in conformance.conformance(variant) if not line.ok}
    assert tensor in missed


def test_the_variant_refuses_another_number_of_slots(variant):
    facts = json.loads((variant / "golden.json").read_text())
    loaded = load_variant(variant, facts["token_ids"])
    ids = torch.tensor([[5, loaded.variant.video_id, loaded.variant.motion_id, 6]])
    with pytest.raises(ValueError, match="1 slots for 2 motion tokens"):
        loaded.merged(ids, torch.zeros(1, 64), torch.zeros(2, 64))


MISTAKES = {
    "LayerNorm ε of 1e-5": ("modules.vqa2.config.SiglipConfig.layer_norm_eps", 1e-5, "A.pool"),
    "erf GELU in the vision tower": (
        "modules.vqa2.siglip.F.gelu",
        lambda x, approximate="none", right=F.gelu: right(x),
        "A.vit.layers.0.frame0",
    ),
    "corners aligned": (
        "modules.vqa2.model.F.interpolate",
        lambda x, align_corners=None, right=F.interpolate, **o: right(x, align_corners=True, **o),
        "A.pool",
    ),
    "antialiased pooling": (
        "modules.vqa2.model.F.interpolate",
        partial(F.interpolate, antialias=True),
        "A.pool",
    ),
    "no newline": (
        "modules.vqa2.model.LlavaQwen.visual_block",
        lambda self, pixels: self.pooled_tokens(pixels).flatten(0, 1),
        "ugc_nov.inputs_embeds",
    ),
    "no position embedding": (
        "modules.vqa2.motion.MotionNet.forward",
        lambda self, pixels, chunk=None: self.pooled(pixels),
        "A8.motion",
    ),
    "bicubic without antialiasing": (
        "modules.vqa2.clips.squashed",
        lambda frames, config: (
            F.interpolate(frames.permute(0, 3, 1, 2).float(), (config.image_size,) * 2, mode="bicubic")
            / 127.5
            - 1
        ),
        "A.key.mean",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_comparison_sees_a_mistake(tiny, monkeypatch, mistake):
    target, wrong, tensor = MISTAKES[mistake]
    if target.endswith("layer_norm_eps"):
        loaded = loader.load_vqa2(tiny).model
        for part in loaded.modules():
            if isinstance(part, torch.nn.LayerNorm):
                part.eps = wrong
    else:
        monkeypatch.setattr(target, wrong)
        loaded = loader.load_vqa2(tiny).model
    profiles = json.loads((tiny / "profiles.json").read_text())
    clips = Clips(load_file(tiny / "clips.safetensors"), profiles, loaded)
    ugc = {n: t for n, t in load_file(tiny / "protocols.safetensors").items() if n.startswith("ugc_nov")}
    with torch.no_grad():
        stages = load_file(tiny / "stages.safetensors")
        lines = [
            *stage_lines(loaded, clips, stages, _slow_pathway(tiny)),
            *protocol_lines(loaded, clips, ugc, profiles["protocols"]),
        ]
    assert any(line.name.startswith(tensor) for line in lines if not line.ok)


def test_the_loader_names_what_it_leaves(tiny):
    loaded = loader.load_vqa2(tiny)
    with safe_open(tiny / "model.safetensors", framework="pt") as file:
        names = set(file.keys())
    assert names == set(loaded.model.state_dict()) | set(loaded.dropped)
    assert "342 of the slow pathway" in loaded.notice
    assert {"post_layernorm" in n or "slowfast" in n for n in loaded.dropped} == {True}


def _copy(tiny: Path, to: Path, change) -> Path:
    state = load_file(tiny / "model.safetensors")
    change(state)
    save_file(state, to / "model.safetensors")
    for name in ("config.json", "profiles.json"):
        (to / name).write_bytes((tiny / name).read_bytes())
    return to


def test_the_loader_refuses_anything_else(tiny, tmp_path):
    def spoil(state):
        state["model.head.weight"] = torch.zeros(2)
        state["model.image_newline"] = torch.zeros(3)
        del state["lm_head.weight"]

    with pytest.raises(CheckpointError) as caught:
        loader.load_vqa2(_copy(tiny, tmp_path, spoil))
    assert [p.split(":")[0] for p in caught.value.problems] == ["missing", "extra", "misshapen"]


def test_a_file_without_the_unused_tensors_loads(tiny, tmp_path):
    def without(state):
        for name in [n for n in state if loader.UNUSED.fullmatch(n)]:
            del state[name]

    loaded = loader.load_vqa2(_copy(tiny, tmp_path, without))
    assert loaded.dropped == ()
    assert loaded.notice == "Every tensor of the file is used."


def test_sizes_of_the_released_model():
    with torch.device("meta"):
        part = model.LlavaQwen(Vqa2Config())
    count = {g: 0 for g in groups.GROUPS}
    for name, parameter in part.named_parameters():
        count[groups.group_of(name)] += parameter.numel()
    # Of the fact sheet: 0.514 M for the fast pathway, 16.98 M and 13.77 M for the projectors.
    assert round(count["slowfast.fast"] / 1e6, 3) == 0.514
    assert round(count["mm_projector"] / 1e6, 2) == 16.98
    assert round(count["slowfast_projector"] / 1e6, 2) == 13.77
    assert SiglipConfig().grid ** 2 == 729 and SiglipConfig().pooled_grid ** 2 == 196
    assert FastConfig().halo == 18
    assert len(list(siglip.VisionModel(SiglipConfig(num_hidden_layers=2, hidden_size=32)).parameters())) == 35


@pytest.mark.parametrize("chunk", [1, 7, 16, 40])
def test_chunks_equal_the_whole_clip(chunk):
    torch.manual_seed(0)
    net = MotionNet(FastConfig(stem=2, inner=2)).eval()
    for part in net.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.2)
            part.running_var.uniform_(0.5, 1.5)
    pixels = torch.randn(57, 3, 32, 32)
    with torch.no_grad():
        whole = net(pixels)
        error = float((net(pixels, chunk) - whole).abs().max() / whole.abs().max())
        assert error < 1e-5


def test_the_halo_is_the_receptive_field():
    net = MotionNet(FastConfig(stem=1, inner=1)).double().eval()
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if "conv" in name:
                parameter.abs_()  # no ReLU closes, so every path counts
    pixels = torch.rand(57, 3, 32, 32, dtype=torch.float64, requires_grad=True)
    net.pooled(pixels)[28].sum().backward()
    seen = [t for t in range(57) if bool((pixels.grad[t] != 0).any())]
    assert seen == list(range(28 - net.config.halo, 28 + net.config.halo + 1))


def test_chunks_are_refused_while_batch_norms_train():
    net = MotionNet(FastConfig(stem=1, inner=1)).train()
    with pytest.raises(ValueError, match="whole clip"):
        net(torch.zeros(8, 3, 32, 32), 4)


def test_limits_are_errors(tiny):
    loaded = loader.load_vqa2(tiny).model
    side = loaded.vqa2.vision.image_size
    with pytest.raises(ValueError, match="2001 dense frames"):
        loaded.model.slowfast.pooled = lambda pixels, chunk=None: torch.zeros(len(pixels), 32)
        loaded.motion_block(torch.zeros(2001, 3, 1, 1))
    with pytest.raises(ValueError, match="2 placeholders in the prompt for 1 blocks"):
        loaded.merged(torch.tensor([5, -200, -200, 6]), [torch.zeros(3, 112)])
    with pytest.raises(ValueError, match="this tower takes"):
        loaded.visual_block(torch.zeros(1, 3, side + 14, side))


def test_configuration_that_is_not_computed_is_refused():
    with pytest.raises(ConfigError, match="mm_spatial_pool_mode"):
        config_from_json({"model_type": "llava_qwen", "mm_spatial_pool_mode": "average"})
    with pytest.raises(ConfigError, match="mm_vision_tower"):
        config_from_json({"model_type": "llava_qwen", "mm_vision_tower": "openai/clip-vit-large"})
    assert config_from_json({"mm_vision_tower": "google/siglip-so400m-patch14-384", "x": 1}).ignored == (
        "mm_vision_tower",
        "x",
    )


def test_stages_train_the_official_groups(tiny):
    loaded = loader.load_vqa2(tiny).model
    recorded = json.loads((tiny / "train.json").read_text())["runs"]
    for stage in groups.STAGES:
        chosen = groups.train_stage(loaded, stage)
        official = recorded[f"ugc.{stage}"]["groups"]
        assert set(chosen) == {g for g in official if official[g]["with_gradient"]}
        for group in chosen:
            trained = [n for n, p in loaded.named_parameters() if p.requires_grad]
            assert sum(groups.group_of(n) == group for n in trained) == official[group]["with_gradient"]


def test_best_canvas_prefers_pixels_then_little_waste():
    canvases = [(100 * w, 100 * h) for w in range(1, 7) for h in range(1, 7)]
    assert best_canvas((150, 90), canvases) == (200, 100)
    assert best_canvas((64, 200), canvases) == (100, 200)
    assert best_canvas((10, 10), canvases) == (100, 100)
