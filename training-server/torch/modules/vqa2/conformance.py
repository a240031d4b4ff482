"""Comparison with recorded tensors of the official VQA² code: stages and protocols.

Names, meanings and tolerances are those of the conformance folder's README; sizes come from the folder.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from modules.config import MotionConfig
from modules.conformance_line import Line
from modules.generate import Sampling, generate
from modules.slowfast import SlowFast
from modules.vqa2.clips import Clips
from modules.vqa2.loader import load_vqa2
from modules.vqa2.model import LlavaQwen, pool
from modules.vqa2.tiles import best_canvas

RELATIVE_LIMITS = (
    (r".*\.(key|dense)\..*|image_.\.tiles", 1e-6),
    (r".*\.(vit|mm_projector)\..*|.*\.pool", 2e-5),
    (r".*\.slowfast\..*|.*\.motion|.*\.inputs_embeds.*|bn_after\..*", 2e-4),
    (r".*\.lm\..*", 2e-4),
    (r".*loss|.*\.logps.*", 2e-4),
    (r".*greedy\.logps", 2e-4),
)
"""Largest error over the largest recorded magnitude of the tensor, by name."""

LOGITS_LIMIT = 1e-3
"""Largest absolute error of logits."""

NEAR_TIE = 2e-3
"""Below this gap between the two best logits another choice is no fault; the comparison ends before it."""

BLOCKS: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    (r"ugc_nov", (("v:A",), ("m:A8",))),
    (r"stream_nov", (("v:A",),)),
    (r"ugc_head", (("v:A",), ("m:Aall",))),
    (r"single_what_nov.*", (("v:A",),)),
    (r"single_(yn|open)_nov", (("v:B",),)),
    (r"pair_nov", (("v:A",), ("m:Aall",), ("v:B",), ("m:B",))),
    (r"single_what_head", (("v:A", "m:Aall"), ("m:Aall",))),
    (r"pair_head", (("v:A", "m:Aall"), ("m:Aall",), ("v:B", "m:B"), ("m:B",))),
)
"""Protocol → the parts of the block behind each placeholder: v = visual, m = motion, of the named frames."""


def compare(stage: str, name: str, ours: Tensor, recorded: Tensor) -> Line:
    """One tensor under the limit of its name."""
    if ours.shape != recorded.shape:
        return unmatched(stage, f"{name}: {list(ours.shape)} here, {list(recorded.shape)} recorded")
    error = float((ours.detach().double() - recorded.double()).abs().max())
    limit = next((value for pattern, value in RELATIVE_LIMITS if re.fullmatch(pattern, name)), None)
    if limit is None:
        limit = LOGITS_LIMIT
    else:
        # An all-zero recording leaves no scale: then any difference is a miss.
        scale = float(recorded.double().abs().max())
        error = error / scale if scale else (math.inf if error else 0.0)
    cases = recorded.numel()
    return Line(stage=stage, name=name, cases=cases, error=error, limit=limit, ok=bool(error <= limit))


def unmatched(stage: str, name: str) -> Line:
    return Line(stage=stage, name=name, cases=0, error=None, limit=0.0, ok=False)


def conformance(folder: Path) -> Iterator[Line]:
    """Every recorded tensor of a folder against this code."""
    from modules.vqa2.training_conformance import training_lines

    model = load_vqa2(folder).model
    profiles = json.loads((folder / "profiles.json").read_text())
    clips = Clips(load_file(folder / "clips.safetensors"), profiles, model)
    with torch.no_grad():
        stages = load_file(folder / "stages.safetensors")
        yield from stage_lines(model, clips, stages, _slow_pathway(folder))
        protocols = load_file(folder / "protocols.safetensors")
        yield from protocol_lines(model, clips, protocols, profiles["protocols"])
    if (folder / "train.json").exists():
        yield from training_lines(model, clips, folder)


def stage_lines(
    model: LlavaQwen, clips: Clips, recorded: dict[str, Tensor], slow: SlowFast
) -> Iterator[Line]:
    """Pixels, vision tower, projector, pooling, motion network and motion tokens."""
    left = dict(recorded)
    for prefix in sorted({name.split(".")[0] for name in left}):
        for name, ours in _stage_tensors(model, clips, prefix, slow):
            if name in left:
                yield compare("stages", name, ours, left.pop(name))
    for name in sorted(left):
        yield unmatched("stages", f"{name}: no such stage")


def _stage_tensors(
    model: LlavaQwen, clips: Clips, prefix: str, slow: SlowFast
) -> Iterator[tuple[str, Tensor]]:
    middle = model.vqa2.vision.image_size // 2
    key = clips.key(prefix)
    yield f"{prefix}.key.row_mid", key[:, :, middle]
    yield f"{prefix}.key.mean", key.mean((2, 3))
    tower = model.model.vision_tower.vision_model
    yield f"{prefix}.vit.patch_conv.frame0", tower.embeddings.patches(key[:1])[0]
    names = ["embeddings", *(f"layers.{i}" for i in range(model.vqa2.vision.num_hidden_layers))]
    for name, tokens in zip(names, tower.layer_outputs(key), strict=True):
        yield f"{prefix}.vit.{name}.frame0", tokens[0]
    yield f"{prefix}.vit.out.mean_over_tokens", tokens.mean(1)
    projected = model.model.mm_projector(tokens)
    yield f"{prefix}.mm_projector.frame0", projected[0]
    yield f"{prefix}.pool", pool(projected, model.vqa2.vision.pooled_grid)

    dense = clips.dense(prefix)
    shown = dense if len(dense) <= 12 else dense[::9][:8]
    yield f"{prefix}.dense.row_mid", shown[:, :, middle]
    yield f"{prefix}.dense.mean", dense.mean((2, 3))
    for b, features in enumerate(model.model.slowfast.blocks(dense)):
        by_channel = features.transpose(0, 1)
        yield f"{prefix}.slowfast.{b}.fast.mean", by_channel.mean((2, 3))
        yield f"{prefix}.slowfast.{b}.fast.row_mid", by_channel[:, :8, by_channel.shape[2] // 2]
    # The slow pathway saw the first round(T / 4) frames; it is computed here to show that the tensors that
    # the loader drops are those that it names.
    if len(dense) % 4 == 0:
        for b, (features, _) in enumerate(slow.blocks(dense[None], range(len(dense) // 4))):
            yield f"{prefix}.slowfast.{b}.slow.mean", features[0].mean((2, 3)).T
    yield f"{prefix}.slowfast.pooled", model.model.slowfast.pooled(dense)
    yield f"{prefix}.slowfast.out", model.model.slowfast(dense)
    yield f"{prefix}.motion", model.motion_block(dense)


def _slow_pathway(folder: Path) -> SlowFast:
    """Both pathways, from the tensors of the file that the model leaves there."""
    start = "model.slowfast.feature_extraction."
    state = {}
    for path in sorted(folder.glob("model*.safetensors")):
        for name, tensor in load_file(path).items():
            if name.startswith(start):
                state[name.removeprefix("model.slowfast.")] = tensor
    stem = {i: len(state[f"feature_extraction.0.multipathway_blocks.{i}.conv.weight"]) for i in (0, 1)}
    config = MotionConfig(stem_slow=stem[0], inner_slow=stem[0], stem_fast=stem[1], inner_fast=stem[1])
    model = SlowFast(config)
    model.load_state_dict(state)
    return model.eval()


def protocol_lines(
    model: LlavaQwen, clips: Clips, recorded: dict[str, Tensor], profiles: dict[str, Any]
) -> Iterator[Line]:
    """Merged input, language layers, logits, level logits and greedy tokens of every protocol."""
    left = dict(recorded)
    for protocol in sorted({name.split(".")[0] for name in left}):
        part = {n: left.pop(n) for n in list(left) if n.split(".")[0] == protocol}
        facts = profiles.get(protocol, {})
        lines = _image_lines if "rgb" in {n.split(".")[1] for n in part} else _protocol
        yield from lines(model, clips, protocol, part, facts)


def _protocol(
    model: LlavaQwen, clips: Clips, protocol: str, left: dict[str, Tensor], facts: dict[str, Any]
) -> Iterator[Line]:
    parts = next((blocks for pattern, blocks in BLOCKS if re.fullmatch(pattern, protocol)), None)
    if parts is None:
        yield unmatched("protocols", f"{protocol}: no such protocol")
        return
    embeds = model.merged(left.pop(f"{protocol}.input_ids"), [clips.block(part) for part in parts])
    yield from _forward_lines(model, clips, protocol, embeds, left, facts)
    if f"{protocol}.greedy.tokens" in left:
        yield from _greedy_lines(model, protocol, embeds, left, float(facts.get("repetition_penalty", 1)))
    for name in sorted(left):
        yield unmatched("protocols", f"{name}: no such tensor")


def _image_lines(
    model: LlavaQwen, clips: Clips, protocol: str, left: dict[str, Tensor], facts: dict[str, Any]
) -> Iterator[Line]:
    image = left.pop(f"{protocol}.rgb")
    size = (image.shape[1], image.shape[0])
    canvas = best_canvas(size, model.vqa2.grid_pinpoints)
    tiles = clips.tiles(image, canvas)
    shown = left.pop(f"{protocol}.tiles")
    yield compare("protocols", f"{protocol}.tiles", tiles if shown.dim() == 4 else tiles.mean((2, 3)), shown)
    embeds = model.merged(left.pop(f"{protocol}.input_ids"), [model.image_block(tiles, size, canvas)])
    yield from _forward_lines(model, clips, protocol, embeds, left, facts)
    for name in sorted(left):
        yield unmatched("protocols", f"{name}: no such tensor")


def _forward_lines(
    model: LlavaQwen,
    clips: Clips,
    protocol: str,
    embeds: Tensor,
    left: dict[str, Tensor],
    facts: dict[str, Any],
) -> Iterator[Line]:
    hidden = list(model.layer_outputs(embeds[None]))
    logits = model.logits(hidden[-1], slice(-8, None))[0]
    tensors = {"inputs_embeds": embeds, "inputs_embeds.row_l2": embeds.norm(dim=1), "logits.last8": logits}
    names = [*(f"lm.layers.{i}" for i in range(len(hidden) - 1)), "lm.norm"]
    tensors |= {f"{name}.last8": h[0, -8:] for name, h in zip(names, hidden, strict=True)}
    for name, ours in tensors.items():
        if f"{protocol}.{name}" in left:
            yield compare("protocols", f"{protocol}.{name}", ours, left.pop(f"{protocol}.{name}"))
    levels = facts.get("level_logits")
    if levels:
        ids = torch.tensor([clips.level_ids[word] for word in levels])
        recorded = torch.tensor(list(levels.values()), dtype=torch.float64)
        row = logits[int(facts.get("read_at", -3))]
        yield compare("protocols", f"{protocol}.level_logits", row[ids], recorded)


def _greedy_lines(
    model: LlavaQwen, protocol: str, embeds: Tensor, left: dict[str, Tensor], penalty: float
) -> Iterator[Line]:
    """Tokens up to the first near tie, and the logits they came from."""
    tokens, logits, logps = (left.pop(f"{protocol}.greedy.{part}") for part in ("tokens", "logits", "logps"))
    steps = len(tokens)
    ours = generate(
        model,
        embeds[None],
        max_new_tokens=steps,
        sampling=Sampling(repetition_penalty=penalty),
        keep_logits=True,
    )
    assert ours.logits is not None
    differs = [i for i in range(steps) if ours.tokens[0][i] != int(tokens[i])]
    same = differs[0] if differs else steps
    best = logits[min(same, steps - 1)].topk(2).values
    wrong = len(differs) if differs and float(best[0] - best[1]) > NEAR_TIE else 0
    yield Line(
        stage="protocols",
        name=f"{protocol}.greedy.tokens",
        cases=steps,
        error=float(wrong),
        limit=0.0,
        ok=wrong == 0,
    )
    upto = min(same + 1, steps)
    yield compare("protocols", f"{protocol}.greedy.logits", ours.logits[0, :upto], logits[:upto])
    got = ours.logits[0, :same].log_softmax(-1).gather(1, tokens[:same, None])[:, 0]
    yield compare("protocols", f"{protocol}.greedy.logps", got, logps[:same])
