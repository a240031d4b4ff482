"""The packed update. Oracle: each answer in a row of its own, all logits, the loss in one piece."""

import copy

import pytest
import torch

from modules.config import LanguageConfig
from modules.grpo_loss import POLICY_LOSSES, LossConfig, clip_rates, grpo_loss
from modules.qwen2 import Qwen2
from training.clips import Encoder
from training.conftest import CONTEXT, tiny_clip, tiny_model, tiny_prompt
from training.objective import StepTotals, completion_weights
from training.optimizer import make_optimizer
from training.packing import BlockAttend, SegmentAttend, indices_by_row, pack, tree_mask
from training.rollout import Completion
from training.teacher_forcing import Group
from training.trainable import OFFICIAL_PARTS, train_parts, trainable
from training.update import UpdateOptions, accumulate, frozen_reference, update


def groups(count=3, completions=4, longest=9, seed=0):
    generator = torch.Generator().manual_seed(seed)
    packing = []
    for n in range(count):
        lengths = torch.randint(1, longest + 1, (completions,), generator=generator).tolist()
        drawn = [torch.randint(0, 97, (length,), generator=generator).tolist() for length in lengths]
        if n == 0:
            drawn[0][0] = CONTEXT  # an answer may hold the id that stands for frames in a prompt
        advantages = torch.randn(completions, generator=generator).tolist()
        logps = [(-torch.rand(length, generator=generator) * 6).tolist() for length in lengths]
        packing.append(
            Group(
                input_ids=tiny_prompt(n, question=3 + n),
                clip=tiny_clip(n, key=n, frame_keys=[(n, k) for k in range(4)]),
                completions=[
                    Completion(tokens=t, logps=p, stopped=k % 2 == 0)
                    for k, (t, p) in enumerate(zip(drawn, logps, strict=True))
                ],
                advantages=advantages,
            )
        )
    return packing


def separate_logps(model, encoder, group, completion, temperature):
    embeds = model.inputs_embeds(group.input_ids[None], encoder.encode([group.clip]), encoder.profile)
    inputs = model.language_model.embed(torch.tensor([completion.tokens], dtype=torch.long))
    hidden = model.language_model(torch.cat([embeds, inputs], dim=1))
    logits = model.language_model.logits(hidden)[0, len(group.input_ids) - 1 : -1] / temperature
    return logits.log_softmax(-1).gather(1, torch.tensor(completion.tokens)[:, None])[:, 0]


def separate_rows(model, encoder, batch, options, reference):
    """The loss of separate rows, padded into one table; its gradients are left in the model."""
    pad = torch.nn.utils.rnn.pad_sequence

    def table(policy, encoder):
        return pad(
            [
                separate_logps(policy, encoder, group, completion, options.temperature)
                for group in batch
                for completion in group.completions
            ],
            batch_first=True,
        )

    completions = [completion for group in batch for completion in group.completions]
    lengths = torch.tensor([len(completion.tokens) for completion in completions])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    with torch.no_grad():
        ref_logps = None if reference is None else table(*reference)
    old = pad([torch.tensor(a.logps) for a in completions], batch_first=True) if options.old_logps else None
    result = grpo_loss(
        table(model, encoder),
        mask,
        torch.tensor([a for group in batch for a in group.advantages]),
        options.loss,
        old_logps=old,
        ref_logps=ref_logps,
        batch_tokens=int(lengths.sum()),
    )
    result.loss.backward()
    return result, mask


def disturbed(model, scale=0.05):
    other = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for name, p in other.named_parameters():
            if not name.startswith("slowfast"):
                p.add_(scale * p.std().nan_to_num(0) * torch.randn(p.shape, generator=generator))
    return other.eval().requires_grad_(False)


def compared(parts, options, *, heads=4, kv_heads=2, tied=False):
    model = tiny_model(heads=heads, kv_heads=kv_heads, tied=tied)
    train_parts(model, parts)
    other = disturbed(model)
    reference = (other, Encoder(other, other.config.profile)) if options.loss.beta else None
    batch = groups()
    encoder = Encoder(model, model.config.profile)
    expected, mask = separate_rows(model, encoder, batch, options, reference)
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    sums = accumulate(model, encoder, batch, options, totals=StepTotals.of(batch), reference=reference)
    return model, expected, mask, gradients, sums


@pytest.mark.parametrize("loss_type", POLICY_LOSSES)
@pytest.mark.parametrize("max_tokens_per_row", [1, 90, 10_000])
def test_packed_rows_equal_separate_rows(loss_type, max_tokens_per_row):
    cap = 5.0 if loss_type == "cispo" else 0.2
    loss = LossConfig(loss_type=loss_type, beta=0.04, max_completion_length=11, clip_high=cap)
    options = UpdateOptions(loss=loss, max_tokens_per_row=max_tokens_per_row, logits_chunk=7, temperature=0.9)
    model, expected, mask, gradients, sums = compared(OFFICIAL_PARTS, options)
    assert abs(sums.total("loss") - expected.loss.item()) < 1e-5 * max(1, abs(expected.loss.item()))
    largest = max(float(g.abs().max()) for g in gradients.values())
    for name, p in model.named_parameters():
        assert (p.grad is not None) == (not name.startswith("slowfast_model")), name
        if p.grad is not None:
            error = float((p.grad - gradients.get(name, torch.zeros_like(p))).abs().max())
            assert error <= 1e-5 * largest, (name, error, largest)
    kl = ((expected.per_token_kl * mask).sum() / mask.sum()).item()
    assert abs(sums.mean("kl", "tokens") - kl) < 1e-5
    assert kl > 1e-3


@pytest.mark.parametrize("options", [
    UpdateOptions(loss=LossConfig(beta=0.0), old_logps=True),
    UpdateOptions(loss=LossConfig(beta=0.1, sequence_ratio=True, delta=1.5), old_logps=True),
    UpdateOptions(loss=LossConfig(beta=0.1, bias_correction_kl=True), old_logps=True),
])  # fmt: skip
@pytest.mark.parametrize("shape", [(4, 2, True), (3, 1, False), (2, 2, False)])
def test_old_policies_and_other_heads(options, shape):
    heads, kv_heads, tied = shape
    parts = ("languageModel", "motionProjector")
    model, expected, mask, gradients, sums = compared(
        parts, options, heads=heads, kv_heads=kv_heads, tied=tied
    )
    assert abs(sums.total("loss") - expected.loss.item()) < 1e-5 * max(1, abs(expected.loss.item()))
    largest = max(float(g.abs().max()) for g in gradients.values())
    for name, p in model.named_parameters():
        if name in gradients:
            assert float((p.grad - gradients[name]).abs().max()) <= 1e-5 * largest, name
    assert {n.split(".")[0] for n in gradients} == {"language_model", "motion_mlp"}


def test_recomputed_layers_change_no_gradient():
    packing = []
    for recompute in (False, True):
        model = tiny_model()
        train_parts(model, recompute=recompute)
        encoder = Encoder(model, model.config.profile)
        batch, options = groups(), UpdateOptions(loss=LossConfig(beta=0.0))
        accumulate(model, encoder, batch, options, totals=StepTotals.of(batch))
        packing.append([p.grad.clone() for p in trainable(model)])
    for a, b in zip(*packing, strict=True):
        torch.testing.assert_close(a, b, atol=1e-7, rtol=1e-6)


def test_ranks_that_share_a_step_average_to_it():
    loss = LossConfig(beta=0.0, loss_type="grpo")
    batch = groups(count=4)
    gradients = []
    for parts, ranks in (((batch,), 1), ((batch[:1], batch[1:]), 2)):
        total = None
        for rank_groups in parts:
            model = tiny_model()
            train_parts(model)
            encoder = Encoder(model, model.config.profile)
            totals = StepTotals.of(batch, ranks=ranks)
            accumulate(model, encoder, rank_groups, UpdateOptions(loss=loss), totals=totals)
            got = [p.grad / ranks for p in trainable(model)]
            total = got if total is None else [a + b for a, b in zip(total, got, strict=True)]
        gradients.append(total)
    largest = max(float(g.abs().max()) for g in gradients[0])
    for a, b in zip(*gradients, strict=True):
        assert float((a - b).abs().max()) <= 1e-5 * largest


def test_metrics_are_those_of_the_separate_rows():
    options = UpdateOptions(loss=LossConfig(beta=0.04), old_logps=True)
    model = tiny_model()
    train_parts(model, ("languageModel",))
    encoder = Encoder(model, model.config.profile)
    reference = frozen_reference(disturbed(model), encoder, share_frozen=False)
    batch = groups()
    expected, mask = separate_rows(model, encoder, batch, options, reference)
    norm = torch.nn.utils.get_total_norm([p.grad for p in trainable(model) if p.grad is not None])
    model.zero_grad(set_to_none=True)
    optimizer = make_optimizer(trainable(model), lr=1.0)
    metrics = update(model, encoder, optimizer, batch, options, lr=1e-3, reference=reference)
    advantages = torch.tensor([a for g in batch for a in g.advantages])
    rates = clip_rates(expected, mask, advantages, options.loss)
    for name in ("low_mean", "low_min", "high_mean", "high_max", "region_mean"):
        assert metrics[f"clip_ratio/{name}"] == pytest.approx(rates[name], abs=1e-6)
    assert rates["region_mean"] > 0.1
    lengths = [len(a.tokens) for g in batch for a in g.completions]
    assert metrics["completions/mean_length"] == pytest.approx(sum(lengths) / len(lengths))
    assert metrics["completions/min_length"] == min(lengths)
    assert metrics["completions/max_length"] == max(lengths)
    assert metrics["completions/clipped_ratio"] == 0.5
    ended = [len(a.tokens) for g in batch for a in g.completions if a.stopped]
    assert metrics["completions/mean_terminated_length"] == pytest.approx(sum(ended) / len(ended))
    assert metrics["grad_norm"] == pytest.approx(float(norm), rel=1e-5)
    assert metrics["learning_rate"] == 1e-3 and metrics["skipped"] == 0


def test_entropy_is_the_mean_over_answer_tokens():
    model = tiny_model()
    train_parts(model, ("languageModel",))
    encoder = Encoder(model, model.config.profile)
    batch = groups()
    sums = accumulate(
        model, encoder, batch, UpdateOptions(loss=LossConfig(beta=0.0)), totals=StepTotals.of(batch)
    )
    packing = []
    with torch.no_grad():
        for group in batch:
            embeds = model.inputs_embeds(group.input_ids[None], encoder.encode([group.clip]), encoder.profile)
            for completion in group.completions:
                whole = torch.cat(
                    [embeds, model.language_model.embed(torch.tensor([completion.tokens]))], dim=1
                )
                logits = model.language_model.logits(model.language_model(whole))[0, embeds.shape[1] - 1 : -1]
                packing.append(torch.distributions.Categorical(logits=logits).entropy())
    assert sums.mean("entropy", "tokens") == pytest.approx(float(torch.cat(packing).mean()), rel=1e-5)


def test_the_first_update_has_no_clip_and_no_kl():
    model = tiny_model()
    train_parts(model)
    encoder = Encoder(model, model.config.profile)
    reference = frozen_reference(model, encoder)
    optimizer = make_optimizer(trainable(model))
    options = UpdateOptions()
    before = {name: p.clone() for name, p in model.named_parameters()}
    metrics = update(model, encoder, optimizer, groups(), options, lr=1e-2, reference=reference)
    assert abs(metrics["kl"]) < 1e-9 and metrics["clip_ratio/region_mean"] == 0
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {name for name in before if not name.startswith("slowfast_model")}
    again = update(model, encoder, optimizer, groups(), options, lr=1e-2, reference=reference)
    assert again["kl"] > 1e-5


def test_the_reference_shares_what_is_frozen_and_never_moves():
    model = tiny_model()
    train_parts(model, ("languageModel",))
    encoder = Encoder(model, model.config.profile)
    other, ref_encoder = frozen_reference(model, encoder)
    ours, expected = dict(model.named_parameters()), dict(other.named_parameters())
    for name in ours:
        assert (ours[name] is expected[name]) == (not name.startswith("language_model")), name
        assert not expected[name].requires_grad
    assert (
        ref_encoder.vision_cache is encoder.vision_cache and ref_encoder.motion_cache is encoder.motion_cache
    )
    train_parts(model)
    other, ref_encoder = frozen_reference(model, Encoder(model, model.config.profile))
    assert ref_encoder.vision_cache is not encoder.vision_cache


def test_a_gradient_that_is_no_number_moves_nothing():
    model = tiny_model()
    train_parts(model)
    encoder = Encoder(model, model.config.profile)
    optimizer = make_optimizer(trainable(model))
    batch = groups(1)
    batch[0].advantages = [float("inf"), 0, 0, 0]
    before = [p.clone() for p in trainable(model)]
    metrics = update(model, encoder, optimizer, batch, UpdateOptions(loss=LossConfig(beta=0.0)), lr=1.0)
    assert metrics["skipped"] == 1
    assert all(torch.equal(a, b) for a, b in zip(before, trainable(model), strict=True))


def test_a_kl_weight_needs_a_reference(model, encoder):
    train_parts(model)
    with pytest.raises(ValueError, match="needs a frozen reference"):
        accumulate(model, encoder, groups(1), UpdateOptions(), totals=StepTotals(completions=1, tokens=1))


def test_gradients_are_synchronised_once(model, encoder):
    train_parts(model)
    calls = []
    options = UpdateOptions(loss=LossConfig(beta=0.0), max_tokens_per_row=1)
    accumulate(
        model, encoder, groups(), options, totals=StepTotals.of(groups()), before_backward=calls.append
    )
    assert calls == [False, False, True]


@pytest.mark.parametrize("loss_type", POLICY_LOSSES)
def test_weights_are_those_of_the_losss_average(loss_type):
    config = LossConfig(loss_type=loss_type, beta=0.0, max_completion_length=7)
    lengths = torch.tensor([3, 1, 5])
    mask = torch.arange(5) < lengths[:, None]
    policy = torch.randn(3, 5, generator=torch.Generator().manual_seed(0), requires_grad=True)
    result = grpo_loss(policy, mask, torch.tensor([1.0, -2.0, 0.5]), config, batch_tokens=9)
    weights = completion_weights(lengths, config, StepTotals(completions=3, tokens=9))
    ours = (result.per_token * mask * weights[:, None]).sum()
    torch.testing.assert_close(ours, result.loss)


# Packing


def test_a_row_is_what_it_says():
    packing = pack([3, 2], [[[7, 8, 9], [5]], [[4, 6]]])
    assert [(s.start, s.prompt, s.completions, s.length) for s in packing.segments] == [
        (0, 3, [2, 0], 5),
        (5, 2, [1], 3),
    ]
    assert packing.position_ids.tolist() == [[0, 1, 2, 3, 4, 0, 1, 2]]
    assert packing.targets.tolist() == [7, 8, 9, 5, 4, 6]
    assert packing.predicts.tolist() == [2, 3, 4, 2, 6, 7]
    assert packing.padded(torch.arange(6)).tolist() == [[0, 1, 2], [3, 0, 0], [4, 5, 0]]
    assert packing.mask().tolist() == [[True] * 3, [True, False, False], [True, True, False]]
    with pytest.raises(ValueError, match="without a token"):
        pack([3], [[[]]])


def test_the_mask_is_a_tree():
    packing = pack([2], [[[1, 2, 3], [4, 5]]])  # places: p p a a b
    assert tree_mask(packing).int().tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 0, 0, 1],
    ]


@pytest.mark.filterwarnings("ignore:flex_attention called without")
@pytest.mark.parametrize("heads", [(4, 2), (2, 2)])
def test_both_attentions_follow_the_mask(heads):
    queries, shared = heads
    packing = pack([5, 9], [[[1] * 4, [2], [3] * 6], [[4] * 3, [5] * 2]])
    generator = torch.Generator().manual_seed(0)
    q = torch.randn(1, queries, packing.length, 16, generator=generator)
    k, v = (torch.randn(1, shared, packing.length, 16, generator=generator) for _ in range(2))
    expected = torch.nn.functional.scaled_dot_product_attention(
        q, k, v, attn_mask=tree_mask(packing), enable_gqa=queries != shared
    )
    torch.testing.assert_close(SegmentAttend(packing)(0, q, k, v), expected, atol=1e-6, rtol=0)
    block = BlockAttend(packing, "cpu", compiled=False)
    torch.testing.assert_close(block(0, q, k, v), expected, atol=1e-6, rtol=0)


def test_where_blocks_do_not_compile_dense_kernels_stand_in(monkeypatch):
    from training import packing as module

    row = pack([3], [[[1, 2]]])
    assert isinstance(module.tree_attention(row, torch.device("cpu")), SegmentAttend)

    class Broken:
        def __init__(self, *args):
            raise RuntimeError("no compiler")

    module._blocks_compile.cache_clear()
    monkeypatch.setattr(module, "BlockAttend", Broken)
    with pytest.warns(UserWarning, match="dense attention is used: no compiler"):
        assert module._blocks_compile(torch.device("cpu")) is False
    module._blocks_compile.cache_clear()


def test_rows_stay_within_their_limit():
    assert list(indices_by_row([3, 4, 5, 20, 1, 1], 8)) == [[0, 1], [2], [3], [4, 5]]


def test_completions_do_not_attend_to_each_other():
    """Another second answer changes nothing of the first one's gradient."""
    torch.manual_seed(0)
    model = Qwen2(LanguageConfig(vocab_size=31, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
                                 num_attention_heads=2, num_key_value_heads=1))  # fmt: skip
    packing = []
    for second in ([4, 5, 6], [9, 1, 2]):
        row = pack([4], [[[1, 2, 3], second]])
        ids = torch.tensor([[7, 8, 9, 10, 1, 2, *second[:-1]]])
        hidden = model(model.embed(ids), position_ids=row.position_ids, attend=SegmentAttend(row))
        packing.append(hidden[0, :6].detach())
    assert torch.equal(*packing)
