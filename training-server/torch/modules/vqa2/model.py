"""VQA² on LLaVA and Qwen2: key frames to a visual block, dense frames to a motion block, both into the text.

Shapes: K key frames, T dense frames, S pixels a side, m² pooled tokens a frame, D decoder width.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from modules.qwen2 import Qwen2
from modules.vqa2.config import Vqa2Config
from modules.vqa2.motion import MotionNet
from modules.vqa2.siglip import VisionTower
from modules.vqa2.tiles import unpadded

PLACEHOLDER = -200
"""Stands for one block in the ids of a prompt; it is never embedded."""


def projector(inputs: int, outputs: int) -> nn.Sequential:
    """Linear, GELU (erf), Linear: `mlp2x_gelu`."""
    return nn.Sequential(nn.Linear(inputs, outputs), nn.GELU(), nn.Linear(outputs, outputs))


class LlavaQwen(Qwen2):
    """The decoder with both encoders under the released names; as a language model it is a `Qwen2`."""

    def __init__(self, config: Vqa2Config):
        super().__init__(config.language)
        self.vqa2 = config
        width = config.language.hidden_size
        part = self.model
        part.image_newline = nn.Parameter(torch.randn(width) / width**0.5)
        part.mm_projector = projector(config.vision.hidden_size, width)
        part.vision_tower = VisionTower(config.vision)
        part.slowfast = MotionNet(config.motion)
        part.slowfast_projector = projector(config.motion.features, width)

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights; pixels are cast to it."""
        return self.model.norm.weight.dtype

    def frame_tokens(self, pixels: Tensor) -> Tensor:
        """Normalised frames [n, 3, S, S] → projected patch tokens [n, P, D]."""
        return self.model.mm_projector(self.model.vision_tower(pixels.to(self.dtype)))

    def pooled_tokens(self, pixels: Tensor) -> Tensor:
        """Normalised key frames [K, 3, S, S] → [K, m², D]."""
        return pool(self.frame_tokens(pixels), self.vqa2.vision.pooled_grid)

    def visual_block(self, pixels: Tensor) -> Tensor:
        """Normalised key frames [K, 3, S, S] → [K·m² + 1, D]: frame by frame, then one newline vector."""
        return torch.cat([self.pooled_tokens(pixels).flatten(0, 1), self.model.image_newline[None]])

    def motion_block(self, pixels: Tensor, chunk: int | None = None) -> Tensor:
        """Normalised dense frames [T, 3, S, S] → [T, D]; `chunk`: see `MotionNet.pooled`."""
        return self.model.slowfast_projector(self.model.slowfast(pixels.to(self.dtype), chunk))

    def image_block(self, tiles: Tensor, size: tuple[int, int], canvas: tuple[int, int]) -> Tensor:
        """Tiles [1 + n, 3, S, S] of an image of `size` (width, height) on a canvas → [tokens, D].

        Row-major over the canvas without its margins, a newline vector after each row. The first tile, the
        whole image, is encoded by the official code and its tokens are not used.
        """
        side = self.vqa2.vision.image_size
        grid = self.vqa2.vision.grid
        columns, rows = canvas[0] // side, canvas[1] // side
        tokens = self.frame_tokens(tiles[1:]).unflatten(1, (grid, grid)).unflatten(0, (rows, columns))
        features = unpadded(tokens.permute(4, 0, 2, 1, 3).flatten(3).flatten(1, 2), size)
        height, width = features.shape[1:]
        times = (height * width / (self.vqa2.max_tiles * grid**2)) ** 0.5
        if times > 1.1:
            smaller = (int(height // times), int(width // times))
            features = F.interpolate(features[None], smaller, mode="bilinear")[0]
        newline = self.model.image_newline[:, None, None].expand(-1, features.shape[1], 1)
        return torch.cat([features, newline], dim=2).flatten(1).T

    def merged(self, input_ids: Tensor, blocks: Sequence[Tensor]) -> Tensor:
        """Ids [L] with a placeholder for each block → embeddings [N, D], blocks in the order given.

        Raises ValueError for another number of placeholders: the official code puts the last block into one
        that is left over.
        """
        slots = (input_ids == PLACEHOLDER).nonzero()[:, 0].tolist()
        if len(slots) != len(blocks):
            raise ValueError(f"{len(slots)} placeholders in the prompt for {len(blocks)} blocks")
        parts, start = [], 0
        for slot, block in zip(slots, blocks, strict=True):
            parts += [self.embed(input_ids[start:slot]), block.to(self.dtype)]
            start = slot + 1
        return torch.cat([*parts, self.embed(input_ids[start:])])


def pool(tokens: Tensor, side: int) -> Tensor:
    """Patch tokens [n, P, D] of a square grid → [n, side², D], bilinear without antialiasing."""
    grid = round(tokens.shape[1] ** 0.5)
    planes = tokens.unflatten(1, (grid, grid)).permute(0, 3, 1, 2)
    planes = F.interpolate(planes, size=(side, side), mode="bilinear", align_corners=False)
    return planes.flatten(2).transpose(1, 2)


def merged_labels(labels: Tensor, input_ids: Tensor, blocks: Sequence[int]) -> Tensor:
    """Labels [L] of a prompt → labels [N] of the merged sequence; −100 on the positions of blocks."""
    parts, start = [], 0
    slots = (input_ids == PLACEHOLDER).nonzero()[:, 0].tolist()
    for slot, length in zip(slots, blocks, strict=True):
        parts += [labels[start:slot], labels.new_full((length,), -100)]
        start = slot + 1
    return torch.cat([*parts, labels[start:]])
