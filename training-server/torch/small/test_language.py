"""Oracles: `Qwen2.forward` on whole rows (1e-5), and an unbroken run for a resumed one (equal)."""

import numpy as np
import pytest
import torch

from modules.config import LanguageConfig
from small.answers import read_answers
from small.concepts import CONCEPT_DIM, COUNT, FIRST, SCORE, SECOND, SEVERITY, STYLE_PART, concept_vector
from small.language import (
    AnswerTokens,
    LanguageHalf,
    LanguageRecipe,
    LanguageTraining,
    answer_loss,
    draw_batch,
    learning_rate,
    prompt_mask,
    random_frame_tokens,
    shared_prefix,
    train_tokenizer,
)
from small.prompt import PromptShape, prompt_ids
from small.text import DISTORTIONS, Label

SHAPE = PromptShape(frames=8, tokens_per_frame=4)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(LanguageRecipe(), SHAPE)


@pytest.fixture
def prompt(tokenizer):
    return prompt_ids(tokenizer, SHAPE)


@pytest.fixture
def model(tokenizer):
    torch.manual_seed(0)
    model = LanguageHalf(
        LanguageConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=48,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=6,
            num_key_value_heads=2,
            tie_word_embeddings=True,
        )
    )
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.2)
    return model


def test_shared_prefix_equals_whole_rows(model):
    prefix, rows = torch.randn(1, 17, 48), torch.randn(3, 9, 48)
    got = shared_prefix(model.decoder, prefix, torch.arange(17), rows, 17 + torch.arange(9))
    whole = model.decoder(torch.cat([prefix.expand(3, -1, -1), rows], 1))
    assert torch.allclose(got, whole[:, 17:], atol=1e-5)


def test_whole_prompt_loss_is_that_of_the_plain_decoder(model, tokenizer, prompt):
    recipe = LanguageRecipe(rows=3)
    batch = draw_batch(recipe, AnswerTokens(tokenizer, recipe.score_weight), np.random.default_rng(0))
    frames = torch.randn(len(prompt.context), 48)
    got = answer_loss(model, prompt, batch, torch.ones(prompt.length, dtype=torch.bool), frames)
    embeds = model.decoder.embed(prompt.ids).expand(3, -1, -1).clone()
    embeds[:, prompt.context] = frames
    embeds[:, prompt.motion] = model.concept_embedding(batch.concepts)
    inputs = torch.cat([embeds, model.decoder.embed(batch.ids[:, :-1])], 1)
    logits = model.decoder.logits(model.decoder(inputs))[:, prompt.length - 1 :]
    losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), batch.ids, reduction="none")
    expected = (losses * batch.weights).sum() / batch.weights.sum()
    assert torch.allclose(got, expected, rtol=1e-5)


def test_predicted_concepts_get_little_noise_and_determine_the_text(tokenizer):
    predicted = np.zeros((1, CONCEPT_DIM), np.float32)
    predicted[0, SCORE], predicted[0, SEVERITY][3] = -1.0, 1.6
    recipe = LanguageRecipe(rows=64, predicted_share=0.5, predicted_noise=0.01)
    tokens = AnswerTokens(tokenizer, recipe.score_weight)
    batch = draw_batch(recipe, tokens, np.random.default_rng(0), predicted)
    near = (batch.concepts - torch.from_numpy(predicted)).abs().amax(1) < 0.1
    assert 20 < near.sum() < 44
    for row in batch.ids[near]:
        answer = read_answers([tokenizer.decode(row.tolist())])[0]
        assert answer.score == pytest.approx(2.0, abs=0.2) and answer.named[:1] == (DISTORTIONS[3],)


def test_score_digits_weigh_more_and_padding_nothing(tokenizer):
    tokens = AnswerTokens(tokenizer, (6.0, 4.0))
    texts = ["<think>a.</think><answer>3.42</answer>", "<think>a b c.</think><answer>1.00</answer>"]
    batch = tokens.batch(np.zeros((2, CONCEPT_DIM), np.float32), texts)
    for r, digits in enumerate(("342", "100")):
        row = tokenizer.decode(batch.ids[r][batch.weights[r] > 1].tolist())
        assert row == digits
        assert batch.weights[r][batch.weights[r] > 1].tolist() == [6, 4, 4]
        assert batch.ids[r][batch.weights[r] > 0][-1] == tokens.end
    assert batch.weights[0, -1] == 0


def test_names_of_distortions_weigh_more(tokenizer):
    tokens = AnswerTokens(tokenizer, (5.0, 6.0, 2.0), 3.0)
    text = "<think>I see strong frame drops early on. There is no blur.</think><answer>3.42</answer>"
    batch = tokens.batch(np.zeros((1, CONCEPT_DIM), np.float32), [text])
    heavy = tokenizer.decode(batch.ids[0][batch.weights[0] == 3].tolist())
    assert heavy == " frame drops blur"
    assert sorted(set(batch.weights[0].tolist())) == [1, 2, 3, 5, 6]


def test_a_concept_vector_holds_the_label_and_the_style():
    others = (0,) * (COUNT - 2)
    label = Label(score=2.5, severity=(0, 0.4, *others), when=(0, 2, *others))
    got = concept_vector(label, np.arange(8))
    assert got[SCORE] == -0.5 and got[SEVERITY][1] == pytest.approx(1.4) and got[SEVERITY][0] == 0
    assert got[FIRST].sum() == 0 and got[SECOND][1] == 1 and got[SECOND].sum() == 1
    assert got[STYLE_PART].tolist() == list(range(8)) and len(got) == CONCEPT_DIM == 1 + 3 * COUNT + 8


def test_prompt_mask_grows_until_the_prompt_is_whole(prompt):
    recipe = LanguageRecipe(
        steps=100, partial_tokens=(1, 1), full_prompt_every=10, no_prompt_until=0.45, full_prompt_from=0.7
    )
    rng, frames = np.random.default_rng(0), prompt.context
    assert not any(prompt_mask(prompt, step, recipe, rng).any() for step in (0, 44))
    short, full = (prompt_mask(prompt, step, recipe, rng) for step in (61, 50))
    assert short[frames].sum() == 8 and short.sum() == prompt.length - len(frames) + 8
    assert full.all()
    assert all(prompt_mask(prompt, step, recipe, rng).all() for step in (70, 99))


def test_learning_rate_warms_up_and_ends_at_zero():
    recipe = LanguageRecipe(steps=100, warmup=10, lr=1.0)
    assert learning_rate(0, recipe) == pytest.approx(0.1) and learning_rate(9, recipe) > 0.95
    assert learning_rate(99, recipe) < 1e-3


def test_a_resumed_run_is_the_unbroken_one(tokenizer, prompt, tmp_path):
    recipe = LanguageRecipe(steps=4, rows=2, no_prompt_until=0.5, full_prompt_from=0.75)

    def training(name):
        return LanguageTraining(tokenizer, prompt, recipe, tmp_path / name)

    whole, broken = training("whole.pt"), training("broken.pt")
    list(whole.run())
    broken.train_step()
    broken.train_step()
    broken.save()
    resumed = training("broken.pt")
    assert resumed.restore() and resumed.step == 2
    list(resumed.run())
    for a, b in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(a, b)
    other = LanguageTraining(tokenizer, prompt, LanguageRecipe(steps=5, rows=2), tmp_path / "broken.pt")
    assert not other.restore()


def test_training_lowers_the_loss(tokenizer, prompt, tmp_path):
    training = LanguageTraining(tokenizer, prompt, LanguageRecipe(steps=200, rows=4), tmp_path / "l.pt")
    first = training.train_step()
    last = [training.train_step() for _ in range(15)][-1]
    assert last < first - 1.5


def test_frame_tokens_have_the_asked_shape_and_vary_in_size():
    draw, rng = random_frame_tokens(48), np.random.default_rng(0)
    sizes = [float(draw(20, rng).std()) for _ in range(20)]
    assert draw(20, rng).shape == (20, 48) and max(sizes) > 2 * min(sizes)


def test_a_run_on_other_sentences_starts_from_shared_tokens(tokenizer, prompt, tmp_path):
    """A token of both vocabularies keeps its embedding; a new one is the mean of its old pieces."""
    first = LanguageTraining(tokenizer, prompt, LanguageRecipe(steps=1, rows=2), tmp_path / "first.pt")
    first.save()
    smaller = train_tokenizer(LanguageRecipe(), SHAPE, largest=600)
    second = LanguageTraining(
        smaller, prompt_ids(smaller, SHAPE), LanguageRecipe(steps=1, rows=2), tmp_path / "second.pt"
    )
    second.adopt(tmp_path / "first.pt")
    old, new = (t.model.decoder.model.embed_tokens.weight for t in (first, second))
    for token, index in smaller.get_vocab().items():
        if token in tokenizer.get_vocab():
            assert torch.equal(new[index], old[tokenizer.token_to_id(token)])
    assert torch.equal(first.model.concept_embedding.weight, second.model.concept_embedding.weight)
