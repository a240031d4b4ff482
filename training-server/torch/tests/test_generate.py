"""Generation: the cache, left padding, sampling. Oracle: the full forward pass of the same decoder."""

import pytest
import torch

from modules.config import LanguageConfig
from modules.generate import Sampling, choose, generate
from modules.qwen2 import KVCache, Qwen2, causal_mask, padded_positions


@pytest.fixture(scope="module", params=[(4, 4), (5, 1), (6, 2)])
def model(request):
    heads, kv_heads = request.param
    torch.manual_seed(heads)
    model = Qwen2(
        LanguageConfig(
            vocab_size=97,
            hidden_size=heads * 8,
            intermediate_size=60,
            num_hidden_layers=2,
            num_attention_heads=heads,
            num_key_value_heads=kv_heads,
        )
    ).eval()
    for p in model.parameters():
        if p.dim() > 1:
            torch.nn.init.normal_(p, std=0.3)
    return model


def prompt(model, rows, length, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, length, model.config.hidden_size, generator=generator)


@torch.no_grad()
def test_cached_steps_equal_one_forward_pass(model):
    embeds = prompt(model, 2, 17)
    whole = model.logits(model(embeds))
    cache = KVCache(model.config, 2, 17)
    parts = [model(piece, cache=cache) for piece in embeds.split([9, 1, 4, 1, 2], dim=1)]
    assert cache.length == 17
    torch.testing.assert_close(model.logits(torch.cat(parts, 1)), whole, atol=2e-5, rtol=0)


@torch.no_grad()
def test_greedy_tokens_are_the_argmax_of_a_full_pass(model):
    embeds = prompt(model, 2, 6)
    answers = generate(model, embeds, max_new_tokens=8, keep_logits=True)
    tokens = torch.tensor(answers.tokens)
    full = torch.cat([embeds, model.embed(tokens)], dim=1)
    logits = model.logits(model(full))[:, 5:-1]
    assert torch.equal(logits.argmax(-1), tokens)
    torch.testing.assert_close(answers.logits, logits, atol=2e-5, rtol=0)
    expected = logits.log_softmax(-1).gather(2, tokens[..., None])[..., 0]
    torch.testing.assert_close(torch.tensor(answers.logps), expected, atol=2e-5, rtol=0)


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_left_padding_changes_nothing(model, temperature):
    sampling = Sampling(temperature=temperature, seed=4)
    short, long = prompt(model, 1, 5, 1), prompt(model, 1, 11, 2)
    padding = torch.full((1, 6, model.config.hidden_size), 3.0)
    batch = torch.cat([torch.cat([padding, short], dim=1), long])
    mask = torch.tensor([[0] * 6 + [1] * 5, [1] * 11])
    together = generate(
        model, batch, attention_mask=mask, max_new_tokens=9, sampling=sampling, keep_logits=True
    )
    alone = generate(model, short, max_new_tokens=9, sampling=sampling, keep_logits=True)
    assert together.tokens[0] == alone.tokens[0]
    torch.testing.assert_close(together.logits[:1], alone.logits, atol=3e-5, rtol=0)
    unpadded = generate(model, long, max_new_tokens=9, keep_logits=True)
    if temperature == 0:
        assert together.tokens[1] == unpadded.tokens[0]


def test_padding_positions_and_mask():
    mask = torch.tensor([[0, 0, 1, 1], [1, 1, 1, 1]])
    assert padded_positions(mask).tolist() == [[0, 0, 0, 1], [0, 1, 2, 3]]
    allowed = causal_mask(mask, 4)[:, 0] == 0
    assert allowed[0].int().tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]]
    assert allowed[1].int().tolist() == torch.ones(4, 4).tril().int().tolist()


def test_one_prefill_serves_all_answers(model):
    sampling = Sampling(temperature=1.0, seed=7)
    embeds = prompt(model, 2, 6)
    many = generate(model, embeds, max_new_tokens=6, sampling=sampling, num_generations=3)
    repeated = generate(model, embeds.repeat_interleave(3, 0), max_new_tokens=6, sampling=sampling)
    assert many.tokens == repeated.tokens
    assert len({tuple(row) for row in many.tokens[:3]}) > 1


def test_a_seed_repeats_and_another_does_not(model):
    def tokens(seed):
        sampling = Sampling(temperature=1.5, seed=seed)
        return generate(model, prompt(model, 3, 5), max_new_tokens=12, sampling=sampling).tokens

    assert tokens(1) == tokens(1)
    assert tokens(1) != tokens(2)


def test_a_stop_token_ends_its_row_only(model):
    embeds = prompt(model, 3, 5)
    free = generate(model, embeds, max_new_tokens=10).tokens
    stop = free[0][3]
    stopped = generate(model, embeds, max_new_tokens=10, stop_ids={stop}).tokens
    for row, whole in zip(stopped, free, strict=True):
        end = whole.index(stop) + 1 if stop in whole else 10
        assert row == whole[:end]


def test_sampling_follows_the_distribution():
    logits = torch.tensor([0.0, 1.0, 2.0, -1.0]).expand(20_000, 4)
    draws = torch.rand(20_000, generator=torch.Generator().manual_seed(0))
    tokens, logps = choose(logits, Sampling(temperature=0.7), draws)
    expected = (logits[0] / 0.7).softmax(-1)
    observed = torch.bincount(tokens, minlength=4) / 20_000
    assert (observed - expected).abs().max() < 0.012  # 3.4 standard errors
    torch.testing.assert_close(logps, expected.log()[tokens])


def test_top_k_and_top_p_keep_the_likeliest():
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log().expand(400, 4)
    draws = torch.linspace(0, 1 - 1e-9, 400, dtype=torch.float64)

    def candidates(**options):
        return sorted(set(choose(logits, Sampling(temperature=1.0, **options), draws)[0].tolist()))

    assert candidates() == [0, 1, 2, 3]
    assert candidates(top_k=2) == [0, 1]
    assert candidates(top_p=0.5) == [0]
    assert candidates(top_p=0.51) == [0, 1]
    assert candidates(top_p=0.01) == [0]
    assert candidates(top_k=3, top_p=0.9) == [0, 1, 2]  # of three, 0.526 + 0.316 < 0.9


def test_a_full_cache_says_so(model):
    cache = KVCache(model.config, 1, 4)
    with pytest.raises(ValueError, match="holds 4 positions, 5 are needed"), torch.no_grad():
        model(prompt(model, 1, 5), cache=cache)
