"""The thread pool of the kernels under fork, many Python threads, data loaders, and at exit."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from circuits import _native
from circuits.simulators.native import NativeEngine
from circuits.simulators.torch_engine import TorchEngine
from tests.circuits.native.random_circuits import (
    N_INPUTS,
    N_WEIGHTS,
    OBSERVABLES,
    random_circuit,
)

if _native.kernels() is None:
    pytest.skip("the native engine was not built", allow_module_level=True)

BATCH = 40


@pytest.fixture(autouse=True)
def _two_threads() -> object:
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


def engine() -> NativeEngine:
    """The engine of a fixed circuit."""
    circuit = random_circuit(np.random.default_rng(5), 6, 30)
    return NativeEngine(TorchEngine(circuit), circuit, OBSERVABLES)


def make() -> Callable[[], Tensor]:
    """Values of a fixed circuit on fixed numbers."""
    fixed = engine()
    x = torch.linspace(0, 1, BATCH * N_INPUTS, dtype=torch.float64).reshape(BATCH, N_INPUTS)
    w = torch.linspace(0, 1, N_WEIGHTS, dtype=torch.float64)[None]
    return lambda: fixed.values(x, w)


def in_child(work: Callable[[], None]) -> int:
    """Exit code of a forked child that does `work`; a child that hangs is ended by an alarm."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            import signal

            signal.alarm(60)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Samples(Dataset[Tensor]):
    """Every sample is computed by the kernels, in the worker that loads it."""

    def __init__(self, values: Callable[[], Tensor]) -> None:
        self.values = values

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Tensor:
        torch.set_num_threads(2)
        return self.values()[index]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_after_use_and_during_use() -> None:
    values = make()
    expected = values()

    def check() -> None:
        torch.set_num_threads(2)
        assert torch.equal(values(), expected)

    assert in_child(check) == 0
    stop = threading.Event()

    def keep_busy() -> None:
        while not stop.is_set():
            values()

    busy = threading.Thread(target=keep_busy)
    busy.start()
    try:
        assert [in_child(check) for _ in range(10)] == [0] * 10
    finally:
        stop.set()
        busy.join()
    assert torch.equal(values(), expected)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_data_loader_workers() -> None:
    values = make()
    expected = values()
    context = multiprocessing.get_context("fork")
    loader = DataLoader(
        Samples(values), batch_size=2, num_workers=2, multiprocessing_context=context, timeout=60
    )
    assert torch.equal(torch.cat(list(loader)), expected[:6])


def test_many_python_threads() -> None:
    values = make()
    expected = values()
    results: list[bool] = []

    def work() -> None:
        results.extend(torch.equal(values(), expected) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 120


def test_the_interpreter_ends_while_threads_wait_or_work() -> None:
    # The daemon calls the kernels and nothing of torch, which aborts by itself in this situation.
    script = """
import threading, torch
from circuits import _native
from tests.circuits.native.test_processes import BATCH, N_INPUTS, N_WEIGHTS, OBSERVABLES, engine
torch.set_num_threads(2)
program, run = engine()._program, _native.kernels().run_double
x = torch.zeros(BATCH, N_INPUTS, dtype=torch.float64)
w = torch.zeros(1, N_WEIGHTS, dtype=torch.float64)
out = torch.zeros(BATCH, len(OBSERVABLES), dtype=torch.float64)
pointers = (x.data_ptr(), w.data_ptr(), False, 0, False, 0, out.data_ptr(), *[0] * 6, 2)
run(program, BATCH, *pointers)
def work():
    while True:
        run(program, BATCH, *pointers)
threading.Thread(target=work, daemon=True).start()
print("end")
"""
    command = [sys.executable, "-c", script]
    if "KETWORK_KERNELS" in os.environ:
        command[2] = "import tests.support.kernels" + script
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (ended.returncode, ended.stdout) == (0, "end\n"), ended.stderr


def test_memory_that_cannot_be_had_is_an_exception() -> None:
    kernels = _native.kernels()
    assert kernels is not None
    none, no_terms = np.zeros(0), np.zeros(1, dtype=np.int32)
    table = (none, no_terms, none, np.zeros(0, dtype=np.int32), 1)
    rows = np.zeros((0, 6), dtype=np.int64)
    program = kernels.make(56, 0, 0, rows, none, table, table)
    with pytest.raises(MemoryError):
        kernels.run_double(program, 1, 0, 0, False, 0, False, *[0] * 8, 1)
