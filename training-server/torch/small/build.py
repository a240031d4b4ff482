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
from small.concepts import SCORE, verbalization_policy
from small.config import PROFILE
from small.data import CACHE, load_clips
from small.decode import answers
from small.human.head import load_human_head
from small.join import ConceptMap, join
from small.language import (
    FrameTokens,
    LanguageHalf,
    LanguageRecipe,
    LanguageTraining,
    language_training,
    random_frame_tokens,
    saved_language,
)
from small.penalty.copies import ORIGINAL, load_rows
from small.perception import OTHER_SEEDS, load_normalizer, load_projector, motion_inputs, projector_path
from small.perception_half import load_perception_half
from small.projector import Projector, pad_pooled
from small.prompt import PromptShape, prompt_ids
from small.restore import BUNDLED, RESTORED, restored_part
from small.text import DISTORTIONS
from small.tokenizer import load
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
    """Trains the language half on oracle concepts, from the restored decoder after the stage `restore`."""
    torch.set_num_threads(1)
    training = language_training(ORACLE, LanguageRecipe(), SHAPE)
    if training.step == 0 and RESTORED.exists():
        weights = {f"decoder.{k}": v for k, v in restored_part("language_model.").items()}
        training.adopt_weights(weights, load(BUNDLED))
        print("starts from the bundled package's decoder", flush=True)
    training.frames = mixed_frame_tokens(vision_token_bank())
    for report in training.run():
        print("{step} steps, loss {loss:.3f}, {seconds:.0f} cpu-s".format(**report), flush=True)


FINETUNING = LanguageRecipe(
    steps=2000,
    lr=1.5e-3,
    warmup=20,
    no_prompt_until=0.7,
    full_prompt_every=4,
    full_prompt_from=0.95,
    predicted_share=0.6,
    seed=20251124,
)
"""Continues from `language` on the concepts that the shipped projector predicts.

Nearly a third of the steps have the prompt: after 1,900 without it and 150 with a part of it every text in
the whole prompt was broken.
"""


def stage_finetune() -> None:
    """Fine-tunes the language half on drawn concepts and on predicted concepts of the training clips."""
    torch.set_num_threads(1)
    tokenizer = saved_language(ORACLE)[1]
    training = LanguageTraining(tokenizer, prompt_ids(tokenizer, SHAPE), FINETUNING, FINETUNED)
    if not training.restore():
        training.adopt(ORACLE)
    training.frames = mixed_frame_tokens(vision_token_bank())
    projector = load_projector()
    concept_map = concept_map_of(projector)
    training.predicted_concepts = predicted_concepts(projector, concept_map, training_inputs())
    for report in training.run():
        print("{step} steps, loss {loss:.3f}, {seconds:.0f} cpu-s".format(**report), flush=True)


def trained_language() -> tuple[LanguageHalf, Tokenizer, dict[str, float]]:
    """The language half after `finetune`, or before it; raises FileNotFoundError before `language`."""
    return saved_language(FINETUNED if FINETUNED.exists() else ORACLE)


CONTENT = (3.4, 0.65)
"""Mean and standard deviation of the human head's scores, drawn where there are no features."""


def training_inputs() -> Tensor:
    """Inputs of `motion_mlp` of the procedural training clips and of real clips with their copies."""
    rows = load_rows("train", "train", "train-views")
    real = pad_pooled(load_normalizer()(torch.from_numpy(rows.statistics)))
    repeated = real[np.flatnonzero(rows.kind == ORIGINAL)].repeat(3, 1)
    return torch.cat([motion_inputs(load_clips("train", with_statistics=True)), real, repeated])


@torch.no_grad()
def predicted_concepts(
    projector: Projector, concept_map: ConceptMap, inputs: Tensor, times: int = 4
) -> np.ndarray:
    """Concept vectors [times · n, CONCEPT_DIM]: minus the penalty, plus drawn scores of the human head."""
    concepts = concept_map(projector.hidden(inputs)).numpy().repeat(times, 0)
    rng = np.random.default_rng(11)
    concepts[:, SCORE] += rng.normal(CONTENT[0] - 3, CONTENT[1], (len(concepts), 1))
    return concepts


@torch.no_grad()
def concept_map_of(projector: Projector) -> ConceptMap:
    """The join of a projector, with styles of all training clips."""
    return join(projector.hidden(training_inputs()), projector.labels)


VERBALIZED = 200
"""Held-out clips whose predicted concepts are verbalised by the stage `verbalization`."""


@torch.no_grad()
def stage_verbalization() -> None:
    """Compares the decoder's texts with `verbalization_policy` of the same concepts; reads no label."""
    torch.set_num_threads(1)
    language, tokenizer, _ = trained_language()
    projector, clips = load_projector(), load_clips("test", with_statistics=True)
    inputs = motion_inputs(clips)[:: max(1, len(clips) // VERBALIZED)]
    concepts = torch.from_numpy(predicted_concepts(projector, concept_map_of(projector), inputs, 1))
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
    perception, (head, _) = load_perception_half(), load_human_head()
    for seed in (None, *OTHER_SEEDS):
        if seed is not None and not projector_path(seed).exists():
            continue
        projector = load_projector(seed)
        parts = {**vars(perception), "norm": projector.norm, "inner": projector.inner}
        model = assemble(PerceptionHalf(**parts), language, tokenizer, concept_map_of(projector), head)
        folder = CACHE / ("checkpoint" if seed is None else f"checkpoint-seed{seed}")
        print(f"{folder}: {write_checkpoint(model, tokenizer, folder)}", flush=True)
