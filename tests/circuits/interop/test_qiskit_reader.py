"""`from_qiskit`: every standard gate, library circuits, parameters, modifiers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("qiskit")

from qiskit import QuantumCircuit
from qiskit.circuit import (
    AnnotatedOperation,
    ControlModifier,
    Gate,
    InverseModifier,
    Parameter,
    PowerModifier,
)
from qiskit.circuit import library as lib
from qiskit.circuit.random import random_circuit as qiskit_random_circuit
from qiskit.quantum_info import (
    Clifford,
    Kraus,
    Operator,
    Pauli,
    SparsePauliOp,
    Statevector,
    SuperOp,
    random_clifford,
)

from circuits import Circuit
from circuits import gates as g
from tests.circuits.interop.dense import dense_unitary, random_unitary

STANDARD = lib.get_standard_gate_name_mapping()
NOT_UNITARY = ("measure", "reset", "delay")


def on(n, operation, qubits=None):
    circuit = QuantumCircuit(n)
    circuit.append(operation, range(operation.num_qubits) if qubits is None else qubits)
    return circuit


def assert_same_unitary(qiskit_circuit, atol=1e-12):
    ours = dense_unitary(Circuit.from_qiskit(qiskit_circuit))
    np.testing.assert_allclose(ours, Operator(qiskit_circuit).data, rtol=0, atol=atol)


def with_numbers(gate, rng):
    return gate.base_class(*rng.uniform(-6, 6, len(gate.params))) if gate.params else gate


@pytest.mark.parametrize("name", sorted(set(STANDARD) - set(NOT_UNITARY)))
def test_every_standard_gate(name):
    rng = np.random.default_rng(2)
    gate = with_numbers(STANDARD[name], rng)
    qubits = rng.permutation(4)[: gate.num_qubits].tolist()
    assert_same_unitary(on(4, gate, qubits))
    if gate.num_qubits:
        assert_same_unitary(on(gate.num_qubits + 1, gate.control(1, ctrl_state=0)))
    assert_same_unitary(on(4, gate.inverse(), qubits))


@pytest.mark.parametrize("name", [n for n, k in STANDARD.items() if k.params and n != "delay"])
def test_every_standard_gate_with_parameters(name):
    gate = STANDARD[name]
    circuit = on(max(gate.num_qubits, 1), gate)
    numbers = np.random.default_rng(4).uniform(-3, 3, len(circuit.parameters))
    ours = Circuit.from_qiskit(circuit)
    assert ours.parameters[0].shape == (len(circuit.parameters),)
    values = dict(enumerate(numbers))
    values = {
        symbol: values[symbol.index] for op in ours.ops for t in op.angles for symbol in t.symbols
    }
    np.testing.assert_allclose(
        dense_unitary(ours, values),
        Operator(circuit.assign_parameters(numbers)).data,
        rtol=0,
        atol=1e-12,
    )


@pytest.mark.parametrize(
    "gate",
    [STANDARD[k] for k in ("cx", "ccx", "ch", "csx", "cu", "crz", "cu3", "cswap", "c3sx", "ccz")]
    + [lib.C3XGate(), lib.C4XGate(), lib.MCXGate(3)],
    ids=lambda gate: gate.name,
)
def test_open_controls(gate):
    gate = with_numbers(gate, np.random.default_rng(0)).to_mutable()
    for state in range(2**gate.num_ctrl_qubits):
        gate.ctrl_state = state
        assert_same_unitary(on(gate.num_qubits, gate, range(gate.num_qubits)[::-1]))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_random_circuits(seed):
    assert_same_unitary(qiskit_random_circuit(4, 6, max_operands=4, seed=seed))


RNG = np.random.default_rng(7)
COMMUTING = SparsePauliOp(["XXI", "ZZI", "III", "IIZ"], [0.3, -0.2, 0.7, 1.1])
SPECIAL = {
    "mcx": lib.MCXGate(5, ctrl_state=9),
    "mcphase": lib.MCPhaseGate(0.3, 4),
    "mcmt": lib.MCMTGate(lib.XGate(), 2, 2),
    "unitary": lib.UnitaryGate(random_unitary(RNG, 8)),
    "controlled_unitary": lib.UnitaryGate(random_unitary(RNG, 2)).control(2, ctrl_state=1),
    "pauli": lib.PauliGate("XIYZ"),
    "diagonal": lib.DiagonalGate(np.exp(1j * RNG.normal(size=8)).tolist()),
    "permutation": lib.PermutationGate([2, 0, 3, 1, 4]),
    "qft": lib.QFTGate(3),
    "uc": lib.UCGate([random_unitary(RNG, 2) for _ in range(4)]),
    "isometry": lib.Isometry(random_unitary(RNG, 4), 0, 0),
    "hamiltonian": lib.HamiltonianGate(np.array([[1, 0.5j], [-0.5j, 2]]), 0.4),
    "evolution": lib.PauliEvolutionGate(COMMUTING, time=0.9),
    "one_term": lib.PauliEvolutionGate(Pauli("XIY"), time=0.9),
    "phase": lib.PauliEvolutionGate(Pauli("II"), time=0.9),
    "controlled_evolution": lib.PauliEvolutionGate(COMMUTING, time=0.9).control(2),
    "ms": lib.MSGate(3, 0.4),
    "custom_matrix": type(
        "WithMatrix", (Gate,), {"__array__": lambda self, dtype=None, copy=None: np.diag([1, 1j])}
    )("phased", 1, []),
    "preparation_unitary": lib.StatePreparation([0.6, 0, 0, 0.8j]).inverse(),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_gates_outside_the_table(name):
    gate = SPECIAL[name]
    assert_same_unitary(on(gate.num_qubits, gate), atol=1e-11)


def test_non_commuting_evolution_is_its_product_formula():
    gate = lib.PauliEvolutionGate(SparsePauliOp(["XX", "ZI", "IY"], [0.4, 0.3, 0.2]), time=0.5)
    expected = Operator(gate.definition).data
    np.testing.assert_allclose(
        dense_unitary(Circuit.from_qiskit(on(2, gate))), expected, rtol=0, atol=1e-12
    )


def test_clifford_objects():
    clifford = random_clifford(3, seed=1)
    ours = dense_unitary(Circuit.from_qiskit(on(3, clifford)))
    assert Clifford.from_operator(Operator(ours)) == clifford


@pytest.mark.parametrize(
    "modifiers",
    [
        [InverseModifier()],
        [ControlModifier(2, ctrl_state=1)],
        [ControlModifier(1), ControlModifier(2, ctrl_state=2)],
        [PowerModifier(3)],
        [PowerModifier(-2), ControlModifier(1, ctrl_state=0)],
        [PowerModifier(0.3)],
        [InverseModifier(), PowerModifier(0), ControlModifier(1)],
        [],
    ],
    ids=lambda modifiers: "+".join(type(m).__name__ for m in modifiers) or "none",
)
@pytest.mark.parametrize("base", [lib.RXGate(0.4), lib.iSwapGate(), lib.CUGate(1, 2, 3, 4)])
def test_annotated_operations(base, modifiers):
    operation = AnnotatedOperation(base, modifiers)
    assert_same_unitary(on(operation.num_qubits, operation), atol=1e-11)


def test_control_of_a_gate_with_global_phase():
    inner = QuantumCircuit(1, global_phase=0.7)
    inner.rx(0.3, 0)
    gate = inner.to_gate().control(2, annotated=True)
    assert_same_unitary(on(3, gate))


def test_definitions_keep_their_global_phase_and_bits():
    inner = QuantumCircuit(2, 1, global_phase=0.4)
    inner.ch(1, 0)
    inner.measure(0, 0)
    outer = QuantumCircuit(3, 2, global_phase=-1.0)
    outer.append(inner.to_instruction(), [2, 1], [1])
    ours = Circuit.from_qiskit(outer)
    assert ours.ops[0].name == "global_phase"
    assert ours.ops[1:] == (g.ch(1, 2),)
    assert math.remainder(float(ours.ops[0].angles[0]) + 0.6, 2 * math.pi) == pytest.approx(0)
    assert ours.measured == {2: 1}


@pytest.mark.parametrize(
    "circuit",
    [
        lib.real_amplitudes(3),
        lib.efficient_su2(3, reps=2),
        lib.zz_feature_map(3),
        lib.n_local(2, "u", "crx"),
    ],
    ids=["real_amplitudes", "efficient_su2", "zz_feature_map", "n_local"],
)
def test_library_circuits(circuit):
    numbers = np.random.default_rng(3).normal(size=circuit.num_parameters)
    ours = Circuit.from_qiskit(circuit)
    assert [group.name for group in ours.parameters] == ["weight"]
    np.testing.assert_allclose(
        dense_unitary(ours.bind(w=numbers)),
        Operator(circuit.assign_parameters(numbers)).data,
        rtol=0,
        atol=1e-12,
    )


def test_states_and_channels():
    rng = np.random.default_rng(5)
    amplitudes = rng.normal(size=4) + 1j * rng.normal(size=4)
    amplitudes /= np.linalg.norm(amplitudes)
    circuit = QuantumCircuit(3)
    circuit.h(1)
    circuit.initialize(amplitudes, [2, 0])
    ours = Circuit.from_qiskit(circuit)
    assert ours.ops[1].name == "state_preparation"
    assert ours.ops[1].qubits == (2, 0)
    np.testing.assert_allclose(ours.ops[1].data, amplitudes, rtol=0, atol=1e-15)

    circuit.prepare_state(amplitudes, [0, 1])  # the qubits were used: a unitary now
    state = np.zeros(8, dtype=complex)
    state[[0, 4, 1, 5]] = amplitudes
    start = dense_unitary(Circuit(3, [g.h(1)])) @ state
    rest = Circuit(3, [op for op in Circuit.from_qiskit(circuit) if op not in ours.ops])
    np.testing.assert_allclose(
        dense_unitary(rest) @ start, Statevector(circuit).data, rtol=0, atol=1e-12
    )
    for label in ("1r+", 5):
        circuit = QuantumCircuit(3)
        circuit.initialize(label, [0, 1, 2])
        np.testing.assert_allclose(
            dense_unitary(Circuit.from_qiskit(circuit))[:, 0],
            Statevector(circuit).data,
            rtol=0,
            atol=1e-12,
        )

    operators = [np.sqrt(0.8) * np.eye(2), np.sqrt(0.2) * random_unitary(rng, 2)]
    for channel in (Kraus(operators), SuperOp(Kraus(operators))):
        op = Circuit.from_qiskit(on(2, channel.to_instruction(), [1])).ops[0]
        assert op.qubits == (1,)
        np.testing.assert_allclose(
            SuperOp(Kraus(list(op.data))).data, SuperOp(Kraus(operators)).data
        )


def test_timing_and_boxes():
    circuit = QuantumCircuit(2)
    for k, unit in enumerate(("s", "ms", "us", "ns", "ps")):
        circuit.delay(10 ** (3 * k), 0, unit)
    circuit.barrier()
    with circuit.box():
        circuit.x(1)
    ours = Circuit.from_qiskit(circuit)
    assert ours.ops == (*[g.delay(1.0, 0)] * 5, g.barrier(0, 1), g.x(1))


def test_terminal_measurements_are_recorded():
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    circuit.measure(0, 2)
    circuit.h(1)
    circuit.barrier()
    circuit.measure(1, 0)
    ours = Circuit.from_qiskit(circuit)
    assert ours.ops == (g.h(0), g.h(1), g.barrier(0, 1, 2))
    assert ours.measured == {0: 2, 1: 0}


def test_a_gate_of_a_standard_name_is_not_taken_for_it():
    fake = QuantumCircuit(1, name="rx")
    fake.rz(Parameter("a"), 0)
    ours = Circuit.from_qiskit(on(1, fake.to_gate()))
    assert [op.name for op in ours.ops] == ["rz"]
