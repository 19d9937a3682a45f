"""Constructors of ops: what they make and what they refuse."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

from circuits import Circuit, inputs, weights
from circuits import gates as g
from circuits.errors import (
    InvalidArgumentError,
    NonFiniteError,
    NotUnitaryError,
    QubitError,
    SymbolError,
    UnknownGateError,
    UnsupportedOperationError,
)
from tests.support.strategies import random_channel, random_unitary

X, W = inputs(4), weights(4)
EXAMPLES = [
    g.rx(0.1, 0), g.cu(0.1, W[0], X[1], 0.4, 2, 0), g.pauli_rotation(X[0], "XY", 1, 0),
    g.unitary(random_unitary(0, 4), 1, 2), g.kraus(random_channel(0, 2), 1),
    g.state_preparation([1, 1j], 0), g.state_preparation(list(W), 0, 1), g.barrier(), g.delay(1, 0),
    g.controlled(g.unitary(random_unitary(0, 2), 0), 1), g.controlled(g.ry(W[0], 0), 1, 2),
    g.controlled(g.pauli_rotation(0.3, "ZX", 0, 1), 2, 3), g.global_phase(0.3),
]  # fmt: skip


@pytest.mark.parametrize("op", EXAMPLES, ids=lambda op: op.name)
def test_ops_are_values(op):
    for clone in (pickle.loads(pickle.dumps(op)), copy.deepcopy(op)):
        assert clone == op
        assert hash(clone) == hash(op)
        assert clone.gate.n_controls == op.gate.n_controls
        assert clone.structure == op.structure
    assert op != g.rx(0.2, 0)
    assert op.name in repr(op)


@pytest.mark.parametrize(
    "qubits", [(0, 0), (0, -1), (0, 1.0), (0, "1"), (0, True), (0, None), (0, [1])]
)
def test_qubits_are_distinct_non_negative_integers(qubits):
    builders = (
        lambda: g.cx(*qubits),
        lambda: g.crx(0.1, *qubits),
        lambda: g.unitary(np.eye(4), *qubits),
        lambda: g.pauli_rotation(0.1, "XX", *qubits),
        lambda: g.state_preparation([1, 0, 0, 0], *qubits),
        lambda: g.barrier(*qubits),
        lambda: g.controlled(g.x(qubits[0]), qubits[1]),
    )
    for build in builders:
        with pytest.raises(QubitError):
            build()


def test_numpy_integers_are_qubits():
    assert g.cx(np.int64(1), np.int8(0)) == g.cx(1, 0)


def test_out_of_range():
    with pytest.raises(QubitError, match="uses qubit 2, but the circuit has 2"):
        Circuit(2, [g.cx(0, 2)])
    with pytest.raises(QubitError, match="uses qubit 5"):
        Circuit(2) + g.h(5)


@pytest.mark.parametrize(
    "build", [lambda: g.rx(0), lambda: g.rx(0.1, 0, 1), lambda: g.cx(0), lambda: g.u(1, 2, 3)]
)
def test_the_number_of_arguments(build):
    with pytest.raises(InvalidArgumentError, match="angle"):
        build()


def test_unknown_gates_are_met_with_suggestions():
    with pytest.raises(UnknownGateError, match=r"Did you mean.*cx"):
        g.gate_named("ccnx")
    for name in ("", "c^1(nothing)", "c^x(rx)", "c^1(kraus)", "c^1(barrier)"):
        with pytest.raises(UnknownGateError):
            g.gate_named(name)


def test_tensors_with_gradients_are_refused_where_they_would_be_lost():
    weight = torch.tensor(0.3, requires_grad=True)
    matrix = torch.eye(2, requires_grad=True)
    for build in (
        lambda: g.rx(weight, 0),
        lambda: g.unitary(matrix, 0),
        lambda: g.kraus(matrix[None], 0),
        lambda: g.state_preparation(matrix[0], 0),
        lambda: g.delay(weight, 0),
    ):
        with pytest.raises(SymbolError, match="requires grad"):
            build()
    assert g.rx(weight.detach(), 0) == g.rx(float(weight), 0)


class TestUnitary:
    @pytest.mark.parametrize("bad", [np.ones((2, 2)), np.diag([1, 2]), np.zeros((2, 2))])
    def test_not_unitary(self, bad):
        with pytest.raises(NotUnitaryError, match="unitary"):
            g.unitary(bad, 0)

    @pytest.mark.parametrize("bad", [np.eye(3), np.eye(4), np.ones(2), 1.0, "ab", [[1, 0], [0]]])
    def test_wrong_shape(self, bad):
        with pytest.raises(InvalidArgumentError, match="matrix"):
            g.unitary(bad, 0)

    def test_no_qubits(self):
        with pytest.raises(InvalidArgumentError):
            g.unitary(np.eye(1))

    def test_not_finite(self):
        with pytest.raises(NonFiniteError):
            g.unitary(np.full((2, 2), np.nan), 0)


class TestPreparation:
    def test_amplitudes_are_normalised(self):
        state = Circuit(1, [g.state_preparation([3, 4j], 0)]).statevector()
        assert torch.allclose(state, torch.tensor([0.6, 0.8j], dtype=torch.complex128))

    def test_symbols_are_normalised_when_run(self):
        x = inputs(2)
        circuit = Circuit(1, [g.state_preparation(x, 0)])
        state = circuit.statevector(torch.tensor([[3.0, 4.0], [-1.0, 0.0]]))
        assert torch.allclose(state.real, torch.tensor([[0.6, 0.8], [-1.0, 0.0]]))

    @pytest.mark.parametrize("bad", [[1, 2, 3], [1], [], np.ones(8)])
    def test_wrong_number(self, bad):
        with pytest.raises(InvalidArgumentError, match="amplitudes"):
            g.state_preparation(bad, 0, 1)

    def test_all_zero(self):
        with pytest.raises(InvalidArgumentError, match="zero"):
            g.state_preparation([0, 0], 0)
        x = inputs(2)
        circuit = Circuit(1, [g.state_preparation(x, 0)])
        for run in (circuit.statevector, lambda v: circuit.expectation("Z0", v)):
            with pytest.raises(NonFiniteError, match="zero"):
                run(torch.zeros(2))

    def test_not_finite(self):
        with pytest.raises(NonFiniteError):
            g.state_preparation([1, np.inf], 0)

    def test_complex_with_symbols(self):
        with pytest.raises(SymbolError):
            g.state_preparation([1j, inputs(1)[0]], 0)


class TestControlled:
    def test_what_cannot_be_controlled(self):
        for op in (
            g.kraus([np.eye(2)], 0), g.state_preparation([1, 0], 0), g.barrier(0), g.delay(1, 0)
        ):  # fmt: skip
            with pytest.raises(UnsupportedOperationError, match=op.name):
                g.controlled(op, 1)

    def test_controls_are_needed_and_differ_from_targets(self):
        with pytest.raises(InvalidArgumentError, match="at least one"):
            g.controlled(g.x(0))
        with pytest.raises(QubitError):
            g.controlled(g.cx(0, 1), 1)

    def test_the_tables_own_records_are_used(self):
        assert g.controlled(g.x(1), 0).name == "cx"
        assert g.controlled(g.cx(1, 2), 0).name == "ccx"
        assert g.controlled(g.swap(1, 2), 0).name == "cswap"
        assert g.controlled(g.p(0.1, 1), 0).name == "cp"

    def test_the_identity_stays_the_identity(self):
        assert Circuit(2, [g.x(1), g.controlled(g.id(0), 1)]).probabilities().argmax() == 2


@pytest.mark.parametrize("label", ["", "XA", "xx", 3, None, "X", "XXX"])
def test_labels_of_pauli_rotations(label):
    with pytest.raises(InvalidArgumentError, match="label"):
        g.pauli_rotation(0.1, label, 0, 1)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), inputs(1)[0]])
def test_durations(seconds):
    with pytest.raises(InvalidArgumentError, match="seconds"):
        g.delay(seconds, 0)
