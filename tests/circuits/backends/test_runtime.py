"""`Primitives` over the current primitives of qiskit-ibm-runtime, in local mode."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from qiskit_ibm_runtime.executor_estimator import Estimator
from qiskit_ibm_runtime.executor_sampler import Sampler

import circuits
from circuits import PauliSum, Request
from noise import NoiseModel, PauliTransfer
from tests.circuits.backends.devices import Device, example_circuit, values
from tests.support.properties import assert_plausible

OBSERVED = ["Z0", "X0 Y1", PauliSum({"ZZZ": 1.0, "XXI": 0.5, "": 0.25})]

SEED = {"simulator": {"seed_simulator": 11}}


def test_the_sampler_agrees_with_pauli_transfer():
    """The device's noise through the service's local pipeline; 9 numbers within 6 errors."""
    device = circuits.cut_out(Device(), [1, 4, 3])
    backend = circuits.Primitives(sampler=Sampler(mode=device, options=SEED), shots=4000)
    x, w = values()
    found = example_circuit().estimate(OBSERVED, x, w, backend=backend)
    reference = PauliTransfer(NoiseModel.from_backend(device))
    expected = example_circuit().expectation(OBSERVED, x, w, backend=reference)
    assert_plausible(found.values, expected, found.standard_errors)
    assert bool((found.standard_errors > 0).all())


def test_the_estimator_mitigates_readout_by_default():
    """Level 1 (TREX) removes the readout error: the reference is the model without it."""
    device = circuits.cut_out(Device(), [1, 4, 3])
    backend = circuits.Primitives(Estimator(mode=device, options=SEED), shots=4096)
    x, w = values(2)
    found = example_circuit().estimate(["Z0", "Z2"], x, w, backend=backend)
    model = NoiseModel.from_backend(device)
    for q in range(3):
        model.add_readout([[1, 0], [0, 1]], q)
    expected = example_circuit().expectation(["Z0", "Z2"], x, w, backend=PauliTransfer(model))
    assert_plausible(found.values, expected, 1.5 * found.standard_errors)


def test_requests_of_different_shots_are_jobs_of_their_own():
    device = circuits.cut_out(Device(), [1, 4, 3])
    backend = circuits.Primitives(sampler=Sampler(mode=device))
    x, w = values(2)
    table = torch.cat([x, w.expand(2, 2)], dim=1)
    requests = [Request(example_circuit(), table, qubits=(0, 1), shots=n) for n in (10, 20, 10)]
    assert [r.samples.shape[1] for r in backend.run(requests)] == [10, 20, 10]
