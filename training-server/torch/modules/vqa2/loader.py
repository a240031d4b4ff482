"""Checkpoint folders of VQA² under the released names, strictly.

Tensors that provably change no output are left in the file and named: the slow pathway with the lateral
connections into it, and SigLIP's final norm. Anything else that is missing, extra or misshapen is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch

from modules.loader import expected_tensors, read_tensors, tensor_files
from modules.vqa2.config import Vqa2Config, read_config
from modules.vqa2.model import LlavaQwen

UNUSED = re.compile(
    r"(model\.)?slowfast\.feature_extraction\.\d+\.(multipathway_blocks\.0|multipathway_fusion)\..*"
    r"|model\.vision_tower\.vision_tower\.vision_model\.post_layernorm\.(weight|bias)"
)
"""Names of tensors that the official code holds and that no output depends on."""


@dataclass(kw_only=True)
class Loaded:
    """A model and what its file held beside it."""

    model: LlavaQwen
    """In eval mode, every weight from the file."""

    dropped: tuple[str, ...]
    """Names of the unused tensors that were not read."""

    @property
    def notice(self) -> str:
        """One sentence for a log."""
        if not self.dropped:
            return "Every tensor of the file is used."
        slow = sum("slowfast" in name for name in self.dropped)
        return (
            f"{len(self.dropped)} tensors of the file change no output and were not read: {slow} of the "
            f"slow pathway and its lateral connections, {len(self.dropped) - slow} of SigLIP's final norm."
        )


def load_vqa2(
    folder: Path | str,
    *,
    config: Vqa2Config | None = None,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> Loaded:
    """The model of a checkpoint folder. Raises CheckpointError, which lists what is wrong with the file."""
    folder = Path(folder)
    config = config or read_config(folder)
    with torch.device("meta"):
        model = LlavaQwen(config)
    head = ("lm_head.weight", "model.embed_tokens.weight")
    state = read_tensors(
        folder, expected_tensors(model), dtype=dtype, device=device, unused=UNUSED, tied=head
    )
    model.load_state_dict(state, strict=True, assign=True)
    names = tuple(sorted(name for name in tensor_files(folder) if UNUSED.fullmatch(name)))
    return Loaded(model=model.eval(), dropped=names)
