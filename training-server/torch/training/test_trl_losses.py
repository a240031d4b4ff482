"""Losses and their gradients beside TRL's own code, which is taken from its source file and executed.

Only the method that computes the loss is run, on given log-probabilities: neither TRL's trainer nor
transformers is imported.
"""

import ast
import importlib.util
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from modules.grpo_loss import POLICY_LOSSES, LossConfig, grpo_loss
from training.objective import StepTotals, completion_weights

SPEC = importlib.util.find_spec("trl")
pytestmark = pytest.mark.skipif(SPEC is None, reason="TRL is not installed (requirements-test.txt)")

ROWS, TOKENS, LONGEST = 6, 9, 11


def source_of(file, name):
    """A function of TRL, whatever class it is in, by its source."""
    assert SPEC is not None and SPEC.origin is not None
    tree = ast.parse((Path(SPEC.origin).parent / "trainer" / file).read_text("utf-8"))
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == name]
    scope = {"torch": torch, "nanmin": torch.amin, "nanmax": torch.amax}
    exec(ast.unparse(nodes[0]), scope)
    return scope[name]


def trl_loss(batch, config):
    """TRL's loss of a batch and its gradient by the policy's log-probabilities."""
    policy = batch["policy"].clone().requires_grad_()
    accelerator = SimpleNamespace(
        num_processes=1, gather=lambda x: x, gather_for_metrics=lambda x: x, reduce=lambda x, reduction: x
    )
    trainer = SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *_, **__: (policy, torch.zeros_like(policy), None),
        accelerator=accelerator,
        args=SimpleNamespace(
            use_bias_correction_kl=config.bias_correction_kl,
            delta=config.delta,
            sapo_temperature_pos=config.sapo_positive,
            sapo_temperature_neg=config.sapo_negative,
            steps_per_generation=1,
        ),
        model=SimpleNamespace(training=True),
        loss_type=config.loss_type,
        importance_sampling_level="sequence" if config.sequence_ratio else "token",
        epsilon_low=config.clip_low,
        epsilon_high=config.clip_high,
        beta=config.beta,
        max_completion_length=config.max_completion_length,
        current_gradient_accumulation_steps=1,
        aux_loss_enabled=False,
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        use_vllm=False,
        vllm_importance_sampling_correction=False,
        _entropy_bonus_enabled=False,
        _metrics=defaultdict(lambda: defaultdict(list)),
    )
    inputs = {
        "prompt_ids": torch.zeros(ROWS, 1, dtype=torch.long),
        "prompt_mask": torch.ones(ROWS, 1),
        "completion_ids": torch.zeros(ROWS, TOKENS, dtype=torch.long),
        "completion_mask": batch["mask"],
        "advantages": batch["advantages"],
        "old_per_token_logps": batch["old"],
        "ref_per_token_logps": batch["ref"],
        "num_items_in_batch": batch["mask"].sum(),
    }
    loss = source_of("grpo_trainer.py", "_compute_loss")(trainer, None, inputs)
    loss.backward()
    return loss.detach(), policy.grad


def batch_of(seed, masked=()):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, TOKENS + 1, (ROWS,), generator=generator)
    mask = (torch.arange(TOKENS) < lengths[:, None]).double()
    policy = -3 * torch.rand(ROWS, TOKENS, generator=generator, dtype=torch.float64)
    noise = torch.randn(2, ROWS, TOKENS, generator=generator, dtype=torch.float64)
    for row in masked:
        mask[row] = 0
    return {
        "policy": policy,
        "old": policy + 0.5 * noise[0],
        "ref": policy + 0.3 * noise[1],
        "mask": mask,
        "advantages": torch.randn(ROWS, generator=generator, dtype=torch.float64),
    }


def ours(batch, config):
    """Our loss by the step's own weights: the rows that are masked are left out and counted."""
    policy = batch["policy"].clone().requires_grad_()
    result = grpo_loss(
        policy,
        batch["mask"],
        batch["advantages"],
        config,
        old_logps=batch["old"],
        ref_logps=batch["ref"],
        batch_tokens=int(batch["mask"].sum()),
    )
    totals = StepTotals(completions=ROWS, tokens=int(batch["mask"].sum()))
    weights = completion_weights(batch["mask"].sum(1), config, totals)
    loss = (result.per_token * batch["mask"] * weights[:, None]).sum()
    loss.backward()
    return result.loss.detach(), loss.detach(), policy.grad


CONFIGS = {
    **{name: LossConfig(loss_type=name, clip_high=1.4 if name == "cispo" else 0.2) for name in POLICY_LOSSES},
    "gspo": LossConfig(sequence_ratio=True, clip_low=3e-4, clip_high=4e-4),
    "sapo, other temperatures": LossConfig(loss_type="sapo", sapo_positive=0.7, sapo_negative=2.0),
    "cispo without KL": LossConfig(loss_type="cispo", clip_high=5.0, beta=0.0),
}


@pytest.mark.parametrize("masked", [(), (1, 4)], ids=["all", "two masked"])
@pytest.mark.parametrize("name", CONFIGS)
def test_loss_and_gradient_are_those_of_trl(name, masked):
    config = CONFIGS[name]
    config.max_completion_length = LONGEST
    for seed in range(5):
        batch = batch_of(seed, masked)
        loss, gradient = trl_loss(batch, config)
        whole, weighted, grad = ours(batch, config)
        scale = max(1.0, abs(float(loss)))
        assert abs(float(whole - loss)) <= 1e-5 * scale
        assert abs(float(weighted - loss)) <= 1e-5 * scale
        assert gradient.abs().max() > 1e-3
        torch.testing.assert_close(grad, gradient, atol=1e-5, rtol=1e-5)
