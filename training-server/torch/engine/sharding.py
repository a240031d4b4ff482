"""FSDP2 over the parts that train, for more than one rank; a single rank keeps plain tensors.

Weights are gathered once for a command and given back after it (ZeRO-2). Within a step no rank waits for
another: gradients add up in the gathered weights, row after row, and are reduced once at its end. So ranks
may have unequal numbers of rows, and every collective comes in the same order everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard

from engine.ranks import Ranks
from modules.vqathinker import VQAThinkerModel


class _Anchor(nn.Module):
    """The root of all sharded parts. Its own pass forward and back is what makes FSDP set up the parts and,
    once a step, end a backward pass."""

    def __init__(self, parts: list[nn.Module], device: torch.device):
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.hold = nn.Parameter(torch.zeros(1, device=device))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.hold


class _ShardedAnchor(_Anchor, FSDPModule):
    """The anchor after `fully_shard`; for type checks alone."""


class Shards:
    """The sharded parts of a model."""

    def __init__(
        self,
        model: VQAThinkerModel,
        ranks: Ranks,
        device: torch.device,
        compute: torch.dtype,
    ):
        self.device = device
        self.anchor: _ShardedAnchor | None = None
        if ranks.world == 1:
            return
        mesh = init_device_mesh(device.type, (ranks.world,))
        policy = MixedPrecisionPolicy(
            param_dtype=compute if compute != torch.float32 else None, reduce_dtype=torch.float32
        )

        # Frozen weights of an adapted layer stay whole and plain.
        frozen = {p for p in model.parameters() if not p.requires_grad}

        def shard(module: nn.Module) -> None:
            if any(p.requires_grad for p in module.parameters()):
                fully_shard(
                    module, mesh=mesh, mp_policy=policy, reshard_after_forward=False, ignored_params=frozen
                )

        language = model.language_model
        # The embedding and the head are used apart from the decoder's own pass, so each is a unit of its own.
        for module in (*model.vision_model.layers, *language.model.layers):
            shard(module)
        shard(language.model.embed_tokens)
        if hasattr(language, "lm_head"):
            shard(language.lm_head)
        parts: list[nn.Module] = [
            model.vision_model,
            model.mlp1,
            language,
            model.slowfast_model,
            model.motion_mlp,
        ]
        for part in parts:
            shard(part)
        fully_shard(
            anchor := _Anchor(parts, device), mesh=mesh, reshard_after_forward=False, ignored_params=frozen
        )
        self.anchor = cast(_ShardedAnchor, anchor)  # fully_shard changes the object's class in place
        with torch.no_grad():
            self.anchor(torch.ones(1, device=device))
        self._reshard()

    def _units(self) -> Iterator[FSDPModule]:
        if self.anchor is not None:
            yield from (module for module in self.anchor.modules() if isinstance(module, FSDPModule))

    def _unshard(self) -> None:
        for unit in self._units():
            unit.unshard()

    def _reshard(self) -> None:
        for unit in self._units():
            unit.reshard()

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Whole weights on every rank; nothing in it waits for another rank."""
        self._unshard()
        try:
            yield
        finally:
            self._reshard()

    @contextmanager
    def accumulating(self) -> Iterator[None]:
        """Whole weights, and gradients that are averaged over the ranks at the end."""
        if self.anchor is None:
            yield
            return
        self._synchronise(False)
        self._unshard()
        yield
        self._synchronise(True)
        # Nothing of the step hangs on it: it makes FSDP reduce what every unit has added up.
        self.anchor(torch.zeros(1, device=self.device)).sum().backward()
        self.anchor.hold.grad = None
        self._reshard()

    def _synchronise(self, at_once: bool) -> None:
        assert self.anchor is not None
        self.anchor.set_requires_gradient_sync(at_once)
        self.anchor.set_reshard_after_backward(at_once)
        self.anchor.set_is_last_backward(at_once)
