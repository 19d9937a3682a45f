"""Random circuits over the whole gate table agree with Qiskit: states and expectation values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("qiskit")

from circuits import Circuit, PauliSum, Probabilities, StateVector, inputs, weights
from circuits import gates as g
from circuits.gradients.methods import make_evaluator, measurement_of
from circuits.simulators import measurement, program
from circuits.simulators.program import PermutationStep, compile_circuit
from tests.support import qiskit_reference as reference
from tests.support.properties import TOLERANCE, assert_batch_consistent, assert_same_state
from tests.support.strategies import (
    FIXED_SHAPE,
    circuits,
    observables,
    random_amplitudes,
    random_values,
    seeds,
)

DTYPES = (torch.float64, torch.float32)


@settings(max_examples=150)
@given(circuits(), seeds, st.sampled_from(DTYPES))
def test_states_agree_with_qiskit(circuit, seed, dtype):
    """Amplitudes with their global phase, each sample of a batch."""
    x, w = random_values(circuit, seed, (3,) if circuit.input_groups else (), dtype)
    states = circuit.statevector(x, w)
    assert states.shape == ((3, 2**circuit.n_qubits) if x is not None else (2**circuit.n_qubits,))
    none_given = x is None and w is None
    assert states.dtype == (
        torch.complex128 if none_given or dtype == torch.float64 else torch.complex64
    )
    for k in range(3 if x is not None else 1):
        row = None if x is None else x[k].double().numpy()
        expected = reference.statevector(circuit, row, None if w is None else w.double().numpy())
        assert_same_state(states[k] if x is not None else states, expected, TOLERANCE[dtype])


@settings(max_examples=80)
@given(st.data(), circuits(), seeds, st.sampled_from(DTYPES))
def test_expectation_values_agree_with_qiskit(data, circuit, seed, dtype):
    observed = [data.draw(observables(circuit.n_qubits)) for _ in range(2)]
    x, w = random_values(circuit, seed, dtype=dtype)
    sums = [PauliSum(o) for o in observed]
    found, by_torch = (
        circuit.expectation(sums, x, w, backend=StateVector(engine)) for engine in ("auto", "torch")
    )
    state = reference.statevector(
        circuit,
        None if x is None else x.double().numpy(),
        None if w is None else w.double().numpy(),
    )
    expected = [reference.expectation(state, o) for o in observed]
    scale = 1 + max(sum(map(abs, o.values())) for o in observed)
    np.testing.assert_allclose(found, expected, rtol=0, atol=scale * TOLERANCE[dtype])
    np.testing.assert_allclose(by_torch, expected, rtol=0, atol=scale * TOLERANCE[dtype])


@settings(max_examples=40)
@given(st.data(), circuits(max_qubits=4), seeds)
def test_probabilities_agree_with_qiskit(data, circuit, seed):
    x, w = random_values(circuit, seed)
    n = circuit.n_qubits
    kept = data.draw(st.permutations(range(n)))[: data.draw(st.integers(1, n))]
    state = reference.statevector(
        circuit, None if x is None else x.numpy(), None if w is None else w.numpy()
    )
    from qiskit.quantum_info import Statevector

    expected = Statevector(state).probabilities(kept)
    found = circuit.probabilities(x, w, qubits=kept)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", FIXED_SHAPE)
def test_every_gate_on_every_order_of_qubits(name):
    """Each gate in the middle of a circuit on reversed and rotated qubits."""
    gate = g.TABLE[name]
    k = gate.n_qubits or 0
    n = k + 1
    angles = np.random.default_rng(7).uniform(-3, 3, gate.n_angles).tolist()
    start = g.state_preparation(random_amplitudes(2, 2**n), *range(n))
    for order in (range(k), range(k - 1, -1, -1), [(q + 1) % n for q in range(k)]):
        circuit = Circuit(n, [start, getattr(g, name)(*angles, *order), g.ry(0.3, 0)])
        assert_same_state(circuit.statevector(), reference.statevector(circuit), 1e-12)


@settings(max_examples=30)
@given(circuits(max_qubits=4), seeds)
def test_batches_are_loops(circuit, seed):
    x, w = random_values(circuit, seed, (3,))
    if x is not None:
        assert_batch_consistent(lambda v: circuit.statevector(v, w), x)
        assert_batch_consistent(lambda v: circuit.expectation(["Z0", "Y0"], v, w), x)


def test_weight_batches_and_their_broadcast():
    x, w = inputs(2), weights(2)
    circuit = Circuit(2, [g.rx(x[0], 0), g.ry(w[0], 0), g.cx(0, 1), g.rz(w[1], 1), g.ry(x[1], 1)])
    xs = torch.rand(4, 1, 2, dtype=torch.float64)
    ws = torch.rand(3, 2, dtype=torch.float64)
    table = circuit.expectation(["X0", "Z1"], xs, ws)
    assert table.shape == (4, 3, 2)
    for i in range(4):
        for j in range(3):
            single = circuit.expectation(["X0", "Z1"], xs[i, 0], ws[j])
            torch.testing.assert_close(table[i, j], single, rtol=0, atol=1e-14)


def test_many_qubits_without_permutation_tables(monkeypatch):
    """Gathers are built up to a number of qubits; beyond, the same gates are matrices."""
    ops = [g.ry(0.3 * q + 0.1, q) for q in range(4)]
    ops += [
        g.cx(0, 1),
        g.swap(1, 2),
        g.ccx(0, 1, 3),
        g.cswap(3, 0, 2),
        g.controlled(g.x(2), 0, 1, 3),
    ]
    circuit = Circuit(4, ops)
    with_tables = circuit.statevector()
    assert any(isinstance(s, PermutationStep) for s in compile_circuit(circuit).steps)
    monkeypatch.setattr(program, "_LARGEST_TABLE", 0)
    # A fresh structure, since programs are cached.
    other = Circuit(4, [*ops, g.rz(0.0, 0)])
    assert not any(isinstance(s, PermutationStep) for s in compile_circuit(other).steps)
    torch.testing.assert_close(other.statevector(), with_tables, rtol=0, atol=1e-14)


@settings(max_examples=25)
@given(st.data(), circuits(max_qubits=3, preparation=False), seeds)
def test_observables_without_tables(data, circuit, seed):
    """Large observables are summed term by term: the same values and gradients."""
    observed = tuple(PauliSum(data.draw(observables(circuit.n_qubits))) for _ in range(2))
    values = [None, None]
    for k, limit in enumerate((2**22, 0)):
        saved = measurement._LARGEST_TABLE
        measurement._LARGEST_TABLE = limit
        try:
            plan = make_evaluator(circuit, observed, StateVector("torch"), diff_method="adjoint")
        finally:
            measurement._LARGEST_TABLE = saved
        assert plan.measurement._tabulated == bool(limit)  # type: ignore[attr-defined]
        generator = torch.Generator().manual_seed(seed)
        arguments = [
            torch.rand(2, n, generator=generator, dtype=torch.float64, requires_grad=True)
            for n in (circuit.n_inputs, circuit.n_weights)
        ]
        found = plan(*arguments)
        gradients = torch.autograd.grad((found * torch.arange(1.0, 3)).sum(), arguments)
        values[k] = torch.cat([found, *gradients], dim=1).detach()
    torch.testing.assert_close(values[0], values[1], rtol=0, atol=1e-12)


def test_probabilities_as_measurement():
    assert measurement_of(Probabilities(), 3).n_values == 8
    assert measurement_of(Probabilities((2, 0)), 3).n_values == 4
