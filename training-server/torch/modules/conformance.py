"""Compares these modules with recorded tensors of the official code.

    python -m modules.conformance FOLDER
    python -m modules.conformance --grpo-loss FILE

FOLDER holds a checkpoint and beside it any `*.safetensors` with `input.frames`. One JSON line is printed for
each tensor that was recorded: {stage, name, cases, error, limit, ok}. The exit status is 1 after a miss.
Names, meanings and tolerances are those of the conformance folder's README; sizes come from the folder.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from modules.conformance_line import Line
from modules.grpo_conformance import compare_losses
from modules.loader import CheckpointError, load_model
from modules.profiles import ConfigError, Profile
from modules.stages import Clip, completion_logps, greedy, stage_tensors
from modules.vqathinker import Encoded, VQAThinkerModel

RELATIVE_LIMITS = (
    (r"pixel_values\..*", 1e-6),
    (r"slowfast\.\d+\..*\.row_mid", 2e-4),
    (r"slowfast\.(\d+\..*\.mean|pooled)", 5e-5),
    (r"vit\..*|pixel_shuffle\..*|mlp1\..*|motion_mlp|motion_statistics", 1e-5),
    (r"lm\.(inputs_embeds|layers\..*|norm\..*)", 1e-5),
)
"""Largest error over the largest recorded magnitude of the tensor, by name."""

LOGITS_LIMIT = 5e-5
"""Largest absolute error of logits and log-probabilities; twice it for the gap of two logits."""

GRADIENT_LIMIT = 1e-4
"""Relative error of a gradient's L2 norm: sums over a thousand positions, in another order than recorded."""

NEAR_TIE = 1e-3
"""Below this gap between the two best logits another choice is no fault; the comparison ends before it."""


def conformance(folder: Path) -> Iterator[Line]:
    """Every recorded tensor of a folder against this code."""
    model = load_model(folder)
    compared = 0
    for path in sorted(folder.glob("*.safetensors")):
        if "input.frames" not in _names(path):
            continue
        compared += 1
        recorded = load_file(path)
        clip = Clip(
            frames=recorded.pop("input.frames"),
            input_ids=recorded.pop("input.input_ids"),
            motion_frames=recorded.pop("input.motion_frames", None),
        )
        profile = _profile_of(model, path.stem, clip)
        if profile is None:
            yield _unmatched(path.stem, "no profile of this checkpoint has this name or these sizes")
            continue
        yield from compare_clip(model, profile, clip, recorded, path.stem)
        gradients = path.with_name(f"{path.stem}_grads.json")
        if gradients.exists() and "greedy.tokens" in recorded:
            yield from compare_gradients(
                model, profile, clip, recorded["greedy.tokens"], json.loads(gradients.read_text()), path.stem
            )
        elif gradients.exists():
            yield _unmatched(path.stem, f"{gradients.name}: no greedy.tokens to take the loss of")
    if not compared:
        yield _unmatched(folder.name, "no *.safetensors with input.frames is here")


def compare_clip(
    model: VQAThinkerModel, profile: Profile, clip: Clip, recorded: dict[str, Tensor], stage: str
) -> Iterator[Line]:
    """All tensors that were recorded of one clip; one that this code has no name for is a miss."""
    left = dict(recorded)
    for name, ours in stage_tensors(model, profile, clip):
        if name in left:
            yield compare(stage, name, ours, left.pop(name))
    with torch.no_grad():
        encoded = clip.encode(model, profile)
        if "greedy.tokens" in left:
            yield from _compare_greedy(model, profile, clip.input_ids, encoded, left, stage)
        if "completion.logps" in left:
            tokens = recorded["greedy.tokens"][None]
            ours = completion_logps(model, profile, clip.input_ids, encoded, tokens)[0]
            yield compare(stage, "completion.logps", ours, left.pop("completion.logps"))
        if "batch.input_ids" in left:
            # Row 1 of a recorded batch is the clip with its frames in reverse order.
            backward = Clip(frames=clip.frames.flip(0), input_ids=clip.input_ids).encode(model, profile)
            both = Encoded(
                frames=torch.cat([encoded.frames, backward.frames]),
                motion=torch.cat([encoded.motion, backward.motion]),
            )
            ids = left.pop("batch.input_ids")
            yield from _compare_greedy(
                model, profile, ids, both, left, stage, left.pop("batch.attention_mask"), prefix="batch."
            )
    for name in sorted(left):
        yield _unmatched(stage, f"{name}: no such stage")


def compare(stage: str, name: str, ours: Tensor, recorded: Tensor) -> Line:
    """One tensor under the limit of its name."""
    if ours.shape != recorded.shape:
        return _unmatched(stage, f"{name}: {list(ours.shape)} here, {list(recorded.shape)} recorded")
    error = float((ours.detach().double() - recorded.double()).abs().max())
    limit = next((value for pattern, value in RELATIVE_LIMITS if re.fullmatch(pattern, name)), None)
    if limit is None:
        limit = LOGITS_LIMIT * (2 if name.endswith("gap") else 1)
    else:
        # An all-zero recording leaves no scale: then any difference is a miss.
        scale = float(recorded.double().abs().max())
        error = error / scale if scale else (math.inf if error else 0.0)
    return Line(
        stage=stage, name=name, cases=recorded.numel(), error=error, limit=limit, ok=bool(error <= limit)
    )


def _compare_greedy(
    model: VQAThinkerModel,
    profile: Profile,
    input_ids: Tensor,
    encoded: Encoded,
    recorded: dict[str, Tensor],
    stage: str,
    attention_mask: Tensor | None = None,
    prefix: str = "",
) -> Iterator[Line]:
    names = [f"{prefix}greedy.{part}" for part in ("tokens", "logits", "gap")]
    recorded_values = [recorded.pop(name) for name in names]
    if not prefix:
        recorded_values = [tensor[None] for tensor in recorded_values]
    ours = greedy(model, profile, input_ids, encoded, attention_mask, steps=recorded_values[0].shape[1])
    wrong, pairs = 0, ([], [])
    for row in range(len(recorded_values[0])):
        differs = (ours[0][row] != recorded_values[0][row]).nonzero()[:, 0].tolist()
        same = differs[0] if differs else recorded_values[0].shape[1]
        if differs and recorded_values[2][row, same] > NEAR_TIE:
            wrong += len(differs)
        # Logits stand for the tokens before them: up to the first difference they are comparable.
        for i in (1, 2):
            pairs[i - 1].append((ours[i][row, : same + 1], recorded_values[i][row, : same + 1]))
    yield Line(
        stage=stage,
        name=names[0],
        cases=recorded_values[0].numel(),
        error=float(wrong),
        limit=0.0,
        ok=wrong == 0,
    )
    for name, rows in zip(names[1:], pairs, strict=True):
        computed, recorded_rows = (torch.cat(column) for column in zip(*rows, strict=True))
        yield compare(stage, name, computed, recorded_rows)


def compare_gradients(
    model: VQAThinkerModel, profile: Profile, clip: Clip, tokens: Tensor, recorded: dict, stage: str
) -> Iterator[Line]:
    """Loss −mean(log-probabilities) of the completion, and the L2 norm of every parameter's gradient.

    The motion extractor runs without gradient, as in the official code.
    """
    model.requires_grad_(True)
    model.slowfast_model.freeze()
    model.zero_grad()
    encoded = clip.encode(model, profile)
    loss = -completion_logps(model, profile, clip.input_ids, encoded, tokens[None]).mean()
    loss.backward()
    yield compare(stage, "grads.loss", loss.detach(), torch.tensor(recorded["loss"]))
    ours = {n: float(p.grad.double().norm()) for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    recorded_values = recorded["grad_l2"]
    for name in sorted(set(ours) ^ set(recorded_values)):
        yield _unmatched(
            stage, f"grads.{name}: a gradient only {'here' if name in ours else 'in the record'}"
        )
    for name in sorted(set(ours) & set(recorded_values)):
        error = (
            abs(ours[name] - recorded_values[name]) / abs(recorded_values[name])
            if recorded_values[name]
            else abs(ours[name])
        )
        yield Line(
            stage=stage,
            name=f"grads.{name}",
            cases=1,
            error=error,
            limit=GRADIENT_LIMIT,
            ok=error <= GRADIENT_LIMIT,
        )


def _profile_of(model: VQAThinkerModel, name: str, clip: Clip) -> Profile | None:
    profiles = model.config.profiles
    if name in profiles:
        return profiles[name]
    context = [
        p
        for p in profiles.values()
        if clip.frames.shape[:2] == (p.frames, p.size)
        and int((clip.input_ids == p.token_ids.context).sum()) == p.context_tokens
    ]
    return context[0] if context else None


def _unmatched(stage: str, name: str) -> Line:
    return Line(stage=stage, name=name, cases=0, error=None, limit=0.0, ok=False)


def _names(path: Path) -> set[str]:
    with safe_open(path, framework="pt") as file:
        return set(file.keys())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="checkpoint with recorded tensors beside it")
    parser.add_argument("--grpo-loss", type=Path, metavar="FILE", help="recorded losses and gradients")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    options = parser.parse_args()
    if options.folder is None and options.grpo_loss is None:
        parser.error("a folder or --grpo-loss FILE is needed")
    torch.set_num_threads(options.threads)
    missed = False
    for line in _lines(options.folder, options.grpo_loss):
        print(line.json(), flush=True)
        missed |= not line.ok
    return 1 if missed else 0


def _lines(folder: Path | None, losses: Path | None) -> Iterator[Line]:
    if folder is not None:
        try:
            yield from conformance(folder)
        except (CheckpointError, ConfigError, OSError) as error:
            yield _unmatched(folder.name, str(error))
    if losses is not None:
        yield from compare_losses(json.loads(losses.read_text()))


if __name__ == "__main__":
    sys.exit(main())
