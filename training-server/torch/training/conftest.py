"""A tiny random model and clips of the official layout, small enough for seconds on one core."""

import pytest
import torch

from modules.config import TINY_MOTION, TINY_VISION, LanguageConfig, ModelConfig
from modules.profiles import Profile, TokenIds, profile_of
from modules.random_checkpoint import random_weights
from modules.vqathinker import VQAThinkerModel
from training.clips import ClipPixels, Encoder

torch.set_num_threads(1)

CONTEXT = 94


def tiny_profile() -> Profile:
    return profile_of(
        "tiny",
        frames=4,
        size=64,
        patch=16,
        token_ids=TokenIds(image_start=92, image_end=93, context=CONTEXT),
    )


def tiny_model(seed: int = 0, heads: int = 4, kv_heads: int = 2, tied: bool = False) -> VQAThinkerModel:
    profile = tiny_profile()
    config = ModelConfig(
        vision=TINY_VISION,
        language=LanguageConfig(
            vocab_size=97,
            hidden_size=heads * 8,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=heads,
            num_key_value_heads=kv_heads,
            tie_word_embeddings=tied,
            max_position_embeddings=512,
        ),
        motion=TINY_MOTION,
        profiles={profile.name: profile},
        default_profile=profile.name,
    )
    model = VQAThinkerModel(config)
    random_weights(model, torch.Generator().manual_seed(seed))
    return model.eval()


def tiny_clip(seed: int, **fields) -> ClipPixels:
    generator = torch.Generator().manual_seed(seed)
    frames = torch.randint(0, 256, (4, 64, 64, 3), generator=generator, dtype=torch.uint8)
    return ClipPixels(frames=frames, **fields)


def tiny_prompt(seed: int, question: int = 5) -> torch.Tensor:
    """Frames of 4 tokens each, the motion slot, and a question of some tokens."""
    generator = torch.Generator().manual_seed(1000 + seed)
    text_ids = torch.randint(0, 90, (3 + question,), generator=generator)
    frames = [torch.tensor([92, *[CONTEXT] * 4, 93])] * 4 + [torch.tensor([92, CONTEXT, 93])]
    return torch.cat([text_ids[:3], *frames, text_ids[3:]])


@pytest.fixture
def model() -> VQAThinkerModel:
    return tiny_model()


@pytest.fixture
def encoder(model) -> Encoder:
    return Encoder(model, model.config.profile)
