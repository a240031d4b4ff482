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
from modules.vqa2.config import is_vqa2
from modules.vqa2.conformance import conformance as vqa2_conformance
from modules.vqa2.qwen2_5_vl import is_variant
from modules.vqa2.variant_conformance import variant_conformance
from modules.vqathinker import Encoded, VQAThinkerModel

RELATIVE_LIMITS = (
    (r"pixel_values\..*", 1e-6),
    (r"slowfast\.\d+\..*\.row_mid", 2e-4),
    (r"slowfast\.(\d+\..*\.mean|pooled)", 5e-5),
    (r"vit\..*|pixel_shuffle\..*|mlp1\..*|motion_mlp|(motion|vision)_statistics.*|quality_head", 1e-5),
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
    """Every recorded tensor of a folder against this code, in the form of the folder's family."""
    config = json.loads((folder / "config.json").read_text())
    if is_vqa2(config) or is_variant(config):
        yield from (vqa2_conformance if is_vqa2(config) else variant_conformance)(folder)
        return
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
        yield from ClipComparison(model, profile, clip, recorded, path.stem).lines()
        gradients = path.with_name(f"{path.stem}_grads.json")
        if gradients.exists() and "greedy.tokens" in recorded:
            yield from compare_gradients(
                model, profile, clip, recorded["greedy.tokens"], json.loads(gradients.read_text()), path.stem
            )
        elif gradients.exists():
            yield _unmatched(path.stem, f"{gradients.name}: no greedy.tokens to take the loss of")
    if not compared:
        yield _unmatched(folder.name, "no *.safetensors with input.frames is here")


class ClipComparison:
    """Comparison of everything that was recorded of one clip; recorded tensors are consumed one by one."""

    def __init__(
        self, model: VQAThinkerModel, profile: Profile, clip: Clip, recorded: dict[str, Tensor], stage: str
    ):
        self.model, self.profile, self.clip, self.stage = model, profile, clip, stage
        self.left = dict(recorded)

    def lines(self) -> Iterator[Line]:
        """A line for each tensor; one that this code has no name for is a miss."""
        left, clip = self.left, self.clip
        tokens = left.get("greedy.tokens")
        for name, ours in stage_tensors(self.model, self.profile, clip):
            if name in left:
                yield compare(self.stage, name, ours, left.pop(name))
        with torch.no_grad():
            encoded = clip.encode(self.model, self.profile)
            if tokens is not None:
                yield from self.greedy_lines(clip.input_ids, encoded)
            if "completion.logps" in left and tokens is not None:
                ours = completion_logps(self.model, self.profile, clip.input_ids, encoded, tokens[None])[0]
                yield compare(self.stage, "completion.logps", ours, left.pop("completion.logps"))
            if "batch.input_ids" in left:
                yield from self.batch_lines(encoded)
        for name in sorted(left):
            yield _unmatched(self.stage, f"{name}: no such stage")

    def batch_lines(self, encoded: Encoded) -> Iterator[Line]:
        """Row 1 of a recorded batch is the clip with its frames in reverse order."""
        clip = Clip(frames=self.clip.frames.flip(0), input_ids=self.clip.input_ids)
        backward = clip.encode(self.model, self.profile)
        both = Encoded(
            frames=torch.cat([encoded.frames, backward.frames]),
            motion=torch.cat([encoded.motion, backward.motion]),
        )
        ids, mask = self.left.pop("batch.input_ids"), self.left.pop("batch.attention_mask")
        yield from self.greedy_lines(ids, both, mask, prefix="batch.")

    def greedy_lines(
        self, input_ids: Tensor, encoded: Encoded, attention_mask: Tensor | None = None, prefix: str = ""
    ) -> Iterator[Line]:
        """Greedy tokens, and logits and gaps up to the first difference of a near tie."""
        names = [f"{prefix}greedy.{part}" for part in ("tokens", "logits", "gap")]
        recorded = [self.left.pop(name) for name in names]
        if not prefix:
            recorded = [tensor[None] for tensor in recorded]
        steps = recorded[0].shape[1]
        ours = greedy(self.model, self.profile, input_ids, encoded, attention_mask, steps=steps)
        wrong = 0
        pairs: tuple[list[tuple[Tensor, Tensor]], list[tuple[Tensor, Tensor]]] = ([], [])
        for row in range(len(recorded[0])):
            differs = (ours[0][row] != recorded[0][row]).nonzero()[:, 0].tolist()
            same = differs[0] if differs else steps
            if differs and recorded[2][row, same] > NEAR_TIE:
                wrong += len(differs)
            # Logits follow from the tokens before them: up to the first difference they are comparable.
            for i in (1, 2):
                pairs[i - 1].append((ours[i][row, : same + 1], recorded[i][row, : same + 1]))
        cases = recorded[0].numel()
        yield Line(stage=self.stage, name=names[0], cases=cases, error=float(wrong), limit=0.0, ok=wrong == 0)
        for name, rows in zip(names[1:], pairs, strict=True):
            computed, expected = (torch.cat(column) for column in zip(*rows, strict=True))
            yield compare(self.stage, name, computed, expected)


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
