"""Oracle: the decoder's own generation, token by token."""

import pytest
import torch

from modules.config import LanguageConfig
from modules.generate import generate
from modules.qwen2 import Qwen2
from small.greedy import greedy


@pytest.fixture
def decoder():
    torch.set_num_threads(1)
    torch.manual_seed(3)
    config = LanguageConfig(
        vocab_size=50,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=8,
    )
    model = Qwen2(config).eval()
    for parameter in model.parameters():  # flat logits would make every argmax a matter of rounding
        parameter.data.mul_(3)
    return model


@pytest.mark.parametrize("end", [7, 11, 49])
def test_tokens_are_those_of_generate(decoder, end):
    prompts = torch.randn(11, 9, 32)
    expected = generate(decoder, prompts, max_new_tokens=30, stop_ids={end}).tokens
    expected = [row[:-1] if row[-1] == end else row for row in expected]
    result = greedy(decoder, prompts, most=30, end=end)
    assert result == expected
    assert len({len(row) for row in result}) > 1 or end == 49


def test_a_row_does_not_depend_on_those_beside_it(decoder):
    prompts = torch.randn(9, 9, 32)
    together = greedy(decoder, prompts, most=20, end=7)
    assert [greedy(decoder, prompts[k : k + 1], most=20, end=7)[0] for k in range(9)] == together
