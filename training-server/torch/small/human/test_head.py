"""The human head: oracles on made-up tables, the shipped weights on the published ones."""

import csv
import json

import numpy as np
import pytest
import torch

from small.evaluate import main
from small.evaluation.gates import verdicts
from small.human.evaluation import FITTED, GATES, across_sets, evaluate_features, held_out_rows, on_test_clips
from small.human.frames import COLUMNS
from small.human.head import (
    SHIPPED,
    HumanRecipe,
    fit_human_head,
    load_human_head,
    predicted,
    sampling_noise,
    save_human_head,
)
from small.human.scores import HumanScores, default_folder, load_human_scores


@pytest.fixture(autouse=True)
def one_thread():
    """Several threads of tiny products cost more than they save where other tests run."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


QUICK = HumanRecipe(hidden=16, steps=300, batch=64)


def made_up(n: int = 300, seed: int = 0, title: str = "made up") -> HumanScores:
    """Clips whose score is a function of two columns."""
    rng = np.random.default_rng(seed)
    features = rng.normal(5, 2, (n, len(COLUMNS)))
    score = 3 + 0.4 * np.tanh(features[:, 0] - 5) - 0.2 * (features[:, 7] - 5)
    split = np.where(np.arange(n) % 5 == 0, "test", "train")
    return HumanScores(title, features, score, split)


def write_tables(folder, sets: dict[str, HumanScores]) -> None:
    columns = np.array(["avg_other", *COLUMNS[::-1]])
    arrays = {
        f"{name}_light480_3fps": np.column_stack([np.zeros(len(s)), s.features[:, ::-1]])
        for name, s in sets.items()
    }
    np.savez(folder / "features.npz", columns=columns, **arrays)
    for name, s in sets.items():
        with (folder / f"mos_{name}.csv").open("w", encoding="utf-8", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(["id", "mos_common_1to5", "gray", "split"])
            rows.writerows(
                (k, y, int(k == 3), p) for k, (y, p) in enumerate(zip(s.score, s.split, strict=True))
            )


def test_a_head_learns_a_function_of_the_columns():
    clips = made_up()
    head = fit_human_head(clips.rows(["train"]), [1, 2], QUICK)
    metrics = {m.name: m.value for m in on_test_clips(head, [clips], "c")}
    assert metrics["SRCC, made up, test clips"] > 0.8 and metrics["RMSE, made up, test clips"] < 0.4


def test_the_head_is_the_mean_of_its_networks():
    clips = made_up(120)
    parts = [predicted(fit_human_head(clips, [seed], QUICK), clips) for seed in (1, 2)]
    both = predicted(fit_human_head(clips, [1, 2], QUICK), clips)
    assert both == pytest.approx(np.mean(parts, axis=0), abs=1e-5)


def test_missing_and_extreme_columns_count_as_bounded():
    clips = made_up(200)
    head = fit_human_head(clips, [1], QUICK)
    typical = torch.tensor(clips.features[:1]).float()
    missing, extreme = typical.clone(), typical.clone()
    missing[0, 0], extreme[0, 0] = float("nan"), 1e9
    assert head.standardised(missing)[0, 0] == 0
    assert head.standardised(extreme)[0, 0] == head.standardised(head.high[None])[0, 0] <= 4
    assert torch.isfinite(head(missing)).all() and torch.isfinite(head(extreme)).all()


def test_tables_are_read_by_column_name_and_gray_clips_left_out(tmp_path):
    clips = made_up(50)
    write_tables(tmp_path, {"livevqc": clips})
    (read,) = load_human_scores(tmp_path)
    assert read.title == "LIVE-VQC" and len(read) == 49
    assert read.features[3] == pytest.approx(clips.features[4])
    assert len(held_out_rows(read)) == 10 and len(read.rows(FITTED)) == 39


def test_a_set_without_a_split_is_tested_whole(tmp_path):
    clips = made_up(50)
    clips = HumanScores(clips.title, clips.features, clips.score, np.full(50, "hidden"))
    assert len(held_out_rows(clips)) == 50


def test_missing_tables_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="vztu/VIDEVAL"):
        load_human_scores(tmp_path)
    write_tables(tmp_path, {})
    with pytest.raises(FileNotFoundError, match=r"mos_SET\.csv"):
        load_human_scores(tmp_path)
    np.savez(tmp_path / "features.npz", columns=np.array(["avg_other"]))
    with pytest.raises(ValueError, match="lacks the columns"):
        load_human_scores(tmp_path)


def test_a_head_of_other_columns_is_refused(tmp_path, monkeypatch):
    head = fit_human_head(made_up(60), [1], QUICK)
    path = tmp_path / "head.safetensors"
    save_human_head(head, path, {"trainedOn": "made up"})
    again, about = load_human_head(path)
    assert about["trainedOn"] == "made up"
    assert predicted(again, made_up(5)) == pytest.approx(predicted(head, made_up(5)))
    monkeypatch.setattr("small.human.head.COLUMNS", COLUMNS[:-1])
    with pytest.raises(ValueError, match="other columns"):
        load_human_head(path)


def test_noise_of_a_column_by_its_kind():
    kinds = {"avg_si": 0.055, "avg_ti": 0.14, "std_gl_g2": 0.27, "std_mo_y": 0.28, "hc_blur5": 0.11}
    assert {column: sampling_noise(column) for column in kinds} == kinds


def test_the_shipped_head_states_its_training():
    about = load_human_head()[1]
    assert about["clips"] > 2000 and "vztu/VIDEVAL" in about["tables"]
    assert SHIPPED.stat().st_size < 200_000


def test_evaluation_prints_every_gate(tmp_path, capsys, monkeypatch):
    write_tables(tmp_path, {"konvid1k": made_up(40, 1), "livevqc": made_up(40, 2)})
    monkeypatch.setattr("small.human.evaluation.fit_human_head", lambda *_: load_human_head()[0])
    assert evaluate_features(tmp_path) == 0
    out = capsys.readouterr().out
    assert "| gate | value | 95 % interval | n | floor | goal | |" in out
    assert "SRCC, LIVE-VQC, trained on the other sets" in out and "RMSE, KoNViD-1k, test clips" in out
    assert "| SRCC, YouTube-UGC, test clips |  |  |  | ≥ 0.65 | ≥ 0.779 | not measured |" in out
    assert evaluate_features(tmp_path, strict=True) == 1


def test_evaluation_without_tables_ends_with_their_name(tmp_path):
    with pytest.raises(SystemExit, match="features.npz is missing"):
        main(["--features", str(tmp_path)])


@pytest.fixture(scope="module")
def published() -> list[HumanScores]:
    folder = default_folder()
    if not folder.exists():
        pytest.skip("no feature tables with human scores: VQA_SHARED")
    return load_human_scores(folder)


def test_the_shipped_head_meets_the_floors_on_the_published_tables(published):
    head, about = load_human_head()
    assert about["clips"] == sum(len(s.rows(FITTED)) for s in published)
    every = verdicts(on_test_clips(head, published, "c"), GATES)
    assert [v.outcome for v in every if v.metric] == ["met"] * 3, json.dumps([v.outcome for v in every])


@pytest.mark.slow
def test_heads_of_two_sets_meet_the_floors_on_the_third(published):
    every = verdicts(across_sets(published, "c"), GATES)
    assert [v.outcome for v in every if v.metric] == ["met"] * 3
