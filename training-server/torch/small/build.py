"""The last stages of the small model: language half, join, checkpoint folder.

`language` needs no video and may run first; `checkpoint` needs the stage `projector`. Both can be run again:
the language half resumes, the checkpoint is written anew.
"""

from __future__ import annotations

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from small.answers import read_answers
from small.checkpoint import PerceptionHalf, assemble, write_checkpoint
from small.concepts import LABEL_PART, SCORE, SEVERITY, verbalization_policy
from small.config import PROFILE
from small.data import CACHE, load_clips
from small.decode import answers
from small.join import ConceptMap, explained, join
from small.language import (
    FrameTokens,
    LanguageHalf,
    LanguageRecipe,
    LanguageTraining,
    language_training,
    random_frame_tokens,
    saved_language,
)
from small.perception import OTHER_SEEDS, concepts_of, load_projector, motion_inputs
from small.perception_half import load_perception_half
from small.projector import Projector
from small.prompt import PromptShape, prompt_ids
from small.text import DISTORTIONS
from small.vision import frame_tokens, load_vision

LANGUAGE = CACHE / "language"
ORACLE = LANGUAGE / "oracle_concepts.pt"
FINETUNED = LANGUAGE / "predicted_concepts.pt"
SHAPE = PromptShape(frames=PROFILE.frames, tokens_per_frame=PROFILE.tokens_per_frame)

BANK = 48
"""Clips whose real vision tokens are frame tokens in the language half's training."""


def vision_token_bank(count: int = BANK) -> Tensor:
    """Real vision tokens [count, 392, 192] of clips of different scenes, cached beside the language half."""
    path = LANGUAGE / "vision_tokens.npy"
    if not path.exists():
        clips, vision = load_clips("train"), load_vision()
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, frame_tokens(vision, clips, list(range(1, 4 * count, 4))[:count]).numpy())
    return torch.from_numpy(np.load(path))


def mixed_frame_tokens(bank: Tensor) -> FrameTokens:
    """Random vectors in half of the steps, tokens of a real clip in the others."""
    draw_random = random_frame_tokens(bank.shape[-1])

    def draw(count: int, rng: np.random.Generator) -> Tensor:
        if rng.random() < 0.5:
            return draw_random(count, rng)
        clip = bank[rng.integers(len(bank))]
        indices = rng.choice(len(clip), count, replace=False)
        return clip[torch.from_numpy(np.sort(indices))]

    return draw


def stage_language() -> None:
    """Trains the language half on oracle concepts."""
    torch.set_num_threads(1)
    training = language_training(ORACLE, LanguageRecipe(), SHAPE)
    training.frames = mixed_frame_tokens(vision_token_bank())
    for report in training.run():
        print("{step} steps, loss {loss:.3f}, {seconds:.0f} cpu-s".format(**report), flush=True)


FINETUNING = LanguageRecipe(
    steps=3000,
    lr=2e-3,
    warmup=50,
    no_prompt_until=0.7,
    full_prompt_from=0.8,
    predicted_share=0.6,
    seed=20251124,
)
"""Continues from `language` on the concepts that the shipped projector predicts."""


def stage_finetune() -> None:
    """Fine-tunes the language half on drawn concepts and on predicted concepts of the training clips."""
    torch.set_num_threads(1)
    tokenizer = saved_language(ORACLE)[1]
    training = LanguageTraining(tokenizer, prompt_ids(tokenizer, SHAPE), FINETUNING, FINETUNED)
    if not training.restore():
        training.adopt(ORACLE)
    training.frames = mixed_frame_tokens(vision_token_bank())
    projector, clips = load_projector(), load_clips("train", with_statistics=True)
    with torch.no_grad():
        hidden = projector.hidden(motion_inputs(clips))
        training.predicted_concepts = concept_map_of(projector)(hidden).numpy()
    for report in training.run():
        print("{step} steps, loss {loss:.3f}, {seconds:.0f} cpu-s".format(**report), flush=True)


def trained_language() -> tuple[LanguageHalf, Tokenizer, dict[str, float]]:
    """The language half after `finetune`, or before it; raises FileNotFoundError before `language`."""
    return saved_language(FINETUNED if FINETUNED.exists() else ORACLE)


@torch.no_grad()
def concept_map_of(projector: Projector) -> ConceptMap:
    """The join of a projector, with styles of all training clips; prints R² of its label concepts."""
    train, test = (load_clips(split, with_statistics=True) for split in ("train", "test"))
    concept_map = join(projector.hidden(motion_inputs(train)), projector.labels)
    predicted = concept_map(projector.hidden(motion_inputs(test)))[:, LABEL_PART]
    r2 = explained(predicted, concepts_of(test))
    listed = " ".join(f"{float(r):.2f}" for r in r2[SEVERITY])
    print(f"{len(train)} clips, R²: score {float(r2[SCORE][0]):.2f}, distortions {listed}")
    return concept_map


VERBALIZED = 200
"""Held-out clips whose predicted concepts are verbalised by the stage `verbalization`."""


@torch.no_grad()
def stage_verbalization() -> None:
    """Compares the decoder's texts with `verbalization_policy` of the same concepts; reads no label."""
    torch.set_num_threads(1)
    language, tokenizer, _ = trained_language()
    projector, clips = load_projector(), load_clips("test", with_statistics=True)
    inputs = motion_inputs(clips)[:: max(1, len(clips) // VERBALIZED)]
    concepts = concept_map_of(projector)(projector.hidden(inputs))
    frames = vision_token_bank()[:1]
    prompt = prompt_ids(tokenizer, SHAPE)
    motion = language.concept_embedding(concepts)
    read = read_answers(answers(language.decoder, tokenizer, prompt, frames, motion))
    first, same, errors = 0, 0, []
    for vector, answer in zip(concepts.numpy(), read, strict=True):
        expected = verbalization_policy(vector)
        order = sorted(np.flatnonzero(expected.severity), key=lambda i: -expected.severity[i])
        named = [DISTORTIONS[i] for i in order]
        first += answer.named[:1] == tuple(named[:1])
        same += set(answer.named) == set(named)
        errors += [] if answer.score is None else [abs(answer.score - expected.score)]
    n = len(concepts)
    print(
        f"{n} concept vectors: {len(errors) / n:.3f} readable, first distortion {first / n:.3f}, "
        f"all distortions {same / n:.3f}, mean error of the score {np.mean(errors):.3f}"
    )


def stage_checkpoint() -> None:
    """Writes the shipped checkpoint, and one of each other projector, for metrics as means of seeds."""
    torch.set_num_threads(1)
    language, tokenizer, trained = trained_language()
    print("language half: {step} steps, {seconds:.0f} cpu-s".format(**trained))
    perception = load_perception_half()
    for seed in (None, *OTHER_SEEDS):
        projector = load_projector(seed)
        parts = {**vars(perception), "norm": projector.norm, "inner": projector.inner}
        model = assemble(PerceptionHalf(**parts), language, tokenizer, concept_map_of(projector))
        folder = CACHE / ("checkpoint" if seed is None else f"checkpoint-seed{seed}")
        print(f"{folder}: {write_checkpoint(model, tokenizer, folder)}", flush=True)
