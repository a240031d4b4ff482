"""The last stages of the small model: the language half, the join, the checkpoint folder.

`language` needs no video and may run first; `checkpoint` needs the stage `projector`. Both can be run again:
the language half goes on where it stopped, the checkpoint is made anew.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from small.checkpoint import Perceiver, assemble, write_checkpoint
from small.codes import LABEL_PART, SCORE, SEVERITY
from small.data import CACHE, load_clips
from small.join import CodeMap, best_penalty, explained, join
from small.language import FrameTokens, LanguageRecipe, language_training, random_frame_tokens, saved_language
from small.perceiver import load_perceiver
from small.perception import (
    PROFILE,
    HeadOptions,
    Projector,
    codes_of,
    fit_head,
    load_projector,
    motion_inputs,
)
from small.prompt import PromptShape
from small.vision import frame_tokens, load_vision

LANGUAGE = CACHE / "language"
SHAPE = PromptShape(frames=PROFILE.frames, tokens_per_frame=PROFILE.tokens_per_frame)

OTHER_SEEDS = (101, 102)
"""Heads fitted anew for the ladder, whose figures move more by the seed than by anything else."""

BANK = 48
"""Clips whose real vision tokens the language half meets in training."""


def vision_token_bank(count: int = BANK) -> Tensor:
    """Real vision tokens of clips of different scenes [count, 392, 192], kept beside the language half."""
    path = LANGUAGE / "vision_tokens.npy"
    if not path.exists():
        clips, vision = load_clips("train"), load_vision()
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, frame_tokens(vision, clips, list(range(1, 4 * count, 4))[:count]).numpy())
    return torch.from_numpy(np.load(path))


def mixed_frame_tokens(bank: Tensor) -> FrameTokens:
    """Half the steps: random vectors; half: places of a real clip."""
    drawn = random_frame_tokens(bank.shape[-1])

    def draw(count: int, rng: np.random.Generator) -> Tensor:
        if rng.random() < 0.5:
            return drawn(count, rng)
        clip = bank[rng.integers(len(bank))]
        places = rng.choice(len(clip), count, replace=False)
        return clip[torch.from_numpy(np.sort(places))]

    return draw


def stage_language() -> None:
    """Trains the language half on codes."""
    torch.set_num_threads(1)
    training = language_training(LANGUAGE, LanguageRecipe(), SHAPE)
    training.frames = mixed_frame_tokens(vision_token_bank())
    for report in training.run():
        print("{step} steps, loss {loss:.3f}, {seconds:.0f} cpu-s".format(**report), flush=True)


@torch.no_grad()
def code_map_of(projector: Projector) -> CodeMap:
    """The join of a projector, fitted on all training clips; prints how much of the codes it explains."""
    train, test = (load_clips(split, with_statistics=True) for split in ("train", "test"))
    hidden, codes = projector.hidden(motion_inputs(train)), codes_of(train)
    # Every fifth scene chooses the penalty; then all are fitted.
    penalty = best_penalty(hidden, codes, torch.from_numpy(train.group % 5 == 0))
    found = join(hidden, codes, penalty=penalty)
    predicted = found(projector.hidden(motion_inputs(test)))[:, LABEL_PART]
    worth = explained(predicted, codes_of(test))
    listed = " ".join(f"{float(r):.2f}" for r in worth[SEVERITY])
    print(f"{len(train)} clips, penalty {penalty:g}, R²: score {float(worth[SCORE][0]):.2f}, faults {listed}")
    return found


def stage_checkpoint() -> None:
    """Writes the shipped checkpoint and, for the ladder, the same with other seeds of the head."""
    torch.set_num_threads(1)
    language, tokenizer, trained = saved_language(LANGUAGE / "language.pt")
    print("language half: {step} steps, {seconds:.0f} cpu-s".format(**trained))
    perceiver, projector = load_perceiver(), load_projector()
    folder = CACHE / "checkpoint"
    model = assemble(perceiver, language, tokenizer, code_map_of(projector))
    sha256 = write_checkpoint(model, tokenizer, folder)
    print(f"{folder}: {sha256}")
    train = load_clips("train", with_statistics=True)
    inputs, codes = motion_inputs(train), codes_of(train)
    for seed in OTHER_SEEDS:
        other = fit_head(inputs, codes, seed, HeadOptions(steps=2500))
        own = {**vars(perceiver), "norm": other.norm, "inner": other.inner}
        model = assemble(Perceiver(**own), language, tokenizer, code_map_of(other))
        write_checkpoint(model, tokenizer, folder.with_name(f"{folder.name}-seed{seed}"))
