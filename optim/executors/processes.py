"""`Processes`: calls on processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any, final

import torch

from circuits.arguments import integer
from optim.executors.base import Died, Executor
from optim.executors.call import Answer, Call, answer


def answer_with(
    threads: int, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Answer:
    """`answer` with so many threads of torch and of the kernels."""
    torch.set_num_threads(threads)
    return answer(function, args, kwargs)


@final
class Processes(Executor):
    """Runs calls on processes of this machine.

    Each worker is a fresh interpreter (`spawn`: nothing of this process leaks into it) with its
    own pool of one process, so that it is known which call a dead worker was running; that call
    alone runs again. As always with `spawn`, a script that uses it needs the line
    `if __name__ == "__main__":`.

    Args:
        workers: Number of processes; default one for each core that this process may use.
        threads: Threads of torch and of the kernels in each of them.
        retries: See `Executor`.
    """

    def __init__(self, workers: int | None = None, *, threads: int = 1, retries: int = 2) -> None:
        super().__init__(_cores() if workers is None else workers, retries=retries)
        self.threads = integer(threads, "threads")
        self._free: list[ProcessPoolExecutor] = []

    def _start(self, call: Call) -> tuple[ProcessPoolExecutor, Future[Answer]]:
        work = partial(answer_with, self.threads, call.function, call.args, call.kwargs)
        if self._free:
            pool = self._free.pop()
            try:
                return pool, pool.submit(work)
            except BrokenProcessPool:  # the idle process was killed; the call has not begun
                pool.shutdown(wait=False)
        pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        return pool, pool.submit(work)

    def _collect(self, timeout: float | None) -> list[tuple[Call, Answer | Died]]:
        by_future = {future: call for call, (_, future) in self._running.items()}
        ended, _ = wait(by_future, timeout=timeout, return_when=FIRST_COMPLETED)
        return [(by_future[future], self._outcome(by_future[future])) for future in ended]

    def _outcome(self, call: Call) -> Answer | Died:
        pool, future = self._running[call]
        try:
            found: Answer = future.result()
        except BrokenProcessPool:
            pool.shutdown(wait=False)
            return Died("the process ended abruptly")
        except Exception as error:  # the value, not the function, failed on its way back
            self._free.append(pool)
            return Answer(None, error, "", 0.0)
        self._free.append(pool)
        return found

    def _interrupt(self, call: Call, running: Any) -> bool:
        _kill(running[0])
        return True

    def _stop(self, running: dict[Call, Any]) -> None:
        for pool, _ in running.values():
            _kill(pool)
        for pool in self._free:
            pool.shutdown()
        self._free.clear()


def _kill(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):
        process.kill()
    pool.shutdown(wait=True, cancel_futures=True)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        return os.cpu_count() or 1
