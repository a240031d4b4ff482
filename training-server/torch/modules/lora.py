"""Low-rank adaptation of the language model (Hu et al., 2021): W x + (α / r) B A x. A and B train, W not.

B starts at zero, so that the adapted model starts as the model itself; merged, it has the model's tensors
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from modules.qwen2 import Qwen2

Target = Literal["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
TARGETS: tuple[Target, ...] = get_args(Target)
"""Products of a decoder layer that may be adapted."""

A, B = "lora_a", "lora_b"


@dataclass(kw_only=True, frozen=True, slots=True)
class LoraOptions:
    """Size and extent of an adaptation."""

    rank: int
    alpha: float
    """The adaptation is scaled by alpha / rank."""

    targets: tuple[Target, ...]
    """Of `TARGETS`."""

    @property
    def scale(self) -> float:
        return self.alpha / self.rank


class LoraLinear(nn.Linear):
    """A linear layer with its adaptation: lora_a [r, in], lora_b [out, r]."""

    lora_a: nn.Parameter
    lora_b: nn.Parameter
    scale: float

    def forward(self, x: Tensor) -> Tensor:
        # Factors may be masters in fp32 where the layer is in bf16.
        low = F.linear(x, self.lora_a.to(x.dtype))
        return super().forward(x) + self.scale * F.linear(low, self.lora_b.to(x.dtype))


def adapt(language: Qwen2, options: LoraOptions, *, seed: int, dtype: torch.dtype) -> None:
    """Adapts the language model in place; its own parameters no longer train. dtype: of A and B.

    A is uniform within 1 / sqrt(in), as a linear layer's start. An unknown target or none is a ValueError.
    """
    unknown = sorted(set(options.targets) - set(TARGETS))
    if unknown or not options.targets:
        problem = unknown[0] if unknown else "nothing"
        raise ValueError(f"{problem} to adapt: choose from {', '.join(TARGETS)}")
    language.requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    for layer in language.model.layers:
        for name, linear in layer.named_modules():
            if name.rpartition(".")[2] not in options.targets or not isinstance(linear, nn.Linear):
                continue
            start = torch.empty(options.rank, linear.in_features).uniform_(-1, 1, generator=generator)
            device = linear.weight.device
            linear.__class__ = LoraLinear
            linear.scale = options.scale
            linear.lora_a = nn.Parameter((start * linear.in_features**-0.5).to(device, dtype))
            linear.lora_b = nn.Parameter(
                torch.zeros(linear.out_features, options.rank, device=device, dtype=dtype)
            )


def merged(state: Mapping[str, Tensor], scale: float) -> dict[str, Tensor]:
    """A state with every adaptation added to its weight, in fp32 and rounded once; without A and B."""
    result = {name: t for name, t in state.items() if name.rpartition(".")[2] not in (A, B)}
    for name, low in state.items():
        stem, _, last = name.rpartition(".")
        if last == A:
            weight = state[f"{stem}.weight"]
            product = state[f"{stem}.{B}"].float() @ low.float()
            result[f"{stem}.weight"] = (weight.float() + scale * product.to(weight.device)).to(weight.dtype)
    return result
