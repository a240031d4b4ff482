"""The clips of a conformance folder as blocks of decoder tokens, each computed once."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from modules.vqa2.model import LlavaQwen
from modules.vqa2.tiles import cut, normalised, squashed


class Clips:
    """Frames by prefix: a clip's letter, then nothing or `all` for all dense frames, or `8` for every eighth.

    Frame numbers are those that the recording states (`profiles.json`); the rules behind them are in core.
    """

    def __init__(self, frames: dict[str, Tensor], profiles: dict[str, Any], model: LlavaQwen):
        self.frames = {name.split(".")[0].removeprefix("clip"): f for name, f in frames.items()}
        self.rates = {name.removeprefix("clip"): clip["fps"] for name, clip in profiles["clips"].items()}
        self.level_ids: dict[str, int] = profiles["level_ids"]
        self.pad_id: int = profiles["token_ids"]["<|endoftext|>"]
        self.model = model
        self.key = cache(self._key)
        self.dense = cache(self._dense)
        self.part = cache(self._part)

    def _key(self, prefix: str) -> Tensor:
        """Normalised key frames, one a second of round(fps) frames."""
        frames = self.frames[prefix[0]]
        return squashed(frames[:: round(self.rates[prefix[0]])], self.model.vqa2.vision)

    def _dense(self, prefix: str) -> Tensor:
        """Normalised dense frames: all, or every eighth, a multiple of four of them."""
        frames = self.frames[prefix[0]]
        if prefix[1:] == "8":
            frames = frames[: len(frames) // 8 * 8 : 8]
        return squashed(frames[: len(frames) // 4 * 4], self.model.vqa2.vision)

    def _part(self, part: str) -> Tensor:
        kind, prefix = part.split(":")
        with torch.no_grad():
            if kind == "v":
                return self.model.visual_block(self.key(prefix))
            return self.model.motion_block(self.dense(prefix))

    def block(self, parts: tuple[str, ...]) -> Tensor:
        """Tokens that one placeholder stands for."""
        return torch.cat([self.part(part) for part in parts])

    def tiles(self, image: Tensor, canvas: tuple[int, int]) -> Tensor:
        """An image [h, w, 3] as normalised tiles."""
        pieces = cut(Image.fromarray(image.numpy()), canvas, self.model.vqa2.vision.image_size)
        return normalised(pieces)
