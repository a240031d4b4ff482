"""Measures a GRPO step: time by phase, tokens/s, MFU, memory, and the ratio to the plain schedule.

    python -m bench.bench --shape small --videos 4

Weights and pixels are random and the lengths of the completions forced from one list, so that both schedules
do the same work: K completions of each clean and each perturbed clip (its own pixels: nothing is shared
between the two), then an update on the raw ones with the KL to a frozen reference. Prints JSON lines: one for
each schedule, then the ratio, of seconds and of processor seconds (which other programs disturb less). MFU is
a share of what a large matrix product reaches in the same run and type (`peak_flops`), not of a data sheet.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import torch

from bench.baseline import baseline_rollout, baseline_update
from bench.flops import ModelFlops, StepFlops, step_flops
from bench.shapes import SHAPES, Shape
from modules.generate import Sampling
from modules.grpo_loss import LossConfig
from modules.random_checkpoint import random_weights
from modules.vqathinker import VQAThinkerModel
from training.clips import Encoder
from training.optimizer import make_optimizer
from training.phases import PhaseClock
from training.rollout import Completion, Prompt, RolloutOptions, rollout
from training.teacher_forcing import Group
from training.trainable import OFFICIAL_PARTS, train_parts
from training.update import UpdateOptions, frozen_reference, update

LENGTHS = 4096
"""Completions in the list of forced lengths."""

PERTURBED = 1_000_000
"""Added to a video's number for its perturbed clip."""


@dataclass(kw_only=True)
class BenchOptions:
    """One measurement."""

    shape: str = "small"
    """Name in `SHAPES`."""

    videos: int = 4
    """Videos of the shared schedule's step."""

    baseline_videos: int = 0
    """Videos of the plain schedule's step; 0 for as many. Fewer only where it would take too long: rates are
    compared by the video."""

    num_generations: int = 4
    """K."""

    temporal: bool = True
    """True draws completions of perturbed clips too."""

    steps: int = 2
    """Steps measured, after one to warm up."""

    cap: int = 512
    """Most tokens of a completion."""

    slots: int = 256
    """Completions decoded at a time."""

    optimizer: str = "stochastic"
    """"stochastic" or "master"."""

    device: str = "cpu"
    """"cpu" or "cuda"."""

    dtype: str = "float32"
    """"float32" or "bfloat16"."""

    parts: tuple[str, ...] = OFFICIAL_PARTS
    """Parts of the model that train."""

    recompute: bool = False
    """True computes layers again in the backward pass (gradient checkpointing)."""

    max_tokens_per_row: int = 4096
    """Most tokens of a packed row."""

    seed: int = 0
    """Of weights, pixels and lengths."""


def completion_lengths(count: int, mean: float, cap: int, seed: int = 0) -> list[int]:
    """The first lengths of one lognormal list: mean about `mean`, deviation of the logarithm 0.35."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(max(count, LENGTHS), generator=generator) * 0.35 + math.log(mean) - 0.35**2 / 2
    return drawn.exp().round().clamp(2, cap).int().tolist()[:count]


class Workload:
    """The same videos, lengths and advantages for both schedules."""

    def __init__(self, options: BenchOptions, shape: Shape, videos: int):
        k = options.num_generations
        sides = 2 if options.temporal else 1
        flat = completion_lengths(videos * k * sides, shape.mean_completion, options.cap, options.seed)
        self.lengths = [flat[i * k : (i + 1) * k] for i in range(videos * sides)]
        self.videos = videos
        self.prompts = [
            Prompt(
                input_ids=shape.prompt_ids(0),
                clip=shape.clip(i if i < videos else PERTURBED + i),
                number=i if i < videos else PERTURBED + i,
                limits=self.lengths[i],
            )
            for i in range(videos * sides)
        ]
        self.advantages = [[1.0 if j % 2 else -1.0 for j in range(k)] for _ in range(videos)]

    def groups(self, completions: Sequence[Sequence[Completion]]) -> list[Group]:
        return [
            Group(input_ids=p.input_ids, clip=p.clip, completions=a, advantages=group_advantages)
            for p, a, group_advantages in zip(
                self.prompts[: self.videos], completions, self.advantages, strict=False
            )
        ]

    def new_pixels(self) -> None:
        """Every step of a run has other videos: features of raw clips must not be found again."""
        for prompt in self.prompts:
            prompt.clip.key = (prompt.clip.key, 1)
            prompt.clip.frame_keys = [(key, 1) for key in prompt.clip.frame_keys]

    @property
    def drawn_tokens(self) -> int:
        return sum(map(sum, self.lengths))


class Schedules:
    """One model, its optimiser and the two schedules of a step."""

    def __init__(self, options: BenchOptions):
        self.options, self.shape = options, SHAPES[options.shape]
        self.config = self.shape.config()
        self.dtype, self.device = getattr(torch, options.dtype), torch.device(options.device)
        torch.manual_seed(options.seed)
        self.model = VQAThinkerModel(self.config)
        if options.shape == "small":
            random_weights(self.model, torch.Generator().manual_seed(options.seed), batch_statistics=False)
        self.model.to(device=self.device, dtype=self.dtype)
        params = train_parts(self.model, options.parts, recompute=options.recompute)
        self.encoder = Encoder(self.model, self.config.profile)
        self.reference = frozen_reference(self.model, self.encoder)
        self.optimizer = make_optimizer(params, options.optimizer)
        self.update_options = UpdateOptions(
            loss=LossConfig(beta=0.04), max_tokens_per_row=options.max_tokens_per_row
        )
        lengths = completion_lengths(LENGTHS, self.shape.mean_completion, options.cap, options.seed)
        self.rollout_options = RolloutOptions(
            num_generations=options.num_generations,
            max_completion_length=max(lengths),
            slots=options.slots,
        )

    def shared_step(self, work: Workload) -> None:
        """Prompts prefilled once, slots refilled, packed rows."""
        work.new_pixels()
        completions = rollout(self.model, self.encoder, work.prompts, self.rollout_options)
        update(
            self.model,
            self.encoder,
            self.optimizer,
            work.groups(completions),
            self.update_options,
            lr=1e-6,
            reference=self.reference,
        )

    def baseline_step(self, work: Workload) -> None:
        """A row with a copy of video and prompt for each completion, as in the released script."""
        completions = baseline_rollout(
            self.model,
            self.config.profile,
            work.prompts,
            num_generations=self.options.num_generations,
            max_completion_length=self.rollout_options.max_completion_length,
            sampling=Sampling(temperature=1.0),
        )
        baseline_update(
            self.model,
            self.config.profile,
            self.optimizer,
            work.groups(completions),
            self.update_options,
            lr=1e-6,
            reference=self.reference[0],
        )

    def flops(self, work: Workload) -> StepFlops:
        """Operations of one shared step."""
        return step_flops(
            ModelFlops(config=self.config, profile=self.config.profile),
            prompt=self.shape.prompt_length(),
            completions=work.lengths[: work.videos],
            perturbed=work.lengths[work.videos :],
            vision_trains="vision" in self.options.parts or "visionProjector" in self.options.parts,
        )

    def line(self, schedule: str, work: Workload, timing: Timing, peak: float) -> dict[str, Any]:
        """The printed line of one schedule; peak: operations a second that MFU is a share of."""
        options, phases, flops = self.options, timing.phases, self.flops(work)
        update_seconds = sum(phases.get(name, 0) for name in ("forward", "backward", "optimizer"))
        decode = phases.get("decode") or phases.get("rollout", 0)
        return {
            "bench": "train",
            "schedule": schedule,
            "shape": options.shape,
            "device": _device_name(self.device),
            "dtype": options.dtype,
            "threads": torch.get_num_threads(),
            "videos": work.videos,
            "answers": options.num_generations,
            "temporal": options.temporal,
            "prompt_tokens": self.shape.prompt_length(),
            "answer_tokens": work.drawn_tokens,
            "seconds": round(timing.seconds, 4),
            "cpu_seconds": round(timing.cpu, 4),
            "phases": {key: round(value, 4) for key, value in sorted(phases.items())},
            "decode_tokens_per_second": round(work.drawn_tokens / decode, 1) if decode else None,
            "gflop": round(flops.total / 1e9, 2),
            "peak_gflops": round(peak / 1e9, 1),
            "mfu": round(flops.total / timing.seconds / peak, 4),
            "mfu_update": round(flops.policy / update_seconds / peak, 4) if update_seconds else None,
            "peak_bytes": timing.peak_bytes,
        }


def measure(options: BenchOptions, out: TextIO = sys.stdout) -> dict[str, Any]:
    """Runs both schedules and prints their lines; returns the last one."""
    schedules = Schedules(options)
    peak = peak_flops(schedules.device, schedules.dtype)
    seconds: dict[str, float] = {}
    cpu: dict[str, float] = {}
    for name, step, videos in (
        ("shared", schedules.shared_step, options.videos),
        ("plain", schedules.baseline_step, options.baseline_videos or options.videos),
    ):
        work = Workload(options, schedules.shape, videos)
        timing = _timed(step, work, options.steps, schedules.device)
        seconds[name], cpu[name] = timing.seconds / videos, timing.cpu / videos
        print(json.dumps(schedules.line(name, work, timing, peak)), file=out, flush=True)
    last = {
        "bench": "train",
        "shape": options.shape,
        "seconds_per_video": {name: round(value, 4) for name, value in seconds.items()},
        "cpu_seconds_per_video": {name: round(value, 4) for name, value in cpu.items()},
        "ratio": round(seconds["plain"] / seconds["shared"], 2),
        "cpu_ratio": round(cpu["plain"] / cpu["shared"], 2),
    }
    print(json.dumps(last), file=out, flush=True)
    return last


@dataclass(kw_only=True, frozen=True)
class Timing:
    """A step as measured."""

    seconds: float
    cpu: float
    """Processor seconds."""

    phases: dict[str, float]
    """Seconds by phase."""

    peak_bytes: int


def _timed(step: Callable[[Workload], None], work: Workload, steps: int, device: torch.device) -> Timing:
    """Means over `steps` steps, after one that is not counted."""
    step(work)
    _reset_peak(device)
    with PhaseClock(device) as clock:
        start, started = _now(device), time.process_time()
        for _ in range(steps):
            step(work)
        seconds, cpu = (_now(device) - start) / steps, (time.process_time() - started) / steps
    phases = {name: value / steps for name, value in clock.seconds.items()}
    return Timing(seconds=seconds, cpu=cpu, phases=phases, peak_bytes=_peak(device))


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def _reset_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return
    # Linux forgets a process's high-water mark on this write; elsewhere the mark is the whole run's.
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak(device: torch.device) -> int:
    """Bytes of device memory, or of the process's resident memory on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated()
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def peak_flops(
    device: torch.device, dtype: torch.dtype, clock: Callable[[torch.device], float] | None = None
) -> float:
    """Operations a second of a large square matrix product, best of some: what MFU is a share of.

    clock(device): seconds when the device is done; that of the wall unless another is given.
    """
    clock = clock or _now
    # On a CPU many short ones: one of them will not be interrupted by other programs.
    size, repeats, tries = (8192, 20, 4) if device.type == "cuda" else (1024, 1, 24)
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    best = math.inf
    for _ in range(tries):
        start = clock(device)
        for _ in range(repeats):
            a @ b
        best = min(best, (clock(device) - start) / repeats)
    return 2 * size**3 / best


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return device.type


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    defaults = BenchOptions()
    parser.add_argument("--shape", choices=sorted(SHAPES), default=defaults.shape)
    for name in (
        "videos",
        "baseline_videos",
        "num_generations",
        "steps",
        "cap",
        "slots",
        "max_tokens_per_row",
        "seed",
    ):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(defaults, name))
    parser.add_argument("--temporal", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--recompute", action=argparse.BooleanOptionalAction, default=False)
    parser.add_argument("--optimizer", choices=("stochastic", "master"), default=defaults.optimizer)
    parser.add_argument("--device", choices=("cpu", "cuda"), default=defaults.device)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default=defaults.dtype)
    parser.add_argument("--parts", nargs="+", default=list(OFFICIAL_PARTS))
    parser.add_argument("--threads", type=int, default=0, help="0 leaves torch's choice")
    options = vars(parser.parse_args())
    if threads := options.pop("threads"):
        torch.set_num_threads(threads)
    measure(BenchOptions(**options | {"parts": tuple(options["parts"])}))


if __name__ == "__main__":
    main()
