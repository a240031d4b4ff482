"""The process that does nothing but decoding jobs.

A decoder runs on bytes from anywhere: a file that brings it down takes this process with it and not the run.
Jobs and results are pickles on the standard streams of a child that only its parent can reach.
"""

from __future__ import annotations

import os
import pickle
import sys

import av

from engine.video.decoding import work


def main() -> None:
    av.logging.set_level(av.logging.PANIC)
    # The protocol has the original streams; whatever a library prints goes to the log.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return  # the parent is gone
        pickle.dump(work(job), replies, protocol=5)
        replies.flush()


if __name__ == "__main__":
    main()
