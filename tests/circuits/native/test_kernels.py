"""The compiled kernels against the torch engine, for every layout and instruction set."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from circuits import Circuit, PauliSum, _native, inputs
from circuits import gates as g
from circuits.simulators.native import NativeEngine
from circuits.simulators.torch_engine import TorchEngine
from tests.circuits.native.random_circuits import (
    N_INPUTS,
    N_WEIGHTS,
    OBSERVABLES,
    n_values,
    native,
    random_circuit,
    random_observed,
    reference,
)

kernels = _native.kernels()
if kernels is None:
    pytest.skip("the native engine was not built", allow_module_level=True)

WIDEST = 2


@pytest.fixture(params=[0, 1, WIDEST], ids=["baseline", "avx2", "avx512"])
def limit(request: pytest.FixtureRequest) -> Iterator[int]:
    """Run with at most this instruction set; a machine that lacks it takes the one below."""
    kernels.limit_instruction_set(request.param)
    yield request.param
    kernels.limit_instruction_set(WIDEST)


@pytest.mark.parametrize("n_qubits", [2, 3, 4, 5, 6, 8, 10, 15])
def test_values_and_gradients(n_qubits: int, limit: int, dtype: torch.dtype) -> None:
    rng = np.random.default_rng(1000 * n_qubits + limit)
    tolerance = 1e-10 if dtype == torch.float64 else 2e-3
    for trial in range(12 if n_qubits < 10 else 3):
        circuit = random_circuit(rng, n_qubits, 30, preparation=trial % 3 == 2)
        observed = random_observed(rng, n_qubits, probabilities=trial % 2 == 0)
        batch = int(rng.choice([1, 3, 9, 20])) if n_qubits < 10 else 2
        x = torch.rand(batch, N_INPUTS, dtype=dtype)
        w = torch.rand(batch if trial % 3 == 0 else 1, N_WEIGHTS, dtype=dtype)
        gradient = torch.randn(batch, n_values(observed), dtype=dtype)
        found = native(circuit, x, w, gradient, observed, keep=trial % 3 > 0)
        expected = reference(circuit, x, w, gradient, observed)
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("n_qubits", [3, 7, 11, 15])
def test_threads_change_nothing_but_rounding(n_qubits: int) -> None:
    rng = np.random.default_rng(n_qubits)
    circuit = random_circuit(rng, n_qubits, 40)
    x = torch.rand(17, N_INPUTS, dtype=torch.float64)
    w = torch.rand(1, N_WEIGHTS, dtype=torch.float64)
    gradient = torch.randn(17, len(OBSERVABLES), dtype=torch.float64)
    results = []
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        try:
            results.append(native(circuit, x, w, gradient, keep=threads == 5))
        finally:
            torch.set_num_threads(1)
    for other in results[1:]:
        torch.testing.assert_close(other, results[0], rtol=1e-12, atol=1e-12)


def test_builds_share_no_code() -> None:
    """The linker may keep any copy of a weak symbol, also the one that needs AVX-512."""
    built = Path(_native.__file__).parent / "inplace"
    objects = sorted(built.rglob("*kernels.cpp.o"))
    nm = shutil.which("nm")
    if nm is None or not objects:
        pytest.skip("needs nm and the objects of an editable install")
    for file in objects:
        symbols = subprocess.run([nm, file], capture_output=True, text=True, check=True).stdout
        weak = [line for line in symbols.splitlines() if line.split()[-2] in "WwVvu"]
        kept = [
            w for w in weak if not w.endswith(("__gxx_personality_v0", "__clang_call_terminate"))
        ]
        assert kept == []


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e7])
def test_sine_and_cosine(scale: float, limit: int, dtype: torch.dtype) -> None:
    x = inputs(1)
    circuit = Circuit(1, [g.rx(x[0], 0)])
    engine = NativeEngine(TorchEngine(circuit), circuit, [PauliSum("Z0"), PauliSum("Y0")])
    angles = torch.linspace(-scale, scale, 1001, dtype=dtype)[:, None]
    values = engine.values(angles, angles.new_empty(1, 0))
    half = angles.double() / 2
    cosine, sine = half.cos(), half.sin()
    expected = torch.cat([cosine**2 - sine**2, -2 * sine * cosine], 1)
    tolerance = 1e-15 if dtype == torch.float64 else 4e-7
    torch.testing.assert_close(values.double(), expected, rtol=0, atol=4 * tolerance)
    wild = angles.new_tensor([[float("nan")], [float("inf")], [0.5]])
    found = engine.values(wild, wild.new_empty(1, 0))
    assert found.isfinite().all(1).tolist() == [False, False, True]


def test_the_kernels_count_their_time_and_their_work(dtype: torch.dtype) -> None:
    """Twice the samples are twice the work; large states are moved, small ones are not."""
    circuit = Circuit(16, [g.rx(0.1 * q, q) for q in range(16)] + [g.cx(15, 0), g.ry(0.3, 0)])
    engine = NativeEngine(TorchEngine(circuit), circuit, [PauliSum("Z0")])
    before = _native.seconds()
    started = time.perf_counter()
    engine.values(torch.zeros(1, 0, dtype=dtype), torch.zeros(1, 0, dtype=dtype))
    assert 0 < _native.seconds() - before < time.perf_counter() - started
    one, two = engine.work(1, dtype), engine.work(2, dtype)
    assert two == (2 * one.operations, 2 * one.traffic)
    assert one.traffic >= 6 * 2**16 * 2 * dtype.itemsize
    rotated = 55 * 2**16  # a chain on a full state, forward and back; there are 17
    assert rotated < one.operations < 18 * rotated
    small = Circuit(4, [g.rx(0.1, 0)])
    assert NativeEngine(TorchEngine(small), small).work(1, dtype) == (2 * 55, 0)


@pytest.mark.parametrize("line", [range(1, 12), range(11, 0, -1)], ids=["upwards", "downwards"])
def test_the_first_gates_on_each_qubit_cost_little(line: range) -> None:
    """Amplitudes that are still zero are not visited, also where the highest qubit comes first."""
    ops = [g.ry(0.1 * q, q) for q in range(12)] + [g.cx(q - 1, q) for q in line]
    circuit = Circuit(12, ops)
    engine = NativeEngine(TorchEngine(circuit), circuit)
    full = 55 * 2**12
    assert engine.work(1, torch.float64).operations < 3 * full
    state = engine.states(*torch.zeros(2, 1, 0, dtype=torch.float64))
    torch.testing.assert_close(state[0], circuit.statevector(), rtol=0, atol=1e-13)
