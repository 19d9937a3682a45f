"""Writing: what the text means to Qiskit, and that reading it gives the circuit back."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import Angle, Circuit, Op, inputs, weights
from circuits import gates as g
from circuits.errors import ArgumentTypeError, ConversionError, InvalidArgumentError
from circuits.interop.qasm import Limits, dumps, loads
from circuits.interop.qasm.printing import number
from tests.circuits.interop.qasm.programs import PROGRAMS
from tests.circuits.interop.qasm.reference import assert_same_unitary, qiskit_unitary, unitary

NAMED = [
    gate
    for gate in g.TABLE.values()
    if gate.n_qubits is not None and gate.name != "delay" and not gate.is_channel
]
KEPT_2 = {gate.name for gate in NAMED} - {"global_phase"}
KEPT_3 = {gate.name for gate in NAMED} - {"cu3"}


def _op(gate, rng: random.Random, offset: int = 0) -> Op:
    qubits = [offset + q for q in rng.sample(range(gate.n_qubits), gate.n_qubits)]
    angles = tuple(Angle(rng.uniform(-6, 6)) for _ in range(gate.n_angles))
    return Op(gate, tuple(qubits), angles)


def _random_unitary(n_qubits: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shape = (2**n_qubits, 2**n_qubits)
    return np.linalg.qr(rng.normal(size=shape) + 1j * rng.normal(size=shape))[0]


def assert_written_exactly(circuit: Circuit, version: int) -> Circuit:
    """The text has the circuit's unitary for Qiskit and for us; returns what we read."""
    text = dumps(circuit, version)
    again = loads(text)
    expected = unitary(circuit)
    assert_same_unitary(unitary(again), expected)
    assert_same_unitary(qiskit_unitary(text), expected)
    return again


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("gate", NAMED, ids=lambda gate: gate.name)
def test_every_gate(gate, version):
    circuit = Circuit(max(gate.n_qubits, 1), [_op(gate, random.Random(gate.name))])
    again = assert_written_exactly(circuit, version)
    if gate.name in (KEPT_2 if version == 2 else KEPT_3):
        assert again == circuit


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("name", [gate.name for gate in NAMED if gate.n_qubits <= 2])
def test_every_gate_with_two_more_controls(name, version):
    gate = g.TABLE[name]
    op = g.controlled(_op(gate, random.Random(name), offset=2), 1, 0)
    assert_written_exactly(Circuit(2 + gate.n_qubits, [op]), version)


def test_many_controls():
    op = g.controlled(g.ry(0.7, 5), 0, 1, 2, 3, 4)
    assert_written_exactly(Circuit(6, [op]), 2)
    assert loads(dumps(Circuit(6, [op]), 3)) == Circuit(6, [op])
    wide = Circuit(30, [g.controlled(g.x(29), *range(29))])
    with pytest.raises(ConversionError, match="29 controls"):
        dumps(wide, 2)
    assert loads(dumps(wide, 3)) == wide


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("label", ["X", "Y", "Z", "II", "XY", "YIZ", "ZZXY"])
def test_pauli_rotations(label, version):
    qubits = list(range(len(label)))[::-1]
    rotation = g.pauli_rotation(0.7, label, *qubits)
    assert_written_exactly(Circuit(len(label), [rotation]), version)
    assert_written_exactly(Circuit(len(label) + 1, [g.controlled(rotation, len(label))]), version)


SPECIAL_MATRICES = [
    np.eye(2),
    np.diag([1, 1j]),
    np.diag([1j, 1]),
    np.array([[0, 1], [1, 0]]),
    np.array([[0, 1j], [-1, 0]]),
    np.array([[1, 1], [1, -1]]) / math.sqrt(2),
    np.eye(4),
    np.eye(4)[[0, 2, 1, 3]],
    np.diag([1, -1, 1j, -1j]),
    np.eye(8)[[7, 6, 5, 4, 3, 2, 1, 0]],
]


@pytest.mark.parametrize("version", [2, 3])
def test_unitaries(version):
    randoms = [_random_unitary(n, seed) for n in (1, 2, 3) for seed in (0, 1)]
    for matrix in [*SPECIAL_MATRICES, *randoms]:
        n = int(math.log2(len(matrix)))
        assert_written_exactly(Circuit(n, [g.unitary(matrix, *range(n)[::-1])]), version)
    controlled = g.controlled(g.unitary(_random_unitary(1, 5), 0), 2, 1)
    assert_written_exactly(Circuit(3, [controlled]), version)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_state_preparation(n, version):
    rng = np.random.default_rng(n)
    dense = rng.normal(size=2**n) + 1j * rng.normal(size=2**n)
    sparse = np.zeros(2**n)
    sparse[-1] = -1
    for amplitudes in (dense, sparse):
        circuit = Circuit(n, [g.state_preparation(amplitudes, *range(n)[::-1])])
        again = loads(dumps(circuit, version))
        difference = again.statevector() - circuit.statevector()
        assert float(difference.abs().max()) < 1e-12


def test_what_cannot_be_written_is_named():
    w = weights(4)
    for ops, version, word in [
        ([g.rx(w[0], 0)], 2, r"bind"),
        ([g.delay(1e-7, 0)], 2, r"version=3"),
        ([g.kraus([np.eye(2)], 0)], 2, r"kraus"),
        ([g.kraus([np.eye(2)], 0)], 3, r"kraus"),
        ([g.state_preparation(w, 0, 1)], 3, r"symbolic"),
        ([g.unitary(np.eye(128), *range(7))], 3, r"unitary"),
    ]:
        with pytest.raises(ConversionError, match=word):
            dumps(Circuit(7, ops), version)
    with pytest.raises(InvalidArgumentError, match="version"):
        dumps(Circuit(1), 4)
    with pytest.raises(ArgumentTypeError, match="circuit"):
        dumps("circuit", 2)


def test_groups_come_back():
    x, w, scalar, named = inputs(2), weights(2, 3), weights(name="x"), weights(2, name="pi")
    ops = [
        g.ry(w[1, 2] * x[0] + 0.1, 0),
        g.rx(-x[1] * x[1] * w[0, 0] / 3 - math.pi / 2, 1),
        g.rz(scalar, 0),
        g.p(named[1] - 2.5e-9, 1),
        g.controlled(g.ryy(w[0, 1], 0, 1), 2),
        g.pauli_rotation(w[1, 0], "XZ", 2, 0),
        g.global_phase(w[0, 2]),
        g.delay(3.3e-8, 1),
        g.barrier(2, 0),
    ]
    circuit = Circuit(3, ops, measured={0: 2, 2: 0})
    text = dumps(circuit, 3)
    again = loads(text)
    assert again.parameters == circuit.parameters
    assert again.measured == circuit.measured
    assert dumps(again, 3) == text
    rng = np.random.default_rng(3)
    values = {
        "x": rng.normal(size=2),
        "w": {
            "weight": rng.normal(size=(2, 3)),
            "x": rng.normal(size=()),
            "pi": rng.normal(size=2),
        },
    }
    assert_same_unitary(unitary(again.bind(**values)), unitary(circuit.bind(**values)), 1e-12)


def test_symbols_are_read_by_qiskit():
    loader = pytest.importorskip("qiskit.qasm3")
    pytest.importorskip("qiskit_qasm3_import")
    x, w = inputs(2), weights(2)
    circuit = Circuit(2, [g.ry(w[0] * x[0] + 0.1, 0), g.rzz(-2 * w[1] + x[1], 0, 1)])
    theirs = loader.loads(dumps(circuit, 3))
    values = {"x_0": 0.3, "x_1": -0.4, "weight_0": 0.5, "weight_1": 0.6}
    theirs = theirs.assign_parameters({p: values[p.name] for p in theirs.parameters})
    operator = pytest.importorskip("qiskit.quantum_info").Operator(theirs).data
    bound = circuit.bind(x=np.array([0.3, -0.4]), w=np.array([0.5, 0.6]))
    assert_same_unitary(unitary(bound), operator)


def test_measurements_are_written():
    circuit = Circuit(3, [g.h(0)], measured={1: 0, 2: 4})
    assert "measure q[2] -> c[4];" in dumps(circuit, 2)
    assert "c[4] = measure q[2];" in dumps(circuit, 3)
    for version in (2, 3):
        assert loads(dumps(circuit, version)).measured == {1: 0, 2: 4}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_survive_round_trips(name):
    circuit = loads(PROGRAMS[name])
    for version in (2, 3):
        if version == 2 and (circuit.parameters or "delay" in circuit.count_ops()):
            continue
        again = loads(dumps(circuit, version))
        assert again.measured == circuit.measured
        assert again.parameters == circuit.parameters
        if not circuit.parameters:
            assert_same_unitary(unitary(again), unitary(circuit))
        assert dumps(loads(dumps(again, version)), version) == dumps(again, version)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_with_all_bits(value):
    for version, header in ((2, "qelib1.inc"), (3, "stdgates.inc")):
        register = "qreg q[1];" if version == 2 else "qubit[1] q;"
        text = f'OPENQASM {version}.0; include "{header}"; {register} rx({number(value)}) q[0];'
        assert float(loads(text).ops[0].angles[0]) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.pi, "pi"),
        (-math.pi / 2, "-pi/2"),
        (3 * math.pi / 4, "3*pi/4"),
        (math.nextafter(math.pi / 2, 2), repr(math.nextafter(math.pi / 2, 2))),
        (0.5, "0.5"),
        (1e-05, "1.0e-05"),
        (0.0, "0.0"),
    ],
)
def test_number_text(value, text):
    assert number(value) == text


@st.composite
def circuits(draw):
    """A random circuit of named gates on three qubits."""
    choice = [gate for gate in NAMED if gate.n_qubits <= 3]
    seeds = draw(st.lists(st.integers(0, 2**32), min_size=1, max_size=6))
    ops = []
    for seed in seeds:
        rng = random.Random(seed)
        op = _op(rng.choice(choice), rng)
        spare = [q for q in range(3) if q not in op.qubits]
        ops.append(g.controlled(op, spare[0]) if spare and rng.random() < 0.3 else op)
    return Circuit(3, ops)


@settings(max_examples=20)
@given(circuits(), st.sampled_from([2, 3]))
def test_random_circuits(circuit, version):
    assert_written_exactly(circuit, version)


def test_large_export_is_read_with_larger_limits():
    circuit = Circuit(2, [g.cx(0, 1), g.rz(0.1, 1)] * 20_000)
    limits = Limits(characters=10**8, tokens=10**7, statements=10**6, steps=10**7)
    assert loads(dumps(circuit, 2), limits=limits) == circuit
