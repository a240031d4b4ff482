"""A folder assembled from parts loads strictly and computes what the parts compute. Oracle: the parts."""

import json

import pytest
import torch

from modules.loader import load_model
from modules.statistics import NAMES, standardised, statistics
from modules.vqathinker import VQAThinkerModel
from small.backbone import load_backbone, zero_scaled
from small.checkpoint import PerceptionHalf, assemble, profile_with_prompt, write_checkpoint
from small.concepts import CONCEPT_DIM, SCORE
from small.config import MOTION, PROFILE, VISION
from small.data import CELL
from small.human.frames import COLUMNS
from small.human.head import load_human_head
from small.join import ConceptMap
from small.language import LanguageHalf, LanguageRecipe, language_config, train_tokenizer
from small.predictor import TorchPredictor
from small.projector import Projector
from small.prompt import PromptShape, prompt_sha256
from small.vision import load_vision


@pytest.fixture(scope="module")
def parts():
    torch.manual_seed(0)
    tokenizer = train_tokenizer(LanguageRecipe(), PromptShape())
    language = LanguageHalf(language_config(tokenizer)).eval()
    projector = Projector()
    perception = PerceptionHalf(
        vision=VISION,
        motion=MOTION,
        profile=PROFILE,
        vision_state=load_vision().state_dict(),
        slowfast_state=zero_scaled(load_backbone()).state_dict(),
        statistics=(torch.randn(len(NAMES)), torch.rand(len(NAMES)) + 0.5),
        norm=projector.norm,
        inner=projector.inner,
    )
    concept_map = ConceptMap(weight=torch.randn(CONCEPT_DIM, 192) * 0.1, bias=torch.randn(CONCEPT_DIM))
    return perception, language, tokenizer, concept_map, projector


def test_profile_gets_prompt_and_ids(parts):
    tokenizer = parts[2]
    profile = profile_with_prompt(PROFILE, tokenizer)
    assert profile.prompt_sha256 == prompt_sha256(PromptShape())
    ids = profile.token_ids
    assert tokenizer.decode([ids.image_start, ids.context, ids.image_end], skip_special_tokens=False) == (
        "<img><IMG_CONTEXT></img>"
    )


def test_folder_computes_what_the_parts_compute(parts, tmp_path):
    perception, language, tokenizer, concept_map, projector = parts
    model = assemble(perception, language, tokenizer, concept_map)
    sha256 = write_checkpoint(model, tokenizer, tmp_path / "checkpoint")
    assert len(sha256) == 64 and not list(tmp_path.glob(".*"))
    predictor = TorchPredictor(tmp_path / "checkpoint")
    pixels = torch.randn(16, 3, 224, 224)
    encoded = predictor.encode(pixels)
    # The zero-scaled backbone adds less than 1e-3 to a vector of unit size.
    expected = standardised(statistics(pixels, NAMES, CELL), *perception.statistics)
    assert torch.allclose(encoded.motion[512:], expected, atol=1e-4)
    assert encoded.motion[:512].abs().max() < 1e-2
    with torch.no_grad():
        token = predictor.model.motion_mlp(encoded.motion[None])
        assert torch.allclose(
            token, language.concept_embedding(concept_map(projector.hidden(encoded.motion[None]))), atol=1e-4
        )
    assert encoded.frames.shape == (8 * 49, 192)
    assert len(predictor.generate([encoded, encoded])) == 2
    config = json.loads((tmp_path / "checkpoint" / "config.json").read_text())
    assert config["default_profile"] == "small8" and config["llm_config"]["tie_word_embeddings"]
    generation = json.loads((tmp_path / "checkpoint" / "generation_config.json").read_text())
    assert generation["eos_token_id"] == tokenizer.token_to_id("<|im_end|>")


def test_strict_loading_is_what_writing_ends_with(parts, tmp_path):
    model = assemble(*parts[:4])
    write_checkpoint(model, parts[2], tmp_path / "c")
    loaded = load_model(tmp_path / "c")
    assert isinstance(loaded, VQAThinkerModel)
    for (name, a), b in zip(model.state_dict().items(), loaded.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_a_human_head_adds_its_score_to_the_score_component(parts, tmp_path):
    """Oracle: the concept embedding of concepts whose score component is H − 3 higher."""
    perception, language, tokenizer, concept_map, projector = parts
    head, _ = load_human_head()
    write_checkpoint(assemble(perception, language, tokenizer, concept_map, head), tokenizer, tmp_path / "h")
    model = load_model(tmp_path / "h")
    features = torch.full((2, len(COLUMNS)), torch.nan)
    features[1] = head.mean + head.deviation
    with torch.no_grad():
        hidden = projector.hidden(torch.randn(2, MOTION.features))
        concepts = concept_map(hidden)
        before = language.concept_embedding(concepts)
        concepts[:, SCORE] += head(features)[:, None] - 3
        token = before + model.quality_token(features, before)
        assert torch.allclose(token, language.concept_embedding(concepts), atol=1e-4)


def test_a_projector_of_another_width_is_refused(parts):
    perception, language, tokenizer, concept_map, _ = parts
    wide = Projector(hidden=256)
    other = PerceptionHalf(**{**vars(perception), "norm": wide.norm, "inner": wide.inner})
    with pytest.raises(ValueError, match="256 outputs"):
        assemble(other, language, tokenizer, concept_map)
