"""A checkpoint, or the package made of it, as a judge: pixels in, the answer's text out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from modules.loader import SINGLE, load_model
from modules.profiles import Profile, profile_from_json
from small.decode import LONGEST_ANSWER, answers
from small.prompt import PromptIds, PromptShape, prompt_ids, prompt_sha256
from small.tokenizer import END, load

BATCH = 32
"""Videos decoded side by side."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the encoders make of a clip."""

    frames: Tensor
    """[N · tokens per frame, D] vision tokens."""

    motion: Tensor
    """[D] motion token, or what the judge itself makes it of."""


class Judge(Protocol):
    """Sees clips one by one and writes answers in batches."""

    key: str
    """Names the weights: texts of one key may be kept and read again."""

    def see(self, pixels: Tensor) -> Seen:
        """One clip [2N, 3, S, S], normalised; the vision branch gets the first frame of every pair."""

    def write(self, seen: Sequence[Seen]) -> list[str]:
        """Greedy texts."""


def prompt_of(profile: Profile, folder: Path) -> PromptIds:
    """The prompt that the page will send; an error where the weights were trained on another."""
    shape = PromptShape(frames=profile.frames, tokens_per_frame=profile.tokens_per_frame)
    if prompt_sha256(shape) != profile.prompt_sha256:
        raise ValueError(f"{folder} was trained on another prompt than src/core/prompts.ts has")
    return prompt_ids(load(folder), shape)


class TorchJudge:
    """A checkpoint folder on PyTorch."""

    def __init__(self, folder: Path):
        self.model = load_model(folder)
        self.profile = self.model.config.profile
        self.tokenizer = load(folder)
        self.prompt = prompt_of(self.profile, folder)
        self.key = hashlib.sha256((folder / SINGLE).read_bytes()).hexdigest()[:12]

    @torch.no_grad()
    def see(self, pixels: Tensor) -> Seen:
        vector = self.model.motion_vector(pixels[None], self.profile)
        return Seen(frames=self.model.vision_tokens(pixels[None, ::2])[0], motion=vector[0])

    @torch.no_grad()
    def write(self, seen: Sequence[Seen]) -> list[str]:
        frames = torch.stack([s.frames for s in seen])
        motion = self.model.motion_mlp(torch.stack([s.motion for s in seen]))
        return list(answers(self.model.language_model, self.tokenizer, self.prompt, frames, motion))


class PackageJudge:
    """A model package, WASM dialect, on onnxruntime's CPU back end: the graphs that the page runs."""

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
        held = sorted(f["sha256"] for f in manifest["files"] if f["path"].startswith("onnx-wasm/"))
        self.key = f"{dtype}-{hashlib.sha256(''.join(held).encode()).hexdigest()[:12]}"

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
            wanted = {i.name for i in self.decoder.get_inputs()}
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


Clip = tuple[str, Callable[[], Tensor]]
"""Name of a clip and what reads its pixels."""


def judge_clips(
    judges: Sequence[Judge],
    clips: Iterable[Clip],
    folder: Path,
    name: str,
    log: Callable[[str], None] = print,
) -> list[list[str]]:
    """Texts of the clips by several judges whose encoders are the same; the first one sees for all.

    Finished texts are kept in `folder/NAME-KEY.jsonl`, so that a stop loses one batch.
    """
    files = [folder / f"{name}-{judge.key}.jsonl" for judge in judges]
    folder.mkdir(parents=True, exist_ok=True)
    known: list[dict[str, str]] = [
        dict(json.loads(line) for line in f.read_text("utf-8").splitlines()) if f.exists() else {}
        for f in files
    ]
    texts: list[list[str]] = [[] for _ in judges]
    remaining = iter(clips)
    while batch := list(islice(remaining, BATCH)):
        new = [(n, judges[0].see(pixels())) for n, pixels in batch if any(n not in k for k in known)]
        for judge, kept, file in zip(judges, known, files, strict=True):
            missing = [(n, seen) for n, seen in new if n not in kept]
            if missing:
                written = judge.write([seen for _, seen in missing])
                kept.update(zip((n for n, _ in missing), written, strict=True))
                lines = [json.dumps([n, kept[n]]) + "\n" for n, _ in missing]
                with file.open("a", encoding="utf-8") as out:
                    out.writelines(lines)
        for kept, own in zip(known, texts, strict=True):
            own += [kept[n] for n, _ in batch]
        if new:
            log(f"{name}: {len(texts[0])} clips")
    return texts
