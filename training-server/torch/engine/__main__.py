"""The engine of a training run, started by torchrun:

    torchrun --nproc-per-node N --module engine --mark=ID

Rank 0 connects to the driver at `VQA_CTRL` and broadcasts every command; all ranks run it. The engine ends
with the driver's connection, because nothing else could use it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch.distributed.elastic.multiprocessing.errors import record

from engine.channel import PROTOCOL, TOKEN, Channel
from engine.commands import COMMANDS, begin_save, memory, probe
from engine.faults import described, expected
from engine.ranks import Ranks, end_now
from engine.requests import REQUESTS, parse_request, videos_of
from engine.session import Session

HEARTBEAT = 5.0
"""Seconds."""

CONCURRENT = {"probe": probe}
"""Methods that run in a thread each, beside the computation."""

UNKNOWN_METHOD = -32601
"""JSON-RPC's code of an unknown method."""

Json = Mapping[str, Any]


@dataclass(kw_only=True, frozen=True)
class Call:
    """A message of the driver with its parameters parsed, or with the error that refuses it."""

    id: Any
    method: str
    request: Any = None
    error: Json | None = None


def parse_call(message: Json) -> Call:
    """The call in a JSON-RPC message; never raises for a wrong method or parameter."""
    id, method = message["id"], message["method"]
    if method not in REQUESTS:
        error = {"code": UNKNOWN_METHOD, "message": f"there is no method {method}"}
        return Call(id=id, method=method, error=error)
    try:
        return Call(id=id, method=method, request=parse_request(method, message.get("params", {})))
    except Exception as error:  # reported when its turn comes
        return Call(id=id, method=method, error=described(error))


class Leader:
    """Rank 0: receives the driver's commands, runs them together with the other ranks and replies."""

    def __init__(self, ranks: Ranks, channel: Channel):
        self.ranks, self.channel = ranks, channel
        self.session = Session(ranks, self._notify)
        self.waiting: queue.SimpleQueue[Call] = queue.SimpleQueue()
        self.cancelled: set[Any] = set()
        self.stopping = False

    def run(self) -> None:
        self._hello()
        for task in (self._receive, self._beat):
            threading.Thread(target=task, daemon=True).start()
        while True:
            call = self.waiting.get()
            if call.id in self.cancelled:
                self.cancelled.discard(call.id)
            elif call.error is not None:
                self._refuse(call, call.error)
            else:
                self.ranks.broadcast((call.method, call.request))
                if call.method == "stop":
                    self.session.close()
                    self.stopping = True
                    self._reply(call, {})
                    return
                self._run(call)
                self.cancelled.discard(call.id)

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

    def _run(self, call: Call) -> None:
        try:
            if call.method == "save":
                finish = begin_save(self.session, call.request)
                # The reply follows when everything is on disk; other commands run meanwhile.
                threading.Thread(target=self._reply_with, args=(call, finish)).start()
            else:
                self._reply(call, COMMANDS[call.method](self.session, call.request))
        except Exception as error:
            self._refuse(call, described(error))
            if self.ranks.world > 1 and not expected(error):
                raise  # the other ranks may wait in a collective: torchrun ends them all
            _clean_up(error, self.session)

    def _reply_with(self, call: Call, compute: Callable[[], Any]) -> None:
        try:
            self._reply(call, compute())
        except Exception as error:  # noqa: BLE001 (reported to the driver)
            self._refuse(call, described(error))

    def _receive(self) -> None:
        reason = "the driver's connection ended"
        try:
            for message in self.channel:
                self._receive_one(message)
        except Exception as error:  # noqa: BLE001 (without this thread the driver cannot be reached)
            reason = f"the driver's connection broke: {error!r}"
        if not self.stopping:
            exit_at_once(reason)

    def _receive_one(self, message: Json) -> None:
        if message["method"] == "cancel":
            self.cancelled.add(message["params"]["id"])
            return
        call = parse_call(message)
        if call.method in CONCURRENT and call.error is None:
            compute = partial(CONCURRENT[call.method], self.session, call.request)
            threading.Thread(target=self._reply_with, args=(call, compute), daemon=True).start()
            return
        if self.ranks.world == 1:
            with contextlib.suppress(Exception):  # reported when its turn comes
                self.session.announce(videos_of(call.request))
        self.waiting.put(call)

    def _beat(self) -> None:
        while True:
            self._notify("heartbeat", {"time": time.time()})
            time.sleep(HEARTBEAT)

    def _notify(self, method: str, params: Json) -> None:
        self._send({"method": method, "params": params})

    def _reply(self, call: Call, result: Any) -> None:
        self._send({"id": call.id, "result": result})

    def _refuse(self, call: Call, error: Json) -> None:
        self._send({"id": call.id, "error": error})

    def _send(self, message: Json) -> None:
        try:
            self.channel.send(message)
        except OSError:
            if not self.stopping:
                exit_at_once("the driver's connection broke")


def follow(ranks: Ranks) -> None:
    """Any other rank: runs the commands that rank 0 broadcasts and sends nothing to the driver."""
    session = Session(ranks, lambda method, params: None)
    while True:
        method, request = ranks.broadcast(None)
        if method == "stop":
            session.close()
            return
        try:
            if method == "save":
                threading.Thread(target=_suppress_errors, args=(begin_save(session, request),)).start()
            else:
                COMMANDS[method](session, request)
        except Exception as error:
            if not expected(error):
                raise
            _clean_up(error, session)


def _suppress_errors(compute: Callable[[], Any]) -> None:
    with contextlib.suppress(Exception):  # rank 0 has the same error and reports it
        compute()


def _clean_up(error: BaseException, session: Session) -> None:
    """Drops gradients and cached features that a failed command may have left."""
    traceback.print_exception(error)
    policy = session.policy
    if policy is not None:
        policy.model.zero_grad(set_to_none=True)
        policy.encoder.clear()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def exit_at_once(reason: str) -> None:
    """Ends this process from any thread; torchrun ends the other ranks, decoders see their pipes close."""
    print(reason, file=sys.stderr, flush=True)
    os._exit(3)


def end_with_parent() -> None:
    """Linux ends this process with torchrun: a rank that waits for others in vain would stay for ever."""
    if sys.platform == "linux":
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


@record
def main() -> None:
    end_with_parent()
    # Ctrl-C in the driver's terminal reaches the whole group; the driver decides what ends.
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
    end_now()


if __name__ == "__main__":
    main()
