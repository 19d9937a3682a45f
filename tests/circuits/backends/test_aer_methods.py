"""Every simulation method of Aer works where it can, and is refused clearly where it cannot."""

from __future__ import annotations

import math

import pytest
import torch

pytest.importorskip("qiskit_aer")

from qiskit_aer import AerSimulator

import circuits
from circuits import Circuit, PauliSum, Request, StateVector, inputs
from circuits import gates as g
from circuits.backends.qiskit.aer import METHODS
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from noise import BitFlip, Depolarizing, NoiseModel, PauliTransfer

SHOTS = 4000
OBSERVED = (PauliSum("Z0 Z1"), PauliSum("X0 X1"), PauliSum({"Y0 Y1": 1.0, "Z2": 0.5}))
LIMIT = math.sqrt(2 * math.log(2 / 1e-8) / SHOTS)
"""Hoeffding's bound for one string; fewer than 100 comparisons make a false-alarm rate of 1e-6."""

SLOW = "extended_stabilizer"
"""It walks 5,000 steps of a Markov chain for each shot."""

each_method = pytest.mark.parametrize("method", METHODS)


def clifford() -> Circuit:
    return Circuit(3, [g.h(0), g.cx(0, 1), g.sdg(1), g.x(2), g.cz(1, 2), g.s(0), g.swap(0, 1)])


def rotated() -> Circuit:
    x = inputs(1)
    return Circuit(3, [g.ry(x[0], 0), g.cx(0, 1), g.t(1), g.rx(0.7, 2), g.cz(1, 2)])


def run(circuit, method, points=2, noise_model=None, **options):
    table = torch.linspace(0.2, 1.1, points, dtype=torch.float64)[:, None]
    request = Request(circuit, table[:, : circuit.n_inputs], OBSERVED, **options)
    (result,) = circuits.Aer(method, noise_model).run([request])
    return result


def truth(circuit, points=2, backend=None):
    table = torch.linspace(0.2, 1.1, points, dtype=torch.float64)[:, None]
    request = Request(circuit, table[:, : circuit.n_inputs], OBSERVED)
    return (backend or StateVector()).run([request])[0].values


@each_method
def test_measurements_of_clifford_circuits(method):
    shots = 10 if method == SLOW else SHOTS
    found = run(clifford(), method, shots=shots, generator=1)
    limit = LIMIT * (SHOTS / shots) ** 0.5 * torch.tensor([1.0, 1.0, 1.5], dtype=torch.float64)
    assert bool(((found.values - truth(clifford())).abs() <= limit).all())
    assert found.metadata["method"] == method
    assert found.metadata["shots"] == shots
    assert float(truth(clifford()).abs().max()) == pytest.approx(1.0)


@each_method
def test_samples(method):
    table = torch.zeros(2, 0, dtype=torch.float64)
    shots = 20 if method == SLOW else 200
    request = Request(clifford(), table, qubits=(2, 0), shots=shots, generator=1)
    (result,) = circuits.Aer(method).run([request])
    assert result.samples.shape == (2, shots, 2)
    assert bool((result.samples[..., 0] == 1).all())
    assert 0 < int(result.samples[..., 1].sum()) < 2 * shots


@pytest.mark.parametrize(
    "method", [m for m in METHODS if m not in ("stabilizer", "extended_stabilizer")]
)
def test_any_circuit_exactly_and_measured(method):
    found = run(rotated(), method)
    torch.testing.assert_close(found.values, truth(rotated()), rtol=0, atol=1e-10)
    measured = run(rotated(), method, shots=SHOTS, generator=2)
    scale = torch.tensor([1.0, 1.0, 1.5], dtype=torch.float64)
    assert bool(((measured.values - truth(rotated())).abs() <= LIMIT * scale).all())


def test_the_extended_stabilizer_runs_t_gates():
    """<Z0> = 1 whatever the T gates do, and every shot costs a walk of its own."""
    circuit = Circuit(2, [g.t(0), g.h(1), g.t(1), g.cz(0, 1), g.tdg(0)])
    request = Request(circuit, torch.zeros(1, 0), qubits=(0, 1), shots=3, generator=4)
    (result,) = circuits.Aer(SLOW).run([request])
    assert result.samples.shape == (1, 3, 2)
    assert not result.samples[..., 0].any()


def test_stabilizers_are_exact_for_clifford_circuits():
    found = run(clifford(), "stabilizer")
    torch.testing.assert_close(found.values, truth(clifford()), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "method", ["automatic", "statevector", "density_matrix", "matrix_product_state", "stabilizer"]
)
def test_pauli_noise_in_every_method_that_measures(method):
    """Sampled noise is random faults, in all of them; the gates are as they are in the model."""
    model = NoiseModel(noiseless=("h", "x", "s", "sdg", "cz", "swap")).add(BitFlip(0.2), gates="cx")
    expected = truth(clifford(), backend=PauliTransfer(model))
    assert (expected - truth(clifford())).abs().max() > 0.5
    found = run(clifford(), method, noise_model=model, shots=SHOTS, generator=3)
    scale = torch.tensor([1.0, 1.0, 1.5], dtype=torch.float64)
    assert bool(((found.values - expected).abs() <= LIMIT * scale).all())


@each_method
def test_exact_values_with_noise_need_a_density_matrix(method):
    model = NoiseModel().add(Depolarizing(0.1), gates=("h", "x", "s", "sdg", "cx", "cz", "swap"))
    if method in ("automatic", "density_matrix"):
        found = run(clifford(), method, noise_model=model)
        expected = truth(clifford(), backend=PauliTransfer(model))
        torch.testing.assert_close(found.values, expected, rtol=0, atol=1e-10)
        return
    with pytest.raises(UnsupportedOperationError, match="density_matrix"):
        run(clifford(), method, noise_model=model)


@pytest.mark.parametrize("method", ["stabilizer", "extended_stabilizer"])
def test_gates_outside_a_method_are_named(method):
    with pytest.raises(UnsupportedOperationError, match=r"cannot run|no exact values"):
        run(rotated(), method)


@pytest.mark.parametrize(
    ("method", "why"),
    [
        ("unitary", "no measurements"),
        ("superop", "no measurements"),
        ("tensor_network", "GPU"),
        ("statevektor", "must be one of"),
    ],
)
def test_methods_that_make_no_sense_are_refused(method, why):
    with pytest.raises(InvalidArgumentError, match=why):
        circuits.Aer(method)


def test_every_method_of_aer_is_known():
    """A method that a new version of Aer brings must be offered, or refused with its reason."""
    refused = {"unitary", "superop", "tensor_network"}
    assert set(AerSimulator().available_methods()) <= set(METHODS) | refused
