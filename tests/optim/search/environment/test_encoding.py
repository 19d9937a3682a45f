"""The tensor encoding: hand-worked, and a bijection."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits.errors import InvalidArgumentError, ShapeError
from optim.search import Candidate
from optim.search.environment import AXES, Encoding


@st.composite
def candidates(draw: st.DrawFn) -> Candidate:
    n = draw(st.integers(1, 4))
    angle = st.floats(-7, 7, allow_subnormal=False)
    turn = st.tuples(st.sampled_from(AXES), st.tuples(st.integers(0, n - 1)), angle)
    pairs = [(a, b) for a in range(n) for b in range(n) if a != b]
    gate = turn | st.tuples(st.just("cx"), st.sampled_from(pairs)) if pairs else turn
    return Candidate(n, draw(st.lists(gate, max_size=12)))


def moments(candidate: Candidate) -> list[int]:
    front, found = [0] * candidate.n_qubits, []
    for gate in candidate:
        moment = max(front[q] for q in gate.qubits)
        found.append(moment)
        for q in gate.qubits:
            front[q] = moment + 1
    return found


def test_hand_worked_tensor() -> None:
    circuit = Candidate(3, [("rx", (0,), 0.1), ("cx", (0, 2)), ("rz", (1,), 0.2), ("cx", (2, 1))])
    tensor = Encoding(3, 4).encode(circuit)
    expected = np.zeros((4, 9, 3))
    expected[0, 3, 0], expected[0, 6, 0] = 1, 0.1  # RX on qubit 0
    expected[1, 2, 0] = 1  # target 2, control 0
    expected[0, 5, 1], expected[0, 8, 1] = 1, 0.2  # RZ on qubit 1 is free in the first moment
    expected[2, 1, 2] = 1  # after the first CNOT
    np.testing.assert_array_equal(tensor, expected)


@given(candidates())
def test_decoding_gives_the_same_gates_sorted_by_moment(candidate: Candidate) -> None:
    encoding = Encoding(candidate.n_qubits, max(1, len(candidate)))
    found = encoding.decode(encoding.encode(candidate))
    order = sorted(
        zip(moments(candidate), candidate.gates, strict=True),
        key=lambda entry: (entry[0], min(entry[1].qubits)),
    )
    assert found.gates == tuple(gate for _, gate in order)
    torch.testing.assert_close(
        found.to_circuit().statevector(), candidate.to_circuit().statevector()
    )


@given(candidates())
def test_encoding_what_was_decoded_gives_the_tensor_back(candidate: Candidate) -> None:
    encoding = Encoding(candidate.n_qubits, max(1, len(candidate)))
    tensor = encoding.encode(candidate)
    np.testing.assert_array_equal(encoding.encode(encoding.decode(tensor)), tensor)
    binary = tensor[:, : candidate.n_qubits + 3]
    plain = encoding.decode(binary)
    np.testing.assert_array_equal(encoding.encode(plain)[:, : candidate.n_qubits + 3], binary)
    assert not plain.angles.any()


@given(candidates(), candidates())
def test_different_circuits_have_different_tensors(one: Candidate, two: Candidate) -> None:
    if one.n_qubits != two.n_qubits:
        return
    encoding = Encoding(one.n_qubits, max(1, len(one), len(two)))
    first, second = (encoding.encode(c) for c in (one, two))
    same = encoding.decode(first) == encoding.decode(second)
    assert np.array_equal(first, second) == same


@pytest.mark.parametrize(
    "ones",
    [
        [(1, 2, 0)],  # later than it could be
        [(0, 2, 0), (0, 3, 0)],  # two rotations of a qubit in a moment
        [(0, 1, 0), (0, 2, 1)],  # a CNOT and a rotation of its target
        [(0, 1, 1)],  # a CNOT of a qubit with itself
        [(0, 5, 0)],  # an angle without a rotation
    ],
)
def test_tensors_of_no_circuit_raise(ones: list[tuple[int, int, int]]) -> None:
    tensor = np.zeros((3, 8, 2))
    for place in ones:
        tensor[place] = 1
    with pytest.raises(InvalidArgumentError):
        Encoding(2, 3).decode(tensor)


def test_entries_other_than_zero_and_one_raise() -> None:
    tensor = np.zeros((3, 8, 2))
    tensor[0, 2, 0] = 2
    with pytest.raises(InvalidArgumentError, match="0 or 1"):
        Encoding(2, 3).decode(tensor)


def test_what_does_not_fit_raises() -> None:
    encoding = Encoding(2, 1)
    with pytest.raises(InvalidArgumentError, match="only 1 moments"):
        encoding.encode(Candidate(2, [("rx", (0,)), ("ry", (0,))]))
    with pytest.raises(InvalidArgumentError, match="`h`"):
        encoding.encode(Candidate(2, [("h", (0,))]))
    with pytest.raises(ShapeError, match="of 2 qubits"):
        encoding.encode(Candidate(3))
    with pytest.raises(ShapeError, match=r"\(1, 8, 2\) or \(1, 5, 2\)"):
        encoding.decode(np.zeros((1, 7, 2)))
