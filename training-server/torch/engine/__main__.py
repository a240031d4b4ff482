"""The engine of a training run, started by torchrun:

    torchrun --nproc-per-node N --module engine --mark=ID

Rank 0 connects to the driver at `VQA_CTRL` and hands every command on; all ranks do it. The engine ends when
the driver's connection does: nobody else could use it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any

import torch
from torch.distributed.elastic.multiprocessing.errors import record

from engine.channel import PROTOCOL, TOKEN, Channel
from engine.commands import Commands, memory
from engine.faults import described, expected
from engine.ranks import Ranks

HEARTBEAT = 5.0
"""Seconds."""

BESIDE = {"probe"}
"""Methods that a thread of their own answers while the computation goes on."""

METHOD_NOT_FOUND = -32601

Request = Mapping[str, Any]


class Leader:
    """Rank 0: what comes from the driver, and what goes to it."""

    def __init__(self, ranks: Ranks, channel: Channel):
        self.ranks, self.channel = ranks, channel
        self.commands = Commands(ranks, self._notify)
        self.waiting: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self.cancelled: set[Any] = set()
        self.leaving = False

    def run(self) -> None:
        self._hello()
        for task in (self._receive, self._beat):
            threading.Thread(target=task, daemon=True).start()
        while True:
            request = self.waiting.get()
            if request["id"] in self.cancelled:
                self.cancelled.discard(request["id"])
                continue
            method = request["method"]
            self.ranks.broadcast((method, request.get("params", {})))
            if method == "stop":
                self.commands.close()
                self.leaving = True
                self._reply(request, {})
                return
            self._do(request)
            self.cancelled.discard(request["id"])

    def _hello(self) -> None:
        ranks = self.ranks
        gpus = torch.cuda.device_count()
        device = torch.device("cuda", 0) if gpus else torch.device("cpu")
        hello = {
            "protocol": PROTOCOL,
            "pid": os.getpid(),
            "pgids": ranks.groups,
            "ranks": ranks.world,
            "restart": int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")),
            "device": torch.cuda.get_device_name(device) if gpus else "cpu",
            "gpus": gpus,
            "torch": torch.__version__,
            "memoryBytes": memory(device),
        }
        token = os.environ.pop(TOKEN, None)
        self.channel.notify("hello", hello | ({"token": token} if token else {}))

    def _do(self, request: Request) -> None:
        method, params = request["method"], request.get("params", {})
        try:
            if method == "save":
                finish = self.commands.begin_save(params)
                # The answer comes when all is on the disk; other commands go on meanwhile.
                threading.Thread(target=self._finish, args=(request, finish)).start()
            elif hasattr(self.commands, f"do_{method}"):
                self._reply(request, self.commands.run(method, params))
            else:
                self._refuse(request, {"code": METHOD_NOT_FOUND, "message": f"there is no method {method}"})
        except Exception as error:
            self._refuse(request, described(error))
            if self.ranks.world > 1 and not expected(error):
                raise  # the other ranks may wait for what will not come: torchrun ends them all
            _after(error, self.commands)

    def _finish(self, request: Request, finish: Any) -> None:
        try:
            self._reply(request, finish())
        except Exception as error:  # noqa: BLE001 (told to the driver)
            self._refuse(request, described(error))

    def _receive(self) -> None:
        reason = "the driver's connection ended"
        try:
            for message in self.channel:
                self._take(message)
        except Exception as error:  # noqa: BLE001 (without this thread nobody hears the driver any more)
            reason = f"the driver's connection broke: {error!r}"
        if not self.leaving:
            leave_at_once(reason)

    def _take(self, message: Request) -> None:
        if message["method"] == "cancel":
            self.cancelled.add(message["params"]["id"])
        elif message["method"] in BESIDE:
            threading.Thread(target=self._beside, args=(message,), daemon=True).start()
        else:
            if self.ranks.world == 1:
                with contextlib.suppress(Exception):  # told when its turn comes
                    self.commands.announce(message.get("params", {}))
            self.waiting.put(message)

    def _beside(self, request: Request) -> None:
        try:
            self._reply(request, getattr(self.commands, request["method"])(request["params"]))
        except Exception as error:  # noqa: BLE001 (told to the driver)
            self._refuse(request, described(error))

    def _beat(self) -> None:
        while True:
            self._notify("heartbeat", {"time": time.time()})
            time.sleep(HEARTBEAT)

    def _notify(self, method: str, params: Mapping[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def _reply(self, request: Request, result: Any) -> None:
        self._send({"id": request["id"], "result": result})

    def _refuse(self, request: Request, error: Mapping[str, Any]) -> None:
        self._send({"id": request["id"], "error": error})

    def _send(self, message: Mapping[str, Any]) -> None:
        try:
            self.channel.send(message)
        except OSError:
            if not self.leaving:
                leave_at_once("the driver's connection broke")


def follow(ranks: Ranks) -> None:
    """Any other rank: does what rank 0 hands on, says nothing."""
    commands = Commands(ranks, lambda method, params: None)
    while True:
        method, params = ranks.broadcast(None)
        if method == "stop":
            commands.close()
            return
        try:
            if method == "save":
                threading.Thread(target=_quietly, args=(commands.begin_save(params),)).start()
            elif hasattr(commands, f"do_{method}"):
                commands.run(method, params)
        except Exception as error:
            if not expected(error):
                raise
            _after(error, commands)


def _quietly(finish: Any) -> None:
    with contextlib.suppress(Exception):  # rank 0 meets the same error and tells it
        finish()


def _after(error: BaseException, commands: Commands) -> None:
    """Leaves nothing half done behind a command that failed."""
    traceback.print_exception(error)
    policy = commands.policy
    if policy is not None:
        policy.model.zero_grad(set_to_none=True)
        policy.encoder.forget()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def leave_at_once(reason: str) -> None:
    """Ends this process from any thread; torchrun ends the other ranks, decoders see their pipes close."""
    print(reason, file=sys.stderr, flush=True)
    os._exit(3)


@record
def main() -> None:
    # Ctrl-C in the driver's terminal is the driver's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if threads := os.environ.get("OMP_NUM_THREADS"):
        torch.set_num_threads(int(threads))
    torch.use_deterministic_algorithms(not torch.cuda.is_available(), warn_only=True)
    ranks = Ranks.join()
    if ranks.leads:
        Leader(ranks, Channel.connect()).run()
    else:
        follow(ranks)
    ranks.leave()


if __name__ == "__main__":
    main()
