"""The checkpoint folder, in the official layout, assembled from the trained parts.

Its parts are the perception half (SlowFast, statistics, projector's first layers, vision encoder), the
language half, and their join; its files are config.json with `motion_config` and the profile,
model.safetensors, generation_config.json and those of the tokenizer. The folder loads strictly with
`modules/loader.py`; `npm run convert` turns it into the package.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from modules.atomic_write import atomic_write
from modules.config import ModelConfig, MotionConfig, VisionConfig
from modules.loader import SINGLE, load_model, save_model
from modules.profiles import Profile, TokenIds
from modules.vqathinker import VQAThinkerModel
from small.concepts import SCORE
from small.human.frames import COLUMNS
from small.human.head import HumanHead
from small.join import ConceptMap
from small.language import LanguageHalf
from small.prompt import PromptShape, prompt_sha256
from small.tokenizer import END_OF_TEXT, save, token_ids


@dataclass(frozen=True, kw_only=True)
class PerceptionHalf:
    """The perception half: every part in eval mode, weights as shipped."""

    vision: VisionConfig
    """Configuration of the vision encoder."""

    motion: MotionConfig
    """Configuration of SlowFast and the statistics."""

    profile: Profile
    """Frames and pixels; prompt and token ids are filled in here."""

    vision_state: dict[str, Tensor]
    """`vision_model.*` and `mlp1.*`."""

    slowfast_state: dict[str, Tensor]
    """Without the prefix `slowfast_model.`."""

    statistics: tuple[Tensor, Tensor]
    """Mean and standard deviation of the raw statistics."""

    norm: nn.LayerNorm
    """`motion_mlp.0`."""

    inner: nn.Linear
    """`motion_mlp.1`."""


def profile_with_prompt(profile: Profile, tokenizer: Tokenizer) -> Profile:
    """The profile with the small prompt and this tokenizer's ids."""
    shape = PromptShape(frames=profile.frames, tokens_per_frame=profile.tokens_per_frame)
    ids = token_ids(tokenizer)
    return replace(
        profile,
        prompt=shape.prompt,
        prompt_sha256=prompt_sha256(shape),
        token_ids=TokenIds(image_start=ids["imageStart"], image_end=ids["imageEnd"], context=ids["context"]),
    )


@torch.no_grad()
def quality_head_state(head: HumanHead, embedding: nn.Linear) -> dict[str, Tensor]:
    """State of `modules.quality_head` that adds a head's score to the score component of the concepts."""
    state = dict(head.state_dict())
    state["outer.bias"] = state["outer.bias"] - 3
    return {**state, "embedding.weight": embedding.weight[:, SCORE].clone()}


def assemble(
    perception: PerceptionHalf,
    language: LanguageHalf,
    tokenizer: Tokenizer,
    concept_map: ConceptMap,
    head: HumanHead | None = None,
) -> VQAThinkerModel:
    """The joined model: `motion_mlp.3` is the concept map followed by the concept embedding.

    With a human head the decoder reads the sum of its score and of the projector's, minus the penalty.
    """
    profile = profile_with_prompt(perception.profile, tokenizer)
    motion = perception.motion
    if head is not None:
        motion = replace(motion, quality_features=COLUMNS, quality_hidden=head.inner.out_features)
    config = ModelConfig(
        vision=perception.vision,
        language=language.decoder.config,
        motion=motion,
        profiles={profile.name: profile},
        default_profile=profile.name,
    )
    width = config.language.hidden_size
    if perception.inner.out_features != width:
        outputs = perception.inner.out_features
        raise ValueError(
            f"motion_mlp.1 has {outputs} outputs; the official projector has the model's {width}"
        )
    model = VQAThinkerModel(config)
    weight, bias = concept_map.then(language.concept_embedding)
    parts = {
        "language_model.": language.decoder.state_dict(),
        "slowfast_model.": perception.slowfast_state,
        "": perception.vision_state,
        "motion_mlp.0.": perception.norm.state_dict(),
        "motion_mlp.1.": perception.inner.state_dict(),
        "motion_mlp.3.": {"weight": weight, "bias": bias},
        "motion_statistics.": dict(zip(("mean", "std"), perception.statistics, strict=True)),
        "quality_head.": {} if head is None else quality_head_state(head, language.concept_embedding),
    }
    state = {prefix + name: value for prefix, part in parts.items() for name, value in part.items()}
    model.load_state_dict(state, strict=True)
    return model.eval()


def write_checkpoint(model: VQAThinkerModel, tokenizer: Tokenizer, folder: Path) -> str:
    """Writes the folder, which replaces one of that name only when complete; SHA-256 of the weights."""
    with atomic_write(folder) as partial:
        save_model(model, partial, dtype=torch.float32)
        save(tokenizer, partial)
        generation = json.loads((partial / "generation_config.json").read_text("utf-8"))
        generation |= {"do_sample": False, "pad_token_id": tokenizer.token_to_id(END_OF_TEXT)}
        (partial / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n", "utf-8")
        load_model(partial)
    return hashlib.sha256((folder / SINGLE).read_bytes()).hexdigest()
