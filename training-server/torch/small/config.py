"""Sizes of the small model and its input profile."""

from modules.config import MotionConfig, VisionConfig
from modules.profiles import BranchPixels, profile_of
from modules.statistics import NAMES
from small.concepts import LABEL_PART
from small.data import CELL, GRID

MOTION = MotionConfig(
    stem_slow=24,
    stem_fast=8,
    fast_stem_time=3,
    inner_slow=24,
    inner_fast=8,
    expansion=2,
    depths=(1, 1, 1, 1),
    statistics=NAMES,
)

VISION = VisionConfig(
    hidden_size=192,
    num_hidden_layers=3,
    num_attention_heads=6,
    intermediate_size=768,
    patch_size=16,
    image_size=GRID * CELL,
    drop_path_rate=0.0,
)

PROFILE = profile_of(
    "small8",
    frames=8,
    size=GRID * CELL,
    patch=VISION.patch_size,
    sampling="goldenRatio",
    vision=BranchPixels(pixels="fragments", cell=CELL),
    motion=BranchPixels(pixels="fragments", cell=CELL, frames="successors"),
)
"""Input profile without prompt and token ids, which `checkpoint.py` adds."""

POOLED = MOTION.slow_features + MOTION.fast_features
HIDDEN = 192
"""Width of the projector: that of the language model, as in the official checkpoint."""
LABELS = LABEL_PART.stop
