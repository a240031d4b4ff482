"""The decoder's masks, positions and logits. Oracle: separate rows of the same decoder."""

import pytest
import torch

from modules.config import LanguageConfig
from modules.qwen2 import Qwen2


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = LanguageConfig(
        vocab_size=61,
        hidden_size=40,
        intermediate_size=56,
        num_hidden_layers=2,
        num_attention_heads=5,
        num_key_value_heads=1,
        max_position_embeddings=64,
    )
    return Qwen2(config)


def test_one_row_with_a_tree_mask_equals_separate_rows(model):
    """A prompt and three answers packed in one row: same logits, same gradients (1e-5)."""
    ids = torch.randint(0, 61, (4, 9))
    prompt, answers = ids[:1], ids[1:, :6]
    separate = torch.cat([prompt.expand(3, -1), answers], dim=1)
    expected = model.logits(model(model.embed(separate)), slice(9, None))
    expected.square().mean().backward()
    gradients = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()

    packed = torch.cat([prompt, answers.reshape(1, -1)], dim=1)
    suffix_positions = torch.arange(9, 15)
    positions = torch.cat([torch.arange(9), suffix_positions.repeat(3)])[None]
    branch = torch.cat([torch.zeros(9), torch.arange(1, 4).repeat_interleave(6)])
    same = (branch[:, None] == branch) | (branch == 0)
    mask = (same & torch.ones(27, 27, dtype=torch.bool).tril())[None, None]
    hidden = model(model.embed(packed), position_ids=positions, mask=mask)
    logits = model.logits(hidden, slice(9, None)).reshape(3, 6, -1)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)
    logits.square().mean().backward()
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-6, rtol=1e-5)
    model.zero_grad()


@torch.no_grad()
def test_logits_at_chosen_positions(model):
    hidden = model(model.embed(torch.randint(0, 61, (2, 7))))
    full = model.logits(hidden)
    assert full.shape == (2, 7, 61)
    chosen = torch.tensor([[0, 6], [2, 3]])
    flags = torch.zeros(2, 7, dtype=torch.bool)
    flags[0, 2] = flags[1, 5] = True
    for positions, expected in (
        (slice(-3, None), full[:, -3:]),
        (torch.tensor([1, 4]), full[:, [1, 4]]),
        (chosen, torch.stack([full[0, [0, 6]], full[1, [2, 3]]])),
        (flags, torch.stack([full[0, 2], full[1, 5]])),
    ):
        # Another number of rows is another matrix kernel, hence not bit for bit.
        torch.testing.assert_close(model.logits(hidden, positions), expected, atol=1e-6, rtol=1e-6)


def test_recomputed_layers_give_the_same_gradients(model):
    ids = torch.randint(0, 61, (2, 7))

    def gradients():
        model.zero_grad()
        model.logits(model(model.embed(ids))).square().mean().backward()
        return [p.grad.clone() for p in model.parameters()]

    plain = gradients()
    model.recompute_layers = True
    again = gradients()
    model.recompute_layers = False
    assert all(torch.equal(a, b) for a, b in zip(plain, again, strict=True))


def test_a_tied_head_is_the_embedding():
    config = LanguageConfig(
        vocab_size=31,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=True,
    )
    model = Qwen2(config)
    assert "lm_head.weight" not in model.state_dict()
    assert model.head_weight is model.model.embed_tokens.weight


def test_longer_than_the_positions_is_refused(model):
    with pytest.raises(ValueError, match="65 positions exceed the model's 64"):
        model(torch.zeros(1, 65, 40))


def test_a_position_depends_on_distance_only(model):
    embeds = model.embed(torch.randint(0, 61, (1, 6)))
    shifted = torch.arange(20, 26)[None]
    with torch.no_grad():
        torch.testing.assert_close(model(embeds, position_ids=shifted), model(embeds), atol=1e-5, rtol=1e-5)
