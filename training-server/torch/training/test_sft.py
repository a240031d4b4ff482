"""Supervised steps and regression pretraining. Oracles: cross-entropy of rows, recorded gradients."""

import json
import os
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from modules.loader import load_model
from training.clips import ClipPixels, Encoder
from training.conftest import tiny_clip, tiny_model, tiny_prompt
from training.optimizer import make_optimizer
from training.regression_pretrain import DenseExample, RegressionHeads, TargetSpec, regression_step
from training.rollout import Completion
from training.sft import SftOptions, accumulate_sft, completion_tokens, sft_step
from training.teacher_forcing import Example, RowBatch
from training.trainable import OFFICIAL_PARTS, train_parts, trainable


def examples(count=4, texts=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        Example(
            input_ids=tiny_prompt(n, question=3 + n),
            clip=tiny_clip(n, key=n, frame_keys=[(n, k) for k in range(4)]),
            completions=[
                Completion(
                    tokens=torch.randint(0, 97, (4 + 3 * n + k,), generator=generator).tolist(),
                    logps=[],
                    stopped=True,
                )
                for k in range(texts)
            ],
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("texts", [1, 2])
@pytest.mark.parametrize("max_tokens_per_row", [1, 10_000])
def test_the_loss_is_cross_entropy_on_completions_alone(texts, max_tokens_per_row):
    model = tiny_model()
    train_parts(model)
    encoder = Encoder(model, model.config.profile)
    batch = examples(texts=texts)
    logits, targets = [], []
    for example in batch:
        embeds = model.inputs_embeds(example.input_ids[None], encoder.encode([example.clip]), encoder.profile)
        for completion in example.completions:
            tokens = torch.tensor([completion.tokens])
            hidden = model.language_model(torch.cat([embeds, model.language_model.embed(tokens)], dim=1))
            logits.append(model.language_model.logits(hidden)[0, embeds.shape[1] - 1 : -1])
            targets.append(tokens[0])
    logits, targets = torch.cat(logits), torch.cat(targets)
    expected = F.cross_entropy(logits, targets)
    expected.backward()
    gradients = [p.grad.clone() for p in trainable(model)]
    model.zero_grad(set_to_none=True)
    options = SftOptions(max_tokens_per_row=max_tokens_per_row, logits_chunk=5)
    sums = accumulate_sft(model, encoder, batch, options, tokens=completion_tokens(batch))
    assert sums.total("loss") == pytest.approx(expected.item(), abs=1e-5)
    accuracy = float((logits.argmax(-1) == targets).float().mean())
    assert sums.mean("likeliest", "tokens") == pytest.approx(accuracy)
    largest = max(float(g.abs().max()) for g in gradients)
    for p, expected_gradient in zip(trainable(model), gradients, strict=True):
        assert float((p.grad - expected_gradient).abs().max()) <= 1e-5 * largest


def test_steps_learn_the_texts():
    model = tiny_model()
    train_parts(model, ("languageModel", "motionProjector"))
    encoder = Encoder(model, model.config.profile)
    optimizer = make_optimizer(trainable(model))
    batch = examples(count=2)
    metrics = [sft_step(model, encoder, optimizer, batch, SftOptions(), lr=2e-2) for _ in range(40)]
    assert metrics[-1]["loss"] < 0.3 < 3 < metrics[0]["loss"]
    assert metrics[-1]["mean_token_accuracy"] > 0.95
    assert encoder.frames_encoded == 8 and encoder.clips_encoded == 2  # frozen encoders have run once


@pytest.fixture(scope="module")
def golden():
    shared = Path(os.environ.get("VQA_SHARED", Path(__file__).parents[4] / "shared"))
    if not shared.is_dir():
        pytest.skip(f"the reference data is not at {shared} (VQA_SHARED)")
    return shared / "golden" / "tiny"


def test_a_packed_row_gives_the_recorded_loss_and_gradients(golden):
    """Twice the recorded answer after one prompt: its log-probabilities, loss and gradient norms, of 1e-5."""
    model = load_model(golden)
    profile = model.config.profiles["train6"]
    recorded = load_file(golden / "train6.safetensors")
    train_parts(model, OFFICIAL_PARTS, recompute=True)
    encoder = Encoder(model, profile)
    completion = Completion(tokens=recorded["greedy.tokens"].tolist(), logps=[], stopped=False)
    example = Example(
        input_ids=recorded["input.input_ids"][0],
        clip=ClipPixels(frames=recorded["input.frames"]),
        completions=[completion, completion],
    )
    scores = RowBatch([example], encoder.device).scores(model, encoder, logits_chunk=16)
    logps = scores.logps.unflatten(0, (2, -1))
    torch.testing.assert_close(logps, recorded["completion.logps"].expand(2, -1), atol=5e-5, rtol=0)
    loss = -logps.mean()
    loss.backward()
    file = json.loads((golden / "train6_grads.json").read_text())
    assert loss.item() == pytest.approx(file["loss"], abs=1e-5)
    ours = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert set(ours) == set(file["grad_l2"])
    for name, norm in file["grad_l2"].items():
        assert float(ours[name].norm()) == pytest.approx(norm, rel=1e-4, abs=1e-7), name


# Regression pretraining

SPECS = {
    "blur": TargetSpec(level="frame", size=1),
    "map": TargetSpec(level="token", size=2, weight=0.5),
    "kinds": TargetSpec(level="clip", size=3, loss="bce"),
    "shake": TargetSpec(level="motion", size=1),
}


def dense(count=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    examples = []
    for n in range(count):
        targets = {
            "blur": torch.randn(4, 1, generator=generator),
            "map": torch.randn(4, 4, 2, generator=generator),
            "kinds": torch.randint(0, 2, (3,), generator=generator).float(),
            "shake": torch.randn(1, generator=generator),
        }
        if n == 1:
            del targets["map"]
            targets["blur"][2:] = torch.nan
        examples.append(DenseExample(clip=tiny_clip(n), targets=targets))
    return examples


def test_unknown_numbers_count_nothing_and_batches_add_up():
    losses = []
    for clips_at_once in (1, 8):
        model = tiny_model()
        torch.manual_seed(0)
        heads = RegressionHeads(SPECS, model.config.language.hidden_size)
        params = train_parts(model, ("vision", "visionProjector", "motion", "motionProjector"))
        model.slowfast_model.eval()  # batch statistics would tie the clips of a batch together
        encoder = Encoder(model, model.config.profile)
        optimizer = make_optimizer([*params, *heads.parameters()])
        batch = dense()
        metrics = regression_step(
            model, encoder, heads, optimizer, batch, lr=1e-3, clips_at_once=clips_at_once
        )
        losses.append(metrics)
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    with torch.no_grad():
        model = tiny_model()
        torch.manual_seed(0)
        heads = RegressionHeads(SPECS, model.config.language.hidden_size)
        encoder = Encoder(model, model.config.profile)
        encoded = encoder.encode([example.clip for example in batch])
        predicted = heads(encoded.frames, encoded.motion, 4)["blur"]
    target = torch.stack([example.targets["blur"] for example in batch])
    present = torch.isfinite(target)
    assert int(present.sum()) == 10
    expected = float((predicted - target)[present].square().mean())
    assert losses[0]["loss/blur"] == pytest.approx(expected, rel=1e-4)


def test_regression_pretraining_trains_encoders_and_never_the_language_model():
    torch.manual_seed(0)
    model = tiny_model()
    heads = RegressionHeads(SPECS, model.config.language.hidden_size)
    params = train_parts(model, ("vision", "visionProjector", "motion", "motionProjector"))
    encoder = Encoder(model, model.config.profile)
    optimizer = make_optimizer([*params, *heads.parameters()])
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    batch = dense()
    losses = [regression_step(model, encoder, heads, optimizer, batch, lr=1e-2)["loss"] for _ in range(30)]
    assert losses[-1] < 0.5 * losses[0]
    moved = {n.split(".")[0] for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert moved == {"vision_model", "mlp1", "slowfast_model", "motion_mlp"}


def test_a_target_must_be_of_a_supported_kind():
    with pytest.raises(ValueError, match="level 'pixel'"):
        TargetSpec(level="pixel", size=1)
