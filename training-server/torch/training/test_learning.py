"""Rollouts and updates together: a policy moves towards what is rewarded; a resumed run is the same run."""

import pytest
import torch

from modules.generate import Sampling
from modules.grpo_loss import LossConfig
from training.clips import Encoder
from training.conftest import tiny_clip, tiny_model, tiny_prompt
from training.optimizer import make_optimizer
from training.rollout import Prompt, RolloutOptions, rollout
from training.teacher_forcing import Group
from training.trainable import train_parts
from training.update import UpdateOptions, frozen_reference, update

LIKED = range(30)
"""Tokens that the toy reward likes: its value is their share in an answer."""


class Run:
    """GRPO on four clips with the toy reward."""

    def __init__(self, kind="master", dtype=torch.float32):
        self.model = tiny_model().to(dtype)
        params = train_parts(self.model, ("languageModel", "motionProjector"))
        self.encoder = Encoder(self.model, self.model.config.profile)
        self.reference = frozen_reference(self.model, self.encoder)
        self.optimizer = make_optimizer(params, kind, seed=5)
        self.number = 0

    def step(self, lr=3e-3):
        prompts = [
            Prompt(
                input_ids=tiny_prompt(n),
                clip=tiny_clip(n, key=n, frame_keys=[(n, k) for k in range(4)]),
                number=n,
            )
            for n in range(4)
        ]
        options = RolloutOptions(
            num_generations=4,
            max_completion_length=12,
            slots=6,
            sampling=Sampling(temperature=1.0, seed=self.number),
        )
        drawn = rollout(self.model, self.encoder, prompts, options)
        rewards = torch.tensor(
            [[sum(t in LIKED for t in a.tokens) / len(a.tokens) for a in group] for group in drawn]
        )
        centred = rewards - rewards.mean(1, keepdim=True)
        advantages = centred / (rewards.std(1, keepdim=True) + 1e-4)
        groups = [
            Group(input_ids=p.input_ids, clip=p.clip, completions=a, advantages=group_advantages.tolist())
            for p, a, group_advantages in zip(prompts, drawn, advantages, strict=True)
        ]
        self.number += 1
        metrics = update(
            self.model,
            self.encoder,
            self.optimizer,
            groups,
            UpdateOptions(loss=LossConfig(beta=0.01)),
            lr=lr,
            reference=self.reference,
        )
        return float(rewards.mean()), metrics


@pytest.mark.parametrize("kind", ["master", "stochastic"])
def test_rewarded_tokens_become_likelier(kind):
    run = Run(kind)
    rewards = [run.step()[0] for _ in range(25)]
    early, late = sum(rewards[:5]) / 5, sum(rewards[-5:]) / 5
    assert late > early + 0.2, (early, late)


@pytest.mark.parametrize(
    ("kind", "dtype"), [("master", torch.float32), ("stochastic", torch.bfloat16)], ids=["fp32", "bf16"]
)
def test_a_resumed_run_repeats_the_metrics_bit_for_bit(kind, dtype):
    """One thread on a CPU: weights, optimiser and the step's number are all there is to save."""
    whole = Run(kind, dtype)
    for _ in range(3):
        whole.step()
    saved = {
        "model": {name: t.clone() for name, t in whole.model.state_dict().items()},
        "optimizer": whole.optimizer.state_dict(),
        "number": whole.number,
    }
    resumed = Run(kind, dtype)
    resumed.model.load_state_dict(saved["model"])
    resumed.encoder.clear()
    resumed.optimizer.load_state_dict(saved["optimizer"])
    resumed.number = saved["number"]
    expected = [whole.step() for _ in range(3)]
    assert [resumed.step() for _ in range(3)] == expected
