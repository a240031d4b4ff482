"""Writes a tiny random checkpoint and the tensors that this code computes with it.

    python -m modules.random_checkpoint OUT --profile train6 --heads 14 --kv-heads 2 [--tied] [--statistics]

OUT gets config.json (with our motion_config and profiles), the weights, and `reference.safetensors` with the
tensors of every stage under the names of the conformance folder; `python -m modules.conformance OUT` reads it
back. Such checkpoints prove that another implementation computes the same function; nothing else.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Generator, Tensor, nn

from modules.config import LanguageConfig, ModelConfig, MotionConfig, VisionConfig
from modules.loader import save_model
from modules.profiles import BUILT_IN_PROFILES, BranchPixels, Profile, TokenIds, profile_of
from modules.stages import Clip, greedy, stage_tensors
from modules.statistics import FRAGMENT_NAMES, NAMES, TABLE_PATH, fragment_values, statistics
from modules.vqathinker import VQAThinkerModel, normalised

PROFILES = ("train6", "test12", "fragments", "mixed")
IMAGE_START, IMAGE_END, CONTEXT = 392, 393, 394
VOCABULARY = 400
"""Ids below 256 are bytes, some of the rest special; equal to no width of the model, so that no exporter can
take another matrix for the head."""

SMALLEST_GAP = 0.01
"""Between the two best logits of a recorded greedy step: another order of sums must not change the
completion."""


@dataclass(kw_only=True)
class RandomCheckpoint:
    """Sizes of a random checkpoint; the defaults are those of the recorded official one."""

    profile: str = "train6"
    """train6, test12: official geometry. fragments: pairs of frames, native blocks for both branches. mixed:
    whole frames for vision, pairs of blocks for motion."""

    heads: int = 14
    """Query heads."""

    kv_heads: int = 2
    """Key and value heads."""

    head_dim: int = 8
    """Width of a head; the decoder is heads · head_dim wide."""

    layers: int = 2
    """Layers of the vision encoder and of the decoder, each."""

    patch: int = 0
    """Side of a patch in pixels; 0 is 14 in the official geometry, 16 with fragments (whose statistics want
    blocks of a multiple of 8 pixels)."""

    tied: bool = False
    """Head and embedding in one."""

    statistics: tuple[str, ...] = ()
    """Statistics after the pooled vector."""

    quality: bool = False
    """With a quality head of 24 hidden units and two outputs."""

    slowfast: bool = True
    """False: no SlowFast beside the statistics."""

    fragment_statistics: tuple[str, ...] = ()
    """Values of each fragment in the transformer's place."""

    seed: int = 0
    """Of everything random."""

    def config(self) -> ModelConfig:
        """The configuration of these sizes."""
        official = self.profile in ("train6", "test12")
        patch = self.patch or (14 if official else 16)
        profile = _profile(self.profile, patch)
        sizes = (
            {"stem_slow": 8, "stem_fast": 1, "inner_slow": 8, "inner_fast": 1}
            if official
            else {
                "stem_slow": 12,
                "stem_fast": 4,
                "fast_stem_time": 3,
                "inner_slow": 8,
                "inner_fast": 4,
                "expansion": 2,
                "depths": (1, 2, 1, 1),
                "fast_to_slow_kernel": 5,
            }
        )
        if not self.slowfast:
            sizes["depths"] = ()
        return ModelConfig(
            vision=VisionConfig(
                hidden_size=32,
                num_hidden_layers=self.layers,
                num_attention_heads=2,
                intermediate_size=64,
                patch_size=patch,
                image_size={"fragments": 8, "mixed": 6}.get(self.profile, 16) * patch,
                statistics=self.fragment_statistics,
            ),
            language=LanguageConfig(
                vocab_size=VOCABULARY,
                hidden_size=self.heads * self.head_dim,
                intermediate_size=144,
                num_hidden_layers=self.layers,
                num_attention_heads=self.heads,
                num_key_value_heads=self.kv_heads,
                head_dim=self.head_dim,
                tie_word_embeddings=self.tied,
                bos_token_id=389,
                eos_token_id=389,
            ),
            motion=MotionConfig(
                **sizes,
                statistics=self.statistics,
                quality_features=_quality_columns() if self.quality else (),
                quality_hidden=24 if self.quality else 0,
                quality_outputs=2,
            ),
            profiles={profile.name: profile},
            default_profile=profile.name,
        )


def _quality_columns() -> tuple[str, ...]:
    table = TABLE_PATH.with_name("human-features.json").read_text("utf-8")
    return tuple(json.loads(table)["columns"])


def _profile(kind: str, patch: int) -> Profile:
    ids = TokenIds(image_start=IMAGE_START, image_end=IMAGE_END, context=CONTEXT)
    cell = 2 * patch
    if kind in ("train6", "test12"):
        built_in = BUILT_IN_PROFILES["train6@448" if kind == "train6" else "test12@560"]
        return profile_of(
            kind,
            frames=built_in.frames,
            size=16 * patch if kind == "train6" else 20 * patch,
            patch=patch,
            token_ids=ids,
            prompt=built_in.prompt,
            prompt_sha256=built_in.prompt_sha256,
        )
    blocks = BranchPixels(pixels="fragments", cell=cell)
    return profile_of(
        kind,
        frames=8,
        size=4 * cell,
        patch=patch,
        token_ids=ids,
        sampling="goldenRatio",
        vision=blocks if kind == "fragments" else BranchPixels(),
        motion=BranchPixels(pixels="fragments", cell=cell, frames="successors"),
        prompt="small",
        prompt_sha256="0" * 64,
    )


def random_clip(config: ModelConfig, generator: Generator) -> Clip:
    """A moving, flickering texture, and a prompt of the official layout: frames, motion slot, question."""
    profile = config.profile
    motion = _texture(profile.motion_frames, profile.size, generator)
    if profile.motion == profile.vision:
        frames, motion_frames = motion, None
    elif profile.vision.pixels == profile.motion.pixels:
        frames, motion_frames = motion[::2], motion
    else:
        frames, motion_frames = _texture(profile.frames, profile.size, generator), motion
    ids = list(b"system\nuser\nA video:\n")
    for k in range(profile.frames + 1):
        label = f"Frame{k + 1}:" if k < profile.frames else "Motion Feature:"
        context = profile.tokens_per_frame if k < profile.frames else 1
        ids += [*label.encode(), IMAGE_START, *[CONTEXT] * context, IMAGE_END, ord("\n")]
    ids += list(b"What is the quality of this video?\nassistant\n")
    quality = None
    if names := config.motion.quality_features:
        quality = 3 * torch.randn(len(names), generator=generator)
        quality[::5] = torch.nan
    return Clip(
        frames=frames.contiguous(),
        input_ids=torch.tensor([ids]),
        motion_frames=motion_frames,
        quality_features=quality,
    )


def _texture(frames: int, size: int, generator: Generator) -> Tensor:
    """[frames, size, size, 3] uint8: coarse and fine noise that drifts."""
    coarse = torch.rand(1, 3, size // 8 + frames, size // 8 + frames, generator=generator)
    canvas = F.interpolate(coarse, scale_factor=8, mode="bicubic")[0]
    shifts = torch.randint(0, 8 * frames, (frames, 2), generator=generator).tolist()
    views = torch.stack([canvas[:, y : y + size, x : x + size] for y, x in shifts])
    gains = 0.7 + 0.5 * torch.rand(frames, 1, 1, 1, generator=generator)
    noisy = views * gains + 0.15 * torch.randn(views.shape, generator=generator)
    return (noisy.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1)


def spread(name: str, shape: Sequence[int]) -> tuple[float, float]:
    """Mean and deviation that a weight is drawn with, so that each path of the function shows in outputs.

    Embeddings and residual branches are small (norm epsilons count), q and k large,
    layer scales near 0.06.
    """
    fan_in = math.prod(shape[1:]) if len(shape) > 1 else 1
    is_weight = name.endswith("weight")
    if name.endswith(("ls1", "ls2")):
        return 0.06, 0.01
    if "norm" in name or name.endswith("mlp1.0.weight") or ".0.weight" in name and len(shape) == 1:
        return (1, 0.2) if is_weight else (0, 0.1)
    if "embed" in name:
        return 0, 0.03 if len(shape) != 4 else 0.03 * fan_in**-0.5
    if name.endswith(("q_proj.weight", "k_proj.weight")):
        return 0, 1.5 * fan_in**-0.5
    if name.endswith(("o_proj.weight", "down_proj.weight", "mlp1.3.weight", "motion_mlp.3.weight")):
        return 0, 0.1 * fan_in**-0.5
    if name.endswith(("qkv.weight", "lm_head.weight")):
        return 0, fan_in**-0.5
    if name.startswith("slowfast_model"):
        return 0, (2 / fan_in) ** 0.5
    if len(shape) == 1:
        return 0, 0.02 if "proj.bias" not in name else 0.3
    return 0, fan_in**-0.5


@torch.no_grad()
def random_weights(model: VQAThinkerModel, generator: Generator, *, batch_statistics: bool = True) -> None:
    """Draws every tensor. Batch statistics come from random clips and are then disturbed (or stay)."""

    def normal(shape: torch.Size, scale: float) -> Tensor:
        return torch.randn(shape, generator=generator) * scale

    for name, p in model.named_parameters():
        mean, deviation = spread(name, p.shape)
        p.copy_(mean + normal(p.shape, deviation))
        if name.endswith("qkv.weight"):
            p[: 2 * p.shape[1]] *= 2.5
    if batch_statistics:
        _batch_statistics(model, generator)
    if model.config.motion.statistics:
        profile = model.config.profile
        clip = random_clip(model.config, generator)
        frames = clip.frames if clip.motion_frames is None else clip.motion_frames
        standard = model.motion_statistics
        names = model.config.motion.statistics
        raw = statistics(normalised(frames, profile), names, profile.motion.cell or profile.size)
        standard.mean.copy_(raw + normal(raw.shape, 0.3))
        standard.std.copy_(0.3 + torch.rand(raw.shape, generator=generator))
    if model.config.motion.quality_features:
        head = model.quality_head
        head.mean.copy_(normal(head.mean.shape, 1))
        head.deviation.copy_(0.3 + torch.rand(head.mean.shape, generator=generator))
        head.low.copy_(head.mean - 5 * torch.rand(head.mean.shape, generator=generator))
        head.high.copy_(head.mean + 5 * torch.rand(head.mean.shape, generator=generator))
    if model.config.vision.statistics:
        vision, config = model.vision_model, model.config.vision
        pixels = normalised(random_clip(model.config, generator).frames, model.config.profile)
        raw = fragment_values(pixels, config.statistics, 2 * config.patch_size).flatten(0, 1)
        vision.mean.copy_(raw.mean(0) + normal(raw.shape[1:], 0.3))
        vision.std.copy_(0.3 + torch.rand(raw.shape[1:], generator=generator))


def _batch_statistics(model: VQAThinkerModel, generator: Generator) -> None:
    norms = [m for m in model.slowfast_model.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over the clips
    profile = model.config.profile
    model.slowfast_model.train()
    for _ in range(2):
        pixels = normalised(_texture(profile.motion_frames, profile.size, generator)[None], profile)
        model.slowfast_model(pixels, profile.slow_indices, profile.pool_time, profile.pool_space)
    model.slowfast_model.eval()
    for norm in norms:
        noise = torch.randn(2, norm.num_features, generator=generator)
        norm.running_mean += 0.1 * noise[0] * norm.running_var.sqrt()
        norm.running_var *= (0.1 * noise[1]).exp()


def write(folder: Path, sizes: RandomCheckpoint, dtype: torch.dtype = torch.float32) -> float:
    """Writes the checkpoint and its reference; returns the smallest gap of the greedy completion."""
    generator = torch.Generator().manual_seed(sizes.seed)
    config = sizes.config()
    model = VQAThinkerModel(config)
    random_weights(model, generator)
    # The reference is of the weights as stored, whatever their type.
    model.to(dtype).float().eval()
    profile = config.profile
    for _ in range(50):
        clip = random_clip(config, generator)
        encoded = clip.encode(model, profile)
        tokens, logits, gaps = greedy(model, profile, clip.input_ids, encoded)
        if float(gaps.min()) >= SMALLEST_GAP:
            break
    else:
        raise RuntimeError(
            f"no clip of seed {sizes.seed} has a greedy completion without near ties; take another"
        )
    reference = clip.tensors() | dict(stage_tensors(model, profile, clip))
    reference |= {"greedy.tokens": tokens[0], "greedy.logits": logits[0], "greedy.gap": gaps[0]}
    folder.mkdir(parents=True, exist_ok=True)
    save_model(model, folder, dtype=dtype)
    # The converter makes no package without a tokenizer; a reference has its tokens recorded.
    tokenizer = {"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": []}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    path = folder / "reference.safetensors"
    save_file({k: v.detach().contiguous() for k, v in reference.items()}, path)
    path.chmod(0o644)
    return float(gaps.min())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--profile", choices=PROFILES, default="train6")
    for name in ("heads", "kv_heads", "head_dim", "layers", "patch", "seed"):
        default = getattr(RandomCheckpoint, name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    parser.add_argument("--tied", action="store_true")
    parser.add_argument(
        "--statistics", nargs="*", metavar="NAME", help="the named ones, or all without names"
    )
    parser.add_argument(
        "--fragment-statistics", action="store_true", help="values of fragments in the transformer's place"
    )
    parser.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")
    options = vars(parser.parse_args())
    torch.set_num_threads(1)
    out, dtype = options.pop("out"), getattr(torch, options.pop("dtype"))
    names = options.pop("statistics")
    if names is not None and not names:
        names = NAMES
    fragments = FRAGMENT_NAMES if options.pop("fragment_statistics") else ()
    gap = write(
        out, RandomCheckpoint(**options, statistics=tuple(names or ()), fragment_statistics=fragments), dtype
    )
    print(json.dumps({"folder": str(out), "smallest_gap": round(gap, 4)}))


if __name__ == "__main__":
    main()
