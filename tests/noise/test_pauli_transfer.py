"""The Pauli-transfer backend: values, derivatives, readout, shots, bases, engines, memory."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import Tensor

from circuits import Circuit, DensityMatrix, PauliSum, Request, _native, inputs, weights
from circuits import gates as g
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    ResourceLimitError,
    UnsupportedOperationError,
)
from circuits.simulators.transfer import memory
from noise import AmplitudeDamping, Depolarizing, NoiseModel, PauliTransfer
from tests.support.properties import assert_gradients_match

ENGINES = [
    "torch",
    pytest.param(
        "native", marks=pytest.mark.skipif(_native.kernels() is None, reason="no kernels")
    ),
]
each_engine = pytest.mark.parametrize("engine", ENGINES)
OBSERVED = ["Z0", "X1 Y2", PauliSum({"ZZZ": 0.5, "XIX": -0.3})]
CONFUSION = [[0.97, 0.03], [0.08, 0.92]]


def noisy_circuit(layers: int = 2) -> Circuit:
    """Inputs, weights and noise strengths that are weights or depend on an input."""
    x, w, s = inputs(3), weights(layers, 3), weights(3, name="strength")
    ops = []
    for layer in range(layers):
        ops += [g.rx(x[q], q) for q in range(3)]
        ops += [g.ry(w[layer, q] * x[q] + 0.1, q) for q in range(3)]
        ops += [g.cx(0, 1), g.depolarizing(s[0], 0, 1), g.crz(w[layer, 0], 1, 2)]
        ops += [g.amplitude_damping(s[1], 2), g.rzz(x[0], 0, 2), g.phase_damping(s[2] * 0.5, 0)]
        ops += [g.pauli_rotation(w[layer, 1], "XYZ", 2, 0, 1), g.bit_flip(0.05, 1)]
    return Circuit(3, ops)


def points(batch: int, rows: int = 1) -> list[Tensor]:
    generator = torch.Generator().manual_seed(batch)
    x = torch.randn(batch, 3, generator=generator, dtype=torch.float64)
    w = torch.randn(rows, 6, generator=generator, dtype=torch.float64)
    s = 0.05 + 0.2 * torch.rand(rows, 3, generator=generator, dtype=torch.float64)
    return [x, w, s]


def values(circuit: Circuit, backend: PauliTransfer | DensityMatrix, *given: Tensor) -> Tensor:
    x, w, s = given
    rows = {"weight": w.reshape(-1, 2, 3).squeeze(0), "strength": s.squeeze(0)}
    return circuit.expectation(OBSERVED, x, rows, backend=backend)


@each_engine
@pytest.mark.parametrize(("batch", "rows"), [(1, 1), (5, 1), (5, 5), (20, 1), (20, 20)])
def test_values_and_gradients_equal_the_density_matrix(engine, batch, rows):
    """Shared and per-sample weights, in part of a group of lanes and in several groups."""
    circuit, found = noisy_circuit(), []
    for backend in (PauliTransfer(engine=engine), DensityMatrix("torch")):
        leaves = [t.requires_grad_() for t in points(batch, rows)]
        out = values(circuit, backend, *leaves)
        mixed = (out * torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)).sum()
        found.append([out, *torch.autograd.grad(mixed, leaves)])
    for mine, other in zip(*found, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-10)


@each_engine
def test_gradients_equal_finite_differences(engine):
    circuit, backend = noisy_circuit(1), PauliTransfer(engine=engine)
    x, w, s = points(3)
    assert_gradients_match(
        lambda x, w, s: circuit.expectation(
            OBSERVED, x, {"weight": w, "strength": s}, backend=backend
        ),
        [x, w[:, :3], s[0]],
    )


@each_engine
@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize(
    "observed", [[PauliSum({"III": 2.0})], ["Z2"], ["Z2", "X2"], [PauliSum({"ZII": 0.0})]]
)
def test_gradients_of_what_reads_nothing_are_zero(engine, observed, prepared, monkeypatch):
    """An identity, a qubit on which nothing happens, coefficients that are zero."""

    def poisoned(like: Tensor, **options: object) -> Tensor:
        return torch.full_like(like, torch.nan, **options)

    monkeypatch.setattr(torch, "empty_like", poisoned)
    monkeypatch.setattr(Tensor, "new_empty", lambda t, *size: t.new_full(size, torch.nan))
    x, w = inputs(2), weights(1)
    start = [g.state_preparation([x[0], 1.0], 0)] if prepared else [g.rx(x[0], 0)]
    circuit = Circuit(3, [*start, g.bit_flip(0.1, 0), g.ry(w[0], 1), g.cx(1, 0)])
    leaves = [torch.rand(2, 2, dtype=torch.float64), torch.rand(1, dtype=torch.float64)]
    for leaf in leaves:
        leaf.requires_grad_()
    out = circuit.expectation(observed, *leaves, backend=PauliTransfer(engine=engine))
    for found in torch.autograd.grad(out[..., 0].sum(), leaves, allow_unused=True):
        assert found is None or float(found.abs().max()) < 1e-14


@each_engine
def test_second_derivatives(engine):
    circuit, backend = noisy_circuit(1), PauliTransfer(engine=engine)
    x, w, s = points(1)

    def energy(x: Tensor, w: Tensor, s: Tensor) -> Tensor:
        found = circuit.expectation(OBSERVED, x, {"weight": w, "strength": s}, backend=backend)
        return found.sum()

    given = tuple(t.requires_grad_() for t in (x, w[:, :3].clone(), s[0].clone()))
    assert torch.autograd.gradgradcheck(energy, given)


@each_engine
def test_single_precision(engine):
    circuit, backend = noisy_circuit(), PauliTransfer(engine=engine)
    leaves = [t.float().requires_grad_() for t in points(9)]
    exact = [t.requires_grad_() for t in points(9)]
    mine, other = values(circuit, backend, *leaves), values(circuit, backend, *exact)
    assert mine.dtype == torch.float32
    torch.testing.assert_close(mine.double(), other, rtol=0, atol=1e-5)
    ours = torch.autograd.grad(mine.sum(), leaves)
    theirs = torch.autograd.grad(other.sum(), exact)
    for got, expected in zip(ours, theirs, strict=True):
        assert got.dtype == torch.float32
        torch.testing.assert_close(got.double(), expected, rtol=1e-4, atol=1e-4)


@each_engine
def test_readout_hits_every_letter_that_is_measured(engine):
    """P_q -> (P(0|1) - P(1|0)) I + (1 - P(0|1) - P(1|0)) P_q, in any basis, for idle qubits too."""
    model = NoiseModel().add_readout(CONFUSION, [0, 1])
    offset, factor = 0.08 - 0.03, 1 - 0.03 - 0.08
    backend = PauliTransfer(model, engine=engine)
    x = inputs(1)
    circuit = Circuit(2, [g.ry(x[0], 0)])
    angle = torch.tensor([0.4], dtype=torch.float64, requires_grad=True)
    found = circuit.expectation(["Z0", "X0", "Z1", "Z0 Z1"], angle, backend=backend)
    z, one = offset + factor * torch.cos(angle), offset + factor
    expected = torch.cat([z, offset + factor * torch.sin(angle), z * 0 + one, one * z])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    (slope,) = torch.autograd.grad(found.sum(), angle, retain_graph=True)
    (wanted,) = torch.autograd.grad(expected.sum(), angle)
    torch.testing.assert_close(slope, wanted, rtol=0, atol=1e-12)
    probabilities = circuit.probabilities(angle, backend=backend, qubits=[0])
    assert float(probabilities[0].detach()) == pytest.approx(float((1 + z.detach()) / 2), abs=1e-12)


@each_engine
def test_probabilities_in_bases_and_their_gradients(engine):
    circuit, backend = noisy_circuit(), PauliTransfer(engine=engine)
    table = torch.cat([t.expand(4, -1) for t in points(4)], dim=1)
    found = []
    for chosen in (backend, DensityMatrix("torch")):
        leaf = table.clone().requires_grad_()
        request = Request(circuit, leaf, qubits=[2, 0], bases="XY")
        (out,) = [r.values for r in chosen.run([request])]
        found.append((out, torch.autograd.grad((out * torch.arange(4)).sum(), leaf)[0]))
    for mine, other in zip(*found, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-10)


@each_engine
def test_samples_and_estimates_from_shots(engine):
    """12 numbers within 6 standard errors: false alarms in 2e-8 of runs, and seeds are fixed."""
    model = NoiseModel().add(AmplitudeDamping(0.2)).add_readout(CONFUSION, [0, 1, 2])
    backend = PauliTransfer(model, engine=engine)
    circuit = Circuit(3, [g.h(0), g.cx(0, 1), g.ry(0.8, 1)])  # qubit 2 is idle
    shots = 4000
    samples = circuit.sample(shots, backend=backend, generator=3)
    assert samples.shape == (shots, 3)
    index = samples.long() @ torch.tensor([1, 2, 4])
    seen = torch.bincount(index, minlength=8) / shots
    exact = circuit.probabilities(backend=backend)
    error = (exact * (1 - exact) / shots).sqrt() + 1e-12
    assert ((seen - exact).abs() < 6 * error).all()
    estimate = circuit.estimate(["Z0", "X1", "Y0 Y1", "Z2"], backend=backend, shots=shots,
                                generator=4)  # fmt: skip
    truth = circuit.expectation(["Z0", "X1", "Y0 Y1", "Z2"], backend=backend)
    assert estimate.values is not None
    assert ((estimate.values - truth).abs() < 6 * estimate.standard_errors + 1e-12).all()


def test_engines_by_name(monkeypatch):
    with pytest.raises(InvalidArgumentError, match="engine"):
        PauliTransfer(engine="fast")
    with pytest.raises(ArgumentTypeError, match="noise_model"):
        PauliTransfer("depolarizing")
    assert PauliTransfer(engine="torch").engine_in_use == "torch"
    monkeypatch.setattr(_native, "_load", lambda: (None, "no compiler"))
    assert PauliTransfer().engine_in_use == "torch"
    value = Circuit(1, [g.x(0), g.depolarizing(0.1, 0)]).expectation("Z0", backend=PauliTransfer())
    assert float(value) == pytest.approx(-0.9, abs=1e-12)
    with pytest.raises(UnsupportedOperationError, match="no compiler"):
        PauliTransfer(engine="native")


@pytest.mark.skipif(_native.kernels() is None, reason="no kernels")
def test_circuits_that_the_kernels_cannot_run():
    wide = Circuit(4, [g.unitary(np.eye(16), 0, 1, 2, 3), g.ry(weights(1)[0], 0)])
    w = torch.tensor([0.3], dtype=torch.float64)
    assert float(wide.expectation("Z0", w=w, backend=PauliTransfer())) == pytest.approx(np.cos(0.3))
    with pytest.raises(UnsupportedOperationError, match="at most 3 qubits"):
        wide.expectation("Z0", w=w, backend=PauliTransfer(engine="native"))


@each_engine
@pytest.mark.parametrize("symbolic", [True, False])
def test_memory_is_refused_with_its_size(engine, symbolic, monkeypatch):
    monkeypatch.setattr(memory, "physical_memory", lambda: 2**19)
    angle = weights(1)[0] if symbolic else 0.3
    w = torch.tensor([0.3]) if symbolic else None
    circuit = Circuit(8, [g.ry(angle, q) for q in range(8)])
    with pytest.raises(ResourceLimitError, match=r"4\^8 entries"):
        circuit.expectation("Z0", w=w, backend=PauliTransfer(engine=engine))


def test_copies_are_the_same_backend():
    backend = PauliTransfer(NoiseModel().add(Depolarizing(0.1)))
    circuit = Circuit(1, [g.rx(weights(1)[0], 0)])
    w = torch.tensor([0.3], dtype=torch.float64)
    expected = float(circuit.expectation("Z0", w=w, backend=backend))
    for other in (copy.deepcopy(backend), pickle.loads(pickle.dumps(backend))):
        assert float(circuit.expectation("Z0", w=w, backend=other)) == expected
