"""Parameter groups of VQA² and the groups that each training stage trains, as the official lines set them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import nn

GROUPS: Mapping[str, re.Pattern[str]] = {
    "vision_tower": re.compile(r"model\.vision_tower\..*"),
    "mm_projector": re.compile(r"model\.mm_projector\..*"),
    "slowfast.fast": re.compile(r"model\.slowfast\.feature_extraction\..*"),
    "slowfast.position_embedding": re.compile(r"model\.slowfast\.position_embedding\..*"),
    "slowfast_projector": re.compile(r"model\.slowfast_projector\..*"),
    "image_newline": re.compile(r"model\.image_newline"),
    "embed_tokens": re.compile(r"model\.embed_tokens\..*"),
    "language_layers": re.compile(r"model\.(layers|norm)\..*"),
    "lm_head": re.compile(r"lm_head\..*"),
}
"""Each parameter belongs to one group."""

_MOTION = ("slowfast.fast", "slowfast.position_embedding", "slowfast_projector")
_LANGUAGE = ("image_newline", "embed_tokens", "language_layers", "lm_head")

STAGES: Mapping[str, tuple[str, ...]] = {
    "s1_image": ("vision_tower", "mm_projector"),
    "s1_video": _MOTION,
    "s2_s3": ("vision_tower", "mm_projector", *_MOTION, *_LANGUAGE),
    # The official switch for the language model takes in everything that it does not name elsewhere.
    "language_only": (*_MOTION, *_LANGUAGE),
}
"""Stage → trainable groups."""


def group_of(name: str) -> str:
    """The group of a parameter. Raises KeyError for a name that is none of the model's."""
    for group, pattern in GROUPS.items():
        if pattern.fullmatch(name):
            return group
    raise KeyError(name)


def train_stage(model: nn.Module, stage: str) -> tuple[str, ...]:
    """Switches gradients on for a stage's groups and off for all others; the groups."""
    groups = STAGES[stage]
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(group_of(name) in groups)
    return groups
