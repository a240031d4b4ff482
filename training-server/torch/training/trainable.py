"""Parts of the model that train, and the mode of the others meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from modules.vqathinker import VQAThinkerModel

PARTS = {
    "vision": "vision_model",
    "visionProjector": "mlp1",
    "languageModel": "language_model",
    "motion": "slowfast_model",
    "motionProjector": "motion_mlp",
}
"""Names of the parts, as recipes write them, and the modules they are."""

OFFICIAL_PARTS = ("vision", "visionProjector", "languageModel", "motionProjector")
"""Parts that the official run trains: all but the motion extractor."""


def train_parts(
    model: VQAThinkerModel,
    parts: Collection[str] = OFFICIAL_PARTS,
    *,
    drifting_statistics: bool = False,
    recompute: bool = False,
) -> list[nn.Parameter]:
    """Lets exactly the named parts train and returns their parameters; the model is in the mode for it.

    The whole model is in eval mode (no stochastic depth: the policy that is scored is the one that drew the
    completions), but for a motion extractor that trains, whose batch norms take the statistics of their
    batch. drifting_statistics: a frozen extractor does so too, and its running statistics move, as in the
    official run. recompute: layers are computed again in the backward pass instead of being kept. An unknown
    or no part is a ValueError.
    """
    unknown = sorted(set(parts) - set(PARTS))
    if unknown or not parts:
        raise ValueError(f"{unknown[0] if unknown else 'nothing'} to train: choose from {', '.join(PARTS)}")
    for part, module in PARTS.items():
        getattr(model, module).requires_grad_(part in parts)
    model.language_model.recompute_layers = model.vision_model.recompute_layers = recompute
    model.eval()
    extractor = model.slowfast_model.freeze("motion" not in parts)
    if "motion" in parts:
        extractor.train()
    elif drifting_statistics:
        extractor.drift()
    return trainable(model)


def trainable(model: nn.Module) -> list[nn.Parameter]:
    """Parameters that train, in the model's order, a tied one once."""
    return [p for p in model.parameters() if p.requires_grad]


def zero_missing_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Gives every parameter without a gradient one of zeros, so that ranks and checkpoints agree."""
    for p in parameters:
        if p.grad is None:
            p.grad = torch.zeros_like(p)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Eval mode within, every module's own mode restored after; a drifting extractor stays as it is."""
    modes = {module: module.training for module in model.modules()}
    extractor = getattr(model, "slowfast_model", None)
    drifting = extractor is not None and extractor.frozen and extractor.training
    model.eval()
    if extractor is not None and drifting:
        extractor.drift()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
