"""Writes a random checkpoint of a named shape: something to start recipes and measurements from.

    npm run make-checkpoint -- OUT --shape small [--tokenizer FOLDER] [--dtype bfloat16] [--seed 0]

Its answers mean nothing. Shapes `1b`, `2b` and `8b` are those of the published family; `tiny` is the least
that trains on a CPU in seconds. The tokenizer, and with it the vocabulary, is that of the folder given.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer

from engine.export import digest
from engine.text import FILES, read_tokenizer
from modules.config import LanguageConfig, ModelConfig, MotionConfig, VisionConfig
from modules.loader import save_model
from modules.profiles import BUILT_IN_PROFILES, BranchPixels, Profile, TokenIds, profile_from_json, profile_of
from modules.random_checkpoint import random_weights
from modules.vqathinker import VQAThinkerModel
from small import perception
from small.checkpoint import profile_with_prompt
from small.language import language_config
from small.tokenizer import CONTEXT, END, END_OF_TEXT, IMAGE_END, IMAGE_START

ROOT = Path(__file__).resolve().parents[3]
TOKENIZER = ROOT / "public" / "models" / "small"
"""The bundled model's; official shapes ask for a folder of the released family."""

OFFICIAL = {
    "1b": LanguageConfig(
        hidden_size=896,
        intermediate_size=4864,
        num_hidden_layers=24,
        num_attention_heads=14,
        num_key_value_heads=2,
    ),
    "2b": LanguageConfig(
        hidden_size=1536,
        intermediate_size=8960,
        num_hidden_layers=28,
        num_attention_heads=12,
        num_key_value_heads=2,
    ),
    "8b": LanguageConfig(),
}
SHAPES = ("tiny", "small", *OFFICIAL)


def config_of(shape: str, tokenizer: Path) -> ModelConfig:
    """The configuration of a shape with the vocabulary of a tokenizer."""
    text = read_tokenizer(tokenizer)
    ids = TokenIds(
        image_start=text.token_to_id(IMAGE_START),
        image_end=text.token_to_id(IMAGE_END),
        context=text.token_to_id(CONTEXT),
    )
    special = {"bos_token_id": text.token_to_id(END_OF_TEXT), "eos_token_id": text.token_to_id(END)}
    if shape in OFFICIAL:
        vocabulary = max(text.get_vocab_size(), OFFICIAL[shape].vocab_size if _released(text) else 0)
        profiles = {name: replace(p, token_ids=ids) for name, p in BUILT_IN_PROFILES.items()}
        return ModelConfig(
            language=replace(OFFICIAL[shape], vocab_size=vocabulary, **special), profiles=profiles
        )
    vision, motion, language, profile = (_small if shape == "small" else _tiny)(text, tokenizer)
    profile = replace(profile, token_ids=ids)
    return ModelConfig(
        vision=vision,
        language=replace(language, vocab_size=text.get_vocab_size(), **special),
        motion=motion,
        profiles={profile.name: profile},
        default_profile=profile.name,
    )


def _released(text: Tokenizer) -> bool:
    """Whether it is the family's own tokenizer, whose model has a few more rows than it has entries."""
    return text.get_vocab_size() > 100_000


Parts = tuple[VisionConfig, MotionConfig, LanguageConfig, Profile]


def _small(text: Tokenizer, folder: Path) -> Parts:
    """The bundled model's own numbers."""
    manifest = folder / "manifest.json"
    if manifest.exists():
        profile = profile_from_json(json.loads(manifest.read_text("utf-8"))["profile"])
    else:
        profile = profile_with_prompt(perception.PROFILE, text)
    return perception.VISION, perception.MOTION, language_config(text), profile


def _tiny(text: Tokenizer, folder: Path) -> Parts:
    blocks = BranchPixels(pixels="fragments", cell=32)
    profile = profile_of(
        "tiny8",
        frames=8,
        size=64,
        patch=16,
        places="golden",
        vision=blocks,
        motion=BranchPixels(pixels="fragments", cell=32, take="pairs"),
        prompt="small",
    )
    vision = VisionConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        patch_size=16,
        image_size=64,
    )
    motion = MotionConfig(
        stem_slow=4,
        stem_fast=2,
        fast_stem_time=3,
        inner_slow=4,
        inner_fast=2,
        expansion=2,
        depths=(1, 1, 1, 1),
    )
    language = LanguageConfig(
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        max_position_embeddings=2048,
    )
    return vision, motion, language, profile_with_prompt(profile, text)


def make(folder: Path, shape: str, tokenizer: Path, *, dtype: torch.dtype, seed: int) -> str:
    """Writes the folder and returns the weights' SHA-256. Large shapes are drawn in their final type."""
    config = config_of(shape, tokenizer)
    with torch.device("meta"):
        model = VQAThinkerModel(config)
    model = model.to(dtype).to_empty(device="cpu").eval()
    for name, buffer in model.named_buffers():
        with torch.no_grad():
            buffer.fill_(1 if name.endswith(("running_var", "std")) else 0)
    small = shape not in OFFICIAL and dtype == torch.float32
    plain = replace(config, motion=replace(config.motion, statistics=()))
    model.config, kept = plain, model.config  # input statistics stay standardised by 0 and 1
    random_weights(model, torch.Generator().manual_seed(seed), batch_statistics=small)
    model.config = kept
    save_model(model, folder, dtype=dtype)
    for name in FILES:
        if (tokenizer / name).exists():
            shutil.copyfile(tokenizer / name, folder / name)
    return digest(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="small")
    parser.add_argument("--tokenizer", type=Path, default=TOKENIZER, metavar="FOLDER")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default=None)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    # npm runs this beside the modules; paths are meant from where the command was given.
    from_here = Path(os.environ.get("INIT_CWD", "."))
    dtype = options.dtype or ("bfloat16" if options.shape in OFFICIAL else "float32")
    out = from_here / options.out
    if out.exists() and any(out.iterdir()):
        parser.error(f"{out} is not empty")
    tokenizer = from_here / options.tokenizer
    sha256 = make(out, options.shape, tokenizer, dtype=getattr(torch, dtype), seed=options.seed)
    print(json.dumps({"folder": str(out), "shape": options.shape, "dtype": dtype, "sha256": sha256}))


if __name__ == "__main__":
    main()
