"""The language half: Qwen2 trained on oracle concepts, without any video.

The prompt, most of it frame tokens, dominates the cost of a step. The part in front of the motion token is
therefore computed once per step and shared by all rows of the batch, which differ only from the motion token
on. Prompt dropout saves more: the first steps have the motion token and the answer alone, the next ones drop
most frame tokens, the last ones keep all; positions are always those of the whole prompt. Frame tokens are
random vectors, or real ones once a vision encoder exists.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from modules.atomic_write import atomic_write
from modules.config import LanguageConfig
from modules.qwen2 import Qwen2, rotary_tables, rotate
from modules.schedule import warmup_cosine
from small.concepts import (
    CONCEPT_DIM,
    SCORE,
    SEVERITY,
    STYLE_PART,
    ConceptNoise,
    LabelPrior,
    concept_vector,
    verbalization_policy,
)
from small.prompt import PromptIds, PromptShape, prompt_ids, prompt_without_context
from small.text import SENTENCES, STYLE_SIZE, LabelNoise, compose
from small.tokenizer import END, END_OF_TEXT, LARGEST, train


def language_config(tokenizer: Tokenizer) -> LanguageConfig:
    """Configuration of the small decoder.

    The vocabulary size must differ from every width: a converter may identify the head by it.
    """
    return LanguageConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=6,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.token_to_id(END),
    )


class LanguageHalf(nn.Module):
    """The decoder and the linear embedding of concept vectors as the motion token."""

    def __init__(self, config: LanguageConfig):
        super().__init__()
        self.decoder = Qwen2(config)
        self.concept_embedding = nn.Linear(CONCEPT_DIM, config.hidden_size)
        for module in self.decoder.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.04)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        # A large constant part keeps the norm in front of the attention from dividing one component by the
        # others; components that must be resolved to a tenth get larger weights than the styles.
        nn.init.normal_(self.concept_embedding.bias, std=1.0)
        nn.init.normal_(self.concept_embedding.weight, std=0.1)
        with torch.no_grad():
            self.concept_embedding.weight[:, SCORE] *= 3
            self.concept_embedding.weight[:, SEVERITY] *= 4
        # Small output layers of the branches: the residual stream starts as the embeddings.
        for layer in self.decoder.model.layers:
            for branch in (layer.self_attn.o_proj, layer.mlp.down_proj):
                nn.init.normal_(branch.weight, std=0.04 / math.sqrt(2 * config.num_hidden_layers))


def shared_prefix(
    decoder: Qwen2, prefix: Tensor, prefix_positions: Tensor, rows: Tensor, row_positions: Tensor
) -> Tensor:
    """Hidden states [B, N, D], after the final norm, of rows that continue one prefix.

    Equal to `Qwen2.forward` of every row with the prefix in front, at 1/B of the prefix's cost.
    prefix [1, P, D] at positions [P]; rows [B, N, D] at positions [N].
    """
    config = decoder.config
    before, count = prefix.shape[1], rows.shape[1]
    rotary = [
        rotary_tables(p[None], config.head_dim, config.rope_theta, prefix.dtype)
        for p in (prefix_positions, row_positions)
    ]
    mask = torch.ones(count, before + count, dtype=torch.bool, device=rows.device).tril(before)

    def heads(attention: nn.Module, x: Tensor, turn: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = (
            projection(x).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
            for projection in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        return rotate(q, *turn), rotate(k, *turn), v

    for layer in decoder.model.layers:
        attention = layer.self_attn
        q, k, v = heads(attention, layer.input_layernorm(prefix), rotary[0])
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        row_q, row_k, row_v = heads(attention, layer.input_layernorm(rows), rotary[1])
        keys = torch.cat([k.expand(len(rows), -1, -1, -1), row_k], 2)
        values = torch.cat([v.expand(len(rows), -1, -1, -1), row_v], 2)
        row_out = F.scaled_dot_product_attention(row_q, keys, values, attn_mask=mask, enable_gqa=True)
        prefix = prefix + attention.o_proj(out.transpose(1, 2).flatten(2))
        rows = rows + attention.o_proj(row_out.transpose(1, 2).flatten(2))
        prefix = prefix + layer.mlp(layer.post_attention_layernorm(prefix))
        rows = rows + layer.mlp(layer.post_attention_layernorm(rows))
    return decoder.model.norm(rows)


@dataclass(kw_only=True)
class LanguageRecipe:
    """Hyperparameters of the training on oracle concepts."""

    steps: int = 1500
    """Optimiser steps; from a decoder that already writes. From random weights about 3,300 were needed."""

    rows: int = 32
    """Texts per step."""

    lr: float = 3e-3
    """Peak of AdamW's learning rate; cosine to 0 after `warmup` steps."""

    warmup: int = 20
    """Steps of linear warm-up."""

    weight_decay: float = 0.01
    """AdamW."""

    clip: float = 1.0
    """Largest norm of the gradient."""

    score_weight: tuple[float, ...] = (5.0, 6.0, 2.0)
    """Loss weights of the score's digits."""

    name_weight: float = 3.0
    """Loss weight of the names of distortions; every other token counts 1. At 1 the choice of the distortion
    stays at chance for long, while phrasing and score are learnt."""

    no_prompt_until: float = 0.8
    """Up to this share of the steps the prompt is dropped: a row is the motion token and the answer, at their
    positions in the whole prompt. The concepts are learnt there first, at half the cost per step and in a
    fifth of the steps."""

    full_prompt_from: float = 0.96
    """From this share of the steps on nothing of the prompt is dropped."""

    partial_tokens: tuple[int, int] = (1, 6)
    """Range of the number of frame tokens per frame that the steps between keep; one step in
    `full_prompt_every` keeps all."""

    full_prompt_every: int = 8
    """See `partial_tokens`."""

    prior: LabelPrior = field(default_factory=LabelPrior)
    """Distribution of the labels."""

    noise: ConceptNoise = field(default_factory=ConceptNoise)
    """Noise on the concept vectors."""

    predicted_share: float = 0.0
    """Share of rows with predicted concepts (`LanguageTraining.predicted_concepts`) instead of drawn ones."""

    predicted_noise: float = 0.1
    """Standard deviation of the noise on predicted concepts, so that few clips give many vectors."""

    unusual: float = 0.25
    """Share of rows with larger style numbers, as of videos unlike all training clips; without them such
    videos get broken sentences."""

    unusual_scale: float = 4.0
    """Largest factor on those style numbers."""

    label_noise: LabelNoise = field(default_factory=LabelNoise)
    """Noise between label and text."""

    seed: int = 20251121
    """Of labels, styles, noise and weights."""


@dataclass(frozen=True, kw_only=True)
class TextBatch:
    """Answers with their concept vectors."""

    concepts: Tensor
    """[B, CONCEPT_DIM]."""

    ids: Tensor
    """[B, L] int64, ended by `<|im_end|>`, then padded."""

    weights: Tensor
    """[B, L] loss weights; 0 on padding."""


NAMES = re.compile(
    r"\b(?:"
    + "|".join(
        sorted((n for f in SENTENCES["distortions"].values() for n in f["names"]), key=len, reverse=True)
    )
    + r")\b"
)


class AnswerTokens:
    """Token ids and loss weights of answers."""

    def __init__(self, tokenizer: Tokenizer, score_weight: tuple[float, ...], name_weight: float = 1.0):
        self.tokenizer, self.score_weight, self.name_weight = tokenizer, score_weight, name_weight
        self.end = tokenizer.token_to_id(END)
        self.pad = tokenizer.token_to_id(END_OF_TEXT)
        self.digits = {tokenizer.token_to_id(str(d)) for d in range(10)}

    def batch(self, concepts: np.ndarray, texts: list[str]) -> TextBatch:
        encoded = self.tokenizer.encode_batch(texts, add_special_tokens=False)
        rows = [e.ids + [self.end] for e in encoded]
        longest = max(map(len, rows))
        ids = torch.full((len(rows), longest), self.pad)
        weights = torch.zeros(len(rows), longest)
        for r, row in enumerate(rows):
            ids[r, : len(row)] = torch.tensor(row)
            weights[r, : len(row)] = 1
            for name in NAMES.finditer(texts[r]):
                for k, (begin, end) in enumerate(encoded[r].offsets):
                    if name.start() < end and begin < name.end():
                        weights[r, k] = self.name_weight
            # The prose holds no digit, so the digits are those of the score.
            positions = [k for k, token in enumerate(row) if token in self.digits]
            for k, position in enumerate(positions):
                weights[r, position] = self.score_weight[min(k, len(self.score_weight) - 1)]
        return TextBatch(concepts=torch.from_numpy(concepts), ids=ids, weights=weights)


def draw_batch(
    recipe: LanguageRecipe,
    tokens: AnswerTokens,
    rng: np.random.Generator,
    predicted_concepts: np.ndarray | None = None,
) -> TextBatch:
    """Noisy oracle concepts, a share of them replaced by rows of `predicted_concepts` [n, CONCEPT_DIM], and
    the texts of the verbalisation policy."""
    styles = rng.standard_normal((recipe.rows, STYLE_SIZE))
    unusual = rng.random(recipe.rows) < recipe.unusual
    styles[unusual] *= rng.uniform(1, recipe.unusual_scale, (unusual.sum(), 1))
    exact = np.stack([concept_vector(recipe.prior.draw(rng), style) for style in styles])
    concepts = recipe.noise.on(exact, rng)
    if predicted_concepts is not None:
        rows = np.flatnonzero(rng.random(recipe.rows) < recipe.predicted_share)
        noise = recipe.predicted_noise * rng.standard_normal((len(rows), CONCEPT_DIM))
        chosen = rng.integers(len(predicted_concepts), size=len(rows))
        concepts[rows] = predicted_concepts[chosen] + noise
    texts = [compose(verbalization_policy(c), c[STYLE_PART], rng, recipe.label_noise) for c in concepts]
    return tokens.batch(concepts, texts)


FrameTokens = Callable[[int, np.random.Generator], Tensor]
"""(count, rng) → [count, D] stand-ins for tokens of the vision branch."""


def random_frame_tokens(size: int) -> FrameTokens:
    """Random vectors of varying scale and common part, to cover any output of the vision branch."""

    def draw(count: int, rng: np.random.Generator) -> Tensor:
        scale = 0.05 * 60 ** rng.uniform(0, 1)
        common = rng.uniform(0, 0.9)
        token = rng.standard_normal((count, size))
        mean = rng.standard_normal((1, size))
        tokens = scale * (math.sqrt(1 - common) * token + math.sqrt(common) * mean)
        return torch.from_numpy(tokens.astype(np.float32))

    return draw


def answer_loss(
    model: LanguageHalf, prompt: PromptIds, batch: TextBatch, mask: Tensor, frames: Tensor
) -> Tensor:
    """Weighted mean cross-entropy of the answers.

    mask [P] bool: True at kept prompt positions; frames [F, D]: tokens of the kept context positions.
    """
    decoder, rows, motion = model.decoder, len(batch.ids), prompt.motion
    context = prompt.context[mask[prompt.context]]
    prefix = decoder.embed(prompt.ids[:motion]).index_copy(0, context, frames)
    before, after = mask[:motion], mask[motion + 1 :]
    question = decoder.embed(prompt.ids[motion + 1 :][after]).expand(rows, -1, -1)
    answer = decoder.embed(batch.ids[:, :-1])
    inputs = torch.cat([model.concept_embedding(batch.concepts)[:, None], question, answer], 1)
    every = torch.arange(prompt.length + answer.shape[1])
    positions = torch.cat([every[motion : motion + 1], every[motion + 1 : prompt.length][after]])
    positions = torch.cat([positions, every[prompt.length :]])
    hidden = shared_prefix(decoder, prefix[before][None], every[:motion][before], inputs, positions)
    hidden = hidden[:, question.shape[1] :]
    used = batch.weights > 0
    loss = F.cross_entropy(decoder.logits(hidden, used), batch.ids[used], reduction="none")
    return (loss * batch.weights[used]).sum() / batch.weights.sum()


def learning_rate(step: int, recipe: LanguageRecipe) -> float:
    """Learning rate of a step: linear warm-up, cosine to 0."""
    return warmup_cosine(step + 1, peak=recipe.lr, warmup=recipe.warmup, progress=step / recipe.steps)


def prompt_mask(prompt: PromptIds, step: int, recipe: LanguageRecipe, rng: np.random.Generator) -> Tensor:
    """Prompt dropout of a step: [P] bool, True at kept prompt positions."""
    if step < recipe.no_prompt_until * recipe.steps:
        return torch.zeros(prompt.length, dtype=torch.bool)
    mask = torch.ones(prompt.length, dtype=torch.bool)
    if step < recipe.full_prompt_from * recipe.steps and step % recipe.full_prompt_every:
        low, high = recipe.partial_tokens
        count = min(int(rng.integers(low, high + 1)) * prompt.frames, len(prompt.context))
        chosen = rng.choice(len(prompt.context), count, replace=False)
        mask[prompt.context] = False
        mask[prompt.context[torch.from_numpy(chosen)]] = True
    return mask


class LanguageTraining:
    """Resumable training; its state is one file."""

    def __init__(self, tokenizer: Tokenizer, prompt: PromptIds, recipe: LanguageRecipe, file: Path):
        torch.manual_seed(recipe.seed)
        self.recipe, self.prompt, self.file = recipe, prompt, file
        self.tokens = AnswerTokens(tokenizer, recipe.score_weight, recipe.name_weight)
        self.model = LanguageHalf(language_config(tokenizer))
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=recipe.lr, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
        )
        self.rng = np.random.default_rng(recipe.seed)
        self.step, self.seconds = 0, 0.0
        self.frames = random_frame_tokens(self.model.decoder.config.hidden_size)
        self.predicted_concepts: np.ndarray | None = None
        self.signature = json.dumps(
            {**asdict(recipe), "prompt": prompt.ids.tolist(), "vocab": tokenizer.to_str()}, sort_keys=True
        )

    def restore(self) -> bool:
        """Loads the state file; False where it is absent or of another recipe, prompt or vocabulary."""
        if not self.file.exists():
            return False
        state = torch.load(self.file, weights_only=False)
        if state["signature"] != self.signature:
            return False
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.bit_generator.state = state["rng"]
        self.step, self.seconds = state["step"], state["seconds"]
        return True

    def adopt(self, file: Path) -> None:
        """Starts from the weights of a run on other sentences.

        Embeddings are matched by token; a new token starts as the mean of the pieces that the other
        vocabulary splits it into.
        """
        model, other, _ = saved_language(file)
        self.adopt_weights(model.state_dict(), other)

    def adopt_weights(self, weights: Mapping[str, Tensor], other: Tokenizer) -> None:
        """Starts from a state dict with another vocabulary; parts that it lacks stay as they are."""
        current = self.model.state_dict()
        name = "decoder.model.embed_tokens.weight"
        vocabulary, tokenizer = other.get_vocab(), self.tokens.tokenizer
        rows = torch.empty_like(current[name])
        for token, index in tokenizer.get_vocab().items():
            if token in vocabulary:
                pieces = [vocabulary[token]]
            else:
                text = tokenizer.decode([index], skip_special_tokens=False)
                pieces = other.encode(text, add_special_tokens=False).ids
            rows[index] = weights[name][pieces].mean(0)
        self.model.load_state_dict({**current, **weights, name: rows})

    def save(self) -> None:
        state = {
            "signature": self.signature,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.bit_generator.state,
            "step": self.step,
            "seconds": self.seconds,
        }
        with atomic_write(self.file) as partial:
            torch.save(state, partial)

    def train_step(self) -> float:
        """One optimiser step; returns its loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.recipe)
        batch = draw_batch(self.recipe, self.tokens, self.rng, self.predicted_concepts)
        mask = prompt_mask(self.prompt, self.step, self.recipe, self.rng)
        frames = self.frames(int(mask[self.prompt.context].sum()), self.rng)
        loss = answer_loss(self.model, self.prompt, batch, mask, frames)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.step += 1
        return loss.item()

    def run(self, *, log_every: int = 25, save_every: int = 100) -> Iterator[dict[str, float]]:
        """Trains to the end; yields step, mean loss since the last report and CPU seconds so far."""
        self.model.train()
        losses: list[float] = []
        began = time.process_time() - self.seconds
        while self.step < self.recipe.steps:
            losses.append(self.train_step())
            self.seconds = time.process_time() - began
            done = self.step == self.recipe.steps
            if self.step % save_every == 0 or done:
                self.save()
            if self.step % log_every == 0 or done:
                yield {"step": self.step, "loss": sum(losses) / len(losses), "seconds": self.seconds}
                losses.clear()


def saved_language(file: Path) -> tuple[LanguageHalf, Tokenizer, dict[str, float]]:
    """The language half of a training file, its tokenizer, and its progress (step, CPU seconds)."""
    state = torch.load(file, weights_only=False)
    tokenizer = Tokenizer.from_str(json.loads(state["signature"])["vocab"])
    model = LanguageHalf(language_config(tokenizer))
    model.load_state_dict(state["model"])
    return model.eval(), tokenizer, {"step": state["step"], "seconds": state["seconds"]}


TOKENIZER_TEXTS = 8000
"""Answers that the tokenizer is trained on."""


def train_tokenizer(recipe: LanguageRecipe, shape: PromptShape, *, largest: int = LARGEST) -> Tokenizer:
    """A tokenizer for the recipe's answers and the prompt of this shape."""
    rng = np.random.default_rng(recipe.seed)
    texts = [
        compose(recipe.prior.draw(rng), rng.standard_normal(STYLE_SIZE), rng, recipe.label_noise)
        for _ in range(TOKENIZER_TEXTS)
    ]
    return train(texts, prompt_without_context(shape), largest=largest)


def language_training(file: Path, recipe: LanguageRecipe, shape: PromptShape) -> LanguageTraining:
    """The training whose state is `file`, resumed if nothing it depends on has changed."""
    tokenizer = train_tokenizer(recipe, shape)
    training = LanguageTraining(tokenizer, prompt_ids(tokenizer, shape), recipe, file)
    training.restore()
    return training
