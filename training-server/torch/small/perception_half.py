"""The shipped perception half, assembled from the files of its stages."""

from __future__ import annotations

from small.backbone import load_backbone, zero_scaled
from small.checkpoint import PerceptionHalf
from small.config import MOTION, PROFILE, VISION
from small.perception import load_normalizer, load_projector
from small.vision import load_vision


def load_perception_half() -> PerceptionHalf:
    """Raises FileNotFoundError before the stage `projector`."""
    projector, normalizer = load_projector(), load_normalizer()
    return PerceptionHalf(
        vision=VISION,
        motion=MOTION,
        profile=PROFILE,
        vision_state=load_vision().state_dict(),
        slowfast_state=zero_scaled(load_backbone()).state_dict(),
        statistics=(normalizer.mean, normalizer.std),
        norm=projector.norm,
        inner=projector.inner,
    )
