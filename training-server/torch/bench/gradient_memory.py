"""Bytes of gradients that a rank holds at the end of a real update, before they are reduced.

    torchrun --nproc-per-node N --module bench.gradient_memory REQUESTS.json

REQUESTS.json is a list of [method, parameters] of the engine; rank 0 prints the bytes of `gradients`, and of
a weight as `item`. The memory plan of `cost_model.py` is held to it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

from engine.commands import COMMANDS
from engine.ranks import Ranks
from engine.requests import parse_request
from engine.session import Session
from engine.sharding import Shards


def held_gradients(shards: Shards) -> int:
    """Bytes of what the sharded parts have accumulated."""
    total = 0
    for unit in shards._units():
        group = cast(Any, unit)._get_fsdp_state()._fsdp_param_group
        if group is None:
            continue
        for param in group.fsdp_params:
            gradient = param.unsharded_accumulated_grad
            if gradient is None:
                gradient = getattr(param, "unsharded_param", None)
                gradient = None if gradient is None else gradient.grad
            total += 0 if gradient is None else gradient.nbytes
    return total


def main() -> None:
    ranks = Ranks.join()
    session = Session(ranks, lambda method, params: None)
    held: list[int] = []
    synchronise = Shards._synchronise

    def record(self: Shards, at_once: bool) -> None:
        if at_once:
            held.append(held_gradients(self))
        synchronise(self, at_once)

    Shards._synchronise = record  # type: ignore[method-assign]
    completions: Any = None
    for method, params in json.loads(Path(sys.argv[1]).read_text("utf-8")):
        if method == "update":
            for group, drawn in zip(params["groups"], completions, strict=True):
                group["completions"] = [{"tokens": c["tokens"], "advantage": 1.0} for c in drawn]
        result = COMMANDS[method](session, parse_request(method, params))
        completions = result.get("completions", completions)
    if ranks.leads:
        assert session.policy is not None
        item = next(p for p in session.policy.model.parameters() if p.requires_grad).element_size()
        print(json.dumps({"gradients": max(held), "item": item}), flush=True)
    session.close()
    ranks.leave()


if __name__ == "__main__":
    main()
