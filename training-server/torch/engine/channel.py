"""The connection to the driver: JSON-RPC 2.0, one message a line, over the socket that `VQA_CTRL` names."""

from __future__ import annotations

import json
import math
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

PROTOCOL = 2
"""Version of the messages; the driver refuses another."""

ADDRESS, TOKEN = "VQA_CTRL", "VQA_CTRL_TOKEN"
"""Environment: `unix:/path` or `tcp:host:port`, and what proves that it was the driver who started us."""


PATIENCE = 600.0
"""Seconds that a driver on another machine has until it listens."""


class Channel:
    """Sends from any thread; received by one."""

    def __init__(self, stream: socket.socket):
        self._stream = stream
        self._lock = threading.Lock()

    @classmethod
    def connect(cls, address: str | None = None) -> Channel:
        """Raises OSError where nobody listens, ValueError for an address of another form."""
        address = os.environ.get(ADDRESS, "") if address is None else address
        kind, _, location = address.partition(":")
        if kind == "unix":
            stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            stream.connect(location)
        elif kind == "tcp":
            host, _, port = location.rpartition(":")
            stream = _reached(host.strip("[]"), int(port))
            stream.settimeout(None)
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        else:
            raise ValueError(f"{ADDRESS} is {address!r}, neither unix:PATH nor tcp:HOST:PORT")
        return cls(stream)

    def send(self, message: Mapping[str, Any]) -> None:
        """Raises OSError when the driver is gone."""
        line = json.dumps({"jsonrpc": "2.0", **message}, default=_plain, allow_nan=False) + "\n"
        with self._lock:
            self._stream.sendall(line.encode("utf-8"))

    def notify(self, method: str, params: Mapping[str, Any]) -> None:
        self.send({"method": method, "params": params})

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Messages until the driver closes the connection."""
        with self._stream.makefile("rb") as lines:
            for line in lines:
                yield json.loads(line)

    def close(self) -> None:
        self._stream.close()


def _reached(host: str, port: int, patience: float = PATIENCE) -> socket.socket:
    """Who started us elsewhere need not have started the driver first. Raises OSError when patience ends."""
    end = time.monotonic() + patience
    while True:
        try:
            return socket.create_connection((host, port), timeout=60)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def finite(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """Metrics for JSON: what is no number is null."""
    return {name: value if math.isfinite(value) else None for name, value in metrics.items()}


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} is nothing for JSON")
