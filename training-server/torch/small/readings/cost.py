"""Bytes and time of both encoders of the small network, with and without transformer and SlowFast:
`npm run train-small -- readings-cost`. Weights are random: neither depends on them."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from modules.config import LanguageConfig, ModelConfig
from modules.loader import save_model
from modules.profiles import TokenIds
from modules.random_checkpoint import random_weights
from modules.statistics import FRAGMENT_NAMES
from modules.vqathinker import VQAThinkerModel
from small.config import HIDDEN, MOTION, PROFILE, VISION

ROOT = Path(__file__).parents[4]
GRAPHS = {"vision_encoder": PROFILE.frames, "motion_encoder": PROFILE.motion_frames}
"""Frames of one run."""

RUNS = 9


def config_of(closed_form: bool) -> ModelConfig:
    """The small network, with a decoder of one layer; `closed_form`: no transformer and no SlowFast."""
    ids = TokenIds(image_start=392, image_end=393, context=394)
    profile = replace(PROFILE, prompt="small", prompt_sha256="0" * 64, token_ids=ids)
    language = LanguageConfig(
        vocab_size=400,
        hidden_size=HIDDEN,
        intermediate_size=512,
        num_hidden_layers=1,
        num_attention_heads=6,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=389,
    )
    return ModelConfig(
        vision=replace(VISION, statistics=FRAGMENT_NAMES) if closed_form else VISION,
        language=language,
        motion=replace(MOTION, depths=()) if closed_form else MOTION,
        profiles={profile.name: profile},
        default_profile=profile.name,
    )


def convert(config: ModelConfig, folder: Path) -> Path:
    """Package of random weights, q8 for WASM; the folder of its graphs."""
    model = VQAThinkerModel(config)
    random_weights(model, torch.Generator().manual_seed(0), batch_statistics=False)
    save_model(model.eval(), folder / "checkpoint")
    tokenizer = {"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": []}}
    (folder / "checkpoint" / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    command = ["npm", "run", "--silent", "convert", "--", folder / "checkpoint", folder / "package"]
    subprocess.run([*command, "--variants", "wasm:q8"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder / "package" / "onnx-wasm"


def milliseconds(path: Path, frames: int) -> float:
    """Median cpu-time of a graph on one thread of onnxruntime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    shape = (frames, 3, PROFILE.size, PROFILE.size)
    pixels = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    times = []
    for _ in range(RUNS):
        begun = time.process_time()
        session.run(None, {"pixel_values": pixels})
        times.append(time.process_time() - begun)
    return 1000 * float(np.median(times))


def stage_cost() -> None:
    """Prints bytes and cpu-time of each encoder."""
    torch.set_num_threads(1)
    for closed_form in (False, True):
        with tempfile.TemporaryDirectory() as temporary:
            graphs = convert(config_of(closed_form), Path(temporary))
            for name, frames in GRAPHS.items():
                size = sum(path.stat().st_size for path in graphs.glob(f"{name}*"))
                time_taken = milliseconds(graphs / f"{name}_quantized.onnx", frames)
                kind = "closed-form values" if closed_form else "transformer and SlowFast"
                print(f"{kind}, {name}: {size} bytes, {time_taken:.1f} ms", flush=True)
