"""Oracle: closed forms (least squares, covariance) on random layers; tolerance 1e-6 in double precision."""

import pytest
import torch
from torch import nn

from small.codes import CODE_SIZE, LABEL_PART, STYLE_PART
from small.join import best_penalty, explained, join, ridge, style_map

LABELS = LABEL_PART.stop


@pytest.fixture
def layer():
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(600, 64, generator=generator) @ torch.randn(64, 64, generator=generator)
    codes = hidden[:, :LABELS] * 0.1 + 0.3 * torch.randn(600, LABELS, generator=generator)
    return hidden, codes


def test_ridge_without_penalty_is_least_squares(layer):
    hidden, codes = layer
    slopes, intercepts = ridge(hidden, codes, 0.0)
    design = torch.cat([hidden, torch.ones(600, 1)], 1).double()
    expected = torch.linalg.lstsq(design, codes.double()).solution
    assert torch.allclose(slopes, expected[:-1], atol=1e-6)
    assert torch.allclose(intercepts, expected[-1], atol=1e-6)


def test_penalty_shrinks_slopes_and_keeps_means(layer):
    hidden, codes = layer
    loose, _ = ridge(hidden, codes, 0.0)
    tight, intercepts = ridge(hidden, codes, 10.0)
    assert tight.norm() < 0.5 * loose.norm()
    assert torch.allclose((hidden.double() @ tight + intercepts).mean(0), codes.double().mean(0), atol=1e-6)


def test_best_penalty_is_large_for_noise_and_small_for_signal(layer):
    hidden, _ = layer
    held_out = torch.arange(600) >= 450
    noise = torch.randn(600, LABELS, generator=torch.Generator().manual_seed(1))
    assert best_penalty(hidden, noise, held_out, (1e-4, 10.0)) == 10.0
    assert best_penalty(hidden, hidden[:, :LABELS], held_out, (1e-4, 10.0)) == 1e-4


def test_explained_is_1_for_truth_and_0_for_the_mean(layer):
    _, codes = layer
    assert torch.allclose(explained(codes, codes), torch.ones(LABELS).double())
    mean = codes.mean(0).expand_as(codes)
    assert torch.allclose(explained(mean, codes), torch.zeros(LABELS).double(), atol=1e-6)


def test_style_is_white_and_says_nothing_of_the_label(layer):
    hidden, codes = layer
    slopes, intercepts = ridge(hidden, codes, 1e-3)
    weight, bias = style_map(hidden, slopes)
    style = hidden.double() @ weight.T + bias
    predicted = hidden.double() @ slopes + intercepts
    assert torch.allclose(style.mean(0), torch.zeros(8).double(), atol=1e-6)
    assert torch.allclose(style.T @ style / 600, torch.eye(8).double(), atol=1e-6)
    cross = (predicted - predicted.mean(0)).T @ style / 600
    assert cross.abs().max() < 1e-6


def test_map_and_code_layer_are_one_linear_layer(layer):
    hidden, codes = layer
    code_map = join(hidden, codes, penalty=1e-3)
    code = nn.Linear(CODE_SIZE, 16)
    weight, bias = code_map.then(code)
    assert torch.allclose(hidden @ weight.T + bias, code(code_map(hidden)), atol=1e-4)
    assert code_map.weight[LABEL_PART].shape == (LABELS, 64) and code_map.weight[STYLE_PART].shape == (8, 64)
