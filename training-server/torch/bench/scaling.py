"""Table of models and GPUs: does training fit, and the estimated seconds of a step.

    python -m bench.scaling            prints the table of docs/scaling.md

Peaks are those of data sheets; what follows from them is computed in `cost_model.py`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from bench.cost_model import Gpu, Plan, memory, step_time
from bench.shapes import SHAPES, Shape
from modules.config import ModelConfig
from modules.lora import TARGETS, LoraOptions

GPUS = {
    "RTX 4090": Gpu(memory=25.8e9, flops=165e12, bandwidth=1.01e12, link=25e9),
    "L40S": Gpu(memory=48.3e9, flops=362e12, bandwidth=0.86e12, link=25e9),
    "A100 80 GB": Gpu(memory=85.9e9, flops=312e12, bandwidth=2.04e12, link=300e9),
    "H100 80 GB": Gpu(memory=85.5e9, flops=989e12, bandwidth=3.35e12, link=450e9),
    "H200": Gpu(memory=150.8e9, flops=989e12, bandwidth=4.8e12, link=450e9),
}


def fitting(
    config: ModelConfig, prompt: int, plan: Plan, limit: float, mean_completion: int = 170
) -> Plan | None:
    """The plan with the most slots and the longest rows whose memory stays `MARGIN` below `limit` bytes; None
    if none does."""
    for slots, max_tokens_per_row in (
        (256, 16384),
        (256, 8192),
        (128, 8192),
        (128, 4096),
        (64, 4096),
        (32, 2560),
    ):
        smaller = replace(plan, slots=slots, max_tokens_per_row=max_tokens_per_row)
        if memory(config, prompt, smaller, mean_completion).peak <= limit * (1 - MARGIN):
            return smaller
    return None


MARGIN = 0.05
"""Share of a GPU's memory that a plan leaves free, for longer completions than usual."""

TRAINING_VIDEOS = 28_056
"""Of LSVQ, three times over in the official run."""


def table(names: tuple[str, ...] = ("1b", "2b", "8b"), counts: tuple[int, ...] = (1, 8)) -> Iterator[dict]:
    """A line for each model, GPU type and number of GPUs."""
    for name in names:
        shape: Shape = SHAPES[name]
        config, prompt = shape.config(), shape.prompt_length()
        for gpu_name, gpu in GPUS.items():
            for gpus in counts:
                line = {"model": name, "gpu": gpu_name, "gpus": gpus}
                plan = None
                for optimizer in ("master", "stochastic"):  # exact where it fits
                    plan = plan or fitting(
                        config,
                        prompt,
                        Plan(gpus=gpus, optimizer=optimizer),
                        gpu.memory,
                        shape.mean_completion,
                    )
                if plan is None:
                    least = memory(
                        config,
                        prompt,
                        Plan(gpus=gpus, slots=32, max_tokens_per_row=2560),
                        shape.mean_completion,
                    )
                    yield {**line, "fits": False, "peak_gb": round(least.peak / 1e9, 1)}
                    continue
                yield {**line, **_fit(config, prompt, plan, gpu, shape.mean_completion)}


LORA = LoraOptions(rank=16, alpha=32.0, targets=TARGETS)
"""That of the recipe `vqathinker-8b-lora`."""


def lora_table(counts: tuple[int, ...] = (1, 2, 8)) -> Iterator[dict]:
    """The 8B with an adapted language model on GPUs of 24 GB."""
    shape, gpu = SHAPES["8b"], GPUS["RTX 4090"]
    config, prompt = shape.config(), shape.prompt_length()
    for gpus in counts:
        given = Plan(gpus=gpus, optimizer="master", lora=LORA)
        plan = fitting(config, prompt, given, gpu.memory, shape.mean_completion)
        line = {"model": "8b, LoRA", "gpu": "RTX 4090", "gpus": gpus}
        if plan is None:
            least = memory(
                config, prompt, replace(given, slots=32, max_tokens_per_row=2560), shape.mean_completion
            )
            yield {**line, "fits": False, "peak_gb": round(least.peak / 1e9, 1)}
        else:
            yield {**line, **_fit(config, prompt, plan, gpu, shape.mean_completion)}


def _fit(config: ModelConfig, prompt: int, plan: Plan, gpu: Gpu, mean_completion: int) -> dict:
    held = memory(config, prompt, plan, mean_completion)
    spent = step_time(config, prompt, plan, gpu, mean_completion=mean_completion)
    return {
        "fits": True,
        "optimizer": plan.optimizer,
        "slots": plan.slots,
        "max_tokens_per_row": plan.max_tokens_per_row,
        "peak_gb": round(held.peak / 1e9, 1),
        "gpu_gb": round(gpu.memory / 1e9, 1),
        "step_seconds": round(spent.total, 1),
        "epoch_hours": round(TRAINING_VIDEOS / plan.videos * spent.total / 3600, 1),
    }


LENGTHS = (170, 512, 1024, 2048)
"""Mean tokens of an answer: that of the small-scale runs, and up to the longest that the paper allows."""


def phase_rows() -> Iterator[str]:
    """The table of docs/rollouts.md: seconds of each phase of a step of the 8B by the length of answers."""
    shape = SHAPES["8b"]
    config, prompt = shape.config(), shape.prompt_length()
    yield "| GPUs | tokens an answer | encode, s | decode, s | update, s | rest, s | decode |"
    yield "|---|---|---|---|---|---|---|"
    for name, gpus, optimizer in (("H200", 1, "stochastic"), ("H100 80 GB", 8, "master")):
        for length in LENGTHS:
            given = Plan(gpus=gpus, optimizer=optimizer)
            plan = fitting(config, prompt, given, GPUS[name].memory, length)
            if plan is None:
                yield f"| {gpus} × {name} | {length} | does not fit | | | | |"
                continue
            spent = step_time(config, prompt, plan, GPUS[name], mean_completion=length)
            rest = spent.optimizer + spent.reduce
            seconds = (spent.encode, spent.decode, spent.update, rest)
            cells = " | ".join(f"{value:.1f}" for value in seconds)
            yield f"| {gpus} × {name} | {length} | {cells} | {spent.decode / spent.total:.0%} |"


def markdown(lines: Iterator[dict]) -> Iterator[str]:
    """The table of docs/scaling.md."""
    kinds = {"master": "adamw", "stochastic": "adamw-sr"}  # as recipes write them
    yield "| model | GPU | GPUs | optimiser | slots, row | peak / GPU, GB | step, s | epoch, h |"
    yield "|---|---|---|---|---|---|---|---|"
    for line in lines:
        start = f"| {line['model'].replace('b', 'B', 1)} | {line['gpu']} | {line['gpus']} "
        if line["fits"]:
            peak = f"{line['peak_gb']} of {line['gpu_gb']}"
            plan = f"| {kinds[line['optimizer']]} | {line['slots']}, {line['max_tokens_per_row']} "
            yield start + plan + f"| {peak} | {line['step_seconds']} | {line['epoch_hours']} |"
        else:
            yield start + f"| does not fit | | at least {line['peak_gb']} | | |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--format", choices=("markdown", "json", "phases"), default="markdown")
    parser.add_argument("--gpus", type=int, nargs="+", default=[1, 8])
    options = parser.parse_args()
    lines = chain(table(counts=tuple(options.gpus)), lora_table())
    if options.format == "phases":
        print("\n".join(phase_rows()))
    elif options.format == "markdown":
        print("\n".join(markdown(lines)))
    else:
        for line in lines:
            print(json.dumps(line))


if __name__ == "__main__":
    main()
