"""Rollouts. Oracle: one forward pass over prompt and answer, and plain one-at-a-time generation."""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.utils._python_dispatch import TorchDispatchMode

from modules.generate import Sampling, generate
from modules.loader import load_model
from training import rollout as rollouts
from training.clips import ClipPixels, Encoder
from training.conftest import tiny_clip, tiny_model, tiny_prompt
from training.draws import completion_draws, mixed
from training.rollout import Prompt, RolloutOptions, rollout
from training.slots import Slots, SlotSizes, StepGraphs, attention_part, merge_attention

STOPS = {7, 19, 31, 43, 55, 67}


def prompts(count, **fields):
    return [
        Prompt(input_ids=tiny_prompt(n, question=4 + n % 3), clip=tiny_clip(n), number=n, **fields)
        for n in range(count)
    ]


def options(**fields):
    fields = {
        "num_generations": 3,
        "max_completion_length": 24,
        "stop_ids": STOPS,
        "slots": 5,
        "prefill_rows": 2,
    } | fields
    return RolloutOptions(**fields)


def tokens(completions):
    return [[answer.tokens for answer in group] for group in completions]


@torch.no_grad()
def forced_logits(model, encoder, prompt, answer):
    """Logits [n, V] of the answer's tokens in one pass over prompt and answer."""
    embeds = model.inputs_embeds(prompt.input_ids[None], encoder.encode([prompt.clip]), encoder.profile)
    whole = torch.cat([embeds, model.language_model.embed(torch.tensor([answer.tokens[:-1]]).long())], dim=1)
    hidden = model.language_model(whole)
    return model.language_model.logits(hidden)[0, len(prompt.input_ids) - 1 :]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize(("heads", "kv_heads"), [(4, 2), (3, 1), (2, 2)])
def test_every_logit_is_that_of_one_forward_pass(heads, kv_heads, temperature):
    model = tiny_model(heads=heads, kv_heads=kv_heads)
    encoder = Encoder(model, model.config.profile)
    asked = prompts(6)
    completions = rollout(
        model, encoder, asked, options(sampling=Sampling(temperature=temperature), record_logits=True)
    )
    lengths = set()
    for prompt, group in zip(asked, completions, strict=True):
        for answer in group:
            expected = forced_logits(model, encoder, prompt, answer)
            torch.testing.assert_close(answer.logits, expected, atol=5e-5, rtol=0)
            scale = temperature or 1.0
            logps = (expected / scale).log_softmax(-1)
            chosen = logps.gather(1, torch.tensor(answer.tokens)[:, None])[:, 0]
            torch.testing.assert_close(torch.tensor(answer.logps), chosen, atol=5e-5, rtol=0)
            if temperature == 0:
                assert answer.tokens == expected.argmax(-1).tolist()
            assert answer.stopped == (answer.tokens[-1] in STOPS)
            assert not STOPS & set(answer.tokens[:-1])
            assert answer.stopped or len(answer.tokens) == 24
            lengths.add(len(answer.tokens))
    assert temperature == 0 or len(lengths) > 3


def test_greedy_equals_plain_generation(model, encoder):
    asked = prompts(4)
    completions = rollout(model, encoder, asked, options(num_generations=1, sampling=Sampling(temperature=0)))
    for prompt, group in zip(asked, completions, strict=True):
        embeds = model.inputs_embeds(prompt.input_ids[None], encoder.encode([prompt.clip]), encoder.profile)
        plain = generate(model.language_model, embeds, max_new_tokens=24, stop_ids=STOPS, keep_logits=True)
        best = plain.logits[0].topk(2, dim=-1).values
        assert float((best[:, 0] - best[:, 1]).min()) > 1e-3, "the oracle must have no near tie"
        assert group[0].tokens == plain.tokens[0]


@pytest.mark.parametrize("name", ["train6", "test12"])
def test_completions_are_the_recorded_ones(name):
    """Greedy tokens and logits of the official code, three answers that share one prompt."""
    shared = Path(os.environ.get("VQA_SHARED", Path(__file__).parents[4] / "shared"))
    if not shared.is_dir():
        pytest.skip(f"the reference data is not at {shared} (VQA_SHARED)")
    model = load_model(shared / "golden" / "tiny")
    recorded = load_file(shared / "golden" / "tiny" / f"{name}.safetensors")
    prompt = Prompt(
        input_ids=recorded["input.input_ids"][0],
        clip=ClipPixels(frames=recorded["input.frames"]),
        number=0,
    )
    asked = RolloutOptions(
        num_generations=3,
        max_completion_length=20,
        slots=2,
        sampling=Sampling(temperature=0),
        record_logits=True,
    )
    [group] = rollout(model, Encoder(model, model.config.profiles[name]), [prompt], asked)
    assert float(recorded["greedy.gap"].min()) > 1e-3
    for answer in group:
        assert answer.tokens == recorded["greedy.tokens"].tolist()
        torch.testing.assert_close(answer.logits, recorded["greedy.logits"], atol=5e-5, rtol=0)


def test_draws_do_not_depend_on_slots_order_or_company(model, encoder):
    sampling = Sampling(temperature=1.0, seed=5)
    asked = prompts(6)
    expected = tokens(rollout(model, encoder, asked, options(sampling=sampling)))
    for changed in ({"slots": 1}, {"slots": 18}, {"slots": 4, "prefill_rows": 1, "spare_prompt_rows": 2.0}):
        assert tokens(rollout(model, encoder, asked, options(sampling=sampling, **changed))) == expected
    backwards = tokens(rollout(model, encoder, asked[::-1], options(sampling=sampling)))
    assert backwards[::-1] == expected
    alone = tokens(rollout(model, encoder, asked[4:5], options(sampling=sampling)))
    assert alone == expected[4:5]
    fewer = tokens(rollout(model, encoder, asked, options(sampling=sampling, num_generations=2)))
    assert fewer == [group[:2] for group in expected]
    sparse = tokens(rollout(model, encoder, asked, options(sampling=sampling, poll_every=4)))
    assert sparse == expected
    flat = [tuple(answer) for group in expected for answer in group]
    assert len(set(flat)) == len(flat)
    other = tokens(rollout(model, encoder, asked, options(sampling=Sampling(temperature=1.0, seed=6))))
    assert other != expected


def test_top_k_and_top_p_reach_the_draws(model, encoder):
    asked = prompts(2)
    greedy = tokens(rollout(model, encoder, asked, options(sampling=Sampling(temperature=0))))
    for only_best in (Sampling(temperature=3.0, top_k=1), Sampling(temperature=1.0, top_p=1e-6)):
        assert tokens(rollout(model, encoder, asked, options(sampling=only_best))) == greedy


def test_completions_are_scored_at_the_logprob_temperature(model, encoder):
    asked = prompts(2)
    sampling = Sampling(temperature=0.7)
    at_sampling = rollout(model, encoder, asked, options(sampling=sampling))
    other = rollout(model, encoder, asked, options(sampling=sampling, logprob_temperature=1.0))
    assert tokens(at_sampling) == tokens(other)
    for prompt, group, cold in zip(asked, other, at_sampling, strict=True):
        for answer, colder in zip(group, cold, strict=True):
            expected = forced_logits(model, encoder, prompt, answer).log_softmax(-1)
            chosen = expected.gather(1, torch.tensor(answer.tokens)[:, None])[:, 0]
            torch.testing.assert_close(torch.tensor(answer.logps), chosen, atol=5e-5, rtol=0)
            assert answer.logps != colder.logps


def test_limits_force_lengths(model, encoder):
    asked = prompts(3, limits=[1, 9, 40])
    completions = rollout(model, encoder, asked, options(stop_ids=()))
    assert [[len(a.tokens) for a in group] for group in completions] == [[1, 9, 24]] * 3
    assert not any(a.stopped for group in completions for a in group)


def test_first_tokens_may_all_stop(model, encoder):
    asked = prompts(5)
    completions = rollout(model, encoder, asked, options(stop_ids=range(97)))
    assert [[len(a.tokens) for a in group] for group in completions] == [[1, 1, 1]] * 5
    assert all(a.stopped for group in completions for a in group)


def test_progress_reaches_the_end(model, encoder):
    calls = []
    rollout(model, encoder, prompts(4), options(), progress=lambda *call: calls.append(call))
    assert calls == sorted(set(calls)) and calls[-1] == (12, 12) and len(calls) > 1


class Operations(TorchDispatchMode):
    """Names of the operations that run within."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.add(func.name())
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("sampling", [
    Sampling(temperature=0),
    Sampling(temperature=0.9, top_k=50),
    Sampling(temperature=1.0, top_p=0.9),
])  # fmt: skip
@torch.no_grad()
def test_a_step_could_be_a_cuda_graph(model, encoder, sampling):
    """It never reads a number back or sends one, has no shape that depends on values, moves no buffer."""
    asked = prompts(2)
    slots = Slots(
        model.language_model,
        SlotSizes(
            slots=4,
            prompt_rows=2,
            num_generations=2,
            max_prompt_length=max(len(p.input_ids) for p in asked),
            max_completion_length=8,
        ),
        sampling=sampling,
        stop_ids=STOPS,
        logprob_temperature=1.0,
    )
    for row, prompt in enumerate(asked):
        encoded = encoder.encode([prompt.clip])
        slots.prefill([row], model.inputs_embeds(prompt.input_ids[None], encoded, encoder.profile))
    samples = [(0, 0), (0, 1), (1, 0), (1, 1)]
    slots.begin(range(4), samples, torch.rand(4, 8, dtype=torch.float64), [8] * 4)
    buffers = {name: t.data_ptr() for name, t in vars(slots).items() if isinstance(t, torch.Tensor)}
    shapes = []
    for _ in range(3):
        with Operations() as seen:
            slots.step()
        shapes.append(seen.names)
        host = ("_local_scalar_dense", "item", "nonzero", "masked_select", "lift_fresh", "unique")
        assert not [name for name in seen.names if any(word in name for word in host)]
    assert shapes[0] == shapes[1] == shapes[2] and len(shapes[0]) > 20
    assert {n: t.data_ptr() for n, t in vars(slots).items() if isinstance(t, torch.Tensor)} == buffers


def test_graphs_are_captured_once_a_shape_and_again_after_a_move(monkeypatch):
    """The bookkeeping around capture; the capture itself is CUDA's."""
    log = []

    class Graph:
        def replay(self):
            log.append("replay")

        def pool(self):
            return "pool"

    class Within:
        def __init__(self, *args, **kwargs):
            pass

        def __enter__(self):
            log.append("[")

        def __exit__(self, *_):
            log.append("]")

    stream = type("Stream", (), {"wait_stream": lambda self, other: None})
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", Within)
    monkeypatch.setattr(torch.cuda, "stream", Within)
    monkeypatch.setattr(torch.cuda, "Stream", stream)
    monkeypatch.setattr(torch.cuda, "current_stream", stream)
    graphs = StepGraphs()
    for _ in range(4):
        graphs.run((1, 2), lambda: log.append("step"))
    warm = ["[", "step", "]"]
    assert log == [*warm, *warm, *warm, "replay", "replay"]
    log.clear()
    for _ in range(2):
        graphs.run((1, 3), lambda: log.append("step"))
    assert log == [*warm, *warm, "replay"]
    log.clear()
    graphs.clear()
    graphs.run((1, 2), lambda: log.append("step"))
    graphs.run((1, 2), lambda: log.append("step"))
    assert log == [*warm, *warm] and not graphs.captured


def test_nothing_asked_nothing_done(model, encoder):
    assert rollout(model, encoder, [], options()) == []
    with pytest.raises(ValueError, match="exceed the model's 512 positions"):
        rollout(model, encoder, prompts(1), options(max_completion_length=500))


def test_each_frame_is_encoded_once_and_each_prompt_prefilled_once(model, encoder, monkeypatch):
    reads = []
    forward = model.language_model.forward
    monkeypatch.setattr(
        model.language_model, "forward", lambda x, **kw: reads.append(x.shape[:2]) or forward(x, **kw)
    )
    asked = prompts(4)
    rollout(model, encoder, asked, options())
    assert encoder.frames_encoded == 16 and encoder.clips_encoded == 4
    assert sum(rows for rows, length in reads if length > 1) == 4


def test_the_model_is_in_eval_mode_during_a_rollout_and_its_mode_is_restored(model, encoder):
    expected = tokens(rollout(model, encoder, prompts(2), options()))
    model.train()
    encoder.clear()
    assert tokens(rollout(model, encoder, prompts(2), options())) == expected
    assert model.training and model.vision_model.training


@pytest.mark.parametrize("count", [1, 3])
def test_parts_merge_to_attention_over_all_keys(count):
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 3, n, 8, generator=generator) for n in (count, 11, 11))
    bias = torch.zeros(2, 1, 1, 11)
    bias[1, ..., 9:] = -torch.inf
    whole = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    parts = [attention_part(q, k[:, :, s], v[:, :, s], bias[..., s]) for s in (slice(0, 6), slice(6, 11))]
    torch.testing.assert_close(merge_attention(*parts[0], *parts[1]), whole, atol=1e-6, rtol=0)
    nothing = (torch.zeros_like(whole), torch.full_like(whole[..., :1], -torch.inf))
    torch.testing.assert_close(merge_attention(*nothing, *parts[1]), parts[1][0])


def test_each_completion_has_draws_that_no_other_has():
    assert torch.equal(completion_draws(1, 2, 3, 50)[:10], completion_draws(1, 2, 3, 10))
    seeds = {mixed(s, n, k) for s in range(10) for n in range(40) for k in range(10)}
    assert len(seeds) == 4000 and all(0 <= seed < 2**63 for seed in seeds)
    first = torch.stack([completion_draws(0, n, k, 1) for n in range(50) for k in range(8)])
    assert abs(float(first.mean()) - 0.5) < 0.05  # 3.5 standard errors


def test_small_steps_run_on_one_thread_and_large_ones_on_all(model, encoder, monkeypatch):
    seen = []
    step = Slots.step

    def watched(self):
        seen.append(torch.get_num_threads())
        step(self)

    monkeypatch.setattr(Slots, "step", watched)
    limits = {rollouts.SHARED_OPERATIONS: 1, 0: 2}
    with rollouts.threads(2):
        for limit, count in limits.items():
            monkeypatch.setattr(rollouts, "SHARED_OPERATIONS", limit)
            seen.clear()
            rollout(model, encoder, prompts(1), RolloutOptions(num_generations=2, max_completion_length=4))
            assert set(seen) == {count}
            assert torch.get_num_threads() == 2
