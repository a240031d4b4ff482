"""The commands of the driver. Every rank runs each of them on its share; rank 0's result is the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from engine.channel import finite
from engine.dense import DenseHead, fit_projector
from engine.export import digest, export
from engine.faults import CommandError
from engine.features import attach_disk_cache
from engine.policy import LoadRequest, Policy, load_policy
from engine.ranks import Ranks
from engine.saving import Saver
from engine.totals import merged
from engine.video.decode_pool import DecodePool
from engine.video.decoding import Job
from engine.video.footage import VideoError
from engine.video.pixel_cache import PixelCache
from engine.video.videos import Video, Videos
from modules.generate import Sampling
from modules.grpo_loss import LossConfig
from training.clips import ClipPixels
from training.metrics import policy_metrics
from training.objective import StepTotals
from training.optimizer import clip_and_step
from training.phases import PhaseClock
from training.rollout import Completion, Prompt, RolloutOptions, rollout
from training.sft import SftOptions, accumulate_sft, completion_tokens, sft_metrics
from training.teacher_forcing import Example
from training.update import Group, UpdateOptions, accumulate

Params = Mapping[str, Any]
Notify = Callable[[str, Params], None]

PROGRESS_EVERY = 0.25
"""Seconds between two notices of one phase."""


class Commands:
    """The state of an engine: one loaded checkpoint and its data."""

    def __init__(self, ranks: Ranks, notify: Notify):
        self.ranks, self.notify = ranks, notify
        self.policy: Policy | None = None
        self.videos: Videos | None = None
        self.dense: DenseHead | None = None
        self.saver = Saver(ranks)
        self._probes: DecodePool | None = None
        self._reported: set[str] = set()
        self._phase, self._reported_at = "", 0.0

    def run(self, method: str, params: Params) -> Any:
        """The result of a command. Raises CommandError and what the computation raises."""
        return getattr(self, f"do_{method}")(params)

    def close(self) -> None:
        """Waits for what is being written and ends the decoders."""
        self.saver.wait()
        for pool in (self._probes, self.videos.pool if self.videos else None):
            if pool is not None:
                pool.close()

    # What runs beside the computation

    def probe(self, params: Params) -> list[dict[str, Any]]:
        """`probe`, from any thread."""
        if self._probes is None:
            self._probes = DecodePool(2, cache=None, cap=0)
        outcomes = [self._probes.submit(Job(path=path)) for path in params["paths"]]
        result = []
        for outcome in (future.result() for future in outcomes):
            facts = outcome.facts
            if facts is None:
                empty = {"frames": 0, "width": 0, "height": 0, "fps": 0.0}
                result.append({**empty, "error": outcome.error or "it cannot be read"})
            else:
                size = {"width": facts.width, "height": facts.height}
                result.append({"frames": facts.frames, **size, "fps": facts.fps})
        return result

    def announce(self, params: Params) -> None:
        """Starts decoding the videos that a command names, from any thread, before its turn comes."""
        named = params.get("videos") or [
            entry["video"] for kind in ("groups", "examples") for entry in params.get(kind, ())
        ]
        if self.videos is not None and named:
            self.videos.announce(self.ranks.share([Video.from_json(video) for video in named]))

    # Commands

    def do_load(self, params: Params) -> dict[str, Any]:
        request = LoadRequest.from_json(params)
        self._progress("load", 0, 1)
        self.saver.wait()
        if self.videos is not None:
            self.videos.pool.close()
        self.policy = self.videos = self.dense = None
        torch.manual_seed(request.seed)
        with ThreadPoolExecutor(1) as beside:
            sha256 = beside.submit(digest, request.checkpoint) if self.ranks.leads else None
            policy = load_policy(request, self.ranks)
        cache = params["pixelCache"]
        pixels = PixelCache(Path(cache["folder"]))
        cap = int(cache["bytes"])
        pool = DecodePool(params["decodeWorkers"], cache=pixels if cap > 0 else None, cap=cap)
        self.policy, self.videos = policy, Videos(pool, policy.profile)
        attach_disk_cache(policy.encoder, pixels.folder / "features", cap)
        self._progress("load", 1, 1)
        return {
            "parameters": policy.parameters,
            "trainable": policy.trainable,
            "device": _device_name(policy.device),
            "torch": torch.__version__,
            "ranks": self.ranks.world,
            "memoryBytes": memory(policy.device),
            "sha256": sha256.result() if sha256 else "",
        }

    def do_encode(self, params: Params) -> dict[str, Any]:
        _, videos = self._loaded()
        share = self.ranks.share([Video.from_json(video) for video in params["videos"]])
        failed = videos.failures(share)
        return {"failed": self._named(failed)}

    def do_rollout(self, params: Params) -> dict[str, Any]:
        policy, _ = self._loaded()
        started = time.perf_counter()
        named = [Video.from_json(video) for video in params["videos"]]
        seeds = params["seeds"]
        if len(seeds) != len(named):
            raise CommandError(f"{len(seeds)} seeds for {len(named)} videos")
        ids = torch.tensor(policy.text.prompt(params["prompt"]))
        clips, failed = self._clips(self.ranks.share(named))
        waited = time.perf_counter()
        sampling = Sampling(temperature=params["temperature"], top_k=params["topK"], top_p=params["topP"])
        options = RolloutOptions(
            num_generations=1 if params["temperature"] == 0 else params["numGenerations"],
            sampling=sampling,
            max_completion_length=params["maxCompletionLength"],
            stop_ids=(policy.text.end,),
            slots=params["slots"],
            logprob_temperature=1.0,  # that of the loss
        )
        prompts = [
            Prompt(input_ids=ids, clip=clip, number=seed)
            for clip, seed in zip(clips, self.ranks.share(seeds), strict=True)
            if clip is not None
        ]
        with PhaseClock(policy.device) as clock, policy.shards.gathered():
            drawn = rollout(
                policy.model,
                policy.encoder,
                prompts,
                options,
                progress=lambda done, of: self._progress("rollout", done, of),
            )
        result = iter(drawn)
        count = params["numGenerations"]
        share = [None if clip is None else self._completions_json(next(result), count) for clip in clips]
        completions = self.ranks.whole(share)
        ended = time.perf_counter()
        return {
            "completions": completions,
            "failed": self._named(failed),
            "seconds": {**clock.seconds, "videos": waited - started, "total": ended - started},
            "tokens": sum(len(a["tokens"]) for group in completions for a in group or ()),
        }

    def do_update(self, params: Params) -> dict[str, Any]:
        policy, _ = self._training()
        started = time.perf_counter()
        clip = params["clip"]
        options = UpdateOptions(
            loss=LossConfig(
                loss_type=params["lossType"],
                beta=params["beta"],
                clip_low=clip["low"],
                clip_high=clip["high"],
                delta=clip["delta"],
                max_completion_length=params["maxCompletionLength"],
            ),
            old_logps=any("oldLogps" in a for g in params["groups"] for a in g["completions"]),
            max_grad_norm=params["maxGradNorm"],
            max_tokens_per_row=params["maxTokensPerRow"],
        )
        if options.loss.beta and policy.reference is None:
            raise CommandError("the KL term needs a reference, and the checkpoint was loaded without one")
        ids = torch.tensor(policy.text.prompt(params["prompt"]))
        groups, lost = self._examples(params["groups"], lambda entry, pixels: self._group(ids, entry, pixels))
        groups = [group for group in groups if group.completions]
        counts = self.ranks.gather([len(a.tokens) for g in groups for a in g.completions])
        lengths = [count for share in counts for count in share]
        if not lengths:
            raise CommandError("there is nothing to learn from: no group has an answer with a token")
        totals = StepTotals(completions=len(lengths), tokens=sum(lengths), ranks=self.ranks.world)
        waited = time.perf_counter()
        with PhaseClock(policy.device) as clock:
            with policy.shards.accumulating():
                sums = accumulate(
                    policy.model,
                    policy.encoder,
                    groups,
                    options,
                    totals=totals,
                    reference=policy.reference,
                    progress=lambda done, of: self._progress("update", done, of),
                )
            norm, taken = self._step(params)
        metrics = policy_metrics(merged(sums, self.ranks))
        return self._stepped(metrics, params, norm, taken, lost, clock, started, waited)

    def do_sft(self, params: Params) -> dict[str, Any]:
        policy, _ = self._training()
        started = time.perf_counter()
        options = SftOptions(
            max_grad_norm=params["maxGradNorm"], max_tokens_per_row=params["maxTokensPerRow"]
        )
        ids = torch.tensor(policy.text.prompt(params["prompt"]))

        def example(entry: Params, pixels: ClipPixels) -> Example:
            tokens = policy.text.completion_ids(entry["text"])
            return Example(input_ids=ids, clip=pixels, completions=[_completion(tokens, [], policy.text.end)])

        examples, lost = self._examples(params["examples"], example)
        tokens = sum(self.ranks.gather(completion_tokens(examples)))
        waited = time.perf_counter()
        with PhaseClock(policy.device) as clock:
            with policy.shards.accumulating():
                sums = accumulate_sft(
                    policy.model,
                    policy.encoder,
                    examples,
                    options,
                    tokens=tokens,
                    ranks=self.ranks.world,
                    progress=lambda done, of: self._progress("update", done, of),
                )
            norm, taken = self._step(params)
        metrics = sft_metrics(merged(sums, self.ranks))
        return self._stepped(metrics, params, norm, taken, lost, clock, started, waited)

    def do_warmup(self, params: Params) -> dict[str, Any]:
        policy, _ = self._training()
        started = time.perf_counter()
        names = tuple(params["names"])
        for entry in params["examples"]:
            if len(entry["targets"]) != len(names):
                raise CommandError(f"{len(entry['targets'])} targets of an example for {len(names)} names")
        if self.dense is None or self.dense.names != names:
            self.dense = DenseHead(policy, names, self.ranks)
        examples, lost = self._examples(params["examples"], self.dense.example)
        waited = time.perf_counter()
        with PhaseClock(policy.device) as clock:
            sums = self.dense.accumulate(examples)
            norm, taken = self._step(params)
            self.dense.step(params["lr"], params["maxGradNorm"], taken)
        metrics = self.dense.metrics(merged(sums, self.ranks))
        return self._stepped(metrics, params, norm, taken, lost, clock, started, waited)

    def do_fit(self, params: Params) -> dict[str, Any]:
        policy, _ = self._loaded()
        started = time.perf_counter()
        width = policy.model.config.language.hidden_size
        for entry in params["examples"]:
            if len(entry["targets"]) != width:
                raise CommandError(
                    f"{len(entry['targets'])} targets of an example; the motion token has {width} numbers"
                )
        examples, lost = self._examples(params["examples"], lambda entry, pixels: (pixels, entry["targets"]))
        waited = time.perf_counter()
        metrics = fit_projector(policy, examples, params["ridge"], self.ranks)
        seconds = {"videos": waited - started, "total": time.perf_counter() - started}
        return {"metrics": finite({**metrics, "videos/failed": lost}), "seconds": seconds}

    def do_export(self, params: Params) -> dict[str, Any]:
        policy, _ = self._loaded()
        self.saver.wait()
        self._progress("export", 0, 1)
        result = export(policy, Path(params["folder"]), self.ranks)
        self._progress("export", 1, 1)
        return result

    def do_restore(self, params: Params) -> dict[str, Any]:
        policy, _ = self._loaded()
        self.saver.wait()
        extra, self.dense = self.saver.restore(policy, Path(params["folder"]))
        policy.encoder.forget()
        return {"extra": extra}

    def begin_save(self, params: Params) -> Callable[[], dict[str, Any]]:
        """Takes a copy of everything and starts writing it; what is returned waits for the end of that."""
        policy, _ = self._loaded()
        self._progress("save", 0, 1)
        return self.saver.save(policy, self.dense, Path(params["folder"]), params.get("extra"))

    # Parts of them

    def _loaded(self) -> tuple[Policy, Videos]:
        if self.policy is None or self.videos is None:
            raise CommandError("no checkpoint is loaded")
        return self.policy, self.videos

    def _training(self) -> tuple[Policy, Videos]:
        policy, videos = self._loaded()
        if policy.optimiser is None:
            raise CommandError("no part of the model trains")
        return policy, videos

    def _progress(self, phase: str, done: int, of: int) -> None:
        """Tells how far a phase is; its beginning and end always, what lies between not too often."""
        now = time.monotonic()
        if phase == self._phase and done < of and now - self._reported_at < PROGRESS_EVERY:
            return
        self._phase, self._reported_at = phase, now
        self.notify("progress", {"phase": phase, "done": done, "of": of})

    def _clips(self, share: Sequence[Video]) -> tuple[list[ClipPixels | None], list[tuple[str, str]]]:
        """Decoded clips of this rank's videos, and path and reason of those that cannot be read."""
        _, videos = self._loaded()
        videos.announce(share)
        clips: list[ClipPixels | None] = []
        failed = []
        for number, video in enumerate(share):
            try:
                clips.append(videos.clip(video))
            except VideoError as error:
                clips.append(None)
                failed.append((video.path, str(error)))
            self._progress("encode", number + 1, len(share))
        while videos.notices:
            self.notify("log", {"level": "info", "text": videos.notices.pop()})
        return clips, failed

    def _examples(
        self, entries: Sequence[Params], make: Callable[[Params, ClipPixels], Any]
    ) -> tuple[list[Any], int]:
        """This rank's share of a step without the unreadable videos, and their number over all ranks."""
        share = self.ranks.share(entries)
        clips, failed = self._clips([Video.from_json(entry["video"]) for entry in share])
        lost = len(self._named(failed))
        pairs = zip(share, clips, strict=True)
        return [make(entry, clip) for entry, clip in pairs if clip is not None], lost

    def _named(self, failed: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
        """The failures of all ranks, each path once; the log hears of each once in the engine's life."""
        result = dict(pair for share in self.ranks.gather(list(failed)) for pair in share)
        for path, error in result.items():
            if path not in self._reported:
                self._reported.add(path)
                self.notify("log", {"level": "warning", "text": f"{path} cannot be read: {error}"})
        return [{"path": path, "error": error} for path, error in result.items()]

    def _group(self, ids: torch.Tensor, entry: Params, pixels: ClipPixels) -> Group:
        policy, _ = self._training()
        # An answer without a token has no place in the loss; it counts among the answers of no mean.
        completions = [completion for completion in entry["completions"] if completion["tokens"]]
        return Group(
            input_ids=ids,
            clip=pixels,
            completions=[
                _completion(a["tokens"], a.get("oldLogps", []), policy.text.end) for a in completions
            ],
            advantages=[completion["advantage"] for completion in completions],
        )

    def _completions_json(self, group: Sequence[Completion], count: int) -> list[dict[str, Any]]:
        policy, _ = self._loaded()
        result = [
            {
                "tokens": completion.tokens,
                "text": policy.text.read(completion.tokens),
                "logps": completion.logps,
                "end": "eos" if completion.stopped else "length",
            }
            for completion in group
        ]
        return result * (count // len(result))  # greedy answers are all the same

    def _step(self, params: Params) -> tuple[float, bool]:
        policy, _ = self._training()
        result = clip_and_step(policy.optimiser, lr=params["lr"], max_norm=params["maxGradNorm"])
        policy.encoder.weights_changed()
        if policy.model.slowfast_model.training:
            self._share_statistics()
        return result

    def _share_statistics(self) -> None:
        """Running statistics of rank 0 for all, so that ranks stay one model. Batch norm in train mode takes
        the statistics of the rows at hand, which ranks do not share (as in the official run)."""
        if self.ranks.world > 1:
            for buffer in self.policy.model.slowfast_model.buffers():
                torch.distributed.broadcast(buffer, src=0)

    def _stepped(
        self,
        metrics: Mapping[str, float],
        params: Params,
        norm: float,
        taken: bool,
        lost: int,
        clock: PhaseClock,
        started: float,
        waited: float,
    ) -> dict[str, Any]:
        values = {
            **metrics,
            "grad_norm": norm,
            "learning_rate": params["lr"],
            "skipped": 0.0 if taken else 1.0,
            "videos/failed": float(lost),
        }
        if memory_peak := _peak(self.policy.device):
            values["memory/peak_bytes"] = float(memory_peak)
        seconds = {**clock.seconds, "videos": waited - started, "total": time.perf_counter() - started}
        return {"metrics": finite(values), "seconds": seconds}


def _completion(tokens: Sequence[int], logps: Sequence[float], end: int) -> Completion:
    return Completion(tokens=list(tokens), logps=list(logps), stopped=bool(tokens) and tokens[-1] == end)


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def memory(device: torch.device) -> int | None:
    """Bytes of a GPU's memory; None on a CPU."""
    return torch.cuda.get_device_properties(device).total_memory if device.type == "cuda" else None


def _peak(device: torch.device) -> int | None:
    if device.type != "cuda":
        return None
    peak = torch.cuda.max_memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    return peak
