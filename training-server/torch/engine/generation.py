"""The command `rollout`: completions for this rank's share of the videos, gathered from all ranks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch

from engine.faults import CommandError
from engine.requests import RolloutRequest
from engine.session import Session
from engine.text import Text
from modules.generate import Sampling
from training.phases import PhaseClock
from training.rollout import Completion, Prompt, RolloutOptions
from training.rollout import rollout as draw_completions


def rollout(session: Session, request: RolloutRequest) -> dict[str, Any]:
    """Completions of each video with their log-probabilities; None for an unreadable video."""
    policy, _ = session.loaded()
    started = time.perf_counter()
    if len(request.seeds) != len(request.videos):
        raise CommandError(f"{len(request.seeds)} seeds for {len(request.videos)} videos")
    # Read this rank's videos.
    prompt_ids = torch.tensor(policy.text.prompt(request.prompt))
    clips, failed = session.read_clips(session.ranks.share(request.videos))
    computing_from = time.perf_counter()
    # Draw the completions. Greedy ones of a video are equal: one is drawn and repeated.
    greedy = request.temperature == 0
    options = RolloutOptions(
        num_generations=1 if greedy else request.num_generations,
        sampling=Sampling(temperature=request.temperature, top_k=request.top_k, top_p=request.top_p),
        max_completion_length=request.max_completion_length,
        stop_ids=(policy.text.end,),
        slots=request.slots,
        logprob_temperature=1.0,  # the loss's
    )
    prompts = [
        Prompt(input_ids=prompt_ids, clip=clip, number=seed)
        for clip, seed in zip(clips, session.ranks.share(request.seeds), strict=True)
        if clip is not None
    ]
    with PhaseClock(policy.device) as clock, policy.shards.gathered():
        groups = iter(
            draw_completions(
                policy.model,
                policy.encoder,
                prompts,
                options,
                progress=lambda done, of: session.progress("rollout", done, of),
            )
        )
    # Gather the groups of all ranks in the order of the request.
    repeats = request.num_generations if greedy else 1
    share = [None if clip is None else _to_json(next(groups), policy.text) * repeats for clip in clips]
    completions = session.ranks.whole(share)
    ended = time.perf_counter()
    return {
        "completions": completions,
        "failed": failed,
        "seconds": {**clock.seconds, "videos": computing_from - started, "total": ended - started},
        "tokens": sum(len(completion["tokens"]) for group in completions for completion in group or ()),
    }


def _to_json(group: Sequence[Completion], text: Text) -> list[dict[str, Any]]:
    return [
        {
            "tokens": completion.tokens,
            "text": text.decode(completion.tokens),
            "logps": completion.logps,
            "end": "eos" if completion.stopped else "length",
        }
        for completion in group
    ]
