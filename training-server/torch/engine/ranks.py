"""The processes that compute together. Every rank does every command, each on its own items."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist

Item = TypeVar("Item")

PATIENCE = timedelta(days=30)
"""Longest wait of a rank for a command: a run may be paused over a holiday."""


class Ranks:
    """Rank and world size of this process, and the exchange of Python objects between ranks, over the CPU."""

    def __init__(self, rank: int, world: int, local_rank: int):
        self.rank, self.world, self.local_rank = rank, world, local_rank
        self.groups: list[int] = []
        """Process groups of the ranks on rank 0's machine: what its driver may have to end."""

    @classmethod
    def join(cls) -> Ranks:
        """Meets the other ranks as torchrun's environment says."""
        ranks = cls(*(int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")))
        gpus = torch.cuda.is_available()
        if gpus:
            torch.cuda.set_device(ranks.local_rank)
        backend = "cpu:gloo,cuda:nccl" if gpus else "gloo"
        dist.init_process_group(backend, timeout=PATIENCE)
        hosts = ranks.gather((socket.gethostname(), os.getpgid(0)))
        ranks.groups = [group for host, group in hosts if host == hosts[0][0]]
        return ranks

    @property
    def leads(self) -> bool:
        """True on rank 0, which is connected to the driver."""
        return self.rank == 0

    def leave(self) -> None:
        """Leaves the group, rank 0 last: a rank without its leader fails in whatever it still exchanges."""
        farewell = torch.zeros(1)
        if self.leads:
            for rank in range(1, self.world):
                dist.recv(farewell, src=rank)
        else:
            dist.send(farewell, dst=0)
        dist.destroy_process_group()

    def share(self, items: Sequence[Item]) -> list[Item]:
        """This rank's share of a list: every `world`-th, so that long and short ones mix."""
        return list(items[self.rank :: self.world])

    def whole(self, share: Sequence[Item]) -> list[Item]:
        """The list again from the shares of all ranks, in its order; on every rank."""
        if self.world == 1:
            return list(share)
        shares = self.gather(list(share))
        total = sum(len(share) for share in shares)
        return [shares[i % self.world][i // self.world] for i in range(total)]

    def broadcast(self, value: Any) -> Any:
        """Rank 0's value, on every rank."""
        if self.world == 1:
            return value
        values = [value if self.leads else None]
        dist.broadcast_object_list(values, src=0, device=torch.device("cpu"))
        return values[0]

    def gather(self, value: Any) -> list[Any]:
        """The values of all ranks in their order, on every rank."""
        if self.world == 1:
            return [value]
        values: list[Any] = [None] * self.world
        dist.all_gather_object(values, value)
        return values

    def average(self, tensor: torch.Tensor) -> None:
        """The mean over all ranks, in place."""
        if self.world > 1:
            dist.all_reduce(tensor)
            tensor /= self.world


def end_now() -> None:
    """Ends this process with status 0 and without the interpreter's shutdown.

    Threads of the channel, of gloo and of OpenMP still run then, and a daemon thread that holds the lock of a
    stream makes the shutdown abort: torchrun would report a failed rank of a run that ended well.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
