import json

import av
import numpy as np
import pytest

from procedural.labels import IDS
from procedural.sources import Sources
from small.videos import LONGEST, make_videos


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    top = tmp_path_factory.mktemp("videos")
    sources = Sources("train", top / "stills", stills=3)
    sources.photos = []
    make_videos(top / "a", 40, 1, sources)
    return top, sources


def rows(folder):
    return [json.loads(line) for line in (folder / "clips.jsonl").read_text("utf-8").splitlines()]


def frames(path):
    with av.open(str(path)) as video:
        return [frame.to_ndarray(format="yuv420p") for frame in video.decode(video=0)]


def test_rows_have_the_released_form(made):
    top, _ = made
    result = rows(top / "a")
    assert [row["image"] for row in result] == [[f"00000{v}.mp4"] for v in range(4)]
    for row in result:
        human, gpt = row["conversations"]
        assert human["from"] == "human" and human["value"].startswith("<image>")
        assert gpt["from"] == "gpt" and 1 <= gpt["value"] <= 5
        assert set(row["distortions"]) == set(IDS)
        assert row["text"].startswith("<think>") and row["text"].endswith("</answer>")
    # The first is clean; the third has the distortion of the second at a higher severity.
    values = [row["conversations"][1]["value"] for row in result]
    assert values[0] >= max(values) and values[2] < values[1]


def test_every_frame_is_written_and_the_distortion_shows(made):
    top, _ = made
    clips = [frames(top / "a" / f"00000{v}.mp4") for v in range(4)]
    assert len({len(clip) for clip in clips}) == 1 and 24 <= len(clips[0]) <= LONGEST
    error = [np.abs(np.stack(clip).astype(int) - np.stack(clips[0])).mean() for clip in clips]
    assert error[0] == 0 and error[1] > 0 and error[2] > error[1]


def test_the_same_seed_gives_the_same_clips_and_an_interrupted_run_goes_on(made):
    top, sources = made
    make_videos(top / "b", 40, 2, sources)
    assert rows(top / "b")[:4] == rows(top / "a")
    assert (frames(top / "b" / "000003.mp4")[5] == frames(top / "a" / "000003.mp4")[5]).all()
    # As interrupted after its first group: it is not drawn again.
    half = top / "c.partial"
    half.mkdir()
    (half / "group_00000.jsonl").write_text('{"kept": true}\n', "utf-8")
    make_videos(top / "c", 40, 2, sources)
    assert rows(top / "c")[0] == {"kept": True} and rows(top / "c")[1:] == rows(top / "b")[4:]
    assert not half.exists()
