"""Bytes of tensors that a rank holds at the end of a real update, before gradients are reduced.

    torchrun --nproc-per-node N --module bench.held_memory REQUESTS.json

REQUESTS.json is a list of [method, parameters] of the engine; rank 0 prints the bytes of `weights`,
`gradients`, `optimizer` and `reference`, and of a weight as `item`. The memory plan of `cost_model.py` is
held to them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

import engine.steps
from engine.commands import COMMANDS
from engine.policy import Policy
from engine.ranks import Ranks, end_now
from engine.requests import parse_request
from engine.session import Session
from engine.sharding import Shards


def _sharded(shards: Shards) -> Iterator[Any]:
    """FSDP's own record of each parameter that it has cut into shards."""
    for unit in shards._units():
        group = cast(Any, unit)._get_fsdp_state()._fsdp_param_group
        if group is not None:
            yield from group.fsdp_params


def _bytes(tensors: Iterable[Tensor | None]) -> int:
    """Of the storages behind tensors, each once; shards count with their local part."""
    storages = {}
    for tensor in tensors:
        if tensor is None:
            continue
        local = cast(Tensor, tensor.to_local() if hasattr(tensor, "to_local") else tensor)
        storages[local.untyped_storage().data_ptr()] = local.untyped_storage().nbytes()
    return sum(storages.values())


def held(policy: Policy) -> dict[str, int]:
    """Bytes by kind while whole weights and unreduced gradients are there."""
    sharded = list(_sharded(policy.shards))
    gathered = [getattr(param, "_unsharded_param", None) for param in sharded]
    gradients = [
        param.unsharded_accumulated_grad
        if param.unsharded_accumulated_grad is not None
        else getattr(getattr(param, "_unsharded_param", None), "grad", None)
        for param in sharded
    ]
    if not sharded:
        gradients = [p.grad for p in policy.model.parameters()]
    shards = [param._sharded_param_data for param in sharded]
    weights = [*policy.model.parameters(), *gathered, *shards]
    reference = [] if policy.reference is None else list(policy.reference[0].parameters())
    states = [] if policy.optimiser is None else policy.optimiser.state.values()
    everything = _bytes([*weights, *reference])
    return {
        "weights": _bytes(weights),
        "gradients": _bytes(gradients),
        "optimizer": _bytes(t for state in states for kind, t in state.items() if kind != "step"),
        "reference": everything - _bytes(weights),
    }


def main() -> None:
    ranks = Ranks.join()
    session = Session(ranks, lambda method, params: None)
    measured: list[dict[str, int]] = []
    synchronise, step = Shards._synchronise, engine.steps.clip_and_step

    def record() -> None:
        assert session.policy is not None
        measured.append(held(session.policy))

    def synchronised(self: Shards, at_once: bool) -> None:
        if at_once:
            record()
        synchronise(self, at_once)

    def stepped(*args: Any, **kwargs: Any) -> Any:
        if ranks.world == 1:
            record()
        return step(*args, **kwargs)

    Shards._synchronise = synchronised  # type: ignore[method-assign]
    engine.steps.clip_and_step = stepped
    completions: Any = None
    for method, params in json.loads(Path(sys.argv[1]).read_text("utf-8")):
        if method == "update":
            for group, drawn in zip(params["groups"], completions, strict=True):
                group["completions"] = [{"tokens": c["tokens"], "advantage": 1.0} for c in drawn]
        result = COMMANDS[method](session, parse_request(method, params))
        completions = result.get("completions", completions)
    if ranks.leads:
        assert session.policy is not None
        item = torch.finfo(session.policy.request.dtype).bits // 8
        print(json.dumps({**measured[-1], "item": item}), flush=True)
    session.close()
    ranks.leave()
    end_now()


if __name__ == "__main__":
    main()
