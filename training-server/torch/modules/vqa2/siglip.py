"""SigLIP's vision tower without its last layer, its final norm and its pooling head.

Shapes: n frames, S pixels a side, P = floor(S / patch)² patches, D hidden.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from modules.vqa2.config import SiglipConfig


class Embeddings(nn.Module):
    """Patch convolution without padding, plus one position vector a patch; there is no class token."""

    def __init__(self, config: SiglipConfig):
        super().__init__()
        size = config.hidden_size
        self.patch_embedding = nn.Conv2d(3, size, config.patch_size, stride=config.patch_size)
        self.position_embedding = nn.Embedding(config.grid**2, size)

    def patches(self, pixels: Tensor) -> Tensor:
        """pixels [n, 3, S, S] → [n, P, D], row-major, without positions."""
        return self.patch_embedding(pixels).flatten(2).transpose(1, 2)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.patches(pixels) + self.position_embedding.weight


class Attention(nn.Module):
    """Full attention with biases."""

    def __init__(self, config: SiglipConfig):
        super().__init__()
        size = config.hidden_size
        self.heads = config.num_attention_heads
        self.k_proj = nn.Linear(size, size)
        self.v_proj = nn.Linear(size, size)
        self.q_proj = nn.Linear(size, size)
        self.out_proj = nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            projection(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        return self.out_proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, config: SiglipConfig):
        super().__init__()
        self.fc1 = nn.Linear(config.hidden_size, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        # The tanh form, unlike the projectors: another GELU moves a level logit by 2e-3.
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class Layer(nn.Module):
    """Pre-norm layer."""

    def __init__(self, config: SiglipConfig):
        super().__init__()
        self.self_attn = Attention(config)
        self.layer_norm1 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.mlp = MLP(config)
        self.layer_norm2 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class Encoder(nn.Module):
    def __init__(self, config: SiglipConfig):
        super().__init__()
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))


class VisionModel(nn.Module):
    """The tower (`vision_model` of the checkpoint). `recompute_layers` trades time for memory backward."""

    def __init__(self, config: SiglipConfig):
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.recompute_layers = False

    def layer_outputs(self, pixels: Tensor) -> Iterator[Tensor]:
        """Yields [n, P, D]: the embeddings, then the output of each layer that runs."""
        side = self.config.image_size
        if pixels.shape[-2:] != (side, side):
            raise ValueError(
                f"frames of {pixels.shape[-1]}×{pixels.shape[-2]} pixels; this tower takes {side}×{side}"
            )
        x = self.embeddings(pixels)
        yield x
        for layer in self.encoder.layers:
            recompute = self.recompute_layers and torch.is_grad_enabled()
            x = checkpoint(layer, x, use_reentrant=False) if recompute else layer(x)
            yield x

    def forward(self, pixels: Tensor) -> Tensor:
        """Normalised pixels [n, 3, S, S] → patch tokens [n, P, D]."""
        return deque(self.layer_outputs(pixels), maxlen=1).pop()


class VisionTower(nn.Module):
    """Wrappers of the official module tree, for its names only."""

    def __init__(self, config: SiglipConfig):
        super().__init__()
        self.vision_tower = nn.Module()
        self.vision_tower.vision_model = VisionModel(config)

    @property
    def vision_model(self) -> VisionModel:
        return self.vision_tower.vision_model

    def forward(self, pixels: Tensor) -> Tensor:
        return self.vision_model(pixels)
