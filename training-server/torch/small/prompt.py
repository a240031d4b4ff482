"""The prompt as token ids. Its text is that of `core/answer/prompts.ts`, evaluated in Node."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from small.tokenizer import CONTEXT, IMAGE_END, IMAGE_START

ROOT = Path(__file__).resolve().parents[3]
"""The repository."""

CORE = ROOT / "core"
"""Folder of the rules of the method."""

PROMPTS = {"prompts": CORE / "answer" / "prompts.ts"}


def node() -> str:
    """The project's own Node, else the system's (which must strip types: 22.18 or later)."""
    local = ROOT / "node_modules" / ".bin" / "node"
    path = os.fspath(local) if local.exists() else shutil.which("node")
    if path is None:
        raise RuntimeError("Node is needed to read core: run npm ci in the repository first")
    return path


def evaluate_in_node(modules: Mapping[str, Path], expression: str, given: object) -> Any:
    """The JSON value of a TypeScript `expression` with the modules as names and `given` as `input`."""
    source = "".join(
        f"import * as {name} from {json.dumps(path.as_uri())};\n" for name, path in modules.items()
    )
    source += (
        "import { readFileSync } from 'node:fs';\n"
        "const input = JSON.parse(readFileSync(0, 'utf8'));\n"
        f"process.stdout.write(JSON.stringify({expression.strip()}));"
    )
    done = subprocess.run(
        [node(), "--input-type=module", "--eval", source],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if done.returncode:
        raise RuntimeError(f"{', '.join(map(str, modules.values()))}: {done.stderr.strip()}")
    return json.loads(done.stdout)


@dataclass(frozen=True, kw_only=True)
class PromptShape:
    """The part of a profile that the prompt depends on."""

    frames: int = 8
    """Sampled frames N."""

    tokens_per_frame: int = 49
    """Context tokens per frame."""

    prompt: str = "small"
    """Id in core/answer/prompts.ts."""


@cache
def prompt_text(shape: PromptShape) -> str:
    """The whole conversation up to the answer, placeholders expanded."""
    given = {"prompt": shape.prompt, "frames": shape.frames, "tokensPerFrame": shape.tokens_per_frame}
    return str(evaluate_in_node(PROMPTS, "prompts.promptText(input)", given))


@cache
def prompt_sha256(shape: PromptShape) -> str:
    """SHA-256 of the conversation, placeholders unexpanded: `promptSha256` of a profile."""
    given = {"prompt": shape.prompt, "frames": shape.frames}
    text = str(evaluate_in_node(PROMPTS, "prompts.conversation(input.prompt, input.frames)", given))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def prompt_without_context(shape: PromptShape) -> str:
    """The prompt without its context tokens and image markers, for the tokenizer's training."""
    return prompt_text(shape).replace(CONTEXT, "").replace(IMAGE_START, "").replace(IMAGE_END, "")


@dataclass(frozen=True, kw_only=True)
class PromptIds:
    """A prompt in ids, with the positions that features replace."""

    ids: Tensor
    """[P] int64."""

    frames: int
    """Sampled frames N."""

    context: Tensor
    """[N · tokens_per_frame] positions of the frame tokens, in order."""

    motion: int
    """Position of the motion token: the last context id."""

    @property
    def length(self) -> int:
        return len(self.ids)


def prompt_ids(tokenizer: Tokenizer, shape: PromptShape) -> PromptIds:
    """Encodes the prompt; every context string must become one id."""
    ids = torch.tensor(tokenizer.encode(prompt_text(shape), add_special_tokens=False).ids)
    context = (ids == tokenizer.token_to_id(CONTEXT)).nonzero()[:, 0]
    if len(context) != shape.frames * shape.tokens_per_frame + 1:
        raise ValueError(f"the prompt has {len(context)} context tokens, not one a feature")
    return PromptIds(ids=ids, frames=shape.frames, context=context[:-1], motion=int(context[-1]))
