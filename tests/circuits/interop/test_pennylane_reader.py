"""`from_pennylane`: operations, wires, symbols, and what is refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

qp = pytest.importorskip("pennylane")

from circuits import Circuit, PauliSum, inputs, weights
from circuits import gates as g
from circuits.errors import ArgumentTypeError, ConversionError, SymbolError
from circuits.gates import transfer
from circuits.interop.pennylane import observables_from_pennylane
from circuits.interop.pennylane.operations import RECORD
from tests.circuits.interop.dense import (
    UNITARY_GATES,
    dense_unitary,
    random_circuit,
    random_op,
    random_unitary,
)

RNG = np.random.default_rng(9)


def little_endian(matrix):
    n = len(matrix).bit_length() - 1
    order = [int(format(i, f"0{n}b")[::-1], 2) for i in range(2**n)]
    return matrix[np.ix_(order, order)]


def assert_same_unitary(function, n=4, atol=1e-12):
    ours = dense_unitary(Circuit.from_pennylane(function, wire_order=range(n)))
    tape = qp.tape.make_qscript(function)()
    theirs = little_endian(qp.matrix(tape, wire_order=range(n)))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol)


@pytest.mark.parametrize(
    "cls",
    [cls for cls, record in RECORD.items() if not record.is_channel],
    ids=lambda cls: cls.__name__,
)
def test_every_operation_of_the_table(cls):
    record = RECORD[cls]
    angles = RNG.uniform(-6, 6, record.n_angles)
    wires = RNG.permutation(4)[: record.n_qubits].tolist()

    def function():
        cls(*angles, wires=wires)

    assert Circuit.from_pennylane(function, wire_order=range(4)).ops[0].gate == record
    assert_same_unitary(function)


@pytest.mark.parametrize("name", UNITARY_GATES)
def test_every_gate_of_ours_comes_back(name):
    circuit = Circuit(5, [random_op(np.random.default_rng(1), name, 5, [])])
    back = Circuit.from_pennylane(circuit.to_pennylane(), wire_order=range(5))
    np.testing.assert_allclose(dense_unitary(back), dense_unitary(circuit), rtol=0, atol=1e-12)
    if name in {record.name for record in RECORD.values()}:
        assert back == circuit


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_random_circuits_come_back(seed):
    circuit = random_circuit(seed, length=8)
    back = Circuit.from_pennylane(circuit.to_pennylane(), wire_order=range(5))
    np.testing.assert_allclose(dense_unitary(back), dense_unitary(circuit), rtol=0, atol=1e-12)


OPERATIONS = {
    "rot": lambda: qp.Rot(0.1, 0.2, 0.3, wires=2),
    "crot": lambda: qp.CRot(0.1, 0.2, 0.3, wires=[3, 1]),
    "pauli_rot": lambda: qp.PauliRot(0.4, "XIY", wires=[2, 0, 3]),
    "multi_rz": lambda: qp.MultiRZ(0.4, wires=[2, 0, 3]),
    "xy": lambda: qp.IsingXY(0.7, wires=[2, 0]),
    "single_excitation": lambda: qp.SingleExcitation(0.7, wires=[2, 0]),
    "single_plus": lambda: qp.SingleExcitationPlus(0.7, wires=[2, 0]),
    "double_excitation": lambda: qp.DoubleExcitation(0.7, wires=[2, 0, 1, 3]),
    "sqrt_iswap": lambda: qp.SISWAP(wires=[2, 0]),
    "pswap": lambda: qp.PSWAP(0.3, wires=[2, 0]),
    "fermionic_swap": lambda: qp.FermionicSWAP(0.3, wires=[2, 0]),
    "orbital": lambda: qp.OrbitalRotation(0.3, wires=[2, 0, 1, 3]),
    "unitary": lambda: qp.QubitUnitary(random_unitary(np.random.default_rng(0), 4), [2, 0]),
    "diagonal": lambda: qp.DiagonalQubitUnitary(np.exp(1j * np.arange(4)), wires=[2, 0]),
    "global_phase": lambda: qp.GlobalPhase(0.7),
    "identity": lambda: qp.Identity(wires=[0, 1]),
    "open_controls": lambda: qp.MultiControlledX([2, 0, 1], control_values=[0, 1]),
    "open_rotation": lambda: qp.ctrl(qp.RX(0.3, 1), [0, 3], control_values=[1, 0]),
    "controlled_phase": lambda: qp.ctrl(qp.GlobalPhase(0.7), [0, 3], control_values=[1, 0]),
    "controlled_unitary": lambda: qp.ControlledQubitUnitary(
        random_unitary(np.random.default_rng(0), 2), wires=[3, 1]
    ),
    "nested": lambda: qp.ctrl(qp.adjoint(qp.ctrl(qp.SX(1), 2)), 0, control_values=[0]),
    "adjoint": lambda: qp.adjoint(qp.Rot(0.1, 0.2, 0.3, wires=2)),
    "adjoint_iswap": lambda: qp.adjoint(qp.ISWAP([3, 0])),
    "power": lambda: qp.pow(qp.SX(2), 3),
    "inverse_power": lambda: qp.pow(qp.U3(0.1, 0.2, 0.3, 2), -2),
    "fraction": lambda: qp.pow(qp.X(2), 0.3),
    "product": lambda: qp.prod(qp.RX(0.1, 0), qp.RY(0.2, 0), qp.CNOT([0, 1])),
    "qft": lambda: qp.QFT(wires=[1, 0, 2]),
    "evolution": lambda: qp.evolve(qp.X(0) @ qp.Z(2), 0.3),
    "trotter": lambda: qp.TrotterProduct(qp.X(0) + qp.Z(0) @ qp.Z(1), 0.4, n=2, order=2),
    "grover": lambda: qp.GroverOperator(wires=[0, 1, 2]),
    "permute": lambda: qp.Permute([2, 0, 1], wires=[0, 1, 2]),
    "flip": lambda: qp.FlipSign(2, wires=[0, 1]),
    "comparator": lambda: qp.IntegerComparator(2, wires=[0, 1, 2]),
    "basis": lambda: qp.BasisEmbedding([1, 0, 1], wires=[2, 0, 1]),
    "cluster": lambda: qp.CommutingEvolution(0.2 * qp.X(0) @ qp.X(1), 0.7),
    "select": lambda: qp.Select([qp.X(2), qp.RY(0.3, 2)], control=[0]),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_outside_the_table(name):
    assert_same_unitary(OPERATIONS[name], atol=1e-11)


def test_states_use_reversed_bits():
    rng = np.random.default_rng(0)
    amplitudes = rng.normal(size=4) + 1j * rng.normal(size=4)
    amplitudes /= np.linalg.norm(amplitudes)
    real = qp.numpy.array([1.0, 2.0, 3.0], requires_grad=True)

    def prepared():
        qp.Hadamard(1)
        qp.StatePrep(amplitudes, wires=[2, 0])
        qp.RX(real[0], 1)

    def embedded():
        qp.AmplitudeEmbedding(real, wires=[0, 2], pad_with=0.5, normalize=True)
        qp.RX(real[1], 1)

    def late():
        qp.RX(0.3, 0)
        qp.StatePrep(amplitudes, wires=[2, 0])

    for function in (prepared, embedded, late):

        def measured(function=function):
            function()
            return qp.state()

        state = qp.QNode(measured, qp.device("default.qubit", wires=3))()
        circuit = Circuit.from_pennylane(function, wire_order=range(3))
        order = [int(format(i, "03b")[::-1], 2) for i in range(8)]
        np.testing.assert_allclose(circuit.statevector().numpy(), state[order], rtol=0, atol=1e-12)


def test_channels():
    circuit = Circuit.from_pennylane(lambda: qp.ThermalRelaxationError(0.1, 3.0, 2.0, 1.0, wires=1))
    operators = qp.ThermalRelaxationError(0.1, 3.0, 2.0, 1.0, wires=1).kraus_matrices()
    np.testing.assert_array_equal(circuit.ops[0].data, np.array(operators))

    two = [np.sqrt(0.5) * random_unitary(RNG, 4) for _ in range(2)]
    op = Circuit.from_pennylane(lambda: qp.QubitChannel(two, wires=[0, 1])).ops[0]
    assert op.qubits == (1, 0)


@pytest.mark.parametrize("cls", [c for c, record in RECORD.items() if record.is_channel])
def test_channels_of_the_table(cls):
    op = Circuit.from_pennylane(lambda: cls(0.3, wires=1)).ops[0]
    assert op.gate == RECORD[cls]
    theirs = transfer.of_kraus(np.array(cls(0.3, wires=1).kraus_matrices()))
    ours = op.transfer(torch.tensor([0.3], dtype=torch.float64)).numpy()
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


def test_symbols_pass_through():
    x, w = inputs(3), weights(2, 3, 3)

    def function(x, w, scale=1.0):
        qp.IQPEmbedding(x, wires=range(3))
        qp.StronglyEntanglingLayers(w, wires=range(3))
        qp.SingleExcitation(scale * w[0, 0, 0] * x[1], wires=[0, 2])
        qp.ctrl(qp.PauliRot(x[0] + 1, "XY", wires=[0, 1]), 2)
        qp.adjoint(qp.CRot)(w[0, 0, 1], w[0, 0, 2], x[2], wires=[1, 0])
        qp.GlobalPhase(x[1])
        qp.pow(qp.RX(x[2], 0), 2)

    circuit = Circuit.from_pennylane(function, x, w, scale=0.5)
    assert [(k.name, k.shape) for k in circuit.parameters] == [("x", (3,)), ("weight", (2, 3, 3))]
    values = RNG.normal(size=3), RNG.normal(size=(2, 3, 3))
    tape = qp.tape.make_qscript(function)(*values, scale=0.5)
    theirs = little_endian(qp.matrix(tape, wire_order=range(3)))
    ours = dense_unitary(circuit.bind(*values))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


def test_wires_become_qubits():
    def function():
        qp.X("b")
        qp.CNOT(wires=["b", "a"])

    declared = qp.QNode(function, qp.device("default.qubit", wires=["a", "b", "c"]))
    assert Circuit.from_pennylane(function).ops == (g.x(0), g.cx(0, 1))
    converted = Circuit.from_pennylane(declared)
    assert converted.n_qubits == 3
    assert converted.ops == (g.x(1), g.cx(1, 0))
    assert Circuit.from_pennylane(function, wire_order="abc") == converted
    assert Circuit.from_pennylane(lambda: qp.CNOT([1, 0])).ops == (g.cx(1, 0),)
    tape = qp.tape.QuantumScript([qp.CNOT([7, 3])])
    assert Circuit.from_pennylane(tape).ops == (g.cx(0, 1),)
    with pytest.raises(ConversionError, match="must list every wire once"):
        Circuit.from_pennylane(function, wire_order=["a"])


def test_observables():
    @qp.qnode(qp.device("default.qubit", wires=3))
    def qnode(x):
        qp.RX(x, 0)
        return qp.expval(qp.Z(0)), qp.expval(0.5 * qp.Y(2) @ qp.X(0) - 2 * qp.Identity(1))

    expected = [PauliSum("Z0"), PauliSum({"X0 Y2": 0.5, "": -2})]
    assert observables_from_pennylane(qnode, 0.3) == expected
    with pytest.raises(ConversionError, match="not the expectation value"):
        observables_from_pennylane(lambda: qp.probs(wires=0))


def mid_circuit():
    qp.Hadamard(0)
    qp.measure(0)


def conditional():
    qp.cond(qp.measure(0), qp.X)(1)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (mid_circuit, ConversionError, r"operation 1 `MidMeasureMP` is a measurement"),
        (conditional, ConversionError, "is a measurement in mid-circuit"),
        (lambda: [qp.X(0), qp.Snapshot()], ConversionError, "operation 1 `Snapshot`"),
        (lambda: qp.WireCut(0), ConversionError, "operation 0 `WireCut`"),
        (lambda: qp.RX(np.zeros(3), 0), ConversionError, "`RX` has a batch of 3"),
        (lambda: qp.pow(qp.RX(weights(1)[0], 0), 0.5), ConversionError, "power 0.5"),
        (lambda: qp.Displacement(0.1, 0.2, wires=0), ConversionError, "`Displacement` cannot be"),
        (lambda: 1 / 0, ConversionError, "failed while .* division by zero"),
        (lambda: None, ConversionError, "no wires"),
        (
            lambda: qp.RX(torch.tensor(0.1, requires_grad=True), 0),
            SymbolError,
            r"operation 0 `RX`.* requires grad",
        ),
        (lambda: qp.adjoint(qp.BitFlip(0.1, 0)), ConversionError, "cannot be inverted"),
        (lambda: qp.ctrl(qp.BitFlip(0.1, 0), 1), ConversionError, "cannot be controlled"),
        ("not a function", ArgumentTypeError, "must be a QNode, a tape or a quantum function"),
        (qp.RX, ArgumentTypeError, "must be a QNode"),
    ],
)
def test_refused(function, error, message):
    with pytest.raises(error, match=message):
        Circuit.from_pennylane(function)


def test_a_tape_takes_no_arguments():
    with pytest.raises(ArgumentTypeError, match="holds its values already"):
        Circuit.from_pennylane(qp.tape.QuantumScript([qp.X(0)]), 0.3)


def test_missing_package_is_named():
    code = (
        "import sys; sys.modules['pennylane'] = None\n"
        "from circuits import Circuit, errors\n"
        "try: Circuit(1).to_pennylane()\n"
        "except errors.MissingDependencyError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "needs the package `pennylane`" in done.stdout
