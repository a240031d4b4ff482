"""Files that refer to other files, and sound with a cover picture."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.video.footage import Footage
from modules.open_video import film_stream, open_video


def write_video(
    path: Path, codec: str, frames: int, container: str | None = None, cover: bool = False
) -> Path:
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if cover:
            stream.disposition = av.stream.Disposition.attached_pic
        for k in range(frames):
            image = np.full((64, 64, 3), 8 * k, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode(None))
    return path


@pytest.fixture
def segment(tmp_path) -> Path:
    return write_video(tmp_path / "outside.ts", "libx264", 25)


def test_a_playlist_is_not_followed(segment, tmp_path):
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{segment}\n#EXT-X-ENDLIST\n")
    with av.open(str(playlist)) as plain:
        assert next(plain.decode(video=0)) is not None  # the danger is real
    with pytest.raises(av.FFmpegError):
        open_video(playlist)


@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{segment}\n",
        "ffconcat version 1.0\nfile '{segment}'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 33\n",
    ],
)
@pytest.mark.parametrize("name", ["clip.mp4", "clip.m3u8", "clip.txt", "clip.sdp"])
def test_no_description_of_other_media_is_opened(segment, tmp_path, content, name):
    file = tmp_path / name
    file.write_text(content.format(segment=segment))
    with pytest.raises(av.FFmpegError):
        open_video(file)


def test_an_address_is_no_file(segment):
    with pytest.raises((av.FFmpegError, OSError)):
        open_video(Path(f"concat:{segment}|{segment}"))


def test_a_cover_is_no_film(segment, tmp_path):
    with open_video(segment) as container:
        assert film_stream(container) is not None
    with open_video(write_video(tmp_path / "cover.mp4", "mjpeg", 1, "mp4", cover=True)) as container:
        assert len(container.streams.video) == 1
        assert film_stream(container) is None


def rgb_image() -> Image.Image:
    noise = np.random.default_rng(7).integers(0, 256, (9, 16, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((640, 360), Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    ("name", "tolerance"),
    # JPEG and WebP store chroma at half size, which the project's rule takes from the nearest sample.
    [("a.png", 0), ("a.bmp", 0), ("a.tiff", 0), ("a.jpg", 4), ("a.webp", 4), ("img%03d.jpg", 4), ("a", 0)],
)
def test_an_image_is_a_film_of_one_frame(tmp_path, name, tolerance):
    file = tmp_path / name
    rgb_image().save(file, None if "." in name else "png", quality=95)
    footage = Footage(file)
    frames = {}
    footage.read({0}, lambda i, frame: frames.update({i: frame.rgb}))
    assert (len(footage), footage.facts().width, footage.facts().height) == (1, 640, 360)
    with Image.open(file) as expected:
        difference = np.abs(frames[0].astype(int) - np.asarray(expected.convert("RGB")).astype(int))
    assert difference.mean() <= tolerance


def test_the_orientation_of_an_image_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    rgb_image().save(tmp_path / "turned.jpg", exif=exif)
    facts = Footage(tmp_path / "turned.jpg").facts()
    assert (facts.width, facts.height) == (360, 640)
