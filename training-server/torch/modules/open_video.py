"""Opens a video file by FFmpeg, and nothing that the file refers to.

FFmpeg reads playlists and descriptions of streams too, whose entries are other files or addresses: a row of a
data set could lead out of its folders, or to a live stream that never ends. Here the container must be one
that holds its own media, and the protocol is the file's.
"""

from __future__ import annotations

from pathlib import Path

import av

#: FFmpeg's names of containers that hold their own media. References of QuickTime files are off by default.
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "avi",
    "mpegts",
    "mpeg",
    "mpegvideo",
    "flv",
    "asf",
    "ogg",
    "mxf",
    "nut",
    "dv",
    "gif",
    "ivf",
    "obu",
    "h264",
    "hevc",
    "m4v",
    "yuv4mpegpipe",
    # Sound alone, so that the true reason is told.
    "wav",
    "mp3",
    "flac",
    "aac",
)

#: First bytes of still images, which are films of one frame, and FFmpeg's demuxer for them. It is named,
#: since by the file's name FFmpeg would take its demuxer of numbered files.
IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "png_pipe"),
    (b"\xff\xd8\xff", "jpeg_pipe"),
    (b"BM", "bmp_pipe"),
    (b"II*\x00", "tiff_pipe"),
    (b"MM\x00*", "tiff_pipe"),
)


def _limits(containers: tuple[str, ...]) -> dict[str, str]:
    return {"format_whitelist": ",".join(containers), "protocol_whitelist": "file"}


def image_format(path: Path) -> str | None:
    """FFmpeg's demuxer of a still image by its first bytes; None for what is none."""
    with path.open("rb") as file:
        head = file.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "webp_pipe"
    return next((name for magic, name in IMAGES if head.startswith(magic)), None)


def open_video(path: Path, *, edit_lists: bool = False) -> av.container.InputContainer:
    """The opened container. The model reads the frames of the stream: by default an edit list hides none.

    Raises `av.FFmpegError` or `OSError` for what is no such container.
    """
    still = image_format(path)
    if still is not None:
        return av.open(str(path), format=still, options=_limits((still,)), metadata_errors="replace")
    options = _limits(CONTAINERS)
    if not edit_lists and path.suffix.lower() in (".mp4", ".mov", ".m4v"):
        options["ignore_editlist"] = "1"
    return av.open(str(path), options=options, metadata_errors="replace")


def film_stream(container: av.container.InputContainer) -> av.VideoStream | None:
    """The best video stream; None where there is none, or only a cover picture that is attached to sound."""
    stream = container.streams.best("video")
    if not isinstance(stream, av.VideoStream):
        return None
    if not _attached(stream):
        return stream
    return next((other for other in container.streams.video if not _attached(other)), None)


def _attached(stream: av.VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
