"""The perceiver as it is shipped, assembled from the files of its stages."""

from __future__ import annotations

from small.checkpoint import Perceiver
from small.config import MOTION, PROFILE, VISION
from small.perception import load_projector, load_standard
from small.trunk import load_trunk, muted
from small.vision import load_vision


def load_perceiver() -> Perceiver:
    """Raises FileNotFoundError before the stage `projector`."""
    projector, standard = load_projector(), load_standard()
    return Perceiver(
        vision=VISION,
        motion=MOTION,
        profile=PROFILE,
        vision_state=load_vision().state_dict(),
        slowfast_state=muted(load_trunk()).state_dict(),
        statistics=(standard.mean, standard.std),
        norm=projector.norm,
        inner=projector.inner,
    )
