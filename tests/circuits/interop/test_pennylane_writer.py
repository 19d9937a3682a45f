"""`to_pennylane`: states, gradients and batches through PennyLane's own simulators."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

qp = pytest.importorskip("pennylane")

from circuits import Circuit, inputs, weights
from circuits import gates as g
from circuits.errors import ConversionError, ShapeError, SymbolError
from tests.circuits.interop.dense import (
    UNITARY_GATES,
    dense_unitary,
    random_circuit,
    random_op,
    random_unitary,
)

seeds = st.integers(0, 2**32 - 1)


def reverse_bits(n):
    """Position in PennyLane's order of each of our basis states."""
    return [int(format(i, f"0{n}b")[::-1], 2) for i in range(2**n)]


def pennylane_unitary(circuit, x=None, w=None):
    n = circuit.n_qubits
    tape = qp.tape.make_qscript(circuit.to_pennylane())(x, w)
    matrix = qp.matrix(tape, wire_order=range(n))
    order = reverse_bits(n)
    return matrix[np.ix_(order, order)]


@pytest.mark.parametrize("name", UNITARY_GATES)
def test_every_gate_of_the_table(name):
    circuit = Circuit(5, [random_op(np.random.default_rng(3), name, 5, [])])
    np.testing.assert_allclose(
        pennylane_unitary(circuit), dense_unitary(circuit), rtol=0, atol=1e-12
    )


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_random_circuits(seed):
    x, w = inputs(3), weights(2, 2)
    circuit = random_circuit(seed, symbols=(*x, *w.ravel()), length=8)
    circuit = Circuit(5, [g.ry(sum(x), 0), g.rx(w.sum(), 1), *circuit.ops])
    rng = np.random.default_rng(seed)
    values = rng.normal(size=3), rng.normal(size=(2, 2))
    np.testing.assert_allclose(
        pennylane_unitary(circuit, *values),
        dense_unitary(circuit.bind(*values)),
        rtol=0,
        atol=1e-12,
    )


def test_states_of_a_device_and_of_ours():
    circuit = random_circuit(5, n=5, length=15)
    state = qp.QNode(_then_state(circuit), qp.device("default.qubit", wires=5))()
    np.testing.assert_allclose(
        state[reverse_bits(5)], circuit.statevector().numpy(), rtol=0, atol=1e-12
    )


def _then_state(circuit):
    function = circuit.to_pennylane()

    def measured(x=None, w=None):
        function(x, w)
        return qp.state()

    return measured


def test_state_preparation_with_numbers_and_symbols():
    rng = np.random.default_rng(1)
    amplitudes = rng.normal(size=4) + 1j * rng.normal(size=4)
    amplitudes /= np.linalg.norm(amplitudes)
    expected = np.zeros(8, dtype=complex)
    expected[[0, 4, 1, 5]] = amplitudes
    device = qp.device("default.qubit", wires=3)
    fixed = Circuit(3, [g.state_preparation(amplitudes, 2, 0)])
    state = qp.QNode(_then_state(fixed), device)()
    np.testing.assert_allclose(state[reverse_bits(3)], expected, rtol=0, atol=1e-12)

    x = inputs(4)
    symbolic = Circuit(3, [g.state_preparation(x, 2, 0)])
    numbers = np.array([1.0, -2.0, 3.0, 0.5])
    state = qp.QNode(_then_state(symbolic), device)(numbers)
    expected[[0, 4, 1, 5]] = numbers / np.linalg.norm(numbers)
    np.testing.assert_allclose(state[reverse_bits(3)], expected, rtol=0, atol=1e-12)


def test_channels():
    rng = np.random.default_rng(2)
    u, v = random_unitary(rng, 4), random_unitary(rng, 4)
    circuit = Circuit(2, [g.h(0), g.kraus([np.sqrt(0.6) * u, np.sqrt(0.4) * v], 0, 1)])
    rho = qp.QNode(_then_state(circuit), qp.device("default.mixed", wires=2))()
    start = np.array([1, 1, 0, 0]) / np.sqrt(2)
    expected = 0.6 * np.outer(u @ start, (u @ start).conj())
    expected = expected + 0.4 * np.outer(v @ start, (v @ start).conj())
    order = reverse_bits(2)
    np.testing.assert_allclose(rho[np.ix_(order, order)], expected, rtol=0, atol=1e-12)


def test_torch_gradients_and_batches():
    x, w = inputs(2), weights(3)
    circuit = Circuit(
        2, [g.rx(x[0] * w[0], 0), g.u(w[1], x[1], w[2], 1), g.crz(w[2] + 0.5, 0, 1), g.h(1)]
    )
    function = circuit.to_pennylane()

    @qp.qnode(qp.device("default.qubit", wires=2), interface="torch", diff_method="backprop")
    def qnode(x, w):
        function(x, w)
        return qp.expval(qp.Z(0) @ qp.X(1))

    generator = torch.Generator().manual_seed(0)
    data = torch.randn(4, 2, generator=generator, dtype=torch.float64)
    weight = torch.randn(3, generator=generator, dtype=torch.float64, requires_grad=True)
    theirs = qnode(data, weight)
    ours = circuit.expectation("Z0 X1", data, weight)[:, 0]
    torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-12)
    gradients = [torch.autograd.grad(value.sum(), weight)[0] for value in (theirs, ours)]
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-12)


def test_several_groups_and_scalars():
    a, t = inputs(2, name="a"), inputs(name="t")
    circuit = Circuit(1, [g.rx(a[1] * t, 0)])
    tape = qp.tape.make_qscript(circuit.to_pennylane())({"a": [1.0, 2.0], "t": 0.5})
    assert tape.operations[0].data[0] == 1.0
    function = circuit.to_pennylane()
    with pytest.raises(SymbolError, match="one array, but the circuit has 2 groups"):
        qp.tape.make_qscript(function)(np.zeros(3))
    with pytest.raises(SymbolError, match=r"must have values for the groups \['a', 't'\]"):
        qp.tape.make_qscript(function)({"a": [0, 1]})
    with pytest.raises(ShapeError, match=r"'a' must have shape \(2,\).*got \(3,\)"):
        qp.tape.make_qscript(function)({"a": [1, 2, 3], "t": 0})
    with pytest.raises(SymbolError, match="values for the groups"):
        qp.tape.make_qscript(function)()


def test_delays_are_refused():
    with pytest.raises(ConversionError, match=r"Operation 1 \(`delay`\)"):
        Circuit(1, [g.h(0), g.delay(1e-6, 0)]).to_pennylane()
