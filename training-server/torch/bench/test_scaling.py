"""The calculator of memory and time. Oracle: objects that were made and autograd's own saved tensors."""

import json
import math
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench import bench
from bench.cost_model import (
    Counts,
    Gpu,
    Plan,
    cache_bytes,
    decoder_activations,
    memory,
    optimizer_bytes,
    step_time,
    vision_activations,
    weight_bytes,
)
from bench.scaling import GPUS, MARGIN, fitting, markdown, phase_rows, table
from bench.shapes import SHAPES
from modules.generate import Sampling
from modules.internvit import InternViT
from modules.qwen2 import CausalAttend, Qwen2, rotary_tables
from training.conftest import tiny_model
from training.optimizer import make_optimizer
from training.slots import Slots, SlotSizes
from training.trainable import train_parts


def test_published_counts():
    """Decoder, vision and projectors of the family are 0.94, 2.09 and 7.94 B without the motion branch."""
    for name, published in (("1b", 938_193_024), ("2b", 2_088_957_440), ("8b", 7_944_373_760)):
        config = SHAPES[name].config()
        width = config.language.hidden_size
        projector = 2 * 2304 + (2304 + 1) * width + (width + 1) * width
        counts = Counts.of(config)
        assert counts.frozen == 33_644_488
        assert counts.trained == published + projector


def bytes_of(tensors) -> int:
    return sum(t.nbytes for t in tensors)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("kind", ["master", "stochastic"])
def test_weights_and_optimiser_hold_what_is_counted(dtype, kind):
    model = tiny_model().to(dtype)
    params = train_parts(model)
    optimizer = make_optimizer(params, kind)
    plan = Plan(optimizer=kind, item=dtype.itemsize)
    counts = Counts.of(model.config)
    assert weight_bytes(counts, plan) == bytes_of(model.parameters())
    state = [t for p in params for name, t in optimizer.state[p].items() if name != "step"]
    assert optimizer_bytes(counts, plan) == bytes_of(state)


def test_the_cache_holds_what_is_counted():
    model = tiny_model()
    plan = Plan(videos=8, num_generations=4, slots=16, temporal=True, window=32, item=4)
    slots = Slots(
        model.language_model,
        SlotSizes(
            slots=16,
            prompt_rows=5,  # 4 that fill the slots, 1 to spare
            num_generations=4,
            max_prompt_length=40,
            max_completion_length=32,
        ),
        sampling=Sampling(),
        stop_ids=(),
    )
    buffers = (slots.prompt_keys, slots.prompt_values, slots.suffix_keys, slots.suffix_values)
    assert slots.suffix_keys.shape[3] == 32
    assert cache_bytes(model.config, 40, plan) == bytes_of(buffers)


def saved_bytes(module, run) -> int:
    """Bytes that autograd keeps for the backward pass, parameters left out, a storage counted once."""
    held = {}
    weights = {p.untyped_storage().data_ptr() for p in module.parameters()}

    def pack(t):
        if t.untyped_storage().data_ptr() not in weights:
            held[t.untyped_storage().data_ptr()] = (t.untyped_storage().nbytes(), t)
        return t

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        run()
    return sum(size for size, _ in held.values())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_decoder_layer_keeps_what_is_counted(dtype):
    # As many KV heads as heads: this CPU's kernel would copy shared ones, CUDA's does not.
    small = SHAPES["small"].config()
    config = replace(small, language=replace(small.language, num_key_value_heads=6))
    decoder = Qwen2(config.language).to(dtype)
    tokens = 256
    x = torch.randn(1, tokens, config.language.hidden_size, dtype=dtype, requires_grad=True)
    rotary = rotary_tables(torch.arange(tokens)[None], config.language.head_dim, 1e6, dtype)
    layer = decoder.model.layers[0]
    stored, working = decoder_activations(config, tokens, dtype.itemsize)
    measured = saved_bytes(layer, lambda: layer(x, rotary, CausalAttend()))
    if dtype == torch.float32:
        measured -= x.nbytes  # what goes in is counted as kept; bf16 keeps a wide copy instead
    assert measured == pytest.approx(working, rel=0.05)
    decoder.recompute_layers = True
    last = (2 if dtype == torch.float32 else 3) * x.nbytes  # the final norm, before and widened
    assert saved_bytes(decoder, lambda: decoder(x)) - last == pytest.approx(stored, rel=0.1)


def test_a_vision_layer_keeps_what_is_counted():
    config = SHAPES["small"].config()
    encoder = InternViT(config.vision).eval()
    x = torch.randn(4, 197, config.vision.hidden_size, requires_grad=True)
    stored, working = vision_activations(config, 4, 224, 4)
    measured = saved_bytes(encoder, lambda: encoder.encoder.layers[0](x)) - x.nbytes
    assert measured == pytest.approx(working, rel=0.05)
    pixels = torch.randn(4, 3, 224, 224)
    encoder.recompute_layers = True
    assert saved_bytes(encoder, lambda: encoder(pixels)) - pixels.nbytes == pytest.approx(stored, rel=0.1)


def test_more_gpus_hold_less_and_take_less_time():
    shape = SHAPES["8b"]
    config, prompt = shape.config(), shape.prompt_length()
    one, eight = (memory(config, prompt, Plan(gpus=n)) for n in (1, 8))
    assert eight.optimizer == pytest.approx(one.optimizer / 8)
    # Weights, gradients, moments and reference by the facts of the 8B, in GB.
    assert [round(x / 1e9, 1) for x in (one.weights, one.gradients, one.optimizer, one.reference)] == [
        16.0,
        15.9,
        31.9,
        15.9,
    ]
    h200 = GPUS["H200"]
    times = [step_time(config, prompt, Plan(gpus=n), h200) for n in (1, 8)]
    assert 5 < times[0].total / times[1].total <= 8
    assert fitting(config, prompt, Plan(), h200.memory) is not None
    assert fitting(config, prompt, Plan(), GPUS["RTX 4090"].memory) is None


def test_the_table_has_a_line_for_each_case():
    lines = list(table())
    assert len(lines) == 3 * len(GPUS) * 2
    for line in lines:
        assert not line["fits"] or line["peak_gb"] < line["gpu_gb"]
    text = list(markdown(iter(lines)))
    assert len(text) == len(lines) + 2 and len({row.count("|") for row in text}) == 1


def test_the_document_prints_the_phases_of_a_step():
    document = (Path(__file__).parents[3] / "docs" / "rollouts.md").read_text("utf-8")
    printed = document.split("<!-- phases: begin -->\n")[1].split("\n<!-- phases: end -->")[0]
    assert printed == "\n".join(phase_rows())


def processor(device: torch.device) -> float:
    """Seconds that this process has computed: what other programs take does not count."""
    return time.process_time()


@pytest.mark.slow
@pytest.mark.parametrize("videos", [2, 4])
def test_a_measured_step_takes_about_the_estimated_time(videos):
    """The small shape on one thread of this CPU, at its own measured peak, all in processor seconds: within a
    factor of 2.5, at two sizes of a step."""
    options = bench.BenchOptions(videos=videos, steps=1, parts=("vision", "visionProjector", "languageModel"))
    shape = SHAPES["small"]
    peak = bench.peak_flops(torch.device("cpu"), torch.float32, clock=processor)
    source = torch.empty(1 << 26)
    source.clone()  # pages that are asked for the first time cost more
    start = time.process_time()
    source.clone()
    bandwidth = 2 * source.nbytes / (time.process_time() - start)
    count = 2 * videos * options.num_generations
    lengths = bench.completion_lengths(count, shape.mean_completion, options.cap)
    estimate = step_time(
        shape.config(),
        shape.prompt_length(),
        Plan(videos=videos, item=4),
        Gpu(memory=math.inf, flops=peak, bandwidth=bandwidth, link=1e9),
        mean_completion=round(sum(lengths) / count),
    )
    measured = bench.measure(replace(options, baseline_videos=1))["cpu_seconds_per_video"]["shared"] * videos
    assert 1 / 2.5 < measured / estimate.total < 2.5, (measured, estimate)


RECIPES = Path(__file__).parents[3] / "recipes"


@pytest.mark.parametrize(
    ("recipe", "optimizer", "gpu"),
    [("vqathinker-8b-official", "master", "H100 80 GB"), ("vqathinker-8b", "stochastic", "H200")],
)
def test_the_shipped_recipe_fits_the_machine_that_it_names(recipe, optimizer, gpu):
    engine = json.loads((RECIPES / f"{recipe}.json").read_text("utf-8"))["engine"]
    shape = SHAPES["8b"]
    plan = Plan(
        gpus=engine["processes"],
        optimizer=optimizer,
        slots=engine["slots"],
        max_tokens_per_row=engine["packTokens"],
    )
    peak = memory(shape.config(), shape.prompt_length(), plan, shape.mean_completion).peak
    assert peak <= GPUS[gpu].memory * (1 - MARGIN)
