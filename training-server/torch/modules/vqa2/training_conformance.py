"""Comparison of VQA²'s training: log-probabilities, losses and gradients of each stage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from modules.conformance_line import Line
from modules.vqa2.clips import Clips
from modules.vqa2.conformance import compare, unmatched
from modules.vqa2.groups import group_of, train_stage
from modules.vqa2.model import LlavaQwen, merged_labels

GRADIENT_LIMIT = 2e-3
"""Relative error of the L2 norm of a gradient outside the motion network."""

MOTION_GROUP_LIMIT = 5e-2
"""The same of the motion network as one group, whose batch norms make its single tensors ill-conditioned."""

MOTION_EVAL_LIMITS = (1e-1, 2e-2)
"""Largest and median error of its tensors against the recorded double precision, batch norm in eval mode."""

NOISE = 1e-6
"""A gradient below this share of its group's L2 norm is rounding (a key bias moves no softmax)."""


class Sample:
    """One recorded training sample: prompt and answer with their labels, and the blocks of its clip."""

    def __init__(
        self, model: LlavaQwen, clips: Clips, ids: Tensor, labels: Tensor, clip: str, every: int = 4
    ):
        self.model, self.clips, self.clip = model, clips, clip
        self.ids, self.labels = ids, labels
        self.dense = clips.dense(clip)[: len(clips.frames[clip]) // every * every]
        grid = model.vqa2.vision.pooled_grid
        self.lengths = (len(clips.key(clip)) * grid**2 + 1, len(self.dense))

    def logps(self) -> tuple[Tensor, Tensor]:
        """Merged positions with a label, and their log-probabilities given what is before them."""
        blocks = [
            self.model.visual_block(self.clips.key(self.clip)),
            self.model.motion_block(self.dense),
        ]
        embeds = self.model.merged(self.ids, blocks)
        labels = self.merged_labels()
        positions = (labels[1:] != -100).nonzero()[:, 0] + 1
        hidden = self.model(embeds[None])[0, positions - 1]
        scores = self.model.logits(hidden[None])[0].log_softmax(-1)
        return positions, scores.gather(1, labels[positions, None])[:, 0]

    def merged_labels(self) -> Tensor:
        return merged_labels(self.labels, self.ids, self.lengths)


def training_lines(model: LlavaQwen, clips: Clips, folder: Path) -> Iterator[Line]:
    """Every recorded training quantity of a folder."""
    recorded = json.loads((folder / "train.json").read_text())
    tensors = load_file(folder / "train.safetensors")
    names = sorted({name.split(".")[0] for name in tensors if name.endswith(".logps")})
    records = dict(zip(_sample_names(recorded), recorded["records"], strict=True))
    samples = {}
    for name in names:
        clip = records[name]["image"].removeprefix("clip")[0]
        samples[name] = Sample(model, clips, tensors[f"{name}.input_ids"], tensors[f"{name}.labels"], clip)
        yield from _sample_lines(samples[name], name, tensors)
    for run, facts in recorded["runs"].items():
        sample, _, stage = run.partition(".")
        if sample == "batch2":
            yield from _batch_lines(model, clips, tensors, facts, records)
        elif stage == "eval":
            yield from _loss_line(samples[sample], run, facts["loss"])
        else:
            yield from _gradient_lines(model, samples[sample], run, stage, facts, tensors)
    yield from _earlier_lines(model, clips, recorded.get("nov_2024", {}), tensors, records)
    model.requires_grad_(True)


def _sample_names(recorded: dict[str, Any]) -> list[str]:
    """Names of the records in their order: those of the evaluation runs."""
    return [run.split(".")[0] for run in recorded["runs"] if run.endswith(".eval") and "batch" not in run]


def _sample_lines(sample: Sample, name: str, tensors: dict[str, Tensor]) -> Iterator[Line]:
    with torch.no_grad():
        positions, logps = sample.logps()
    recorded = tensors[f"{name}.supervised_positions"]
    same = recorded.shape == positions.shape and bool((recorded == positions).all())
    yield Line(
        stage="train",
        name=f"{name}.supervised_positions",
        cases=recorded.numel(),
        error=float(not same),
        limit=0.0,
        ok=same,
    )
    yield compare("train", f"{name}.logps", logps, tensors[f"{name}.logps"])


def _loss_line(sample: Sample, run: str, loss: float) -> Iterator[Line]:
    with torch.no_grad():
        ours = -sample.logps()[1].mean()
    yield compare("train", f"{run}.loss", ours, torch.tensor(loss))


def _batch_lines(
    model: LlavaQwen, clips: Clips, tensors: dict[str, Tensor], facts: dict[str, Any], records: dict[str, Any]
) -> Iterator[Line]:
    """Two samples as one right-padded batch; each row's numbers are those of the row alone."""
    ids, labels, merged = (tensors[f"batch2.{n}"] for n in ("input_ids", "labels", "merged_labels"))
    every = []
    for row, name in enumerate(facts["rows"]):
        real = ids[row] != clips.pad_id
        clip = records[name]["image"].removeprefix("clip")[0]
        sample = Sample(model, clips, ids[row][real], labels[row][real], clip)
        with torch.no_grad():
            logps = sample.logps()[1]
        every.append(logps)
        yield compare("train", f"batch2.logps_row{row}", logps, tensors[f"batch2.logps_row{row}"])
        ours = torch.full_like(merged[row], -100)
        labelled = sample.merged_labels()
        ours[: len(labelled)] = labelled
        wrong = int((ours != merged[row]).sum()) + int(
            tensors["batch2.attention_mask"][row].sum() != len(labelled)
        )
        yield Line(
            stage="train",
            name=f"batch2.merged_labels row {row}",
            cases=len(ours),
            error=float(wrong),
            limit=0.0,
            ok=wrong == 0,
        )
    yield compare("train", "batch2.eval.loss", -torch.cat(every).mean(), torch.tensor(facts["loss"]))


def gradients(
    model: LlavaQwen, sample: Sample, stage: str, *, training: bool
) -> tuple[Tensor, dict[str, float]]:
    """Loss, and the L2 norm of every gradient that a stage gives; running statistics move in training."""
    train_stage(model, stage)
    model.zero_grad(set_to_none=True)
    model.train(training)
    loss = -sample.logps()[1].mean()
    loss.backward()
    model.eval()
    norms = {n: float(p.grad.double().norm()) for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    return loss.detach(), norms


def _gradient_lines(
    model: LlavaQwen,
    sample: Sample,
    run: str,
    stage: str,
    facts: dict[str, Any],
    tensors: dict[str, Tensor],
) -> Iterator[Line]:
    training = not stage.endswith(".bn_eval")
    before = {name: b.clone() for name, b in model.named_buffers()}
    loss, ours = gradients(model, sample, stage.removesuffix(".bn_eval"), training=training)
    after = dict(model.named_buffers())
    yield compare("train", f"{run}.loss", loss, torch.tensor(facts["loss"]))
    if run == "ugc.s1_video":
        for name, recorded in tensors.items():
            if name.startswith("bn_after."):
                buffer = after[f"model.slowfast.feature_extraction.{name.removeprefix('bn_after.')}"]
                yield compare("train", name, buffer, recorded)
    model.load_state_dict(before, strict=False)
    yield from _norm_lines(ours, run, facts, training)


def _norm_lines(ours: dict[str, float], run: str, facts: dict[str, Any], training: bool) -> Iterator[Line]:
    recorded: dict[str, float] = facts["grad_l2"]
    for name in sorted(set(ours) ^ set(recorded)):
        where = "here" if name in ours else "in the record"
        yield unmatched("train", f"{run}.{name}: a gradient only {where}")
    groups: dict[str, list[str]] = {}
    for name in sorted(set(ours) & set(recorded)):
        groups.setdefault(group_of(name), []).append(name)
    for group, names in groups.items():
        whole = sum(recorded[n] ** 2 for n in names) ** 0.5
        if group != "slowfast.fast":
            worst = max(abs(ours[n] - recorded[n]) / max(recorded[n], NOISE * whole) for n in names)
            yield _norm_line(f"{run}.{group}", len(names), worst, GRADIENT_LIMIT)
        elif training:
            error = abs(sum(ours[n] ** 2 for n in names) ** 0.5 - whole) / whole
            yield _norm_line(f"{run}.{group}", len(names), error, MOTION_GROUP_LIMIT)
        else:
            exact = facts["grad_l2_f64"]
            errors = [abs(ours[n] - exact[n]) / max(exact[n], NOISE * whole) for n in names]
            single, middle = MOTION_EVAL_LIMITS
            yield _norm_line(f"{run}.{group} (largest)", len(names), max(errors), single)
            yield _norm_line(f"{run}.{group} (median)", len(names), median(errors), middle)


def _norm_line(name: str, cases: int, error: float, limit: float) -> Line:
    return Line(stage="train", name=name, cases=cases, error=error, limit=limit, ok=error <= limit)


def _earlier_lines(
    model: LlavaQwen,
    clips: Clips,
    earlier: dict[str, Any],
    tensors: dict[str, Tensor],
    records: dict[str, Any],
) -> Iterator[Line]:
    """The code of November 2024: motion network without gradient, dense frames a multiple of eight."""
    model.model.slowfast.gradient = False
    for run, facts in earlier.get("runs", {}).items():
        name, _, stage = run.partition(".")
        clip = records[name]["image"].removeprefix("clip")[0]
        given = (tensors[f"{name}.input_ids"], tensors[f"{name}.labels"])
        sample = Sample(model, clips, *given, clip, every=8)
        label = f"nov_2024.{run}"
        if stage == "eval":
            yield from _loss_line(sample, label, facts["loss"])
            continue
        before = {n: b.clone() for n, b in model.named_buffers()}
        loss, ours = gradients(model, sample, stage, training=True)
        model.load_state_dict(before, strict=False)
        yield compare("train", f"{label}.loss", loss, torch.tensor(facts["loss"]))
        wrong = abs(len(ours) - facts["parameters_with_gradient"])
        yield Line(
            stage="train",
            name=f"{label}.parameters_with_gradient",
            cases=len(ours),
            error=float(wrong),
            limit=0.0,
            ok=wrong == 0,
        )
        if "grad_l2" in facts:
            yield from _norm_lines(ours, label, facts, True)
    model.model.slowfast.gradient = True
