"""Comparison of the Qwen2.5-VL variant with the recorded tensors of the official code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from modules.conformance_line import Line
from modules.loader import SINGLE, expected_tensors, read_tensors
from modules.vqa2.config import FastConfig
from modules.vqa2.loader import UNUSED
from modules.vqa2.qwen2_5_vl import QwenVariant, config_from_json

LIMITS = (
    (r"visual.*", 1e-5),
    (r"embeds|slowfast.*|lm\..*", 2e-4),
    (r"loss", 2e-4),
)
"""Largest error over the largest recorded magnitude, by name."""

LOGITS_LIMIT = 1e-3
"""Largest absolute error of logits."""

GRADIENT_LIMIT = 2e-3
"""Relative error of the L2 norm of a parameter's gradient."""

NOISE = 1e-6
"""A gradient below this share of the largest is rounding."""

STAGE = "golden"
SUPERVISED = 3
"""Tokens at the end that the recorded loss is of."""


def variant_conformance(folder: Path) -> Iterator[Line]:
    """Every recorded tensor and gradient of a folder against this code."""
    facts = json.loads((folder / "golden.json").read_text())
    model = load_variant(folder, facts["token_ids"])
    left = load_file(folder / "golden.safetensors")
    inputs = {name: left.pop(name) for name in list(left) if name.startswith("input.")}
    with torch.no_grad():
        for name, ours in _tensors(model, inputs, left.get("minus1.input_ids"), facts):
            if name in left:
                yield _compare(name, ours, left.pop(name))
    left.pop("minus1.input_ids", None)
    for name in sorted(left):
        yield _unmatched(f"{name}: no such tensor")
    yield from _gradients(model, inputs, facts)


def load_variant(folder: Path, token_ids: dict[str, int]) -> QwenVariant:
    """The model of a checkpoint folder in fp32; the width of its motion network is that of its file."""
    with safe_open(folder / SINGLE, framework="pt") as file:
        name = "slowfast.feature_extraction.0.multipathway_blocks.1.conv.weight"
        stem = file.get_slice(name).get_shape()[0]
        rows = file.get_slice("slowfast.position_embedding.weight").get_shape()[0]
    motion = FastConfig(stem=stem, inner=stem, positions=rows, position_embedding=False)
    config = config_from_json(
        json.loads((folder / "config.json").read_text()),
        motion,
        video_id=token_ids["video_pad"],
        motion_id=token_ids["vision_end_also_motion"],
    )
    with torch.device("meta"):
        model = QwenVariant(config)
    state = read_tensors(folder, expected_tensors(model), unused=UNUSED)
    model.load_state_dict(state, strict=True, assign=True)
    return model.eval()


def _tensors(
    model: QwenVariant, inputs: dict[str, Tensor], shorter: Tensor | None, facts: dict
) -> Iterator[tuple[str, Tensor]]:
    patches, grid = inputs["input.pixel_values_videos"], _grid(inputs)
    *layers, vision = model.visual.layer_outputs(patches, grid)
    for i, x in enumerate(layers):
        yield f"visual.blocks.{i}", x
    yield "visual", vision
    pixels = _pixels(inputs)
    yield "slowfast", model.slowfast(pixels)
    motion = model.motion_tokens(pixels)
    yield "slowfast_projector", motion
    ids = inputs["input.input_ids"]
    positions = model.positions(ids, grid, facts["second_per_grid_ts"])
    yield "position_ids", positions
    yield "rope_deltas", positions.max().reshape(1, 1) + 1 - ids.shape[1]
    embeds = model.merged(ids, vision, motion)
    yield "embeds", embeds
    *hidden, last = model.layer_outputs(embeds, position_ids=positions)
    for i, x in enumerate(hidden):
        yield f"lm.layers.{i}", x
    yield "logits", model.logits(last)
    if shorter is not None:
        # The official code drops the features that have no slot; here that is the caller's to say.
        count = int((shorter == model.variant.motion_id).sum())
        embeds = model.merged(shorter, vision, motion[:count])
        positions = model.positions(shorter, grid, facts["second_per_grid_ts"])
        yield "minus1.logits", model.logits(model(embeds, position_ids=positions))


def _grid(inputs: dict[str, Tensor]) -> tuple[int, int, int]:
    frames, rows, columns = inputs["input.video_grid_thw"][0].tolist()
    return frames, rows, columns


def _pixels(inputs: dict[str, Tensor]) -> Tensor:
    return (inputs["input.motion_frames_uint8"].float() / 255 - 0.5) / 0.5


def _gradients(model: QwenVariant, inputs: dict[str, Tensor], facts: dict) -> Iterator[Line]:
    """Loss of the last tokens, and the L2 norm of every gradient."""
    ids, grid = inputs["input.input_ids"], _grid(inputs)
    model.requires_grad_(True)
    vision = model.vision_tokens(inputs["input.pixel_values_videos"], grid)
    embeds = model.merged(ids, vision, model.motion_tokens(_pixels(inputs)))
    positions = model.positions(ids, grid, facts["second_per_grid_ts"])
    hidden = model(embeds, position_ids=positions)
    logits = model.logits(hidden, slice(-SUPERVISED - 1, -1))[0]
    loss = torch.nn.functional.cross_entropy(logits, ids[0, -SUPERVISED:])
    loss.backward()
    yield _compare("loss", loss, torch.tensor(facts["loss"]))
    ours = {n: float(p.grad.double().norm()) for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    recorded: dict[str, float] = facts["grad_l2"]
    for name in sorted(set(ours) ^ set(recorded)):
        yield _unmatched(f"grads.{name}: a gradient only {'here' if name in ours else 'in the record'}")
    least = NOISE * max(recorded.values())
    for name in sorted(set(ours) & set(recorded)):
        error = abs(ours[name] - recorded[name]) / max(recorded[name], least)
        yield Line(
            stage=STAGE,
            name=f"grads.{name}",
            cases=1,
            error=error,
            limit=GRADIENT_LIMIT,
            ok=error <= GRADIENT_LIMIT,
        )


def _compare(name: str, ours: Tensor, recorded: Tensor) -> Line:
    if ours.shape != recorded.shape:
        return _unmatched(f"{name}: {list(ours.shape)} here, {list(recorded.shape)} recorded")
    error = float((ours.detach().double() - recorded.double()).abs().max())
    exact = not recorded.is_floating_point()
    limit = next((value for pattern, value in LIMITS if re.fullmatch(pattern, name)), LOGITS_LIMIT)
    if exact:
        limit = 0.0
    elif limit != LOGITS_LIMIT:
        error /= float(recorded.double().abs().max())
    return Line(
        stage=STAGE, name=name, cases=recorded.numel(), error=error, limit=limit, ok=bool(error <= limit)
    )


def _unmatched(name: str) -> Line:
    return Line(stage=STAGE, name=name, cases=0, error=None, limit=0.0, ok=False)
