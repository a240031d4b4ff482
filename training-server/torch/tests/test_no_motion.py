"""The ablation without motion: a prompt that lacks the motion's slot."""

import pytest
import torch

from modules.random_checkpoint import RandomCheckpoint
from modules.vqathinker import Encoded, VQAThinkerModel


def test_prompt_without_the_motion_slot_takes_the_vision_tokens_alone():
    config = RandomCheckpoint(profile="fragments").config()
    profile = next(iter(config.profiles.values()))
    model = VQAThinkerModel(config)
    count, width = profile.frames * profile.tokens_per_frame, config.language.hidden_size
    encoded = Encoded(frames=torch.randn(1, count, width), motion=torch.randn(1, width))
    ids = torch.full((1, count + 2), profile.token_ids.context)
    ids[0, 0] = ids[0, -1] = 7
    embeds = model.inputs_embeds(ids, encoded, profile)
    assert torch.equal(embeds[0, 1:-1], encoded.frames[0])
    ids[0, 1] = 7
    with pytest.raises(ValueError, match="context ids"):
        model.inputs_embeds(ids, encoded, profile)
