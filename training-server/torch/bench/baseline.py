"""The plain schedule of GRPO, to measure against: as the released trainer runs, K copies of everything.

Each completion is a row of its own: its video goes through both encoders in generation, in the reference and
in the policy; its prompt is read once in each; logits are made at every position; generation is eager, a
batch runs until its longest row ends. Same model, same loss, same gradients; nothing shared, nothing cached.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.optim import Optimizer

from modules.generate import Sampling, generate
from modules.grpo_loss import grpo_loss
from modules.profiles import Profile
from modules.vqathinker import VQAThinkerModel
from training.optimizer import clip_and_step
from training.phases import phase
from training.rollout import Completion, Prompt
from training.teacher_forcing import Group
from training.update import UpdateOptions

ROWS = 8
"""Rows of a micro-batch, as in the released script."""


def baseline_rollout(
    model: VQAThinkerModel,
    profile: Profile,
    prompts: Sequence[Prompt],
    *,
    num_generations: int,
    max_completion_length: int,
    sampling: Sampling,
    stop_ids: Sequence[int] = (),
) -> list[list[Completion]]:
    """K completions of each prompt, a row each, `ROWS` rows at a time."""
    completions: list[list[Completion]] = [[] for _ in prompts]
    rows = [(i, k) for i in range(len(prompts)) for k in range(num_generations)]
    for start in range(0, len(rows), ROWS):
        batch = rows[start : start + ROWS]
        limits = [prompts[i].limits[k] if prompts[i].limits else max_completion_length for i, k in batch]
        with torch.no_grad(), phase("rollout"):
            embeds = _embeds(model, profile, [prompts[i] for i, _ in batch])
            drawn = generate(
                model.language_model,
                embeds,
                max_new_tokens=min(max(limits), max_completion_length),
                stop_ids=stop_ids,
                sampling=sampling,
            )
        for (i, _), tokens, logps, limit in zip(batch, drawn.tokens, drawn.logps, limits, strict=True):
            drawn = tokens[:limit]
            completions[i].append(
                Completion(tokens=drawn, logps=logps[:limit], stopped=drawn[-1] in stop_ids)
            )
    return completions


def baseline_update(
    model: VQAThinkerModel,
    profile: Profile,
    optimizer: Optimizer,
    groups: Sequence[Group],
    options: UpdateOptions,
    *,
    lr: float,
    reference: VQAThinkerModel | None = None,
    step: bool = True,
) -> float:
    """The loss of one optimiser step over separate rows; `step` may be left out to see the gradients."""
    rows = [(group, k) for group in groups for k in range(len(group.completions))]
    total = 0.0
    for start in range(0, len(rows), ROWS):
        batch = rows[start : start + ROWS]
        ref_logps = None
        if reference is not None and options.loss.beta:
            with torch.no_grad(), phase("reference"):
                ref_logps, _ = _logps(reference, profile, batch, options.temperature)
        with phase("forward"):
            policy, mask = _logps(model, profile, batch, options.temperature)
        advantages = torch.tensor([group.advantages[k] for group, k in batch], device=policy.device)
        result = grpo_loss(policy, mask, advantages, options.loss, ref_logps=ref_logps)
        loss = result.loss * (len(batch) / len(rows))
        with phase("backward"):
            loss.backward()
        total += float(loss.detach())
    if step:
        clip_and_step(optimizer, lr=lr, max_norm=options.max_grad_norm)
    return total


def _embeds(model: VQAThinkerModel, profile: Profile, prompts: Sequence[Prompt | Group]) -> Tensor:
    """[R, L, D]: a copy of the video and of the prompt for each row. Prompts have one length."""
    device = model.language_model.model.norm.weight.device
    pixels = torch.stack([prompt.clip.pixels(profile, device) for prompt in prompts])
    motion = torch.stack([prompt.clip.motion_pixels(profile, device) for prompt in prompts])
    encoded = model.encode(pixels, profile, motion)
    ids = torch.stack([prompt.input_ids for prompt in prompts]).to(device)
    return model.inputs_embeds(ids, encoded, profile)


def _logps(
    model: VQAThinkerModel, profile: Profile, rows: Sequence[tuple[Group, int]], temperature: float
) -> tuple[Tensor, Tensor]:
    """Log-probabilities and mask [R, longest completion]; logits at every position of prompt and
    completion."""
    embeds = _embeds(model, profile, [group for group, _ in rows])
    completions = [torch.tensor(group.completions[k].tokens) for group, k in rows]
    tokens = pad_sequence(completions, batch_first=True).to(embeds.device)
    hidden = model.language_model(torch.cat([embeds, model.language_model.embed(tokens)], dim=1))
    logits = model.language_model.logits(hidden).float() / temperature
    start = embeds.shape[1] - 1
    logps = logits.log_softmax(-1)[:, start:-1].gather(2, tokens[..., None])[..., 0]
    lengths = torch.tensor([len(a) for a in completions], device=embeds.device)
    return logps, torch.arange(tokens.shape[1], device=embeds.device) < lengths[:, None]
