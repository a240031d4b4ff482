"""Low-rank adaptation: it starts as the model, trains alone, and is the model again once it is merged."""

import copy

import pytest
import torch

from modules.config import LanguageConfig
from modules.lora import TARGETS, LoraLinear, LoraOptions, adapt, merged
from modules.qwen2 import Qwen2

CONFIG = LanguageConfig(
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    vocab_size=61,
    tie_word_embeddings=True,
)


def language(seed=0):
    torch.manual_seed(seed)
    return Qwen2(CONFIG).eval()


def disturb(model, seed=1):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in model.parameters():
            if p.requires_grad:
                p.copy_(0.2 * torch.randn(p.shape, generator=generator))


def outputs(model):
    embeds = model.embed(torch.arange(14).reshape(2, 7))
    return model.logits(model(embeds))


@pytest.mark.parametrize("targets", [TARGETS, ("q_proj", "down_proj")])
def test_it_starts_as_the_model_and_merges_into_one(targets):
    plain = language()
    options = LoraOptions(rank=3, alpha=7.0, targets=targets)
    model = copy.deepcopy(plain)
    adapt(model, options, seed=5, dtype=torch.float32)
    assert torch.equal(outputs(model), outputs(plain))
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    assert len(trained) == 2 * 2 * len(targets) and all("lora_" in name for name in trained)
    disturb(model)
    adapted = outputs(model)
    assert (adapted - outputs(plain)).abs().max() > 0.1
    state = merged(model.state_dict(), options.scale)
    assert list(state) == list(plain.state_dict())
    plain.load_state_dict(state)
    torch.testing.assert_close(outputs(plain), adapted, atol=1e-5, rtol=1e-5)


def test_gradients_reach_the_factors_alone_in_bf16_too():
    model = language().to(torch.bfloat16)
    adapt(model, LoraOptions(rank=2, alpha=4.0, targets=TARGETS), seed=0, dtype=torch.float32)
    disturb(model)
    outputs(model).float().square().sum().backward()
    for name, p in model.named_parameters():
        assert (p.grad is not None and p.grad.abs().max() > 0) == ("lora_" in name), name
        assert p.dtype == (torch.float32 if "lora_" in name else torch.bfloat16)


def test_the_start_follows_from_the_seed():
    starts = []
    for seed in (0, 0, 1):
        model = language()
        adapt(model, LoraOptions(rank=2, alpha=2.0, targets=("o_proj",)), seed=seed, dtype=torch.float32)
        linear = model.model.layers[1].self_attn.o_proj
        assert isinstance(linear, LoraLinear) and linear.lora_a.abs().max() <= 32**-0.5
        starts.append(linear.lora_a)
    assert torch.equal(starts[0], starts[1]) and not torch.equal(starts[0], starts[2])


@pytest.mark.parametrize("targets", [(), ("lm_head",)])
def test_what_cannot_be_adapted_is_refused(targets):
    with pytest.raises(ValueError, match="to adapt: choose from q_proj"):
        adapt(language(), LoraOptions(rank=1, alpha=1.0, targets=targets), seed=0, dtype=torch.float32)
