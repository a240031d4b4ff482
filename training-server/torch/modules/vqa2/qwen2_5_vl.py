"""The repository's second form of VQA²: Qwen2.5-VL with the motion network beside it.

Motion features stand at the ids of `<|vision_end|>`; no position embedding is added to them. As published,
its processor writes one such id more than there are features, and the model raises; here the two numbers must
be equal. Generation, images and the processor have no recorded results and are not here.

Shapes: P patches of a video, M = P / merge² vision tokens, N positions, T dense frames, D decoder width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from modules.config import ConfigError, LanguageConfig
from modules.qwen2 import Qwen2, RMSNorm, rotary_tables, rotate
from modules.vqa2.config import FastConfig
from modules.vqa2.model import projector
from modules.vqa2.motion import MotionNet

NORM_EPS = 1e-6
"""ε of the vision norms, whatever the decoder has."""

VISION_THETA = 10_000.0
"""Base of the vision tower's rotary frequencies."""


@dataclass(kw_only=True)
class VisionConfig:
    """The vision tower: `vision_config` of the file."""

    depth: int
    """Layers."""

    hidden_size: int
    """Width of the residual stream."""

    intermediate_size: int
    """Width of the SwiGLU MLP."""

    num_heads: int
    """Heads; hidden_size / heads is the head dimension."""

    patch_size: int
    """Side of a patch in pixels."""

    temporal_patch_size: int
    """Frames of a patch."""

    spatial_merge_size: int
    """Patches a side that one vision token merges."""

    window_size: int
    """Side in pixels of the windows that most layers attend within."""

    fullatt_block_indexes: tuple[int, ...]
    """Layers that attend to the whole frame pair."""

    out_hidden_size: int
    """Width of a vision token."""

    tokens_per_second: float
    """Temporal positions of a second."""


@dataclass(kw_only=True)
class VariantConfig:
    """One checkpoint."""

    vision: VisionConfig
    """Vision tower."""

    language: LanguageConfig
    """Decoder."""

    motion: FastConfig
    """Motion network."""

    mrope_section: tuple[int, ...]
    """Rotary pairs that turn by time, height and width."""

    video_id: int
    """`<|video_pad|>`."""

    motion_id: int
    """`<|vision_end|>`."""


def is_variant(config: Mapping[str, Any]) -> bool:
    """True for the config.json of this form."""
    return (config.get("vision_config") or {}).get("model_type") == "qwen2_5_vl"


def config_from_json(value: Mapping[str, Any], motion: FastConfig, *, video_id: int, motion_id: int):
    """A configuration from parsed JSON. Raises ConfigError for a field that is missing."""
    parts = dict(value["vision_config"])
    names = VisionConfig.__dataclass_fields__
    missing = [name for name in names if name not in parts]
    if missing:
        raise ConfigError(f"vision_config.{missing[0]} is missing")
    language = {k: v for k, v in value.items() if k in LanguageConfig.__dataclass_fields__ and v is not None}
    vision = VisionConfig(**{name: parts[name] for name in names})
    vision.fullatt_block_indexes = tuple(vision.fullatt_block_indexes)
    return VariantConfig(
        vision=vision,
        language=LanguageConfig(**language),
        motion=motion,
        mrope_section=tuple(value["rope_scaling"]["mrope_section"]),
        video_id=video_id,
        motion_id=motion_id,
    )


class Attention(nn.Module):
    """Attention within the segments of a sequence."""

    def __init__(self, config: VisionConfig):
        super().__init__()
        self.heads = config.num_heads
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.proj = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor], lengths: list[int]) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(1, 2, 0, 3)
        q, k = rotate(q, *rotary), rotate(k, *rotary)
        parts = zip(q.split(lengths, 1), k.split(lengths, 1), v.split(lengths, 1), strict=True)
        mixed = torch.cat([F.scaled_dot_product_attention(*part) for part in parts], dim=1)
        return self.proj(mixed.transpose(0, 1).flatten(1))


class MLP(nn.Module):
    """SwiGLU with biases."""

    def __init__(self, config: VisionConfig):
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    """Pre-norm layer."""

    def __init__(self, config: VisionConfig):
        super().__init__()
        self.norm1 = RMSNorm(config.hidden_size, NORM_EPS)
        self.norm2 = RMSNorm(config.hidden_size, NORM_EPS)
        self.attn = Attention(config)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor], lengths: list[int]) -> Tensor:
        x = x + self.attn(self.norm1(x), rotary, lengths)
        return x + self.mlp(self.norm2(x))


class Merger(nn.Module):
    """Four neighbouring patches to one token of the decoder's width."""

    def __init__(self, config: VisionConfig):
        super().__init__()
        self.width = config.hidden_size * config.spatial_merge_size**2
        self.ln_q = RMSNorm(config.hidden_size, NORM_EPS)
        self.mlp = nn.Sequential(
            nn.Linear(self.width, self.width), nn.GELU(), nn.Linear(self.width, config.out_hidden_size)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.mlp(self.ln_q(x).reshape(-1, self.width))


class VisionTower(nn.Module):
    """`visual` of the checkpoint."""

    def __init__(self, config: VisionConfig):
        super().__init__()
        self.config = config
        kernel = (config.temporal_patch_size, config.patch_size, config.patch_size)
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv3d(3, config.hidden_size, kernel, stride=kernel, bias=False)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.merger = Merger(config)

    def layer_outputs(self, patches: Tensor, grid: tuple[int, int, int]) -> Iterator[Tensor]:
        """Yields [P, hidden] after each layer, in the order of windows, and last the merged tokens [M, D] in
        the order of the grid. patches [P, 3 · frames · size²]; grid: frame pairs, rows and columns of
        patches."""
        config, merge = self.config, self.config.spatial_merge_size
        kernel = self.patch_embed.proj.kernel_size
        x = self.patch_embed.proj(patches.unflatten(1, (3, *kernel))).flatten(1)
        order, windows = window_order(grid, config)
        unit = merge**2
        by_window = (order[:, None] * unit + torch.arange(unit, device=x.device)).flatten()
        rotary = tuple(table[by_window] for table in vision_rotary(grid, config, x))
        x = x[by_window]
        frames = [grid[1] * grid[2]] * grid[0]
        for i, block in enumerate(self.blocks):
            lengths = frames if i in config.fullatt_block_indexes else [n * unit for n in windows]
            x = block(x, (rotary[0], rotary[1]), lengths)
            yield x
        yield self.merger(x)[order.argsort()]


def window_order(grid: tuple[int, int, int], config: VisionConfig) -> tuple[Tensor, list[int]]:
    """Order [M] of merged tokens that puts those of a window together, and the tokens of each window."""
    merge = config.spatial_merge_size
    side = config.window_size // merge // config.patch_size
    frames, rows, columns = grid[0], grid[1] // merge, grid[2] // merge
    index = torch.arange(frames * rows * columns).reshape(frames, rows, columns)
    order, lengths = [], []
    for frame in index:
        for top in range(0, rows, side):
            for left in range(0, columns, side):
                window = frame[top : top + side, left : left + side].flatten()
                order.append(window)
                lengths.append(len(window))
    return torch.cat(order), lengths


def vision_rotary(grid: tuple[int, int, int], config: VisionConfig, like: Tensor) -> tuple[Tensor, Tensor]:
    """cos and sin [P, head dimension] of every patch's row and column, patches in groups that merge."""
    merge = config.spatial_merge_size
    frames, rows, columns = grid

    def grouped(positions: Tensor) -> Tensor:
        cells = positions.reshape(rows // merge, merge, columns // merge, merge)
        return cells.transpose(1, 2).flatten()

    size = config.hidden_size // config.num_heads // 2
    exponents = torch.arange(0, size, 2, dtype=torch.float32, device=like.device) / size
    frequencies = 1.0 / VISION_THETA**exponents
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    pairs = [grouped(axis).to(like.device)[:, None].float() * frequencies for axis in (row, column)]
    angles = torch.cat([*pairs, *pairs], dim=1).repeat(frames, 1)
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


class QwenVariant(Qwen2):
    """The decoder with the vision tower and the motion network under the released names."""

    def __init__(self, config: VariantConfig):
        super().__init__(config.language)
        self.variant = config
        self.visual = VisionTower(config.vision)
        self.slowfast = MotionNet(config.motion)
        self.slowfast.gradient = False
        self.slowfast_projector = projector(config.motion.features, config.language.hidden_size)

    def rotary(self, position_ids: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Tables for positions of time, height and width [3, B, N], or of text alone [B, N]."""
        if position_ids.dim() == 2:
            return super().rotary(position_ids, dtype)
        size, theta = self.config.head_dim, self.config.rope_theta
        cos, sin = (
            torch.stack(tables)
            for tables in zip(*(rotary_tables(p, size, theta, dtype) for p in position_ids), strict=True)
        )
        sections = list(self.variant.mrope_section) * 2
        mixed = []
        for table in (cos, sin):
            parts = table.split(sections, dim=-1)
            mixed.append(torch.cat([part[i % 3] for i, part in enumerate(parts)], dim=-1))
        return mixed[0], mixed[1]

    def vision_tokens(self, patches: Tensor, grid: tuple[int, int, int]) -> Tensor:
        """Patches [P, 3 · frames · size²] of a video → [M, D]."""
        *_, tokens = self.visual.layer_outputs(patches, grid)
        return tokens

    def motion_tokens(self, pixels: Tensor) -> Tensor:
        """Normalised dense frames [T, 3, S, S] of one clip → [T, D]."""
        return self.slowfast_projector(self.slowfast(pixels))

    def merged(self, input_ids: Tensor, vision: Tensor, motion: Tensor) -> Tensor:
        """Ids [1, N] → embeddings [1, N, D]. Raises ValueError for other numbers of slots than of tokens:
        with too few the official code drops the last features silently."""
        embeds = self.embed(input_ids)
        for name, slot, tokens in (
            ("vision", self.variant.video_id, vision),
            ("motion", self.variant.motion_id, motion),
        ):
            slots = input_ids == slot
            if int(slots.sum()) != len(tokens):
                raise ValueError(f"{int(slots.sum())} slots for {len(tokens)} {name} tokens")
            embeds = embeds.masked_scatter(slots[..., None], tokens.to(embeds.dtype))
        return embeds

    def positions(self, input_ids: Tensor, grid: tuple[int, int, int], seconds: float) -> Tensor:
        """Positions [3, 1, N] of one video; seconds a frame pair. Motion tokens count as text after it."""
        ids = input_ids[0].tolist()
        start = ids.index(self.variant.video_id)
        merge = self.variant.vision.spatial_merge_size
        shape = (grid[0], grid[1] // merge, grid[2] // merge)
        step = seconds * self.variant.vision.tokens_per_second
        axes = torch.meshgrid(*(torch.arange(n) for n in shape), indexing="ij")
        video = torch.stack([(axes[0] * step).long(), axes[1], axes[2]]).flatten(1) + start
        count = len(ids) - start - video.shape[1]
        after = torch.arange(count).expand(3, -1) + int(video.max()) + 1
        return torch.cat([torch.arange(start).expand(3, -1), video, after], dim=1)[:, None]
