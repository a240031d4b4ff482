"""A checkpoint, or the package made of it, as a judge: clips in, the answers' texts out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from modules.loader import SINGLE, load_model
from modules.profiles import Profile
from small.decode import answers
from small.prompt import PromptShape, prompt_ids, prompt_sha256
from small.tokenizer import load

BATCH = 32
"""Videos decoded side by side."""

Keyed = tuple[str, Callable[[], Tensor]]
"""Name of a clip and what reads its pixels [2N, 3, S, S], normalised; the vision branch sees every first one of a pair."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the encoders make of a clip."""

    frames: Tensor
    """[N · tokens per frame, D]."""

    motion: Tensor
    """[D] motion token."""


class TorchJudge:
    """The torch checkpoint."""

    name = "torch"

    def __init__(self, folder: Path):
        self.folder = folder
        self.model = load_model(folder)
        self.profile: Profile = self.model.config.profile
        self.tokenizer = load(folder)
        shape = PromptShape(frames=self.profile.frames, tokens_per_frame=self.profile.tokens_per_frame)
        if prompt_sha256(shape) != self.profile.prompt_sha256:
            raise ValueError(f"{folder} was trained on another prompt than src/core/prompts.ts now has")
        self.prompt = prompt_ids(self.tokenizer, shape)
        self.sha256 = hashlib.sha256((folder / SINGLE).read_bytes()).hexdigest()

    @torch.no_grad()
    def see(self, pixels: Tensor) -> Seen:
        """One clip [2N, 3, S, S] through both encoders."""
        encoded = self.model.encode(pixels[None, ::2], self.profile, pixels[None])
        return Seen(frames=encoded.frames[0], motion=encoded.motion[0])

    def write(self, seen: list[Seen]) -> list[str]:
        """Greedy texts."""
        frames, motion = torch.stack([s.frames for s in seen]), torch.stack([s.motion for s in seen])
        return list(answers(self.model.language_model, self.tokenizer, self.prompt, frames, motion))


def judge_clips(
    judge, clips: Iterable[Keyed], file: Path, log: Callable[[str], None] = print
) -> Iterator[str]:
    """Texts of the clips in order. Finished ones are kept in `file` (JSON lines), so that a stop loses one batch.

    The file belongs to one judge and one set of weights; its name must say so.
    """
    known: dict[str, str] = {}
    if file.exists():
        known = dict(json.loads(line) for line in file.read_text("utf-8").splitlines())
    file.parent.mkdir(parents=True, exist_ok=True)
    remaining = iter(clips)
    while batch := list(islice(remaining, BATCH)):
        new = [(name, judge.see(pixels())) for name, pixels in batch if name not in known]
        if new:
            texts = judge.write([seen for _, seen in new])
            with file.open("a", encoding="utf-8") as out:
                for (name, _), text in zip(new, texts, strict=True):
                    known[name] = text
                    out.write(json.dumps([name, text]) + "\n")
            log(f"{file.stem}: {len(known)} texts")
        yield from (known[name] for name, _ in batch)
