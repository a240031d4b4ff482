"""A checkpoint, or the package made of it, as a judge: pixels in, the answer's text out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from modules.loader import SINGLE, load_model
from modules.profiles import Profile, profile_from_json
from modules.statistics import TABLE_PATH
from small.decode import LONGEST_ANSWER, prompt_embeddings
from small.evaluation.greedy import greedy
from small.prompt import PromptIds, PromptShape, prompt_ids, prompt_sha256
from small.tokenizer import END, load

MODULES = Path(__file__).parents[1] / "modules"
EYES = ("vision_model.", "mlp1.", "slowfast_model.", "motion_statistics.")
"""Tensors that `see` reads; a projector, a decoder or another seed of them leaves these alone."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the encoders make of a clip."""

    frames: Tensor
    """[N · tokens per frame, D] vision tokens."""

    motion: Tensor
    """[M] the motion projector's input, or its output: what the judge itself makes it of."""


class Judge(Protocol):
    """Sees clips one by one and writes answers in batches."""

    def see(self, pixels: Tensor) -> Seen:
        """One clip [2N, 3, S, S], normalised; the vision branch gets the first frame of every pair."""

    def write(self, seen: Sequence[Seen]) -> list[str]:
        """Greedy texts."""


class Folder(Protocol):
    """Where a judge is loaded from; small enough to be sent to another process."""

    @property
    def key(self) -> str:
        """Names the weights and the code: texts of one key may be kept and read again."""

    @property
    def eyes(self) -> str:
        """Names what `see` depends on: judges with the same eyes see the same."""

    def load(self) -> Judge: ...


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Of the code and the table that turn weights and pixels into answers."""
    files = [f for f in sorted(MODULES.glob("*.py")) if not f.name.startswith("test_")]
    return hashlib.sha256(b"".join(f.read_bytes() for f in (*files, TABLE_PATH))).hexdigest()


def _short(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts) + code_digest().encode()).hexdigest()[:12]


@lru_cache(maxsize=16)
def weights_digest(folder: Path) -> str:
    """SHA-256 of a checkpoint's weights, as a package's manifest gives it."""
    return hashlib.sha256((folder / SINGLE).read_bytes()).hexdigest()


@lru_cache(maxsize=16)
def _eyes_of(folder: Path) -> str:
    with safe_open(folder / SINGLE, "np") as file:
        names = sorted(name for name in file.keys() if name.startswith(EYES))
        parts = [name.encode() + np.ascontiguousarray(file.get_tensor(name)).tobytes() for name in names]
    config = json.loads((folder / "config.json").read_text("utf-8"))
    shapes = {key: config.get(key) for key in ("vision_config", "motion_config", "profiles")}
    return _short(*parts, json.dumps(shapes, sort_keys=True).encode())


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint folder, run by PyTorch."""

    folder: Path

    @property
    def key(self) -> str:
        return _short(weights_digest(self.folder).encode())

    @property
    def eyes(self) -> str:
        return _eyes_of(self.folder)

    def load(self) -> TorchJudge:
        return TorchJudge(self.folder)


@dataclass(frozen=True)
class Package:
    """A package's graphs of the WASM dialect, run by onnxruntime."""

    folder: Path
    dtype: str

    def manifest(self) -> dict:
        return json.loads((self.folder / "manifest.json").read_text("utf-8"))

    @property
    def key(self) -> str:
        held = sorted(f["sha256"] for f in self.manifest()["files"] if f["path"].startswith("onnx-wasm/"))
        return f"{self.dtype}-{_short(''.join(held).encode())}"

    @property
    def eyes(self) -> str:
        return self.key

    @property
    def bytes(self) -> int:
        return sum(f["bytes"] for f in self.manifest()["files"])

    def load(self) -> PackageJudge:
        return PackageJudge(self.folder, self.dtype)


def prompt_of(profile: Profile, folder: Path) -> PromptIds:
    """The prompt that the page will send; an error where the weights were trained on another."""
    shape = PromptShape(frames=profile.frames, tokens_per_frame=profile.tokens_per_frame)
    if prompt_sha256(shape) != profile.prompt_sha256:
        raise ValueError(f"{folder} was trained on another prompt than core/answer/prompts.ts has")
    return prompt_ids(load(folder), shape)


class TorchJudge:
    def __init__(self, folder: Path):
        self.model = load_model(folder)
        self.profile = self.model.config.profile
        self.tokenizer = load(folder)
        self.prompt = prompt_of(self.profile, folder)

    @torch.no_grad()
    def see(self, pixels: Tensor) -> Seen:
        vector = self.model.motion_vector(pixels[None], self.profile)
        return Seen(frames=self.model.vision_tokens(pixels[None, ::2])[0], motion=vector[0])

    @torch.no_grad()
    def write(self, seen: Sequence[Seen]) -> list[str]:
        frames = torch.stack([s.frames for s in seen])
        motion = self.model.motion_mlp(torch.stack([s.motion for s in seen]))
        decoder = self.model.language_model
        prompts = prompt_embeddings(decoder, self.prompt, frames, motion)
        tokens = greedy(decoder, prompts, most=LONGEST_ANSWER, end=self.tokenizer.token_to_id(END))
        return self.tokenizer.decode_batch(tokens, skip_special_tokens=True)


class PackageJudge:
    def __init__(self, folder: Path, dtype: str):
        import onnxruntime

        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        self.profile = profile_from_json(manifest["profile"])
        self.tokenizer = load(folder)
        self.prompt = prompt_of(self.profile, folder)
        self.end = self.tokenizer.token_to_id(END)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        suffix = {"fp32": "", "q8": "_quantized"}[dtype]

        def session(part: str) -> onnxruntime.InferenceSession:
            path = folder / "onnx-wasm" / f"{part}{suffix}.onnx"
            return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

        self.vision, self.motion = session("vision_encoder"), session("motion_encoder")
        self.embed, self.decoder = session("embed_tokens"), session("decoder_model_merged")

    def see(self, pixels: Tensor) -> Seen:
        values = pixels.numpy()
        frames = self.vision.run(None, {"pixel_values": np.ascontiguousarray(values[::2])})[0]
        motion = self.motion.run(None, {"pixel_values": values})[0][0]
        return Seen(frames=torch.from_numpy(frames).flatten(0, 1), motion=torch.from_numpy(motion))

    def write(self, seen: Sequence[Seen]) -> list[str]:
        rows = len(seen)
        ids = self.prompt.ids.expand(rows, -1).numpy()
        embeds = self.embed.run(None, {"input_ids": ids})[0]
        embeds[:, self.prompt.context.numpy()] = torch.stack([s.frames for s in seen]).numpy()
        embeds[:, self.prompt.motion] = torch.stack([s.motion for s in seen]).numpy()
        past = {
            i.name: np.zeros((rows, i.shape[1], 0, i.shape[3]), np.float32)
            for i in self.decoder.get_inputs()
            if i.name.startswith("past_key_values.")
        }
        names = [o.name for o in self.decoder.get_outputs()]
        wanted = {i.name for i in self.decoder.get_inputs()}
        tokens = np.empty((rows, 0), np.int64)
        at, done = 0, np.zeros(rows, bool)
        while tokens.shape[1] < LONGEST_ANSWER and not done.all():
            count = embeds.shape[1]
            places = np.broadcast_to(np.arange(at, at + count), (rows, count))
            fed = {
                "inputs_embeds": embeds,
                "attention_mask": np.ones((rows, at + count), np.int64),
                "position_ids": np.ascontiguousarray(places),
                "num_logits_to_keep": np.array(1),
                **past,
            }
            out = self.decoder.run(None, {k: v for k, v in fed.items() if k in wanted})
            found = dict(zip(names, out, strict=True))
            past = {
                n.replace("present", "past_key_values"): found[n] for n in names if n.startswith("present")
            }
            token = np.where(done, self.end, found["logits"][:, -1].argmax(-1))
            tokens, at = np.concatenate([tokens, token[:, None]], 1), at + count
            done |= token == self.end
            embeds = self.embed.run(None, {"input_ids": token[:, None]})[0]
        return self.tokenizer.decode_batch(tokens.tolist(), skip_special_tokens=True)
