"""`Circuit` as a value: joining, mapping, inverting, binding, hashing, copying."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from circuits import Circuit, DensityMatrix, inputs, weights
from circuits import gates as g
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    QubitError,
    ShapeError,
    SymbolError,
    UnsupportedOperationError,
)
from circuits.simulators.program import compile_circuit
from tests.support.strategies import circuits, random_channel, random_unitary, random_values, seeds

ATOL = {"rtol": 0, "atol": 1e-12}


@settings(max_examples=60)
@given(circuits(preparation=False), seeds)
def test_the_inverse_undoes_the_circuit(circuit, seed):
    x, w = random_values(circuit, seed)
    both = circuit + circuit.inverse()
    state = both.statevector(x, w)
    expected = torch.zeros_like(state)
    expected[0] = 1
    torch.testing.assert_close(state, expected, **ATOL)


@settings(max_examples=40)
@given(circuits(), seeds)
def test_binding_is_running_with_values(circuit, seed):
    x, w = random_values(circuit, seed)
    bound = circuit.bind(x, w)
    assert bound.parameters == ()
    torch.testing.assert_close(bound.statevector(), circuit.statevector(x, w), **ATOL)
    half = circuit.bind(x)
    assert half.input_groups == ()
    torch.testing.assert_close(half.statevector(None, w), circuit.statevector(x, w), **ATOL)


@settings(max_examples=30)
@given(circuits(max_qubits=3), seeds)
def test_pickles_and_copies_are_equal_and_join(circuit, seed):
    x, w = random_values(circuit, seed)
    for clone in (pickle.loads(pickle.dumps(circuit)), copy.deepcopy(circuit)):
        assert clone == circuit
        assert hash(clone) == hash(circuit)
        assert clone.content_hash == circuit.content_hash
        assert torch.equal(clone.statevector(x, w), circuit.statevector(x, w))
        if not any(op.kind == "state_preparation" for op in circuit.ops):
            assert len(clone + circuit) == 2 * len(circuit)


def test_circuits_are_values():
    c = Circuit(2, [g.h(0)])
    before = c
    c += [g.cx(0, 1)]
    assert len(before) == 1
    assert len(c) == 2
    c += g.x(0)
    assert [op.name for op in c] == ["h", "cx", "x"]
    with pytest.raises(AttributeError, match="immutable"):
        c.n_qubits = 3
    with pytest.raises(AttributeError, match="immutable"):
        c.anything = 3
    matrix = np.eye(2, dtype=complex)
    op = g.unitary(matrix, 0)
    matrix[0, 0] = 5
    assert op.data[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        op.data[0, 0] = 5


def test_composing_places_qubits():
    small = Circuit(2, [g.cx(0, 1), g.global_phase(0.2), g.barrier()])
    big = Circuit(4, [g.x(3)]).compose(small, [3, 1])
    assert [op.qubits for op in big.ops] == [(3,), (3, 1), (), (3, 1)]
    assert big.probabilities().argmax() == 0b1010
    assert Circuit(3).compose(small).ops[0].qubits == (0, 1)
    moved = small.map_qubits(lambda q: 2 - q, 3)
    assert moved.ops[0].qubits == (2, 1)


@pytest.mark.parametrize("qubits", [[0, 0], [0], [0, 1, 2], [0, 7], [0, -1], [0, 1.5], [0, True]])
def test_composing_refuses(qubits):
    with pytest.raises(QubitError):
        Circuit(4).compose(Circuit(2, [g.h(0), g.h(1)]), qubits)


def test_mapping_refuses():
    circuit = Circuit(2, [g.h(0), g.h(1)])
    for mapping in ({0: 0, 1: 0}, {0: 1}, {0: 0, 1: 5}, lambda q: 0):
        with pytest.raises(QubitError):
            circuit.map_qubits(mapping)
    with pytest.raises(QubitError, match="compose"):
        circuit + Circuit(3)


@pytest.mark.parametrize("measured", [{2: 0}, {-1: 0}, {0: -1}, {"q": 0}, {0: 0.5}])
def test_measured_qubits_and_bits_exist(measured):
    with pytest.raises(QubitError, match="measured"):
        Circuit(2, [g.h(0)], measured=measured)


def test_measured_travels():
    circuit = Circuit(2, [g.h(0)], measured={0: 1, 1: 0})
    assert circuit.measured == {0: 1, 1: 0}
    assert (circuit + g.x(0)).measured == {0: 1, 1: 0}
    assert circuit.map_qubits({0: 1, 1: 0}).measured == {1: 1, 0: 0}
    assert pickle.loads(pickle.dumps(circuit)).measured == circuit.measured


def test_depth_and_counts():
    circuit = Circuit(
        3, [g.h(0), g.h(1), g.cx(0, 1), g.x(2), g.barrier(), g.x(2), g.global_phase(1)]
    )
    assert circuit.depth() == 3
    assert circuit.count_ops() == {"h": 2, "x": 2, "cx": 1, "barrier": 1, "global_phase": 1}
    assert Circuit(2).depth() == 0
    assert Circuit(2, [g.h(0), g.h(1)]).depth() == 1


def test_parameters_come_in_order_of_first_use():
    a, b, x = weights(2, name="a"), weights(name="b"), inputs(3)
    circuit = Circuit(1, [g.rx(b, 0), g.ry(x[2], 0), g.rz(a[0] * b, 0)])
    assert [group.name for group in circuit.parameters] == ["b", "x", "a"]
    assert [group.name for group in circuit.weight_groups] == ["b", "a"]
    assert (circuit.n_inputs, circuit.n_weights) == (3, 3)


def test_channels_and_preparations_have_no_inverse():
    for op in (g.kraus(random_channel(1, 2), 0), g.state_preparation([1, 1], 0)):
        with pytest.raises(UnsupportedOperationError, match=f"Operation 1.*{op.name}"):
            Circuit(1, [g.id(0), op]).inverse()


def test_binding_checks_its_values():
    a, b = weights(2, name="a"), weights(name="b")
    circuit = Circuit(1, [g.rx(a[0], 0), g.ry(b, 0)])
    assert circuit.bind(w={"b": 0.5}).parameters[0].name == "a"
    with pytest.raises(SymbolError, match="dict"):
        circuit.bind(w=[0.1, 0.2])
    with pytest.raises(SymbolError, match="no group"):
        circuit.bind(w={"c": 0.5})
    with pytest.raises(ShapeError):
        circuit.bind(w={"a": [0.5]})
    with pytest.raises(InvalidArgumentError, match="finite"):
        circuit.bind(w={"b": float("nan")})


def test_bound_amplitudes_are_numbers_for_every_converter():
    x, w = inputs(3), weights(1)
    circuit = Circuit(2, [g.state_preparation([x[0], x[1], 0.0, x[2]], 0, 1), g.ry(w[0], 0)])
    bound = circuit.bind([3.0, 0.0, 4.0], [0.3])
    again = Circuit(2, [g.state_preparation([3.0, 0.0, 0.0, 4.0], 0, 1), g.ry(0.3, 0)])
    assert bound.content_hash == again.content_hash
    torch.testing.assert_close(bound.statevector(), again.statevector(), **ATOL)
    written = Circuit.from_qasm(bound.to_qasm()).statevector()
    overlap = torch.vdot(written, bound.statevector()).abs()
    torch.testing.assert_close(overlap, torch.ones_like(overlap), **ATOL)
    with pytest.raises(InvalidArgumentError, match="all zero"):
        circuit.bind([0.0, 0.0, 0.0])


class TestContentHash:
    def build(self, gate=g.rx, qubit=0, angle=lambda x, w: 2 * x[0] + w[1] + 0.3, n=2, matrix=0):
        x, w = inputs(2), weights(2)
        ops = [gate(angle(x, w), qubit), g.unitary(random_unitary(matrix, 2), 1)]
        return Circuit(n, ops)

    def test_separately_built_circuits_have_one_hash(self):
        assert self.build().content_hash == self.build().content_hash

    def test_numbers_are_not_part(self):
        base = self.build().content_hash
        assert self.build(angle=lambda x, w: -3 * x[0] + 0.1 * w[1]).content_hash == base
        assert self.build(matrix=5).content_hash == base

    def test_structure_is(self):
        hashes = {
            self.build().content_hash,
            self.build(gate=g.ry).content_hash,
            self.build(qubit=1).content_hash,
            self.build(n=3).content_hash,
            self.build(angle=lambda x, w: 2 * x[1] + w[1]).content_hash,
            self.build(angle=lambda x, w: 2 * x[0] * w[1]).content_hash,
            self.build(angle=lambda x, w: 2 * x[0] + w[0]).content_hash,
            self.build(angle=lambda x, w: x[0] + w[1] + x[1]).content_hash,
            (self.build() + g.barrier()).content_hash,
            Circuit(2, self.build().ops[::-1]).content_hash,
            Circuit(2, [g.pauli_rotation(0.1, "XY", 0, 1)]).content_hash,
            Circuit(2, [g.pauli_rotation(0.1, "YX", 0, 1)]).content_hash,
            Circuit(2, [g.controlled(g.unitary(np.eye(2), 0), 1)]).content_hash,
            Circuit(2, [g.unitary(np.eye(4), 1, 0)]).content_hash,
        }
        assert len(hashes) == 14

    def test_the_order_of_groups_is(self):
        """The flat layout of values follows first use, so it is structure."""
        a, b = weights(name="a"), weights(name="b")
        one = Circuit(1, [g.rx(a, 0), g.rx(b, 0)])
        assert one.content_hash != Circuit(1, [g.rx(b, 0), g.rx(a, 0)]).content_hash


class TestCaches:
    """Programs are shared by structure; numbers must not be."""

    def pairs(self):
        x = inputs(1)
        yield [Circuit(1, [g.rx(a, 0)]) for a in (0.1, 0.9)], None
        yield (
            [Circuit(1, [g.rx(a * x[0] + b, 0)]) for a, b in ((1, 0), (2, 0.3))],
            torch.rand(3, 1).double(),
        )
        yield [Circuit(1, [g.unitary(random_unitary(s, 2), 0)]) for s in (1, 2)], None
        yield (
            [
                Circuit(2, [g.h(1), g.controlled(g.unitary(random_unitary(s, 2), 0), 1)])
                for s in (1, 2)
            ],
            None,
        )
        yield [Circuit(1, [g.state_preparation(a, 0)]) for a in ([1, 2], [1, 1j])], None
        yield (
            [Circuit(2, [g.state_preparation([1, a * x[0], 0.5, 1], 0, 1)]) for a in (1, 3)],
            torch.rand(3, 1).double(),
        )
        yield [Circuit(2, [g.h(0), g.pauli_rotation(a, "ZX", 0, 1)]) for a in (0.3, 0.5)], None

    def test_circuits_that_differ_in_numbers_only(self):
        for (one, other), x in self.pairs():
            assert one.content_hash == other.content_hash
            assert one != other
            assert compile_circuit(one) is compile_circuit(other)
            first, second = one.statevector(x), other.statevector(x)
            assert float((first - second).abs().max()) > 1e-3
            observed = [f"{p}{q}" for p in "XYZ" for q in range(one.n_qubits)]
            for backend in (None, DensityMatrix()):
                values = [c.expectation(observed, x, backend=backend) for c in (one, other, one)]
                assert float((values[0] - values[1]).abs().max()) > 1e-3
                assert torch.equal(values[0], values[2])

    def test_channels(self):
        one, other = (Circuit(1, [g.h(0), g.kraus(random_channel(s, 2), 0)]) for s in (1, 2))
        assert one.content_hash == other.content_hash
        first, second = (c.expectation("Z0", backend=DensityMatrix()) for c in (one, other))
        assert abs(float(first - second)) > 1e-3


@pytest.mark.parametrize("bad", [0, -1])
def test_at_least_one_qubit(bad):
    with pytest.raises(InvalidArgumentError, match="at least 1"):
        Circuit(bad)


@pytest.mark.parametrize("bad", [1.0, "2", None, True, [2]])
def test_the_number_of_qubits_is_an_integer(bad):
    with pytest.raises(ArgumentTypeError, match="integer"):
        Circuit(bad)


@pytest.mark.parametrize("bad", ["rx", [("rx", 0)], [None], 3, [g.rx]])
def test_ops_are_ops(bad):
    with pytest.raises(ArgumentTypeError, match="operations"):
        Circuit(1, bad)
    with pytest.raises(ArgumentTypeError, match="operations"):
        Circuit(1) + bad
