"""Compares `grpo_loss` and its gradients with recorded runs of TRL and of the official trainer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from modules.conformance_line import Line
from modules.grpo_loss import LOSS_TYPES, LossConfig, PolicyLoss, clip_rates, grpo_loss

TOLERANCES = {torch.float64: (1e-12, 1e-12), torch.float32: (1e-6, 1e-5)}
"""Absolute and relative tolerance a type; an error is given in units of what they allow together."""

RATE_TOLERANCE = (1e-6, 0.0)
"""Clip rates were recorded in single precision."""


def compare_losses(recorded: dict[str, Any], stage: str = "grpo_loss") -> Iterator[Line]:
    """A line for each quantity and type over all cases; the limit is 1, the whole of the tolerance."""
    errors: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for case in recorded["cases"]:
        for name, ours, expected, tolerance in _comparisons(case):
            errors[name].append((expected.numel(), _excess(ours, expected, tolerance)))
    for name, comparisons in sorted(errors.items()):
        worst = max(error for _, error in comparisons)
        cases = sum(count for count, _ in comparisons)
        yield Line(stage=stage, name=name, cases=cases, error=worst, limit=1.0, ok=worst <= 1)


def _comparisons(case: dict[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, tuple[float, float]]]:
    for run in case["trl"]:
        settings = run["settings"]
        for key, dtype in (("f64", torch.float64), ("f32", torch.float32)):
            expected = run[key]
            kind = f"trl.{'bias_corrected' if settings['bias_correction_kl'] else 'plain'}.{key}"
            tolerance = TOLERANCES[dtype]
            for loss_type in LOSS_TYPES:
                config = _config(settings, loss_type)
                result, gradient = _run(case, config, dtype, settings["num_items_in_batch"])
                yield f"{kind}.loss.{loss_type}", result.loss, _tensor(expected["loss"][loss_type]), tolerance
                if loss_type in expected["grad"]:
                    recorded = _tensor(expected["grad"][loss_type])
                    yield f"{kind}.gradient.{loss_type}", gradient, recorded, tolerance
            mask = _tensor(case["mask"])
            # With one ratio a completion and no KL, TRL keeps [R, 1].
            per_token = _tensor(expected["per_token_loss"]).expand_as(result.per_token)
            yield f"{kind}.per_token_loss", result.per_token, per_token, tolerance
            if expected["per_token_kl"] is not None:
                yield (
                    f"{kind}.per_token_kl",
                    result.per_token_kl,
                    _tensor(expected["per_token_kl"]),
                    tolerance,
                )
                kl = (result.per_token_kl * mask).sum() / mask.sum().clamp(min=1)
                yield f"{kind}.kl_mean", kl, _tensor(expected["kl_mean"]), tolerance
            rates = clip_rates(result, mask, _tensor(case["advantages"], dtype), config)
            for name, rate in rates.items():
                yield f"{kind}.clip.{name}", _tensor(rate), _tensor(expected["clip"][name]), RATE_TOLERANCE
    yield from _official(case)


def _official(case: dict[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, tuple[float, float]]]:
    """The official trainer's loss: mean of means, plain k3. A completion without tokens is 0/0 there."""
    run = case["official"]
    mask = _tensor(case["mask"])
    if (mask.sum(1) == 0).any():
        return
    for key, dtype in (("f64", torch.float64), ("f32", torch.float32)):
        expected, tolerance = run[key], TOLERANCES[dtype]
        config = LossConfig(beta=run["beta"], clip_low=run["clip"], clip_high=run["clip"])
        result, gradient = _run(case, config, dtype, None)
        yield f"official.{key}.loss", result.loss, _tensor(expected["loss"]), tolerance
        yield f"official.{key}.gradient", gradient, _tensor(expected["grad"]), tolerance
        if expected["kl"] is not None:
            kl = ((result.per_token_kl * mask).sum(1) / mask.sum(1)).mean()
            yield f"official.{key}.kl", kl, _tensor(expected["kl"]), tolerance


def _config(settings: dict[str, Any], loss_type: str) -> LossConfig:
    return LossConfig(
        loss_type=loss_type,
        beta=settings["beta"],
        clip_low=settings["eps_low"],
        clip_high=settings["eps_high"],
        delta=settings["delta"],
        bias_correction_kl=settings["bias_correction_kl"],
        sequence_ratio=settings["importance_sampling_level"] == "sequence",
        gradient_accumulation=settings["ga"],
        steps_per_generation=settings["spg"],
        processes=settings["num_processes"],
        max_completion_length=settings["max_completion_length"],
    )


def _run(
    case: dict[str, Any], config: LossConfig, dtype: torch.dtype, batch_tokens: int | None
) -> tuple[PolicyLoss, Tensor]:
    policy = _tensor(case["policy"], dtype).requires_grad_()
    result = grpo_loss(
        policy,
        _tensor(case["mask"], dtype),
        _tensor(case["advantages"], dtype),
        config,
        old_logps=None if case["old"] is None else _tensor(case["old"], dtype),
        ref_logps=_tensor(case["ref"], dtype),
        batch_tokens=batch_tokens,
    )
    result.loss.backward()
    return result, policy.grad


def _tensor(value: Any, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(value, dtype=dtype)


def _excess(ours: Tensor, expected: Tensor, tolerance: tuple[float, float]) -> float:
    absolute, relative = tolerance
    if ours.shape != expected.shape:
        return float("inf")
    difference = (ours.detach().double() - expected).abs()
    return float((difference / (absolute + relative * expected.abs())).max()) if expected.numel() else 0.0
