"""Models by the name of their size: the published family, the bundled small model, the least that trains.

tiny          seconds on a CPU
small         the model in this repository
1b, 2b, 8b    the released family, decoders apart the same
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from engine.text import read_tokenizer
from modules.config import (
    TINY_MOTION,
    TINY_VISION,
    LanguageConfig,
    ModelConfig,
    MotionConfig,
    VisionConfig,
)
from modules.profiles import BranchPixels, Profile, TokenIds, profile_from_json, profile_of
from small import config
from small.checkpoint import profile_with_prompt
from small.language import language_config
from small.tokenizer import CONTEXT, END, END_OF_TEXT, IMAGE_END, IMAGE_START

ROOT = Path(__file__).resolve().parents[3]
TOKENIZER = ROOT / "public" / "models" / "small"
"""The bundled model's; published shapes ask for a folder of the released family."""

PUBLISHED = {
    "1b": LanguageConfig(
        hidden_size=896,
        intermediate_size=4864,
        num_hidden_layers=24,
        num_attention_heads=14,
        num_key_value_heads=2,
    ),
    "2b": LanguageConfig(
        hidden_size=1536,
        intermediate_size=8960,
        num_hidden_layers=28,
        num_attention_heads=12,
        num_key_value_heads=2,
    ),
    "8b": LanguageConfig(),
}
"""Decoders of the family; vision and motion are those of the 8B in all."""

SHAPES = ("tiny", "small", *PUBLISHED)


class VocabularyError(ValueError):
    """A tokenizer that is not of the shape's size: the model would be another one."""


def published(shape: str) -> ModelConfig:
    """A model of the family with its own vocabulary, trained as the released code does."""
    return ModelConfig(language=PUBLISHED[shape], default_profile="train6@448")


def config_of(shape: str, tokenizer: Path = TOKENIZER) -> ModelConfig:
    """The configuration of a shape with the vocabulary of a tokenizer's folder."""
    text = read_tokenizer(tokenizer)
    ids = TokenIds(
        image_start=_id(text, IMAGE_START),
        image_end=_id(text, IMAGE_END),
        context=_id(text, CONTEXT),
    )
    special: dict[str, Any] = {"bos_token_id": _id(text, END_OF_TEXT), "eos_token_id": _id(text, END)}
    if shape in PUBLISHED:
        family = PUBLISHED[shape]
        if not _released(text):
            raise VocabularyError(
                f"shape {shape} has a vocabulary of {family.vocab_size:,}; that of {tokenizer} has "
                f"{text.get_vocab_size():,} entries. Give a folder of the released family, or "
                f"--tokenizer released-size"
            )
        vocabulary = max(text.get_vocab_size(), family.vocab_size)
        profiles = {name: replace(p, token_ids=ids) for name, p in ModelConfig().profiles.items()}
        return ModelConfig(language=replace(family, vocab_size=vocabulary, **special), profiles=profiles)
    vision, motion, language, profile = (_small if shape == "small" else _tiny)(text, tokenizer)
    profile = replace(profile, token_ids=ids)
    return ModelConfig(
        vision=vision,
        language=replace(language, vocab_size=text.get_vocab_size(), **special),
        motion=motion,
        profiles={profile.name: profile},
        default_profile=profile.name,
    )


def _id(text: Tokenizer, token: str) -> int:
    id = text.token_to_id(token)
    if id is None:
        raise ValueError(f"the tokenizer has no {token}")
    return id


def _released(text: Tokenizer) -> bool:
    """True for the released family's tokenizer, whose model has a few more rows than it has entries."""
    return text.get_vocab_size() > 100_000


Parts = tuple[VisionConfig, MotionConfig, LanguageConfig, Profile]


def _small(text: Tokenizer, folder: Path) -> Parts:
    """The bundled model's own numbers."""
    manifest = folder / "manifest.json"
    if manifest.exists():
        profile = profile_from_json(json.loads(manifest.read_text("utf-8"))["profile"])
    else:
        profile = profile_with_prompt(config.PROFILE, text)
    return config.VISION, config.MOTION, language_config(text), profile


def _tiny(text: Tokenizer, folder: Path) -> Parts:
    blocks = BranchPixels(pixels="fragments", cell=32)
    profile = profile_of(
        "tiny8",
        frames=8,
        size=64,
        patch=16,
        sampling="goldenRatio",
        vision=blocks,
        motion=BranchPixels(pixels="fragments", cell=32, frames="successors"),
        prompt="small",
    )
    vision = replace(TINY_VISION, hidden_size=32, num_hidden_layers=1)
    language = LanguageConfig(
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        max_position_embeddings=2048,
    )
    return vision, TINY_MOTION, language, profile_with_prompt(profile, text)
