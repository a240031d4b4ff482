"""SlowFast-R50 without its classifier: the motion branch, one vector a clip.

The parameter names and shapes are those of the official checkpoint (3-D kernels, pytorchvideo's module
tree). Nearly everything runs as 2-D convolutions over frames, the form that the browser runs: a spatial
kernel sees one frame, a temporal kernel sees its neighbours stacked on the channel axis.

Frames travel as [B·T, C, H, W]; B clips, T frames of the pathway.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from modules.config import MotionConfig, PoolTime

SLOW_TIME_KERNELS = (1, 1, 3, 3)
FAST_TIME_KERNELS = (3, 3, 3, 3)
SPATIAL_STRIDES = (1, 2, 2, 2)
FUSION_STRIDE = 4
"""The fast pathway has four times the frames of the slow one; the lateral convolution strides over them."""

CHANNEL_RATIO = 2
"""Channels out of the lateral convolution per fast channel."""


class TimeSpaceConv(nn.Module):
    """A 3-D convolution with the weight of nn.Conv3d [out, in, t, h, w] and no bias, run frame by frame.

    Padding is half the kernel, so that a stride-1 convolution keeps its size.
    """

    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int, int], *, time_stride=1, stride=1):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, *kernel))
        self.time_stride = time_stride
        self.stride = stride
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, frames: Tensor, time: int) -> Tensor:
        """frames [B·time, in, H, W] → [B·ceil(time / time_stride), out, H', W']."""
        kernel_time, height, width = self.weight.shape[2:]
        padding = (height // 2, width // 2)
        if kernel_time == 1 and self.time_stride == 1:
            return F.conv2d(frames, self.weight[:, :, 0], stride=self.stride, padding=padding)
        clips = frames.unflatten(0, (-1, time))
        half = kernel_time // 2
        if height > 1 and self.time_stride == 1:
            # The fast stem alone: on a CPU conv3d is faster than stacking here, much slower everywhere else.
            stride = (1, self.stride, self.stride)
            out = F.conv3d(clips.transpose(1, 2), self.weight, stride=stride, padding=(half, *padding))
            return out.transpose(1, 2).flatten(0, 1)
        clips = F.pad(clips, (0, 0, 0, 0, 0, 0, half, half))
        last = time - 1  # positions of the kernel's first tap, one every time_stride
        taps = [clips[:, k : k + last + 1 : self.time_stride] for k in range(kernel_time)]
        stacked = torch.cat(taps, dim=2).flatten(0, 1)
        kernel = self.weight.transpose(1, 2).flatten(1, 2)  # [out, t·in, h, w], the order of the taps
        return F.conv2d(stacked, kernel, stride=self.stride, padding=padding)


class Stem(nn.Module):
    """Convolution 7×7 at stride 2, batch norm, ReLU, max pool 3×3 at stride 2."""

    def __init__(self, outputs: int, kernel_time: int):
        super().__init__()
        self.conv = TimeSpaceConv(3, outputs, (kernel_time, 7, 7), stride=2)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, frames: Tensor, time: int) -> Tensor:
        frames = F.relu(self.norm(self.conv(frames, time)))
        return F.max_pool2d(frames, 3, stride=2, padding=1)


class Branch2(nn.Module):
    """The bottleneck: time, space, and back to the wide channels."""

    def __init__(self, inputs: int, inner: int, outputs: int, kernel_time: int, stride: int):
        super().__init__()
        self.conv_a = TimeSpaceConv(inputs, inner, (kernel_time, 1, 1))
        self.norm_a = nn.BatchNorm2d(inner)
        self.conv_b = TimeSpaceConv(inner, inner, (1, 3, 3), stride=stride)
        self.norm_b = nn.BatchNorm2d(inner)
        self.conv_c = TimeSpaceConv(inner, outputs, (1, 1, 1))
        self.norm_c = nn.BatchNorm2d(outputs)

    def forward(self, frames: Tensor, time: int) -> Tensor:
        frames = F.relu(self.norm_a(self.conv_a(frames, time)))
        frames = F.relu(self.norm_b(self.conv_b(frames, time)))
        return self.norm_c(self.conv_c(frames, time))


class ResBlock(nn.Module):
    """Bottleneck plus shortcut; only the first block of a stage projects the shortcut."""

    def __init__(self, inputs: int, inner: int, outputs: int, kernel_time: int, stride: int, project: bool):
        super().__init__()
        if project:
            self.branch1_conv = TimeSpaceConv(inputs, outputs, (1, 1, 1), stride=stride)
            self.branch1_norm = nn.BatchNorm2d(outputs)
        self.project = project
        self.branch2 = Branch2(inputs, inner, outputs, kernel_time, stride)

    def forward(self, frames: Tensor, time: int) -> Tensor:
        shortcut = self.branch1_norm(self.branch1_conv(frames, time)) if self.project else frames
        return F.relu(shortcut + self.branch2(frames, time))


class Stage(nn.Module):
    def __init__(self, depth: int, inputs: int, inner: int, outputs: int, kernel_time: int, stride: int):
        super().__init__()
        self.res_blocks = nn.ModuleList(
            ResBlock(
                inputs if i == 0 else outputs, inner, outputs, kernel_time, stride if i == 0 else 1, i == 0
            )
            for i in range(depth)
        )

    def forward(self, frames: Tensor, time: int) -> Tensor:
        for block in self.res_blocks:
            frames = block(frames, time)
        return frames


class FuseFastToSlow(nn.Module):
    """The lateral connection: fast features at every fourth frame, put after the slow channels."""

    def __init__(self, fast_channels: int, kernel_time: int):
        super().__init__()
        outputs = fast_channels * CHANNEL_RATIO
        self.conv_fast_to_slow = TimeSpaceConv(
            fast_channels, outputs, (kernel_time, 1, 1), time_stride=FUSION_STRIDE
        )
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, slow: Tensor, fast: Tensor, fast_time: int) -> Tensor:
        lateral = F.relu(self.norm(self.conv_fast_to_slow(fast, fast_time)))
        return torch.cat([slow, lateral], dim=1)


class Block(nn.Module):
    """Both pathways at one depth, then the lateral connection where there is one."""

    def __init__(self, slow: nn.Module, fast: nn.Module, fusion: FuseFastToSlow | None):
        super().__init__()
        self.multipathway_blocks = nn.ModuleList([slow, fast])
        if fusion is not None:
            self.multipathway_fusion = fusion
        self.fuses = fusion is not None

    def forward(self, slow: Tensor, fast: Tensor, slow_time: int, fast_time: int) -> tuple[Tensor, Tensor]:
        slow = self.multipathway_blocks[0](slow, slow_time)
        fast = self.multipathway_blocks[1](fast, fast_time)
        if self.fuses:
            slow = self.multipathway_fusion(slow, fast, fast_time)
        return slow, fast


def _blocks(c: MotionConfig) -> list[Block]:
    """Stem and four stages of both pathways."""
    lateral = CHANNEL_RATIO
    slow_in, fast_in = c.stem_slow + lateral * c.stem_fast, c.stem_fast
    blocks = [
        Block(
            Stem(c.stem_slow, 1),
            Stem(c.stem_fast, c.fast_stem_time),
            FuseFastToSlow(c.stem_fast, c.fast_to_slow_kernel),
        )
    ]
    for i, depth in enumerate(c.depths):
        slow_inner, fast_inner = c.inner_slow << i, c.inner_fast << i
        slow_out, fast_out = slow_inner * c.expansion, fast_inner * c.expansion
        last = i == len(c.depths) - 1
        stride = SPATIAL_STRIDES[i]
        blocks.append(
            Block(
                Stage(depth, slow_in, slow_inner, slow_out, SLOW_TIME_KERNELS[i], stride),
                Stage(depth, fast_in, fast_inner, fast_out, FAST_TIME_KERNELS[i], stride),
                None if last else FuseFastToSlow(fast_out, c.fast_to_slow_kernel),
            )
        )
        slow_in, fast_in = slow_out + lateral * fast_out, fast_out
    return blocks


class SlowFast(nn.Module):
    """The five blocks of SlowFast and the closed form of its head pools; without depths no block and no
    features.

    `frozen` is how the official model uses it (no gradient, but see `train`); a stage that trains the
    extractor calls `freeze(False)`.
    """

    def __init__(self, config: MotionConfig):
        super().__init__()
        self.config = config
        self.frozen = False
        self.feature_extraction = nn.ModuleList(_blocks(config) if config.depths else [])

    def freeze(self, frozen: bool = True) -> SlowFast:
        """Frozen: no gradients, and batch norm keeps its running statistics whatever `train` says."""
        self.frozen = frozen
        self.requires_grad_(not frozen)
        return self.train(self.training)

    def drift(self) -> SlowFast:
        """Batch norms take the statistics of their batch and their running ones move, though nothing trains:
        the official run, which only clears requires_grad. Until the next `train` or `eval`."""
        return super().train(True)

    def train(self, mode: bool = True) -> SlowFast:
        # The official trainer only clears requires_grad, so its batch norms drift; ours stay as saved.
        return super().train(mode and not self.frozen)

    def blocks(self, pixels: Tensor, slow_indices: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
        """Slow [B, n, C, h, w] and fast [B, T, C', h, w] after each of the five blocks.

        pixels [B, T, 3, S, S]: normalised, all frames of the motion branch. `slow_indices` must be
        ceil(T / 4) positions among them, else the lateral concatenation cannot fit.
        """
        batch, fast_time = pixels.shape[:2]
        slow_time = len(slow_indices)
        if slow_time != -(-fast_time // FUSION_STRIDE):
            raise ValueError(
                f"{fast_time} frames need {-(-fast_time // FUSION_STRIDE)} slow indices, not {slow_time}"
            )
        slow = pixels[:, list(slow_indices)].flatten(0, 1)
        fast = pixels.flatten(0, 1)
        for block in self.feature_extraction:
            slow, fast = block(slow, fast, slow_time, fast_time)
            yield slow.unflatten(0, (batch, slow_time)), fast.unflatten(0, (batch, fast_time))

    def forward(
        self, pixels: Tensor, slow_indices: Sequence[int], pool_time: PoolTime, pool_space: Sequence[float]
    ) -> Tensor:
        """pixels [B, T, 3, S, S] → [B, slow + fast features]; see `blocks` and `pooled`."""
        if not self.config.depths:
            return pixels.new_zeros(len(pixels), 0)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            slow, fast = deque(self.blocks(pixels, slow_indices), maxlen=1).pop()
            return torch.cat(
                [
                    pooled(slow, pool_time.slow, pool_space),
                    pooled(fast, pool_time.fast, pool_space),
                ],
                dim=1,
            )


def pooled(features: Tensor, time_weights: Sequence[float], space_weights: Sequence[float]) -> Tensor:
    """features [B, T, C, n, n] → [B, C]: the separable weighted mean that the official repeat, 8×7×7 and
    32×7×7 average pools and global mean amount to (equal to 1.5e-6)."""
    time, size = features.shape[1], features.shape[-1]
    if len(time_weights) != time or len(space_weights) != size:
        raise ValueError(
            f"pooling weights for {len(time_weights)} frames of {len(space_weights)} positions do not fit "
            f"features of {time} frames of {size} positions"
        )
    t = features.new_tensor(time_weights)
    s = features.new_tensor(space_weights)
    return torch.einsum("btcyx,t,y,x->bc", features, t, s, s)
