"""Pauli propagation under noise models, readout errors included, against Pauli transfer."""

from __future__ import annotations

import math

import pytest
import torch

from circuits import Circuit, Request, inputs, weights
from circuits import gates as g
from circuits.errors import SymbolError
from noise import NoiseModel, PauliPropagation, PauliTransfer, channels
from qml import QuantumLayer
from tests.support.heavy_hex import kicked_ising


def noise_model() -> NoiseModel:
    model = NoiseModel()
    model.add(channels.AmplitudeDamping(0.1, population=0.2), gates=["ry", "h"])
    model.add(channels.PauliLindblad({"XZ": 0.05, "ZZ": 0.1}), gates="cx")
    for qubit in (0, 2, 4):
        model.add_readout([[0.95, 0.05], [0.15, 0.85]], qubit)
    return model


def circuit_and_table() -> tuple[Circuit, torch.Tensor]:
    x = inputs(2)
    ops = [g.ry(x[0], 0), g.cx(0, 1), g.ry(x[1], 2), g.cx(1, 2), g.h(1)]
    table = torch.tensor([[0.4, 1.0], [2.0, 0.3], [0.1, 0.9]], dtype=torch.float64)
    return Circuit(5, ops), table


def test_values_and_gradients():
    circuit, table = circuit_and_table()
    observed = ["Z0", "Z0 X1 Z2", {"Z4": 0.5, "Z3": 0.25, "": 0.1}, "X4 Y0", "Y2 Z1"]
    results = []
    for backend in (PauliPropagation(noise_model()), PauliTransfer(noise_model())):
        leaf = table.clone().requires_grad_()
        values = circuit.expectation(observed, leaf, backend=backend)
        slopes = [torch.autograd.grad(v, leaf, retain_graph=True)[0] for v in values.sum(0)[:2]]
        results.append((values, torch.stack(slopes)))
    (found, slopes), (expected, expected_slopes) = results
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(slopes, expected_slopes, rtol=0, atol=1e-11)
    clean = circuit.expectation(observed, table)
    assert bool(((found - clean).abs() > 0.005).any(0).all())


@pytest.mark.parametrize("bases", [None, "XZYZ"])
def test_probabilities_are_read_with_errors(bases):
    circuit, table = circuit_and_table()
    request = Request(circuit, table, qubits=(2, 4, 0, 3), bases=bases)
    found, expected = (
        backend.run([request])[0].values
        for backend in (PauliPropagation(noise_model()), PauliTransfer(noise_model()))
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_noise_makes_it_cheaper_and_the_estimate_covers_the_error():
    """127 qubits, noise on every gate: strings shrink, so fewer are kept at one cutoff."""
    model = NoiseModel().add(channels.Depolarizing(0.05), gates="rx")
    circuit = kicked_ising(0.6, 4)
    noisy = PauliPropagation(model, min_abs=1e-3)
    exact = circuit.expectation("Z62", backend=PauliPropagation(model)).item()
    found = circuit.estimate("Z62", backend=noisy)
    clean = circuit.estimate("Z62", backend=PauliPropagation(min_abs=1e-3))
    assert found.metadata["largest_sum"] < clean.metadata["largest_sum"]
    error = abs(found.values.item() - exact)
    assert 0 < error <= found.metadata["truncation_bound"].item()
    assert error <= 3 * found.standard_errors.item()
    assert abs(clean.values.item() - exact) > 0.01


def test_the_standard_error_covers_typical_errors():
    """Over 24 observables of a circuit without structure, 9 of 10 errors are below 3 of them."""
    ops = []
    for layer in range(4):
        ops += [g.rx(0.35 + 0.11 * q + 0.3 * layer, q) for q in range(8)]
        ops += [g.rz(0.9 - 0.07 * q * layer, q) for q in range(8)]
        ops += [g.rzz(0.8 + 0.05 * q, q, q + 1) for q in range(layer % 2, 7, 2)]
    circuit = Circuit(8, ops)
    labels = [f"{p}{q}" for p in "XYZ" for q in range(8)]
    exact = circuit.expectation(labels)
    found = circuit.estimate(labels, backend=PauliPropagation(min_abs=0.02))
    error = (found.values - exact).abs()
    assert float(error.max()) > 0.02
    assert bool((error <= found.metadata["truncation_bound"] + 1e-12).all())
    assert float((error <= 3 * found.standard_errors).double().mean()) > 0.9
    assert float(found.standard_errors.mean()) < 20 * float(error.mean())


def test_a_layer_trains_on_many_qubits():
    x, w = inputs(1), weights(1)
    ops = [g.ry(x[0], 0), *(g.cx(q, q + 1) for q in range(59)), *(g.ry(w[0], q) for q in (0, 59))]
    layer = QuantumLayer(Circuit(60, ops), ["Z0 Z59"], backend=PauliPropagation(noise_model()))
    with torch.no_grad():
        layer.weight.fill_(0.4)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.3)
    data = torch.tensor([[0.3], [0.8]])
    before = layer(data).mean().item()
    for _ in range(10):
        optimizer.zero_grad()
        layer(data).mean().backward()
        optimizer.step()
    assert layer(data).mean().item() < before - 0.3


def test_strengths_without_values_are_refused():
    w = weights(1, name="strength")
    model = NoiseModel().add(channels.BitFlip(w[0]), gates="rx")
    circuit = Circuit(1, [g.rx(math.pi, 0)])
    with pytest.raises(SymbolError, match="strength"):
        circuit.expectation("Z0", backend=PauliPropagation(model))
