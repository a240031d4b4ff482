"""AdamW for weights in bf16: with fp32 masters, or with stochastic rounding and no fp32 copy at all.

At a learning rate of 1e-6 plain bf16 does not train: a step is smaller than half the distance to the next
bf16 number and is rounded away nearly always. A master keeps the small steps in fp32 (16 bytes a weight with
both moments); stochastic rounding takes the next number with the probability that makes the mean exact (6
bytes a weight), for the weight and for both moments.

State is made when the optimiser is, for every parameter, so that a checkpoint has the same entries whatever
has had a gradient. The noise of a step follows from (seed, step, parameter): it needs no state of its own,
and a resumed run repeats it bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from training.draws import mixed
from training.phases import phase

KINDS = ("master", "stochastic")

ELEMENTS_AT_ONCE = 1 << 26
"""Elements whose temporary fp32 copies exist at a time (a few of 256 MB each)."""


class _AdamW(Optimizer):
    """Common part of both: eager state, parameter groups, and loading that keeps each state's type."""

    def __init__(
        self,
        params: Iterable[nn.Parameter] | Sequence[dict[str, Any]],
        *,
        lr: float = 1e-6,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        seed: int = 0,
    ):
        if lr < 0 or eps <= 0 or weight_decay < 0 or not all(0 <= b < 1 for b in betas):
            raise ValueError(f"lr {lr}, betas {betas}, eps {eps}, weight_decay {weight_decay} out of range")
        defaults = dict(lr=lr, betas=tuple(betas), eps=eps, weight_decay=weight_decay, seed=seed)
        super().__init__(params, defaults)
        for p in self._parameters():
            self.state[p] = {"step": torch.zeros(()), **self._initial(p)}

    def _initial(self, p: Tensor) -> dict[str, Tensor]:
        raise NotImplementedError

    def _parameters(self) -> Iterator[nn.Parameter]:
        for group in self.param_groups:
            yield from group["params"]

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As torch's, but every state keeps its own type (torch casts it to the parameter's, and with it
        the masters to bf16)."""
        super().load_state_dict(state_dict)
        indices = [i for group in state_dict["param_groups"] for i in group["params"]]
        for index, p in zip(indices, self._parameters(), strict=True):
            for name, value in state_dict["state"].get(index, {}).items():
                device = value.device if name == "step" else p.device
                self.state[p][name] = value.to(device, copy=True)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # closures are refused
        """One step with the gradients at hand; a parameter without one stays, and so does its state."""
        if closure is not None:
            raise ValueError("closures are not used here")
        number = 0
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.state[p]["step"] += 1
                    self._update(p, number, group)
                number += 1

    def _update(self, p: Tensor, number: int, group: dict[str, Any]) -> None:
        raise NotImplementedError


class MasterAdamW(_AdamW):
    """AdamW in fp32; a parameter of another type gets an fp32 master and is its rounded copy."""

    def _initial(self, p: Tensor) -> dict[str, Tensor]:
        state = {name: torch.zeros_like(p, dtype=torch.float32) for name in ("exp_avg", "exp_avg_sq")}
        if p.dtype != torch.float32:
            state["master"] = p.detach().float().clone()
        return state

    def _update(self, p: Tensor, number: int, group: dict[str, Any]) -> None:
        state = self.state[p]
        step = int(state["step"])
        master = state.get("master", p)
        rounded = _flat(p).split(ELEMENTS_AT_ONCE)
        for chunk, copy in zip(_chunks(master, p, state), rounded, strict=True):
            chunk.update_moments(group)
            _descend(chunk.weights, chunk.mean, chunk.square, step, group)
            if copy.dtype != torch.float32:
                copy.copy_(chunk.weights)


class StochasticAdamW(_AdamW):
    """AdamW whose bf16 weights and bf16 moments are rounded stochastically; fp32 parameters stay exact.

    shard: a number of this process's share, so that shards of one parameter draw different noise.
    """

    def __init__(
        self, params: Iterable[nn.Parameter] | Sequence[dict[str, Any]], *, shard: int = 0, **options: Any
    ):
        self.shard = shard
        super().__init__(params, **options)

    def _initial(self, p: Tensor) -> dict[str, Tensor]:
        if p.dtype not in (torch.bfloat16, torch.float32):
            raise ValueError(f"stochastic rounding is for bfloat16 (and leaves float32), not {p.dtype}")
        return {name: torch.zeros_like(p) for name in ("exp_avg", "exp_avg_sq")}

    def _update(self, p: Tensor, number: int, group: dict[str, Any]) -> None:
        state = self.state[p]
        step = int(state["step"])
        device = _flat(p).device
        generator = torch.Generator(device).manual_seed(mixed(group["seed"], step, number, self.shard))
        for chunk in _chunks(p, p, state):
            if chunk.weights.dtype == torch.float32:
                chunk.update_moments(group)
                _descend(chunk.weights, chunk.mean, chunk.square, step, group)
            else:
                _stochastic_update(chunk, step, group, generator)


@dataclass(kw_only=True)
class _Chunk:
    """Part of a parameter and of its state, flat views of one length, updated in place."""

    weights: Tensor
    """Those that Adam steps on: the parameter or its master."""

    grad: Tensor
    mean: Tensor
    square: Tensor

    def update_moments(self, group: dict[str, Any]) -> None:
        """Both moments in fp32."""
        grad = self.grad.float()
        self.mean.lerp_(grad, 1 - group["betas"][0])
        self.square.mul_(group["betas"][1]).addcmul_(grad, grad, value=1 - group["betas"][1])


def _chunks(weights: Tensor, p: Tensor, state: dict[str, Tensor]) -> Iterator[_Chunk]:
    flat = (_flat(weights), _gradient(p).view(-1), _flat(state["exp_avg"]), _flat(state["exp_avg_sq"]))
    for parts in zip(*(tensor.split(ELEMENTS_AT_ONCE) for tensor in flat), strict=True):
        yield _Chunk(weights=parts[0], grad=parts[1], mean=parts[2], square=parts[3])


def _stochastic_update(chunk: _Chunk, step: int, group: dict[str, Any], generator: torch.Generator) -> None:
    """AdamW in fp32, then weights and both moments rounded stochastically; the low and high halves of two
    noise tensors serve the three."""
    beta1, beta2 = group["betas"]
    shape, device = chunk.weights.shape, chunk.weights.device
    first, second = (
        torch.randint(-(1 << 31), 1 << 31, shape, dtype=torch.int32, device=device, generator=generator)
        for _ in range(2)
    )
    grad = chunk.grad.float()
    mean = chunk.mean.float().lerp_(grad, 1 - beta1)
    square = chunk.square.float().mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    weights = chunk.weights.float()
    _descend(weights, mean, square, step, group)
    chunk.weights.copy_(stochastic_round(weights, first))
    chunk.mean.copy_(stochastic_round(mean, first >> 16))
    chunk.square.copy_(stochastic_round(square, second))


def _descend(weights: Tensor, mean: Tensor, square: Tensor, step: int, group: dict[str, Any]) -> None:
    """weights, fp32 and in place: decay, then the step of Adam from both moments."""
    beta1, beta2 = group["betas"]
    if group["weight_decay"]:
        weights.mul_(1 - group["lr"] * group["weight_decay"])
    denominator = (square / (1 - beta2**step)).sqrt_().add_(group["eps"])
    weights.addcdiv_(mean, denominator, value=-group["lr"] / (1 - beta1**step))


def stochastic_round(values: Tensor, noise: Tensor) -> Tensor:
    """fp32 values to one of the two bf16 neighbours, so that the mean over the noise is the value.

    noise: int32 of the same shape, of which the low 16 bits count. A bf16 is the upper half of an fp32:
    adding noise to the lower half carries over exactly as often as that half is large. Values must be finite.
    """
    bits = values.contiguous().view(torch.int32) + (noise & 0xFFFF)
    return (bits & ~0xFFFF).view(torch.float32).to(torch.bfloat16)


def _flat(tensor: Tensor) -> Tensor:
    """A flat view of this process's part of a tensor."""
    return _local(tensor).view(-1)


def _local(tensor: Tensor) -> Tensor:
    return (tensor.to_local() if hasattr(tensor, "to_local") else tensor).detach()


def _gradient(p: Tensor) -> Tensor:
    assert p.grad is not None
    return _local(p.grad).contiguous()


def make_optimizer(
    params: Iterable[nn.Parameter],
    kind: str = "master",
    *,
    lr: float = 1e-6,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    seed: int = 0,
    shard: int = 0,
) -> MasterAdamW | StochasticAdamW:
    """The optimiser of a stage; weight decay is for matrices only. `kind`: "master" or "stochastic"."""
    if kind not in KINDS:
        raise ValueError(f"optimiser {kind!r}, not one of {', '.join(KINDS)}")
    params = list(params)
    groups = [
        {"params": [p for p in params if p.dim() > 1], "weight_decay": weight_decay},
        {"params": [p for p in params if p.dim() <= 1], "weight_decay": 0.0},
    ]
    options: dict[str, Any] = dict(lr=lr, betas=betas, eps=eps, seed=seed)
    groups = [group for group in groups if group["params"]]
    return (
        MasterAdamW(groups, **options)
        if kind == "master"
        else StochasticAdamW(groups, shard=shard, **options)
    )


def clip_and_step(
    optimizer: Optimizer, *, lr: float, max_norm: float | None = 1.0, zero: bool = True
) -> tuple[float, bool]:
    """Clips the gradients by their joint norm, steps with `lr` (times a group's `lr_scale`), and drops them.

    Returns the norm before clipping and whether the step was taken: a norm that is no number leaves weights
    and state as they are.
    """
    params = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    total = torch.nn.utils.get_total_norm([p.grad for p in params]) if params else torch.zeros(())
    total = total.full_tensor() if hasattr(total, "full_tensor") else total
    norm = float(total)
    taken = norm == norm and norm != float("inf")
    if taken:
        if max_norm is not None and norm > max_norm:
            torch.nn.utils.clip_grads_with_norm_(params, max_norm, total)
        for group in optimizer.param_groups:
            group["lr"] = lr * group.get("lr_scale", 1.0)
        with phase("optimizer"):
            optimizer.step()
    if zero:
        optimizer.zero_grad(set_to_none=True)
    return norm, taken
