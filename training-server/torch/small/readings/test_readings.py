"""Dense truths, features and readings of fragments, on small drawn scenes. Oracles: the generator itself, the
encoder that ships, brute force."""

import numpy as np
import pytest
import torch

from modules.random_checkpoint import RandomCheckpoint
from modules.statistics import FRAGMENT_NAMES, PAIR_FRAGMENT_NAMES, fragment_values
from modules.vqathinker import VQAThinkerModel
from procedural.clips import pair_times
from procedural.labels import EVERYWHERE, IDS, REGIONS, WHOLE
from procedural.planes import Planes
from procedural.scene import Scene, Shot
from procedural.version import Version, draw_version
from small.data import normalised, to_rgb
from small.readings import truths
from small.readings.energies import BANK, wave_energies
from small.readings.evaluate import FrameReader
from small.readings.features import clip_features
from small.readings.footage_scene import SHIFT, SPARE, FootageScene
from small.readings.metrics import auc, auc_interval
from small.readings.reader import (
    DenseTargets,
    FragmentReader,
    ReaderRecipe,
    Standardiser,
    clip_pooling,
    fit_reader,
    read,
    ridge,
)
from small.readings.tokens import TokenMap, load_reader, save_reader, vision_state
from small.readings.truths import ABSENT, NOT_ASKED, PRESENT, SPATIAL, TracedDrawing, presence


def still_scene(length: int = 24) -> Scene:
    image = np.random.default_rng(0).integers(40, 200, (3, 420, 420), dtype=np.uint8)
    shot = Shot(image, np.zeros(2), np.zeros(2), np.zeros(2), 50.0, 0.0, [])
    return Scene("noise", 256, 256, length, [shot], length, 0.0, 0.0, 0.0, 0, 1)


def traced(version: Version, seed: int = 1):
    scene = still_scene()
    drawing = TracedDrawing(scene, version, None, np.random.default_rng(seed), pair_times(scene.length))
    return drawing.draw_traced()


def test_tracing_changes_neither_frames_nor_labels():
    version = Version([("blur", 0.6, WHOLE), ("flicker", 0.8, WHOLE), ("shake", 0.5, WHOLE)])
    scene = still_scene()
    planes, labels = draw_version(scene, version, None, np.random.default_rng(1), pair_times(scene.length))
    again, same, truth = traced(version)
    assert np.array_equal(planes.y, again.y) and np.array_equal(planes.uv, again.uv)
    assert np.array_equal(labels.severity, same.severity)
    assert truth.shift.max() > 0.5 and truth.gain.max() > 0.01
    assert (truth.distance[IDS.index("blur"), 0] > 0.01).all()
    assert not truth.distance[IDS.index("noise")].any()


def test_a_region_is_in_the_truths_of_its_fragments(monkeypatch):
    monkeypatch.setattr("procedural.version._where", lambda name, draws: REGIONS.index("left"))
    _, labels, truth = traced(Version([("blur", 0.9, WHOLE)]))
    assert labels.where[IDS.index("blur")] == REGIONS.index("left") != EVERYWHERE
    here = presence(labels.severity, truth.distance, np.zeros(len(IDS), bool))[SPATIAL.index("blur")]
    grid = here.reshape(8, 7, 7)
    assert (grid[:, :, :3] == PRESENT).all() and (grid[:, :, 4:] == ABSENT).all()


def test_presence_is_not_asked_between_visible_and_free():
    i, k = IDS.index("noise"), SPATIAL.index("noise")
    distance = np.zeros((len(IDS), 3, 1, 4), np.float16)
    distance[i, truths.STRUCTURE, 0] = [0.0, 0.0004, 0.004, 0.02]
    severity, lasting = np.zeros(len(IDS)), np.zeros(len(IDS), bool)
    severity[i] = 0.5
    assert presence(severity, distance, lasting)[k, 0].tolist() == [ABSENT, ABSENT, NOT_ASKED, PRESENT]
    lasting[i] = True
    assert (presence(severity, distance, lasting)[k] == PRESENT).all()
    other = presence(severity, distance, lasting, unsure=("compression",))
    assert (other[SPATIAL.index("compression")] == NOT_ASKED).all()


def test_footage_is_a_scene_whose_camera_moves_by_even_pixels():
    rng = np.random.default_rng(0)
    side, count = 256 + 2 * SHIFT, 4 + SPARE
    planes = Planes(
        rng.integers(0, 255, (count, side, side), dtype=np.uint8),
        rng.integers(0, 255, (count, 2, side // 2, side // 2), dtype=np.uint8),
    )
    scene = FootageScene(planes)
    assert (scene.width, scene.height, scene.length) == (256, 256, 4)
    shown = scene.render([2.0, 99.0], np.array([[3.2, -4.0], [0.0, 0.0]]))
    assert np.array_equal(shown.y[0], planes.y[2, SHIFT - 4 : SHIFT + 252, SHIFT + 4 : SHIFT + 260])
    assert np.array_equal(shown.uv[1], planes.uv[-1, :, SHIFT // 2 : -SHIFT // 2, SHIFT // 2 : -SHIFT // 2])


def test_features_are_what_the_encoder_computes_of_the_first_frames():
    rng = np.random.default_rng(2)
    y = rng.integers(16, 235, (16, 224, 224), dtype=np.uint8)
    uv = rng.integers(100, 150, (16, 2, 112, 112), dtype=np.uint8)
    pixels = normalised(to_rgb(y, uv))
    statistics, frame, pair, wave = clip_features(pixels)
    assert frame.shape == (8, 49, len(FRAGMENT_NAMES)) and pair.shape == (8, 49, len(PAIR_FRAGMENT_NAMES))
    assert wave.shape == (8, 49, 96) and np.isfinite(statistics).all()
    encoded = fragment_values(pixels[0::2], FRAGMENT_NAMES).numpy()
    assert np.allclose(frame, encoded, rtol=1e-3, atol=1e-3)


def test_wave_bank_answers_to_its_wave_and_not_to_light():
    assert torch.allclose(BANK.sum((1, 2, 3)), torch.zeros(len(BANK)), atol=1e-5)
    x = torch.arange(32.0)
    luma = torch.zeros(2, 1, 32, 32) + 0.5
    luma[:, 0] += 0.2 * torch.cos(2 * torch.pi * 0.25 * x)
    energies = wave_energies(luma)[0, 0, : len(BANK)]
    assert int(energies.argmax()) // 2 == 4  # frequency 0.25, along x
    assert torch.allclose(wave_energies(luma)[0, 0, 2 * len(BANK) :], torch.tensor(1e-3).log(), atol=1e-3)


def test_auc_and_its_interval():
    rng = np.random.default_rng(0)
    positive, negative = rng.normal(1, 1, 300), rng.normal(0, 1, 500)
    brute = (positive[:, None] > negative[None]).mean()
    assert auc(positive, negative) == pytest.approx(brute)
    score = np.concatenate([positive, negative])
    present = np.arange(800) < 300
    value, low, high = auc_interval(score, present, rng.integers(0, 40, 800))
    assert value == pytest.approx(brute, abs=0.005) and low < value < high
    assert np.isnan(auc(positive, negative[:0]))


def test_ridge_without_a_penalty_is_least_squares():
    generator = torch.Generator().manual_seed(0)
    hidden, noise = torch.randn(400, 5, generator=generator), torch.randn(400, 2, generator=generator)
    targets = hidden @ torch.randn(5, 2, generator=generator) + 1.5 + 0.1 * noise
    weight, bias = ridge(hidden, targets, 0.0)
    design = torch.cat([hidden, torch.ones(400, 1)], 1)
    expected = torch.linalg.lstsq(design, targets).solution
    assert torch.allclose(torch.cat([weight.T, bias[None]]), expected, atol=1e-4)
    assert ridge(hidden, targets, 1.0)[0].norm() < 0.6 * weight.norm()


def test_pooling_knows_the_second_half_and_the_tails():
    values = np.zeros((1, 8, 49, 1), np.float32)
    values[0, 4:] = 1
    values[0, :, 0] = 9
    mean, _, low, high, largest, smallest, half = clip_pooling(torch.from_numpy(values))[0].tolist()
    assert (low, high) == (0, 1) and half == pytest.approx(48 / 49)
    assert largest == pytest.approx(57 / 49) and smallest == pytest.approx(9 / 49) and low < mean < high


def test_a_reader_learns_what_is_asked_and_ignores_the_rest():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(4000, 6, generator=generator)
    present = torch.zeros(4000, len(SPATIAL), dtype=torch.uint8)
    above = values[:, 0] > values.mean(1)  # the norm in front keeps nothing else
    present[:, 0] = above.byte()
    present[:, 1] = NOT_ASKED
    truth = DenseTargets(present, torch.zeros(4000, len(SPATIAL)))
    reader = fit_reader(values, truth, 0, ReaderRecipe(steps=195, rows=256))
    logit, _ = read(reader, values)
    assert ((logit[:, 0] > 0) == above).float().mean() > 0.9
    assert logit[:, 1].abs().max() < logit[:, 2].abs().mean()


def test_the_model_computes_the_joined_tokens_of_a_saved_reader(tmp_path):
    torch.manual_seed(0)
    config = RandomCheckpoint(profile="fragments", fragment_statistics=FRAGMENT_NAMES).config()
    model = VQAThinkerModel(config).eval()
    width, count = config.language.hidden_size, len(FRAGMENT_NAMES)
    reader = FragmentReader(count, hidden=width)
    standardise = Standardiser(torch.randn(count), torch.rand(count) + 0.5)
    concepts = TokenMap(torch.randn(len(SPATIAL), width), torch.randn(len(SPATIAL)))
    embedding = torch.nn.Linear(len(SPATIAL), width)
    _, missing = model.load_state_dict(vision_state(standardise, reader, concepts, embedding), strict=False)
    assert not missing
    side = config.profile.size
    pixels = torch.randn(1, 1, 3, side, side)
    values = standardise(fragment_values(pixels[0], FRAGMENT_NAMES))
    expected = embedding(concepts(reader.hidden(values)))
    assert torch.allclose(model.vision_tokens(pixels), expected, atol=1e-4)


def test_a_saved_reader_is_read_back(tmp_path):
    count = len(FRAGMENT_NAMES)
    reader = FragmentReader(count).eval()
    saved = FrameReader(("frame",), Standardiser(torch.zeros(count), torch.ones(count)), reader)
    concepts = TokenMap(torch.randn(len(SPATIAL), 192), torch.randn(len(SPATIAL)))
    save_reader(saved, concepts, tmp_path / "reader.safetensors")
    _, again, concepts_again = load_reader(tmp_path / "reader.safetensors")
    values = torch.randn(3, count)
    assert torch.equal(again.hidden(values), reader.hidden(values))
    assert torch.equal(concepts_again.weight, concepts.weight)
