"""Counts of operations. Oracle: torch's FlopCounterMode over the real modules, and published figures."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.flops import ModelFlops, slowfast_products, step_flops
from bench.shapes import SHAPES
from engine.shapes import TOKENIZER
from engine.text import read_tokenizer
from modules.config import ModelConfig
from modules.profiles import BUILT_IN_PROFILES
from modules.vqathinker import VQAThinkerModel
from small.prompt import PromptShape, prompt_ids
from training.conftest import tiny_model


def counted(run) -> int:
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


@pytest.mark.parametrize("name", ["tiny", "small", "8b"])
def test_parts_equal_the_counter(name):
    config = tiny_model().config if name == "tiny" else SHAPES[name].config()
    profile = config.profile
    with torch.device("meta"):
        model = VQAThinkerModel(config)
        pixels = torch.empty(1, profile.frames, 3, profile.size, profile.size)
        motion = torch.empty(1, profile.motion_frames, 3, profile.size, profile.size)
        flops = ModelFlops(config=config, profile=profile)
        assert counted(lambda: model.vision_tokens(pixels)) == pytest.approx(
            profile.frames * flops.vision_frame, rel=1e-9
        )
        features = config.motion.slow_features + config.motion.fast_features
        pooled = counted(
            lambda: model.slowfast_model(motion, profile.slow_indices, profile.pool_time, profile.pool_space)
        )
        # The closed-form pooling is a few sums, which the counter sees as matrix products.
        assert flops.motion_clip <= pooled <= flops.motion_clip + 3000 * features
        vector = torch.empty(1, config.motion.features)
        assert counted(lambda: model.motion_mlp(vector)) == flops.motion_projector
        embeds = torch.empty(1, 40, config.language.hidden_size)
        hidden = counted(lambda: model.language_model(embeds))
        # The counter counts all pairs of causal attention, we those that the mask allows.
        assert hidden == pytest.approx(40 * flops.token + 40 * 40 * flops.pair, rel=1e-9)
        one = torch.empty(1, 1, config.language.hidden_size)
        assert counted(lambda: model.language_model.logits(one)) == flops.head


def test_published_gflops_of_slowfast():
    """48.99 and 118.99 G multiplications at 6 × 448² and 12 × 560²."""
    gflops = [
        slowfast_products(ModelConfig(), BUILT_IN_PROFILES[name]) / 1e9
        for name in ("train6@448", "test12@560")
    ]
    assert gflops == pytest.approx([48.99, 118.99], abs=0.01)


def test_completions_add_up():
    flops = ModelFlops(config=tiny_model().config, profile=tiny_model().config.profile)
    pairs = sum(range(1, 8))
    assert flops.completion(0, 8) == 7 * (flops.token + flops.head) + pairs * flops.pair
    one = flops.prompt(5) + flops.completion(5, 4)
    assert flops.packed(5, [4]) == one
    assert flops.packed(5, [4, 4]) == one + flops.completion(5, 4) + flops.head
    # One answer: reading everything in one pass, logits where a token is predicted.
    assert one == pytest.approx(8 * flops.token + 36 * flops.pair + 4 * flops.head)
    step = step_flops(flops, prompt=5, completions=[[4, 4]], perturbed=[[2]], vision_trains=False)
    assert step.policy == 3 * step.reference == 3 * flops.packed(5, [4, 4])
    assert step.total > step.rollout + step.policy


def test_the_small_prompt_has_the_length_of_the_real_one():
    """Oracle: the bundled tokenizer over the prompt of core."""
    real = prompt_ids(read_tokenizer(TOKENIZER), PromptShape())
    assert SHAPES["small"].prompt_length() == len(SHAPES["small"].prompt_ids(0)) == real.length
