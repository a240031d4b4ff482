"""The last stages of the small model: the language half, the join, the checkpoint folder.

`language` needs no video and may run first; `checkpoint` needs the stage `projector`. Both can be run again:
the language half goes on where it stopped, the checkpoint is made anew.
"""

from __future__ import annotations

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from small.answers import read_answers
from small.checkpoint import Perceiver, assemble, write_checkpoint
from small.codes import LABEL_PART, SCORE, SEVERITY, decide
from small.config import PROFILE
from small.data import CACHE, load_clips
from small.decode import answers
from small.join import CodeMap, explained, join
from small.language import (
    FrameTokens,
    LanguageRecipe,
    LanguageTraining,
    OracleLanguage,
    language_training,
    random_frame_tokens,
    saved_language,
)
from small.perceiver import load_perceiver
from small.perception import OTHER_SEEDS, codes_of, load_projector, motion_inputs
from small.projector import Projector
from small.prompt import PromptShape, prompt_ids
from small.text import DISTORTIONS
from small.vision import frame_tokens, load_vision

LANGUAGE = CACHE / "language"
SHAPE = PromptShape(frames=PROFILE.frames, tokens_per_frame=PROFILE.tokens_per_frame)

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


HEARING = LanguageRecipe(
    steps=3000, lr=2e-3, warmup=50, bare_until=0.7, full_from=0.8, heard=0.6, seed=20251124
)
"""On from `language`: the decoder hears the codes of the very projector that it will be joined to."""


def stage_hearing() -> None:
    """Goes on with the language half on drawn codes and on the projector's codes of the training clips."""
    torch.set_num_threads(1)
    before = LANGUAGE / "language.pt"
    tokenizer = saved_language(before)[1]
    training = LanguageTraining(tokenizer, prompt_ids(tokenizer, SHAPE), HEARING, LANGUAGE / "hearing.pt")
    if not training.restore():
        training.adopt(before)
    training.frames = mixed_frame_tokens(vision_token_bank())
    projector, clips = load_projector(), load_clips("train", with_statistics=True)
    with torch.no_grad():
        training.heard = code_map_of(projector)(projector.hidden(motion_inputs(clips))).numpy()
    for report in training.run():
        print("{step} steps, loss {loss:.3f}, {seconds:.0f} cpu-s".format(**report), flush=True)


def trained_language() -> tuple[OracleLanguage, Tokenizer, dict[str, float]]:
    """The language half after `hearing`, or before it; raises FileNotFoundError before `language`."""
    hearing = LANGUAGE / "hearing.pt"
    return saved_language(hearing if hearing.exists() else LANGUAGE / "language.pt")


@torch.no_grad()
def code_map_of(projector: Projector) -> CodeMap:
    """The join of a projector, with styles from all training clips; prints what of the labels it explains."""
    train, test = (load_clips(split, with_statistics=True) for split in ("train", "test"))
    found = join(projector.hidden(motion_inputs(train)), projector.labels)
    predicted = found(projector.hidden(motion_inputs(test)))[:, LABEL_PART]
    worth = explained(predicted, codes_of(test))
    listed = " ".join(f"{float(r):.2f}" for r in worth[SEVERITY])
    print(f"{len(train)} clips, R²: score {float(worth[SCORE][0]):.2f}, faults {listed}")
    return found


FOLLOWED = 200
"""Held-out clips whose codes are put into words to see how well the decoder follows them."""


@torch.no_grad()
def stage_follow() -> None:
    """How often the decoder says what `decide` makes of the code that it is given; no label is looked at."""
    torch.set_num_threads(1)
    language, tokenizer, _ = trained_language()
    projector, clips = load_projector(), load_clips("test", with_statistics=True)
    inputs = motion_inputs(clips)[:: max(1, len(clips) // FOLLOWED)]
    codes = code_map_of(projector)(projector.hidden(inputs))
    frames = vision_token_bank()[:1]
    prompt = prompt_ids(tokenizer, SHAPE)
    read = read_answers(list(answers(language.decoder, tokenizer, prompt, frames, language.code(codes))))
    first, same, apart = 0, 0, []
    for code, answer in zip(codes.numpy(), read, strict=True):
        meant = decide(code)
        order = sorted(np.flatnonzero(meant.severity), key=lambda i: -meant.severity[i])
        named = [DISTORTIONS[i] for i in order]
        first += answer.found[:1] == tuple(named[:1])
        same += set(answer.found) == set(named)
        apart += [] if answer.score is None else [abs(answer.score - meant.score)]
    print(
        f"{len(codes)} codes: {len(apart) / len(codes):.3f} readable, first fault {first / len(codes):.3f}, "
        f"all faults {same / len(codes):.3f}, score off by {np.mean(apart):.3f}"
    )


def stage_checkpoint() -> None:
    """Writes the shipped checkpoint, and the same with other projectors, for figures as means of seeds."""
    torch.set_num_threads(1)
    language, tokenizer, trained = trained_language()
    print("language half: {step} steps, {seconds:.0f} cpu-s".format(**trained))
    perceiver = load_perceiver()
    for seed in (None, *OTHER_SEEDS):
        projector = load_projector(seed)
        own = {**vars(perceiver), "norm": projector.norm, "inner": projector.inner}
        model = assemble(Perceiver(**own), language, tokenizer, code_map_of(projector))
        folder = CACHE / ("checkpoint" if seed is None else f"checkpoint-seed{seed}")
        print(f"{folder}: {write_checkpoint(model, tokenizer, folder)}", flush=True)
