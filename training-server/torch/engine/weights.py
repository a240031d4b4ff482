"""The weights of a policy by name as a checkpoint holds them, whatever they are stored in here.

A weight that trains in bf16 may have an fp32 master in the optimiser; under FSDP it is a shard of fp32. For a
checkpoint it is the same number, so that a run goes on with another number of ranks.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor, distribute_tensor

from engine.policy import Policy


def masters(policy: Policy) -> dict[str, Tensor]:
    """fp32 masters by name; none where a parameter is its own."""
    if policy.optimiser is None:
        return {}
    masters_by_name = {}
    for p, state in policy.optimiser.state.items():
        if "master" in state:
            masters_by_name[policy.names[p]] = state["master"]
    return masters_by_name


def state_of(policy: Policy) -> dict[str, Tensor]:
    """All tensors of the checkpoint by name; masters where there are."""
    return {name: t.detach() for name, t in policy.model.state_dict().items()} | masters(policy)


def write(target: Tensor, value: Tensor) -> None:
    """A whole tensor, the same on every rank, into a plain or a sharded one."""
    with torch.no_grad():
        if isinstance(target, DTensor):
            value = value.to(target.device, target.dtype)
            target.copy_(distribute_tensor(value, target.device_mesh, target.placements))
        else:
            target.copy_(value)


def follow_masters(policy: Policy) -> None:
    """Parameters become the rounded copies of their masters again, after these were read from a file."""
    parameters = {name: p for p, name in policy.names.items()}
    with torch.no_grad():
        for name, master in masters(policy).items():
            parameters[name].copy_(master)


def whole(tensor: Tensor) -> Tensor:
    """The whole of a tensor on the CPU; every rank must ask."""
    return (tensor.full_tensor() if isinstance(tensor, DTensor) else tensor).detach().cpu()
