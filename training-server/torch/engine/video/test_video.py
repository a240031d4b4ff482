"""Frames and pixels. Oracles: recorded hashes of decord and Pillow, and the page's own TypeScript."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

from engine.conftest import write_clip
from engine.video import decode_pool
from engine.video.colour import Colour, Planes, to_rgb
from engine.video.decode_pool import DecodePool
from engine.video.decoding import Job, work
from engine.video.footage import DecodeRange, Footage, VideoError
from engine.video.pixel_cache import PixelCache
from engine.video.pixels import PixelRule, block_positions, fragment_frame
from small.prompt import CORE, ROOT, evaluate_in_node

SQUASH = PixelRule(pixels="squash", size=64)


def frames_of(path: Path, wanted: list[int], rule: PixelRule = SQUASH) -> tuple[dict, dict]:
    frames = {}
    substituted = Footage(path).read(wanted, lambda i, frame: frames.setdefault(i, frame.input(rule)))
    return frames, substituted


def test_recorded_pixels_of_the_official_loaders(shared):
    """Indices, RGB of the chosen frames and Pillow's resize, byte for byte, on every recorded clip."""
    rows = json.loads((shared / "golden" / "preprocess.json").read_text())["rows"]
    for row in rows:
        footage = Footage(shared / "media" / row["file"])
        assert len(footage) == row["packets"]
        assert footage.fps == pytest.approx(row["fps"])
        rgb, resized = {}, {}
        rule = PixelRule(pixels="squash", size=row["size"])

        def take(i, frame, rgb=rgb, resized=resized, rule=rule):
            rgb[i], resized[i] = np.ascontiguousarray(frame.rgb), frame.input(rule)

        assert footage.read(row["indices"], take) == {}
        for images, digest in ((rgb, "sha256_rgb_frames"), (resized, "sha256_resized_frames")):
            data = b"".join(images[i].tobytes() for i in row["indices"])
            assert hashlib.sha256(data).hexdigest() == row[digest], (row["file"], row["profile"], digest)


HIDDEN = {
    "iibbibb_editlist_videoonly.mp4": 13,
    "nasa_13013.mp4": 390,
    "corrupted.mp4": 50,
    "block_ends_beyond_cluster.mkv": 1,
}
"""Packets that an edit list hides, the best of two streams, damaged packets, no key frame."""


@pytest.mark.parametrize("name", HIDDEN)
def test_the_count_is_of_all_packets(shared, name):
    footage = Footage(shared / "media" / name)
    assert len(footage) == HIDDEN[name]
    last = len(footage) - 1
    frames, _ = frames_of(footage.path, [0, last])
    assert set(frames) == {0, last}


def test_any_frame_alone_is_the_frame_of_a_whole_run(clips):
    """Seeking by groups of pictures must not change a pixel. Oracle: everything decoded in order."""
    path = clips[1]
    with av.open(str(path)) as container:
        times = [frame.pts for frame in container.decode(video=0)]
    assert times == sorted(times)
    whole, _ = frames_of(path, list(range(len(times))))
    for i in (20, 0, 9, 7, 8, 13):
        alone, _ = frames_of(path, [i])
        assert np.array_equal(alone[i], whole[i])
    # Frames differ, so that a wrong one would show.
    assert all((whole[i] != whole[i + 1]).any() for i in range(20))


def test_only_the_groups_that_are_wanted_are_fed(clips):
    footage = Footage(clips[1])
    assert footage.decode_ranges([0]) == [DecodeRange(start=0, end=1)]
    (current,) = footage.decode_ranges([17])
    assert current.start == 16 and footage.keys[16]
    assert [r.start for r in footage.decode_ranges([2, 18])] == [0, 16]


def test_the_plan_is_the_pages(clips):
    """Oracle: `planRanges` of workers/media/plan.ts on the same packets."""
    footage = Footage(clips[2])
    wanted = [1, 3, 11, 12, 19]
    given = {"at": footage.order, "key": [int(k) for k in footage.keys], "wanted": wanted}
    expression = (
        "plan.planRanges(plan.frameOrder(Uint32Array.from(input.at), Uint8Array.from(input.key)),"
        " input.wanted).map(({start, end}) => ({start, end}))"
    )
    expected = evaluate_in_node({"plan": ROOT / "workers" / "media" / "plan.ts"}, expression, given)
    assert [{"start": r.start, "end": r.end} for r in footage.decode_ranges(wanted)] == expected


def corrupted(source: Path, target: Path, packets: set[int]) -> Path:
    """A copy of a clip with the bytes of some packets (in decode order) overwritten."""
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        extents = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    for d in packets:
        start, size = extents[d]
        data[start + 4 : start + size] = b"\xff" * (size - 4)
    target.write_bytes(data)
    return target


def test_a_frame_that_cannot_be_decoded_has_a_stand_in(tmp_path):
    source = write_clip(tmp_path / "whole.mp4", frames=24, gop=8)
    footage = Footage(source)
    # The packet of the last frame of a group, on which nothing depends.
    path = corrupted(source, tmp_path / "damaged.mp4", {footage.order[23]})
    frames, substituted = frames_of(path, [4, 23])
    sound, _ = frames_of(source, [4, 22])
    if substituted:  # else the decoder could make something of it
        assert substituted == {23: 22}
        assert np.array_equal(frames[23], sound[22])
    assert np.array_equal(frames[4], sound[4])


UNREADABLE = {
    "absent.mp4": (None, "the file is not there"),
    "empty.mp4": (b"", "Invalid data"),
    "text.mp4": (b"no video\n" * 50, "Invalid data"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_video_says_why(tmp_path, name):
    data, reason = UNREADABLE[name]
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert reason in work(Job(path=str(tmp_path / name))).error
    assert work(Job(path=str(tmp_path / name), wanted=frozenset({(0, SQUASH)}))).error
    if data is not None:
        with pytest.raises(VideoError):
            Footage(tmp_path / name)


def test_sound_alone_is_no_video(tmp_path):
    with av.open(str(tmp_path / "sound.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
    assert work(Job(path=str(tmp_path / "sound.wav"))).error == "there is no video stream in it"


def test_an_index_past_the_end_is_the_videos_failure(clips):
    outcome = work(Job(path=str(clips[0]), wanted=frozenset({(99, SQUASH)})))
    assert outcome.error == "frame 99 of 20"


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("matrix", "depth"), [("bt601", 8), ("bt709", 8), ("bt2020", 10), ("fcc", 12)])
def test_colour_is_that_of_the_page(matrix, depth, full):
    """Oracle: the tables of workers/media/yuv.ts, for every sample value in turn."""
    values = np.arange(1 << depth).astype(np.uint8 if depth == 8 else np.uint16)[None]
    planes = Planes(y=values, u=values[:, ::-1], v=np.roll(values, 77), shift_x=0, shift_y=0, depth=depth)
    rows, columns = np.arange(1), np.arange(1 << depth)
    ours = to_rgb(planes, Colour(matrix=matrix, full=full), rows, columns)
    given = {"matrix": matrix, "range": "full" if full else "limited", "depth": depth}
    given |= {name: getattr(planes, name)[0].tolist() for name in "yuv"}
    expression = """(() => {
      const t = yuv.colourTables(input, input.depth);
      const clamp = (x) => Math.max(0, Math.min(255, x));
      return input.y.map((y, i) => [t.y[y] + t.redV[input.v[i]],
        t.y[y] + t.greenU[input.u[i]] + t.greenV[input.v[i]], t.y[y] + t.blueU[input.u[i]]].map(clamp));
    })()"""
    expected = evaluate_in_node({"yuv": ROOT / "workers" / "media" / "yuv.ts"}, expression, given)
    assert np.array_equal(ours[0], np.array(expected))


SIZES = [
    (1920, 1080, 224, 32),
    (225, 301, 224, 32),
    (176, 144, 224, 32),
    (97, 640, 64, 32),
    (640, 272, 448, 56),
]


def test_fragments_are_those_of_the_page():
    """Oracle: `fragmentPlan` of core/sampling/fragments.ts."""
    expected = evaluate_in_node(
        {"fragments": CORE / "sampling" / "fragments.ts"},
        "input.map((size) => fragments.fragmentPlan(...size))",
        SIZES,
    )
    for (width, height, size, cell), plan in zip(SIZES, expected, strict=True):
        assert fragment_frame(width, height, size) == (plan["width"], plan["height"])
        for length, edges in ((plan["width"], plan["x"]), (plan["height"], plan["y"])):
            assert block_positions(length, size, cell).reshape(-1, cell)[:, 0].tolist() == edges


def test_fragments_cut_native_pixels(clips):
    blocks, whole = PixelRule(pixels="fragments", size=64, cell=32), {}
    frames, _ = frames_of(clips[0], [5], blocks)
    Footage(clips[0]).read([5], lambda i, frame: whole.setdefault(i, frame.rgb.copy()))
    rows, columns = block_positions(80, 64, 32), block_positions(96, 64, 32)
    assert np.array_equal(frames[5], whole[5][rows][:, columns])


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotation_turns_positions_as_it_turns_frames(clips, degrees, monkeypatch):
    from engine.video import pixels

    upright: dict = {}
    Footage(clips[0]).read([3], lambda i, frame: upright.setdefault(i, frame.rgb.copy()))
    turned: dict = {}
    monkeypatch.setattr(pixels, "turns_of", lambda frame: degrees // 90)
    Footage(clips[0]).read([3], lambda i, frame: turned.setdefault(i, frame.rgb.copy()))
    assert np.array_equal(turned[3], np.rot90(upright[3], degrees // 90))


# The cache


def test_a_decoded_frame_is_cached(clips, tmp_path, monkeypatch):
    job = Job(path=str(clips[0]), wanted=frozenset({(2, SQUASH), (5, SQUASH)}), cache=str(tmp_path))
    first = work(job)
    assert first.written > 0
    monkeypatch.setattr("engine.video.decoding.Footage", None)  # nothing is decoded any more
    second = work(job)
    assert second.written == 0 and second.error is None
    assert all(np.array_equal(second.pixels[key], first.pixels[key]) for key in job.wanted)


def test_a_corrupted_entry_is_decoded_again(clips, tmp_path):
    job = Job(path=str(clips[0]), wanted=frozenset({(2, SQUASH)}), cache=str(tmp_path))
    first = work(job)
    (entry,) = (file for file in tmp_path.rglob("*") if file.is_file())
    for corrupt in (lambda data: data[:-1], lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:]):
        entry.write_bytes(corrupt(entry.read_bytes()))
        again = work(job)
        assert again.written == first.written
        assert np.array_equal(again.pixels[2, SQUASH], first.pixels[2, SQUASH])


def test_another_file_of_the_name_is_another_video(tmp_path):
    cache = PixelCache(tmp_path / "cache")
    path = tmp_path / "a.mp4"
    path.write_bytes(b"1")
    first = cache.video(path)
    path.write_bytes(b"22")
    assert cache.video(path) != first


def test_the_cache_keeps_to_its_cap(tmp_path):
    cache, rule = PixelCache(tmp_path), PixelRule(pixels="squash", size=32)
    frame = np.zeros((32, 32, 3), np.uint8)
    for i in range(10):
        cache.store("ab" * 12, i, rule, frame)
        time.sleep(0.002)
    entry = 32 * 32 * 3 + 16
    assert cache.bytes() == 10 * entry
    cache.frame("ab" * 12, 0, rule)  # the oldest, but looked at last
    left = cache.shrink(5 * entry)
    assert left == cache.bytes() <= 5 * entry
    assert cache.frame("ab" * 12, 0, rule) is not None and cache.frame("ab" * 12, 1, rule) is None


def test_a_full_disk_stops_the_cache_and_nothing_else(clips, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("modules.atomic_write.os.replace", full)
    job = Job(path=str(clips[0]), wanted=frozenset({(2, SQUASH)}), cache=str(tmp_path))
    outcome = work(job)
    assert outcome.error is None and outcome.written == 0 and (2, SQUASH) in outcome.pixels
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


# The pool


def test_a_process_decodes_as_this_one_does(clips, tmp_path):
    pool = DecodePool(1, cache=PixelCache(tmp_path), cap=1 << 20)
    job = Job(path=str(clips[0]), wanted=frozenset({(1, SQUASH)}))
    try:
        frames = pool.submit(job).result(timeout=300)
        assert np.array_equal(frames.pixels[1, SQUASH], work(job).pixels[1, SQUASH])
        assert pool.submit(Job(path=str(clips[4]))).result(timeout=300).error
    finally:
        pool.close()


WORKERS = {
    "dies": "import sys, pickle; pickle.load(sys.stdin.buffer)",
    "hangs": "import time; time.sleep(600)",
    "talks": "print('hello', flush=True); import time; time.sleep(600)",
}


@pytest.mark.parametrize("worker", WORKERS)
def test_a_decoder_that_fails_costs_one_video(worker, monkeypatch, clips):
    monkeypatch.setattr(decode_pool.decoding, "command", lambda: [sys.executable, "-c", WORKERS[worker]])
    pool = DecodePool(1, cache=None, cap=0, patience=1.0)
    try:
        outcome = pool.submit(Job(path="x.mp4")).result(timeout=300)
        assert outcome.error == "the decoder ended or hung on it"
        monkeypatch.undo()
        pool.patience = 240.0
        assert pool.submit(Job(path=str(clips[0]))).result(timeout=300).facts.frames == 20
    finally:
        pool.close()
