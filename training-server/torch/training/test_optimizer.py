"""Optimisers and schedules. Oracle: torch's AdamW, and the same update in fp32."""

import copy

import pytest
import torch

from training.optimizer import (
    MasterAdamW,
    StochasticAdamW,
    clip_and_step,
    make_optimizer,
    stochastic_round,
)


def linear(seed=0, dtype=torch.float32):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(24, 40), torch.nn.LayerNorm(40)).to(dtype)


def gradients(model, step):
    generator = torch.Generator().manual_seed(step)
    for p in model.parameters():
        p.grad = torch.randn(p.shape, generator=generator).to(p.dtype)


@pytest.mark.parametrize("kind", ["master", "stochastic"])
def test_fp32_parameters_follow_torchs_adamw(kind):
    ours, reference = linear(), linear()
    optimizer = make_optimizer(ours.parameters(), kind, weight_decay=0.1, betas=(0.8, 0.95))
    matrices = [{"params": [reference[0].weight], "weight_decay": 0.1}]
    vectors = [{"params": [reference[0].bias, *reference[1].parameters()], "weight_decay": 0.0}]
    oracle = torch.optim.AdamW(matrices + vectors, betas=(0.8, 0.95))
    for step in range(20):
        gradients(ours, step)
        gradients(reference, step)
        for group in oracle.param_groups:
            group["lr"] = 1e-2 / (step + 1)
        clip_and_step(optimizer, lr=1e-2 / (step + 1), max_norm=None)
        oracle.step()
    for a, b in zip(ours.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-7, rtol=1e-5)


def after_training(make, steps=2000, lr=1e-6, size=100_000):
    """bf16 weights before and after steps on noisy gradients, fp32 ones after the same, and the optimiser."""
    generator = torch.Generator().manual_seed(1)
    start = (0.02 * torch.randn(size, generator=generator)).to(torch.bfloat16)
    drift = torch.randn(size, generator=generator)
    exact = torch.nn.Parameter(start.float())
    rounded = torch.nn.Parameter(start.clone())
    optimizers = [MasterAdamW([exact]), make([rounded])]
    for _ in range(steps):
        noisy = torch.randn(size, generator=generator).mul_(0.5).add_(drift).to(torch.bfloat16)
        # The same numbers for both: what differs is the rounding of state and weights alone.
        exact.grad, rounded.grad = noisy.float(), noisy
        for optimizer in optimizers:
            clip_and_step(optimizer, lr=lr, max_norm=None)
    return start.double(), exact.detach().double(), rounded.detach(), optimizers[1]


@pytest.mark.parametrize(
    ("make", "low", "high"),
    [
        (lambda params: StochasticAdamW(params, seed=3), 0.999, 1.001),
        (lambda params: torch.optim.AdamW(params, weight_decay=0), 0.0, 0.02),
    ],
    ids=["stochastic", "plain bf16"],
)
def test_share_of_the_fp32_update_that_is_made(make, low, high):
    """The projection of what the weights did on what they do in fp32; its standard error is 0.0007."""
    start, exact, rounded, _ = after_training(make)
    made, wanted = rounded.double() - start, exact - start
    share = float((made @ wanted) / (wanted @ wanted))
    assert low <= share <= high, share


def test_a_master_keeps_the_update():
    _, exact, rounded, optimizer = after_training(MasterAdamW, steps=200, size=4000)
    [state] = optimizer.state.values()
    torch.testing.assert_close(state["master"].double(), exact, atol=1e-9, rtol=0)
    assert torch.equal(rounded, state["master"].to(torch.bfloat16))


def test_rounding_is_right_on_average_and_goes_to_a_neighbour():
    values = torch.tensor([1.0, 1.001, -3.1415926, 1e-8, 0.0, -1e-30, 65504.0]).repeat(40_000, 1)
    noise = torch.randint(
        -(1 << 31), 1 << 31, values.shape, dtype=torch.int32, generator=torch.Generator().manual_seed(0)
    )
    rounded = stochastic_round(values, noise).float()
    step = (values[0].to(torch.bfloat16).float().abs() * 2**-7).clamp(min=1e-37)
    assert ((rounded - values).abs() <= step).all()
    error = (rounded.double().mean(0) - values[0].double()).abs() / step.double()
    assert (error < 5 * 0.5 / 40_000**0.5).all()  # five standard errors of a coin
    assert len(rounded[:, 1].unique()) == 2 and len(rounded[:, 0].unique()) == 1


@pytest.mark.parametrize("kind", ["master", "stochastic"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_saved_optimiser_goes_on_bit_for_bit(kind, dtype, tmp_path):
    def run(model, optimizer, steps):
        for step in steps:
            gradients(model, step)
            clip_and_step(optimizer, lr=1e-3)

    whole = linear(dtype=dtype)
    optimizer = make_optimizer(whole.parameters(), kind, seed=11)
    run(whole, optimizer, range(5))
    torch.save({"model": whole.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "saved")
    run(whole, optimizer, range(5, 9))
    saved = torch.load(tmp_path / "saved", weights_only=True)
    resumed = linear(seed=99, dtype=dtype)
    resumed.load_state_dict(saved["model"])
    other = make_optimizer(resumed.parameters(), kind, seed=0)
    other.load_state_dict(saved["optimizer"])
    run(resumed, other, range(5, 9))
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
    for p, q in zip(whole.parameters(), resumed.parameters(), strict=True):
        for name, value in optimizer.state[p].items():
            assert torch.equal(value, other.state[q][name]), name
            assert value.dtype == other.state[q][name].dtype
    if kind == "master" and dtype == torch.bfloat16:
        assert optimizer.state[whole[0].weight]["master"].dtype == torch.float32


def test_each_seed_and_shard_draws_different_noise():
    results = []
    for options in ({"seed": 1}, {"seed": 1}, {"seed": 2}, {"seed": 1, "shard": 1}):
        model = linear(dtype=torch.bfloat16)
        optimizer = make_optimizer(model.parameters(), "stochastic", **options)
        for step in range(3):
            gradients(model, step)
            clip_and_step(optimizer, lr=1e-3)
        results.append(model[0].weight.detach().clone())
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2]) and not torch.equal(results[0], results[3])


def test_state_is_there_before_the_first_step():
    model = linear(dtype=torch.bfloat16)
    names = {"master": {"step", "exp_avg", "exp_avg_sq", "master"}}
    names["stochastic"] = {"step", "exp_avg", "exp_avg_sq"}
    for kind, expected in names.items():
        optimizer = make_optimizer(model.parameters(), kind)
        assert all(set(optimizer.state[p]) == expected for p in model.parameters())


def test_large_parameters_go_in_pieces(monkeypatch):
    results = []
    for size in (1 << 26, 100):
        monkeypatch.setattr("training.optimizer.ELEMENTS_AT_ONCE", size)
        model = linear()
        optimizer = make_optimizer(model.parameters(), "master")
        for step in range(3):
            gradients(model, step)
            clip_and_step(optimizer, lr=1e-2)
        results.append(copy.deepcopy(model.state_dict()))
    assert all(torch.equal(results[0][name], results[1][name]) for name in results[0])


def test_clipping_scales_to_the_norm():
    model = linear()
    optimizer = MasterAdamW(model.parameters(), betas=(0.0, 0.0))
    gradients(model, 0)
    before = [p.grad.clone() for p in model.parameters()]
    norm, taken = clip_and_step(optimizer, lr=0.0, max_norm=0.5, zero=False)
    assert taken and norm == pytest.approx(float(torch.cat([g.flatten() for g in before]).norm()), rel=1e-5)
    after = torch.cat([p.grad.flatten() for p in model.parameters()])
    assert float(after.norm()) == pytest.approx(0.5, rel=1e-4)
    for p in model.parameters():
        p.grad = torch.full_like(p, torch.nan)
    assert clip_and_step(optimizer, lr=1.0)[1] is False


def test_a_group_scales_the_learning_rate():
    model = linear()
    before = [p.detach().clone() for p in model.parameters()]
    first, second = list(model[0].parameters()), list(model[1].parameters())
    optimizer = MasterAdamW([{"params": first, "lr_scale": 10.0}, {"params": second}])
    gradients(model, 0)
    clip_and_step(optimizer, lr=1e-3, max_norm=None)
    moved = [(p - q).abs().mean().item() for p, q in zip(model.parameters(), before, strict=True)]
    assert moved == pytest.approx([1e-2, 1e-2, 1e-3, 1e-3], rel=1e-3)
