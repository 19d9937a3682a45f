"""`to_qiskit`: unitaries, parameters, phases, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("qiskit")

from qiskit import transpile
from qiskit.circuit import Parameter, ParameterVectorElement
from qiskit.quantum_info import DensityMatrix, Operator, Statevector

from circuits import Circuit, inputs, weights
from circuits import gates as g
from circuits.errors import ConversionError
from tests.circuits.interop.dense import (
    UNITARY_GATES,
    dense_unitary,
    random_circuit,
    random_op,
    random_unitary,
    random_values,
)

seeds = st.integers(0, 2**32 - 1)


def bound(circuit: Circuit, seed: int):
    """Qiskit's circuit with random values, and the same values by our symbols."""
    values = random_values(circuit, seed)
    qiskit_circuit = circuit.to_qiskit()
    by_name = {}
    for symbol, value in values.items():
        name = symbol.group.name
        by_name[f"{name}[{symbol.index}]" if symbol.group.shape else name] = value
    used = {p: by_name[p.name] for p in qiskit_circuit.parameters}
    return qiskit_circuit.assign_parameters(used), values


@pytest.mark.parametrize("name", UNITARY_GATES)
def test_every_gate_of_the_table(name):
    circuit = Circuit(5, [random_op(np.random.default_rng(3), name, 5, [])])
    np.testing.assert_allclose(
        Operator(circuit.to_qiskit()).data, dense_unitary(circuit), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("name", UNITARY_GATES)
def test_every_gate_of_the_table_comes_back(name):
    rng = np.random.default_rng(5)
    x, w = inputs(2), weights(3)
    for symbols in ([], [*x, *w]):
        op = random_op(rng, name, 5, symbols)
        circuit = Circuit(5, [op, g.rx(x[1] + x[0], 0), g.rx(w[2] + w[1] + w[0], 0)])
        back = Circuit.from_qiskit(circuit.to_qiskit(), input_params=["x"])
        if name == "global_phase" and not symbols:
            assert back.ops[0].name == name
            assert float(back.ops[0].angles[0]) % (2 * np.pi) == pytest.approx(
                float(op.angles[0]) % (2 * np.pi)
            )
            assert back.ops[1:] == circuit.ops[1:]
        else:
            assert back == circuit


@settings(max_examples=40, deadline=None)
@given(seeds, st.booleans())
def test_random_circuits_agree_with_the_operator(seed, symbolic):
    symbols = (*inputs(3), *weights(2, 2).ravel()) if symbolic else ()
    circuit = random_circuit(seed, symbols=symbols)
    qiskit_circuit, values = bound(circuit, seed)
    np.testing.assert_allclose(
        Operator(qiskit_circuit).data, dense_unitary(circuit, values), rtol=0, atol=1e-12
    )


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_random_circuits_come_back(seed):
    x, w = inputs(3), weights(4)
    ops = [op for op in random_circuit(seed, symbols=(*x, *w)).ops if op.name != "global_phase"]
    circuit = Circuit(5, [g.rx(sum(x), 0), g.rx(sum(w), 0), *ops])
    assert Circuit.from_qiskit(circuit.to_qiskit(), ["x"], ["weight"]) == circuit


def test_groups_become_vectors_and_parameters():
    x, w, t = inputs(2, name="data"), weights(2, 3, name="theta"), weights(name="tau")
    circuit = Circuit(1, [g.rx(x[1], 0), g.rx(w[1, 0], 0), g.rx(t, 0)])
    qiskit_circuit = circuit.to_qiskit()
    parameters = qiskit_circuit.parameters
    assert [p.name for p in parameters] == ["data[1]", "tau", "theta[3]"]
    assert isinstance(parameters[0], ParameterVectorElement)
    assert len(parameters[2].vector) == 6
    assert type(parameters[1]) is Parameter
    assert qiskit_circuit.data[0].operation.params[0] == parameters[0]


def test_several_groups_come_back_by_name():
    a, b, t = inputs(2, name="a"), weights(3, name="b"), weights(name="t")
    circuit = Circuit(2, [g.u(a[0] * t, a[1] - b[2], b[0] * b[1], 1)])
    back = Circuit.from_qiskit(circuit.to_qiskit(), {"a": "a"}, {"b": "b", "t": "t"})
    assert back == circuit
    assert [group.shape for group in back.weight_groups] == [(), (3,)]


def test_constant_and_symbolic_global_phase():
    x = inputs(1)
    circuit = Circuit(1, [g.h(0), g.global_phase(0.3), g.global_phase(2 * x[0] - 1)])
    qiskit_circuit, values = bound(circuit, 0)
    assert circuit.to_qiskit().count_ops() == {"h": 1}
    np.testing.assert_allclose(
        Operator(qiskit_circuit).data, dense_unitary(circuit, values), rtol=0, atol=1e-14
    )
    back = Circuit.from_qiskit(circuit.to_qiskit(), ["x"])
    assert back.ops == (g.global_phase(2 * x[0] - 0.7), g.h(0))


def test_identity_in_a_pauli_rotation():
    circuit = Circuit(3, [g.pauli_rotation(0.7, "XIZ", 2, 1, 0), g.pauli_rotation(0.4, "I", 1)])
    for expected in (circuit, Circuit.from_qiskit(circuit.to_qiskit())):
        np.testing.assert_allclose(
            Operator(circuit.to_qiskit()).data, dense_unitary(expected), rtol=0, atol=1e-14
        )


def test_state_preparation_unitary_and_channel():
    rng = np.random.default_rng(1)
    amplitudes = rng.normal(size=4) + 1j * rng.normal(size=4)
    amplitudes /= np.linalg.norm(amplitudes)
    prepared = Circuit(3, [g.state_preparation(amplitudes, 2, 0)])
    state = Statevector(prepared.to_qiskit()).data
    expected = np.zeros(8, dtype=complex)
    expected[[0, 4, 1, 5]] = amplitudes  # bit 0 of the index is qubit 2, bit 1 is qubit 0
    np.testing.assert_allclose(state, expected, rtol=0, atol=1e-12)
    back = Circuit.from_qiskit(prepared.to_qiskit())
    assert back.ops[0].qubits == (2, 0)
    np.testing.assert_allclose(back.ops[0].data, amplitudes, rtol=0, atol=1e-15)

    u = random_unitary(rng, 4)
    operators = np.sqrt([0.7, 0.3])[:, None, None] * np.stack([u, random_unitary(rng, 4)])
    noisy = Circuit(2, [g.h(0), g.kraus(operators, 1, 0)])
    assert Circuit.from_qiskit(noisy.to_qiskit()) == noisy
    start = dense_unitary(Circuit(2, [g.h(0), g.swap(0, 1)]))[:, 0]
    rho = sum(k @ np.outer(start, start.conj()) @ k.conj().T for k in operators)
    swap = dense_unitary(Circuit(2, [g.swap(0, 1)]))
    evolved = DensityMatrix.from_label("00").evolve(noisy.to_qiskit())
    np.testing.assert_allclose(evolved.data, swap @ rho @ swap, rtol=0, atol=1e-12)


def test_barriers_delays_and_measurements_are_written():
    ops = [g.h(0), g.barrier(), g.delay(1.2e-7, 1), g.barrier(1)]
    circuit = Circuit(2, ops, measured={1: 3, 0: 0})
    qiskit_circuit = circuit.to_qiskit()
    assert dict(qiskit_circuit.count_ops()) == {"measure": 2, "barrier": 2, "h": 1, "delay": 1}
    assert qiskit_circuit.num_clbits == 4
    back = Circuit.from_qiskit(qiskit_circuit)
    assert back == circuit
    assert back.measured == {1: 3, 0: 0}


def test_transpiled_circuits_keep_the_unitary():
    circuit = random_circuit(11, n=5, length=10)
    compiled = transpile(
        circuit.to_qiskit(), basis_gates=["cx", "rz", "sx", "x"], seed_transpiler=1
    )
    np.testing.assert_allclose(Operator(compiled).data, dense_unitary(circuit), rtol=0, atol=1e-9)


def test_what_qiskit_cannot_express():
    x = inputs(2)
    with pytest.raises(ConversionError, match=r"Operation 0 .*state_preparation.*bind"):
        Circuit(1, [g.state_preparation(x, 0)]).to_qiskit()
    with pytest.raises(ConversionError, match="both called 'x'"):
        Circuit(1, [g.rx(x[0], 0), g.rx(weights(1, name="x")[0], 0)]).to_qiskit()
