"""The language half: Qwen2 trained on oracle codes, with no video at all.

What a step costs is the prompt, most of it frame tokens, not the answer. So the part before the motion slot
is computed once a step and shared by all rows of the batch, which differ only from the motion token on; the
first steps are the motion token and the answer alone, the next ones leave out most frame tokens, the last
ones have them all, and positions are always those of the whole prompt. Frame tokens are random vectors, or
real ones once a perceiver has some: the model learns to read the motion slot through them.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from modules.config import LanguageConfig
from modules.qwen2 import Qwen2, rotary_tables, rotate
from small.codes import CODE_SIZE, SCORE, SEVERITY, STYLE_PART, CodeNoise, LabelPrior, code, decide
from small.prompt import PromptIds, PromptShape, prompt_ids, words_of_prompt
from small.text import SENTENCES, STYLE_SIZE, Fuzz, compose
from small.tokenizer import END, END_OF_TEXT, LARGEST, train


def language_config(tokenizer: Tokenizer) -> LanguageConfig:
    """Widths of the small decoder. The vocabulary must differ from every width: a converter may tell the head
    by it."""
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


class OracleLanguage(nn.Module):
    """The decoder and the layer that turns a code into the motion token."""

    def __init__(self, config: LanguageConfig):
        super().__init__()
        self.decoder = Qwen2(config)
        self.code = nn.Linear(CODE_SIZE, config.hidden_size)
        for module in self.decoder.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.04)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        # A large constant part keeps the norm in front of the attention from dividing a place of the code by
        # the others; what must be read to a tenth stands higher than what is read in quarters.
        nn.init.normal_(self.code.bias, std=1.0)
        nn.init.normal_(self.code.weight, std=0.1)
        with torch.no_grad():
            self.code.weight[:, SCORE] *= 3
            self.code.weight[:, SEVERITY] *= 4
        # Branches end small, so that the residual stream starts as the embeddings.
        for layer in self.decoder.model.layers:
            for branch in (layer.self_attn.o_proj, layer.mlp.down_proj):
                nn.init.normal_(branch.weight, std=0.04 / math.sqrt(2 * config.num_hidden_layers))


def shared_prefix(
    decoder: Qwen2, prefix: Tensor, prefix_positions: Tensor, rows: Tensor, row_positions: Tensor
) -> Tensor:
    """Hidden states of rows that continue one prefix: what `Qwen2.forward` gives for every row with the
    prefix in front of it, at 1/B of the prefix's cost.

    prefix [1, P, D] at positions [P]; rows [B, N, D] at positions [N]; result [B, N, D] after the final norm.
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
    """Settings of the pre-training on oracle codes."""

    steps: int = 2500
    """Optimiser steps."""

    rows: int = 32
    """Texts a step."""

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
    """Loss weight of the names of faults; every other token counts 1. At 1 the choice of the fault stays at
    chance for long, while phrasing and score are learnt."""

    bare_until: float = 0.65
    """Up to this share of the steps a row is the motion token and the answer, at their places in the whole
    prompt: reading codes is learnt there first, at half the cost a step and in a fifth of the steps."""

    full_from: float = 0.92
    """From this share of the steps on the prompt is whole."""

    short_tokens: tuple[int, int] = (1, 6)
    """Frame tokens a frame in the steps between, drawn from this range; one step in `full_every` has all."""

    full_every: int = 8
    """See `short_tokens`."""

    prior: LabelPrior = field(default_factory=LabelPrior)
    """Labels."""

    noise: CodeNoise = field(default_factory=CodeNoise)
    """Noise on the codes."""

    heard: float = 0.0
    """Share of rows whose codes are a perceiver's own (`LanguageTraining.heard`) instead of drawn ones."""

    heard_noise: float = 0.1
    """Standard deviation of the noise on those, so that few clips give many codes."""

    fuzz: Fuzz = field(default_factory=Fuzz)
    """Noise between label and text."""

    seed: int = 20251121
    """Of labels, styles, noise and weights."""


@dataclass(frozen=True, kw_only=True)
class TextBatch:
    """Answers with their codes."""

    codes: Tensor
    """[B, CODE_SIZE]."""

    ids: Tensor
    """[B, L] int64, ended by `<|im_end|>`, then padded."""

    weights: Tensor
    """[B, L] loss weights; 0 on padding."""


NAMES = re.compile(
    r"\b(?:"
    + "|".join(sorted((n for f in SENTENCES["faults"].values() for n in f["names"]), key=len, reverse=True))
    + r")\b"
)


class AnswerTokens:
    """Turns answers into ids and loss weights."""

    def __init__(self, tokenizer: Tokenizer, score_weight: tuple[float, ...], name_weight: float = 1.0):
        self.tokenizer, self.score_weight, self.name_weight = tokenizer, score_weight, name_weight
        self.end = tokenizer.token_to_id(END)
        self.pad = tokenizer.token_to_id(END_OF_TEXT)
        self.digits = {tokenizer.token_to_id(str(d)) for d in range(10)}

    def batch(self, codes: np.ndarray, texts: list[str]) -> TextBatch:
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
            places = [k for k, token in enumerate(row) if token in self.digits]
            for k, place in enumerate(places):
                weights[r, place] = self.score_weight[min(k, len(self.score_weight) - 1)]
        return TextBatch(codes=torch.from_numpy(codes), ids=ids, weights=weights)


def oracle_batch(
    recipe: LanguageRecipe, tokens: AnswerTokens, rng: np.random.Generator, heard: np.ndarray | None = None
) -> TextBatch:
    """Fresh codes as a perceiver gives them, some of them chosen from `heard` [n, CODE_SIZE], and the texts
    of what they decide."""
    styles = rng.standard_normal((recipe.rows, STYLE_SIZE))
    codes = recipe.noise.on(np.stack([code(recipe.prior.draw(rng), style) for style in styles]), rng)
    if heard is not None:
        real = np.flatnonzero(rng.random(recipe.rows) < recipe.heard)
        noise = recipe.heard_noise * rng.standard_normal((len(real), CODE_SIZE))
        codes[real] = heard[rng.integers(len(heard), size=len(real))] + noise
    texts = [compose(decide(c), c[STYLE_PART], rng, recipe.fuzz) for c in codes]
    return tokens.batch(codes, texts)


FrameTokens = Callable[[int, np.random.Generator], Tensor]
"""(count, rng) → [count, D] tokens such as the vision branch gives."""


def random_frame_tokens(size: int) -> FrameTokens:
    """Vectors of no meaning whose size and common part vary, to cover whatever the vision branch will say."""

    def draw(count: int, rng: np.random.Generator) -> Tensor:
        scale = 0.05 * 60 ** rng.uniform(0, 1)
        common = rng.uniform(0, 0.9)
        own = rng.standard_normal((count, size))
        mean = rng.standard_normal((1, size))
        tokens = scale * (math.sqrt(1 - common) * own + math.sqrt(common) * mean)
        return torch.from_numpy(tokens.astype(np.float32))

    return draw


def oracle_loss(
    model: OracleLanguage, prompt: PromptIds, batch: TextBatch, seen: Tensor, frames: Tensor
) -> Tensor:
    """Weighted mean cross-entropy of the answers.

    seen [P] bool: prompt places that are not left out; frames [F, D] stand at the seen context places.
    """
    decoder, rows, motion = model.decoder, len(batch.ids), prompt.motion
    held = prompt.context[seen[prompt.context]]
    prefix = decoder.embed(prompt.ids[:motion]).index_copy(0, held, frames)
    before, after = seen[:motion], seen[motion + 1 :]
    question = decoder.embed(prompt.ids[motion + 1 :][after]).expand(rows, -1, -1)
    answer = decoder.embed(batch.ids[:, :-1])
    inputs = torch.cat([model.code(batch.codes)[:, None], question, answer], 1)
    place = torch.arange(prompt.length + answer.shape[1])
    positions = torch.cat([place[motion : motion + 1], place[motion + 1 : prompt.length][after]])
    positions = torch.cat([positions, place[prompt.length :]])
    hidden = shared_prefix(decoder, prefix[before][None], place[:motion][before], inputs, positions)
    hidden = hidden[:, question.shape[1] :]
    used = batch.weights > 0
    loss = F.cross_entropy(decoder.logits(hidden, used), batch.ids[used], reduction="none")
    return (loss * batch.weights[used]).sum() / batch.weights.sum()


def rate(step: int, recipe: LanguageRecipe) -> float:
    """Learning rate of a step: linear warm-up, cosine to 0."""
    warm = min(1.0, (step + 1) / recipe.warmup)
    return recipe.lr * warm * 0.5 * (1 + math.cos(math.pi * step / recipe.steps))


def seen_places(prompt: PromptIds, step: int, recipe: LanguageRecipe, rng: np.random.Generator) -> Tensor:
    """Prompt places [P] bool that a step keeps."""
    if step < recipe.bare_until * recipe.steps:
        return torch.zeros(prompt.length, dtype=torch.bool)
    seen = torch.ones(prompt.length, dtype=torch.bool)
    if step < recipe.full_from * recipe.steps and step % recipe.full_every:
        low, high = recipe.short_tokens
        count = min(int(rng.integers(low, high + 1)) * prompt.frames, len(prompt.context))
        kept = rng.choice(len(prompt.context), count, replace=False)
        seen[prompt.context] = False
        seen[prompt.context[torch.from_numpy(kept)]] = True
    return seen


class LanguageTraining:
    """Resumable: state lies in one file, written every `save_every` steps and at the end."""

    def __init__(self, tokenizer: Tokenizer, prompt: PromptIds, recipe: LanguageRecipe, file: Path):
        torch.manual_seed(recipe.seed)
        self.recipe, self.prompt, self.file = recipe, prompt, file
        self.tokens = AnswerTokens(tokenizer, recipe.score_weight, recipe.name_weight)
        self.model = OracleLanguage(language_config(tokenizer))
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=recipe.lr, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
        )
        self.rng = np.random.default_rng(recipe.seed)
        self.step, self.seconds = 0, 0.0
        self.frames = random_frame_tokens(self.model.decoder.config.hidden_size)
        self.heard: np.ndarray | None = None
        self.signature = json.dumps(
            {**asdict(recipe), "prompt": prompt.ids.tolist(), "vocab": tokenizer.to_str()}, sort_keys=True
        )

    def restore(self) -> bool:
        """Continues from the file, unless that was another recipe, prompt or vocabulary."""
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
        """Starts from the weights of a run with other sentences: embeddings are matched by token, a new token
        starts as the mean of the pieces that the other vocabulary cuts it into."""
        model, other, _ = saved_language(file)
        weights = model.state_dict()
        name = "decoder.model.embed_tokens.weight"
        known, own = other.get_vocab(), self.tokens.tokenizer
        rows = torch.empty_like(self.model.state_dict()[name])
        for token, place in own.get_vocab().items():
            text = own.decode([place], skip_special_tokens=False)
            pieces = [known[token]] if token in known else other.encode(text, add_special_tokens=False).ids
            rows[place] = weights[name][pieces].mean(0)
        self.model.load_state_dict({**weights, name: rows})

    def save(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "signature": self.signature,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.bit_generator.state,
            "step": self.step,
            "seconds": self.seconds,
        }
        partial = self.file.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.file)

    def train_step(self) -> float:
        """One optimiser step; returns its loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate(self.step, self.recipe)
        batch = oracle_batch(self.recipe, self.tokens, self.rng, self.heard)
        seen = seen_places(self.prompt, self.step, self.recipe, self.rng)
        frames = self.frames(int(seen[self.prompt.context].sum()), self.rng)
        loss = oracle_loss(self.model, self.prompt, batch, seen, frames)
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


def saved_language(file: Path) -> tuple[OracleLanguage, Tokenizer, dict[str, float]]:
    """The language half of a training file, its tokenizer, and how far it has come (step, CPU seconds)."""
    state = torch.load(file, weights_only=False)
    tokenizer = Tokenizer.from_str(json.loads(state["signature"])["vocab"])
    model = OracleLanguage(language_config(tokenizer))
    model.load_state_dict(state["model"])
    return model.eval(), tokenizer, {"step": state["step"], "seconds": state["seconds"]}


TOKENIZER_TEXTS = 8000
"""Answers that the tokenizer learns from."""


def train_tokenizer(recipe: LanguageRecipe, shape: PromptShape, *, largest: int = LARGEST) -> Tokenizer:
    """A tokenizer for the recipe's answers and the prompt of this shape."""
    rng = np.random.default_rng(recipe.seed)
    texts = [
        compose(recipe.prior.draw(rng), rng.standard_normal(STYLE_SIZE), rng, recipe.fuzz)
        for _ in range(TOKENIZER_TEXTS)
    ]
    return train(texts, words_of_prompt(shape), largest=largest)


def language_training(work: Path, recipe: LanguageRecipe, shape: PromptShape) -> LanguageTraining:
    """The training in the folder `work`: continued where it stopped if nothing it depends on has changed."""
    tokenizer = train_tokenizer(recipe, shape)
    training = LanguageTraining(tokenizer, prompt_ids(tokenizer, shape), recipe, work / "language.pt")
    training.restore()
    return training
