"""InternViT, the vision encoder, with the checkpoint's parameter names.

Shapes: n frames, S pixels a side, P = (S / patch)² patches, D hidden.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from modules.config import VisionConfig


class Embeddings(nn.Module):
    """Patch convolution, class token, position embedding."""

    def __init__(self, config: VisionConfig):
        super().__init__()
        size = config.hidden_size
        self.grid = config.image_size // config.patch_size
        self.class_embedding = nn.Parameter(torch.randn(1, 1, size) * 0.02)
        self.position_embedding = nn.Parameter(torch.randn(1, 1 + self.grid**2, size) * 0.02)
        self.patch_embedding = nn.Conv2d(3, size, config.patch_size, stride=config.patch_size)

    def positions(self, grid: int) -> Tensor:
        """Position embedding [1, 1 + grid², D]: class position, then the grid row-major.

        At another grid than the stored one: bicubic with a = −0.75 and no antialiasing, in at least fp32,
        as the official code does on every forward pass.
        """
        if grid == self.grid:
            return self.position_embedding
        cls, patches = self.position_embedding[:, :1], self.position_embedding[:, 1:]
        wide = patches.to(torch.promote_types(patches.dtype, torch.float32))
        wide = wide.unflatten(1, (self.grid, self.grid)).permute(0, 3, 1, 2)
        wide = F.interpolate(wide, size=(grid, grid), mode="bicubic", align_corners=False)
        return torch.cat([cls, wide.permute(0, 2, 3, 1).flatten(1, 2).to(patches.dtype)], dim=1)

    def patches(self, pixels: Tensor) -> Tensor:
        """pixels [n, 3, S, S] → [n, P, D], row-major, without class token and positions."""
        return self.patch_embedding(pixels).flatten(2).transpose(1, 2)

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.patches(pixels)
        grid = pixels.shape[-1] // self.patch_embedding.stride[0]
        tokens = torch.cat([self.class_embedding.expand(len(pixels), -1, -1), patches], dim=1)
        return tokens + self.positions(grid)


class Attention(nn.Module):
    """Full attention; the fused projection is laid out [q | k | v], each heads × head dimension."""

    def __init__(self, config: VisionConfig):
        super().__init__()
        self.heads = config.num_attention_heads
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size, bias=config.qkv_bias)
        self.proj = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, config: VisionConfig):
        super().__init__()
        self.fc1 = nn.Linear(config.hidden_size, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Layer(nn.Module):
    """Pre-norm layer; each branch has a learnt scale a channel, and may be dropped a frame in training."""

    def __init__(self, config: VisionConfig, drop: float):
        super().__init__()
        self.drop = drop
        self.ls1 = nn.Parameter(torch.full((config.hidden_size,), 0.1))
        self.ls2 = nn.Parameter(torch.full((config.hidden_size,), 0.1))
        self.attn = Attention(config)
        self.mlp = MLP(config)
        self.norm1 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.norm2 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def _keep(self, branch: Tensor) -> Tensor:
        if not self.training or self.drop == 0:
            return branch
        keep = branch.new_empty(len(branch), 1, 1).bernoulli_(1 - self.drop)
        return branch * keep / (1 - self.drop)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self._keep(self.ls1 * self.attn(self.norm1(x)))
        return x + self._keep(self.ls2 * self.mlp(self.norm2(x)))


class Encoder(nn.Module):
    def __init__(self, config: VisionConfig):
        super().__init__()
        count = config.num_hidden_layers
        self.layers = nn.ModuleList(
            Layer(config, config.drop_path_rate * i / max(count - 1, 1)) for i in range(count)
        )


class InternViT(nn.Module):
    """The encoder; there is no final norm. `recompute_layers` trades time for memory in the backward pass."""

    def __init__(self, config: VisionConfig):
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.recompute_layers = False

    @property
    def layers(self) -> list[nn.Module]:
        """The transformer's layers, in order."""
        return list(self.encoder.layers)

    def layer_outputs(self, pixels: Tensor) -> Iterator[Tensor]:
        """Yields [n, 1 + P, D]: the embeddings, then the output of each layer."""
        side = pixels.shape[-1]
        if pixels.shape[-2] != side or side % (2 * self.config.patch_size):
            raise ValueError(
                f"frames of {pixels.shape[-2]}×{side} pixels: the model takes squares whose side is a "
                f"multiple of {2 * self.config.patch_size}"
            )
        x = self.embeddings(pixels)
        yield x
        for layer in self.encoder.layers:
            if self.recompute_layers and torch.is_grad_enabled():
                x = checkpoint(layer, x, use_reentrant=False)
            else:
                x = layer(x)
            yield x

    def forward(self, pixels: Tensor) -> Tensor:
        """Normalised pixels [n, 3, S, S] → patch tokens [n, P, D]; the class token is dropped."""
        return deque(self.layer_outputs(pixels), maxlen=1).pop()[:, 1:]
