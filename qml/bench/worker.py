"""A contestant's process: reads one JSON command a line, answers each with one JSON line.

Commands: `prepare` builds a workload and runs it once, `run` times calls, `memory`, `quit`. What
libraries print goes to standard error, so that answers stay readable.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any, TextIO

import numpy as np
import torch

from qml.bench import workloads
from qml.bench.contestants import Contestant
from qml.bench.memory import peak, restart_peak
from qml.bench.peers.base import Peer

_COMMANDS = ("start", "prepare", "run", "memory", "threads")
_MOST_CALLS = 50


class Worker:
    """State of the process: the adapter and the step that is timed.

    Args:
        contestant: Who this is.
    """

    def __init__(self, contestant: Contestant) -> None:
        self.contestant = contestant
        torch.set_default_dtype(torch.float64)  # PennyLane's device gradients follow it
        self.peer: Peer = contestant.load()
        self.step: Callable[[], Any] | None = None
        self.base = 0

    def start(self) -> dict[str, Any]:
        """Import everything and run a tiny circuit."""
        tiny = workloads.TINY
        for _ in range(2):
            step = self.peer.prepare(tiny, tiny.data())
            step()
        return {"versions": self.contestant.versions}

    def prepare(self, key: str, variant: int, longest: float, path: str) -> dict[str, Any]:
        """Build a workload and run it once, on fewer samples if the whole batch takes too long.

        Args:
            key: Name of the workload.
            variant: Which circuit, for workloads that have several.
            longest: Longest acceptable time of one call, in seconds.
            path: Where to save values and gradients; empty for nowhere.
        """
        work = workloads.workload(key, variant)
        reason = self.peer.unsupported(work)
        if reason:
            return {"unsupported": reason}
        single = workloads.workload(key, variant, batch=1)
        data, single_data = work.data(), single.data()
        self.base = restart_peak()
        one, batch, first = 0.0, work.batch, 0.0
        if self.peer.loops and work.batch > 1:
            start = time.perf_counter()
            step = self.peer.prepare(single, single_data)
            step()
            first = time.perf_counter() - start
            one = _time(step)
            if one * batch > longest:
                batch = max(1, int(longest / one))
                work = workloads.workload(key, variant, batch=batch)
                data = work.data()
        start = time.perf_counter()
        self.step = self.peer.prepare(work, data)
        raw = self.step()
        taken = time.perf_counter() - start
        first = first + one * (workloads.workload(key).batch - 1) if one else taken
        if path:
            np.savez(path, **self.peer.results(raw))  # type: ignore[arg-type]
        operations, traffic = self.peer.work()
        return {
            "first": first,
            "batch": batch,
            "settings": self.peer.settings(work),
            "operations": operations,
            "traffic": traffic,
        }

    def run(self, times: int, warm: int) -> dict[str, Any]:
        """Time calls one by one, after `warm` calls that are not counted."""
        assert self.step is not None
        for _ in range(warm):
            self.step()
        seconds, kernels = [], []
        for _ in range(times):
            before = self.peer.kernel_seconds()
            seconds.append(_time(self.step))
            kernels.append(self.peer.kernel_seconds() - before)
        return {"seconds": seconds, "kernels": kernels}

    def threads(self, longest: float) -> dict[str, Any]:
        """Median time of a call with 1, 2, 4, ... threads.

        Args:
            longest: How long to measure each of them, in seconds, beyond two calls.
        """
        assert self.step is not None
        usual = torch.get_num_threads()
        counts = [1 << k for k in range(usual.bit_length()) if 1 << k < usual] + [usual]
        found = {}
        for count in counts:
            torch.set_num_threads(count)
            self.step()
            times = [_time(self.step)]
            while sum(times) < longest and len(times) < _MOST_CALLS:
                times.append(_time(self.step))
            found[str(count)] = statistics.median(times)
        return {"threads": found}

    def memory(self) -> dict[str, Any]:
        """Peak memory since before the circuit was built, and what was in use then."""
        return {"peak": peak(), "base": self.base}


def _time(step: Callable[[], Any]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def main(answers: TextIO) -> None:
    """Serve commands until `quit` or the end of standard input."""
    worker = Worker(Contestant(**json.loads(sys.argv[1])))
    commands = {name: getattr(worker, name) for name in _COMMANDS}
    for line in sys.stdin:
        command = json.loads(line)
        name = command.pop("do")
        if name == "quit":
            return
        print(json.dumps(commands[name](**command)), file=answers, flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main(answers)
