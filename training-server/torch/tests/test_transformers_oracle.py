"""A second oracle at other sizes: transformers' own InternVL (vision, projector, decoder; it has no motion).

Tolerances are those of the recorded tensors: 1e-5 of the largest feature, 5e-5 absolute for logits.
"""

import re

import pytest
import torch

from modules.config import LanguageConfig, ModelConfig, VisionConfig
from modules.generate import generate
from modules.projector import pixel_shuffle
from modules.random_checkpoint import random_weights
from modules.vqathinker import VQAThinkerModel

transformers = pytest.importorskip("transformers")

RENAMES = (
    (r"^vision_model\.encoder\.layers\.", "model.vision_tower.encoder.layer."),
    (r"^vision_model\.embeddings\.", "model.vision_tower.embeddings."),
    (r"class_embedding", "cls_token"),
    (r"position_embedding", "position_embeddings"),
    (r"patch_embedding\.", "patch_embeddings.projection."),
    (r"norm1", "layernorm_before"),
    (r"norm2", "layernorm_after"),
    (r"\bls([12])", r"lambda_\1"),
    (r"attn\.proj", "attention.projection_layer"),
    (r"^mlp1\.0", "model.multi_modal_projector.layer_norm"),
    (r"^mlp1\.1", "model.multi_modal_projector.linear_1"),
    (r"^mlp1\.3", "model.multi_modal_projector.linear_2"),
    (r"^language_model\.model\.", "model.language_model."),
    (r"^language_model\.lm_head", "lm_head"),
)


def oracle_of(ours: VQAThinkerModel):
    config, vision = ours.config.language, ours.config.vision
    model = transformers.InternVLForConditionalGeneration(
        transformers.InternVLConfig(
            vision_config={
                "hidden_size": vision.hidden_size,
                "num_hidden_layers": vision.num_hidden_layers,
                "num_attention_heads": vision.num_attention_heads,
                "intermediate_size": vision.intermediate_size,
                "image_size": [vision.image_size] * 2,
                "patch_size": [vision.patch_size] * 2,
                "layer_norm_eps": vision.layer_norm_eps,
                "norm_type": "layer_norm",
                "attention_bias": True,
                "use_qk_norm": False,
                "use_mean_pooling": True,
                "hidden_act": "gelu",
            },
            text_config={
                "model_type": "qwen2",
                "hidden_size": config.hidden_size,
                "num_hidden_layers": config.num_hidden_layers,
                "num_attention_heads": config.num_attention_heads,
                "num_key_value_heads": config.num_key_value_heads,
                "intermediate_size": config.intermediate_size,
                "vocab_size": config.vocab_size,
                "rms_norm_eps": config.rms_norm_eps,
                "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
                "tie_word_embeddings": config.tie_word_embeddings,
            },
            tie_word_embeddings=config.tie_word_embeddings,
            image_token_id=1,
        )
    ).eval()
    state = {}
    for name, tensor in ours.state_dict().items():
        if name.startswith(("slowfast_model", "motion_mlp")):
            continue
        for pattern, replacement in RENAMES:
            name = re.sub(pattern, replacement, name)
        if ".attn.qkv." in name:
            for part, rows in zip("qkv", tensor.chunk(3), strict=True):
                state[name.replace("attn.qkv", f"attention.{part}_proj")] = rows
        else:
            state[name] = tensor
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected
    assert missing == (["lm_head.weight"] if config.tie_word_embeddings else [])
    model.tie_weights()
    return model


@pytest.mark.parametrize("size", [112, 140, 84])
@pytest.mark.parametrize(
    ("heads", "kv_heads", "tied"), [(4, 4, False), (5, 1, True), (14, 2, False), (14, 2, True)]
)
def test_features_logits_and_answers(heads, kv_heads, tied, size):
    ours = VQAThinkerModel(
        ModelConfig(
            vision=VisionConfig(
                hidden_size=48,
                num_hidden_layers=3,
                num_attention_heads=3,
                intermediate_size=80,
                image_size=112,
            ),
            language=LanguageConfig(
                vocab_size=301,
                hidden_size=heads * 12,
                intermediate_size=120,
                num_hidden_layers=3,
                num_attention_heads=heads,
                num_key_value_heads=kv_heads,
                tie_word_embeddings=tied,
            ),
        )
    ).eval()
    generator = torch.Generator().manual_seed(heads + size)
    random_weights(ours, generator, batch_statistics=False)
    oracle = oracle_of(ours)
    pixels = torch.randn(3, 3, size, size, generator=generator)
    ids = torch.randint(2, 300, (2, 40), generator=generator)
    with torch.no_grad():
        computed = ours.mlp1(pixel_shuffle(ours.vision_model(pixels)))
        other = oracle.get_image_features(pixel_values=pixels).pooler_output
        other = torch.stack(list(other)) if not isinstance(other, torch.Tensor) else other
        assert (computed - other).abs().max() <= 1e-5 * other.abs().max()
        embeds = ours.language_model.embed(ids)
        embeds = torch.cat([computed[:2], embeds], dim=1)
        logits = ours.language_model.logits(ours.language_model(embeds))
        expected = oracle(inputs_embeds=embeds).logits
        assert expected.abs().max() > 0.1
        assert (logits - expected).abs().max() <= 5e-5
        answer = generate(ours.language_model, embeds, max_new_tokens=12, keep_logits=True)
        best = answer.logits.topk(2).values
        greedy = oracle.generate(
            inputs_embeds=embeds,
            attention_mask=torch.ones(embeds.shape[:2], dtype=torch.long),
            max_new_tokens=12,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
        ).tolist()
    for row in range(2):
        clear = (best[row, :, 0] - best[row, :, 1] > 1e-3).tolist()
        certain = clear.index(False) if False in clear else len(clear)
        assert answer.tokens[row][:certain] == greedy[row][:certain]
