"""Oracle: closed forms (covariance, products of layers) on random layers; tolerance 1e-6 in double."""

import pytest
import torch
from torch import nn

from small.concepts import CONCEPT_DIM, LABEL_PART, STYLE_PART
from small.join import explained, join, style_map

LABELS = LABEL_PART.stop


@pytest.fixture
def layer():
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(600, 64, generator=generator) @ torch.randn(64, 64, generator=generator)
    labels = nn.Linear(64, LABELS)
    nn.init.normal_(labels.weight, std=0.1, generator=generator)
    return hidden, labels


def test_explained_is_1_for_truth_and_0_for_the_mean(layer):
    concepts = torch.randn(600, LABELS, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(explained(concepts, concepts), torch.ones(LABELS).double())
    mean = concepts.mean(0).expand_as(concepts)
    assert torch.allclose(explained(mean, concepts), torch.zeros(LABELS).double(), atol=1e-6)


def test_style_is_white_and_says_nothing_of_the_label(layer):
    hidden, labels = layer
    slopes = labels.weight.detach().double().T
    weight, bias = style_map(hidden, slopes)
    style = hidden.double() @ weight.T + bias
    predicted = hidden.double() @ slopes
    assert torch.allclose(style.mean(0), torch.zeros(8).double(), atol=1e-6)
    assert torch.allclose(style.T @ style / 600, torch.eye(8).double(), atol=1e-6)
    cross = (predicted - predicted.mean(0)).T @ style / 600
    assert cross.abs().max() < 1e-6


def test_map_and_code_layer_are_one_linear_layer(layer):
    hidden, labels = layer
    concept_map = join(hidden, labels)
    embedding = nn.Linear(CONCEPT_DIM, 16)
    weight, bias = concept_map.then(embedding)
    assert torch.allclose(hidden @ weight.T + bias, embedding(concept_map(hidden)), atol=1e-4)
    assert torch.allclose(concept_map(hidden)[:, LABEL_PART], labels(hidden), atol=1e-4)
    assert concept_map.weight[LABEL_PART].shape == (LABELS, 64) and concept_map.weight[STYLE_PART].shape == (
        8,
        64,
    )
