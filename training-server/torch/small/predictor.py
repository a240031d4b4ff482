"""Predictors: a checkpoint in PyTorch, or its package in onnxruntime, from pixels to the answer's text."""

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
from small.decode import LONGEST_ANSWER, answers
from small.prompt import PromptIds, PromptShape, prompt_ids, prompt_sha256
from small.tokenizer import END, load

MODULES = Path(__file__).parents[1] / "modules"
ENCODER_PREFIXES = ("vision_model.", "mlp1.", "slowfast_model.", "motion_statistics.")
"""Tensors that `encode` depends on; another projector, decoder or seed of them leaves these unchanged."""


@dataclass(frozen=True, kw_only=True)
class EncodedClip:
    """Encoder outputs of a clip."""

    frames: Tensor
    """[N · tokens per frame, D] vision tokens."""

    motion: Tensor
    """[M] input of the motion projector, or its output: what the predictor's own `generate` takes."""

    quality: Tensor | None = None
    """[n] quality features, NaN where missing; None, all missing."""


class Predictor(Protocol):
    """Model that encodes clips one by one and generates answers in batches."""

    def encode(self, pixels: Tensor, quality: Tensor | None = None) -> EncodedClip:
        """One clip [2N, 3, S, S], normalised, and its quality features [n]; the vision branch gets the first
        frame of every pair."""

    def generate(self, clips: Sequence[EncodedClip]) -> list[str]:
        """Greedily decoded texts."""


class ModelSource(Protocol):
    """Location that a predictor is loaded from; small enough to be sent to another process."""

    @property
    def key(self) -> str:
        """Digest of weights and code; texts of one key may be cached."""

    @property
    def encoder_id(self) -> str:
        """Digest of all that `encode` depends on; sources of one id share encoded clips."""

    def load(self) -> Predictor: ...


@lru_cache(maxsize=1)
def source_digest() -> str:
    """SHA-256 of the code and the table that turn weights and pixels into answers."""
    files = [f for f in sorted(MODULES.glob("*.py")) if not f.name.startswith("test_")]
    return hashlib.sha256(b"".join(f.read_bytes() for f in (*files, TABLE_PATH))).hexdigest()


def _short(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts) + source_digest().encode()).hexdigest()[:12]


@lru_cache(maxsize=16)
def weights_digest(folder: Path) -> str:
    """SHA-256 of a checkpoint's weights, as in a package's manifest."""
    return hashlib.sha256((folder / SINGLE).read_bytes()).hexdigest()


@lru_cache(maxsize=16)
def _encoder_id(folder: Path) -> str:
    with safe_open(folder / SINGLE, "np") as file:
        names = sorted(name for name in file.keys() if name.startswith(ENCODER_PREFIXES))
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
    def encoder_id(self) -> str:
        return _encoder_id(self.folder)

    def load(self) -> TorchPredictor:
        return TorchPredictor(self.folder)


@dataclass(frozen=True)
class Package:
    """A package's graphs of the target `wasm`, run by onnxruntime."""

    folder: Path
    dtype: str

    def manifest(self) -> dict:
        return json.loads((self.folder / "manifest.json").read_text("utf-8"))

    @property
    def key(self) -> str:
        files = self.manifest()["files"]
        hashes = sorted(f["sha256"] for f in files if f["path"].startswith("onnx-wasm/"))
        return f"{self.dtype}-{_short(''.join(hashes).encode())}"

    @property
    def encoder_id(self) -> str:
        return self.key

    @property
    def bytes(self) -> int:
        return sum(f["bytes"] for f in self.manifest()["files"])

    def load(self) -> PackagePredictor:
        return PackagePredictor(self.folder, self.dtype)


def prompt_of(profile: Profile, folder: Path) -> PromptIds:
    """The prompt that the page sends; ValueError where the weights were trained on another."""
    shape = PromptShape(frames=profile.frames, tokens_per_frame=profile.tokens_per_frame)
    if prompt_sha256(shape) != profile.prompt_sha256:
        raise ValueError(f"{folder} was trained on another prompt than core/answer/prompts.ts has")
    return prompt_ids(load(folder), shape)


class TorchPredictor:
    """`Predictor` of a checkpoint folder."""

    def __init__(self, folder: Path):
        self.model = load_model(folder)
        self.profile = self.model.config.profile
        self.tokenizer = load(folder)
        self.prompt = prompt_of(self.profile, folder)

    @torch.no_grad()
    def encode(self, pixels: Tensor, quality: Tensor | None = None) -> EncodedClip:
        motion = self.model.motion_vector(pixels[None], self.profile)
        frames = self.model.vision_tokens(pixels[None, ::2])[0]
        return EncodedClip(frames=frames, motion=motion[0], quality=quality)

    def quality_features(self, clips: Sequence[EncodedClip]) -> Tensor:
        """[B, n], NaN where missing."""
        names = self.model.config.motion.quality_features
        missing = torch.full((len(names),), torch.nan)
        return torch.stack([missing if clip.quality is None else clip.quality.float() for clip in clips])

    @torch.no_grad()
    def generate(self, clips: Sequence[EncodedClip]) -> list[str]:
        frames = torch.stack([clip.frames for clip in clips])
        motion = self.model.motion_mlp(torch.stack([clip.motion for clip in clips]))
        motion = motion + self.model.quality_token(self.quality_features(clips), motion)
        return answers(
            self.model.language_model, self.tokenizer, self.prompt, frames, motion, rows=len(clips)
        )


QUALITY_INPUT = "quality_features"


def quality_rows(quality: Tensor | None, count: int) -> np.ndarray:
    """Input of a motion encoder [2, n]: values with 0 where missing, and 1 where present."""
    values = np.full(count, np.nan, np.float32) if quality is None else quality.numpy().astype(np.float32)
    return np.stack([np.nan_to_num(values), ~np.isnan(values)]).astype(np.float32)


class PackagePredictor:
    """`Predictor` of a package folder; `dtype` is `fp32` or `q8`."""

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

    def encode(self, pixels: Tensor, quality: Tensor | None = None) -> EncodedClip:
        values = pixels.numpy()
        frames = self.vision.run(None, {"pixel_values": np.ascontiguousarray(values[::2])})[0]
        given = {"pixel_values": values}
        for entry in self.motion.get_inputs():
            if entry.name == QUALITY_INPUT:
                given[QUALITY_INPUT] = quality_rows(quality, entry.shape[1])
        motion = self.motion.run(None, given)[0][0]
        return EncodedClip(frames=torch.from_numpy(frames).flatten(0, 1), motion=torch.from_numpy(motion))

    def generate(self, clips: Sequence[EncodedClip]) -> list[str]:
        embeds = self.embed.run(None, {"input_ids": self.prompt.ids.expand(len(clips), -1).numpy()})[0]
        embeds[:, self.prompt.context.numpy()] = torch.stack([clip.frames for clip in clips]).numpy()
        embeds[:, self.prompt.motion] = torch.stack([clip.motion for clip in clips]).numpy()
        past = {
            i.name: np.zeros((len(clips), i.shape[1], 0, i.shape[3]), np.float32)
            for i in self.decoder.get_inputs()
            if i.name.startswith("past_key_values.")
        }
        tokens = np.empty((len(clips), 0), np.int64)
        length, done = 0, np.zeros(len(clips), bool)
        while tokens.shape[1] < LONGEST_ANSWER and not done.all():
            logits, past = self._step(embeds, past, length)
            length += embeds.shape[1]
            token = np.where(done, self.end, logits[:, -1].argmax(-1))
            tokens = np.concatenate([tokens, token[:, None]], 1)
            done |= token == self.end
            embeds = self.embed.run(None, {"input_ids": token[:, None]})[0]
        return self.tokenizer.decode_batch(tokens.tolist(), skip_special_tokens=True)

    def _step(self, embeds: np.ndarray, past: dict, length: int) -> tuple[np.ndarray, dict]:
        """Logits [B, L, V] of embeddings [B, L, D] behind `length` cached positions, and the new cache."""
        rows, count = embeds.shape[:2]
        positions = np.broadcast_to(np.arange(length, length + count), (rows, count))
        given = {
            "inputs_embeds": embeds,
            "attention_mask": np.ones((rows, length + count), np.int64),
            "position_ids": np.ascontiguousarray(positions),
            "num_logits_to_keep": np.array(1),
            **past,
        }
        inputs = {i.name for i in self.decoder.get_inputs()}
        names = [o.name for o in self.decoder.get_outputs()]
        out = self.decoder.run(None, {k: v for k, v in given.items() if k in inputs})
        outputs = dict(zip(names, out, strict=True))
        present = {
            n.replace("present", "past_key_values"): outputs[n] for n in names if n.startswith("present")
        }
        return outputs["logits"], present
