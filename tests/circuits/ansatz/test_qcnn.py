from __future__ import annotations

import pytest
import torch

from circuits import ansatz, errors
from circuits import gates as g
from tests.circuits.ansatz.unitaries import random_weights

# Total numbers of parameters on 8 qubits with pooling, Hur et al., table 1.
TOTALS = {
    "TTN": 12, "U5": 36, "U6": 36, "U9": 12, "U13": 24, "U14": 24, "U15": 18, "SO4": 24, "SU4": 51,
}  # fmt: skip


@pytest.mark.parametrize(("block", "total"), TOTALS.items())
def test_parameters_are_those_of_the_paper(block, total):
    circuit, readout = ansatz.qcnn(8, block)
    assert circuit.n_weights == total
    assert readout == 4
    used = {s.index for op in circuit.ops for angle in op.angles for s in angle.symbols}
    assert used == set(range(total))


def test_pairs_on_eight_qubits_are_those_of_the_paper():
    first, second, third = ansatz.qcnn_stages(8)
    assert first.convolution == [
        (0, 7), (0, 1), (2, 3), (4, 5), (6, 7), (1, 2), (3, 4), (5, 6),
    ]  # fmt: skip
    assert first.pooling == [(1, 0), (3, 2), (5, 4), (7, 6)]
    assert second == ([(0, 6), (0, 2), (4, 6), (2, 4)], [(2, 0), (6, 4)])
    assert third == ([(0, 4)], [(0, 4)])


def test_chain_on_eight_qubits_is_that_of_the_paper():
    pairs = [stage.convolution for stage in ansatz.qcnn_stages(8, chain=True)]
    assert pairs == [
        [(0, 1), (2, 3), (4, 5), (6, 7), (1, 2), (3, 4), (5, 6)],
        [(2, 3), (4, 5)],
        [(3, 4)],
    ]


@pytest.mark.parametrize("n", [2, 4, 8, 16])
@pytest.mark.parametrize("chain", [False, True])
def test_every_qubit_reaches_the_readout(n, chain):
    circuit, readout = ansatz.qcnn(n, "TTN", chain=chain)
    reached = {readout}
    for op in reversed(circuit.ops):
        if reached & set(op.qubits):
            reached |= set(op.qubits)
    assert reached == set(range(n))
    stages = max(1, n // 2 - 1) if chain else n.bit_length() - 1
    assert circuit.parameters[0].shape[0] == stages


def test_ops_of_a_small_network():
    circuit, readout = ansatz.qcnn(4, "TTN", name="w")
    assert readout == 2
    names = [(op.name, op.qubits) for op in circuit.ops if op.name != "ry"]
    assert names == [
        ("cx", (0, 3)), ("cx", (0, 1)), ("cx", (2, 3)), ("cx", (1, 2)),
        ("crz", (1, 0)), ("x", (1,)), ("crx", (1, 0)),
        ("crz", (3, 2)), ("x", (3,)), ("crx", (3, 2)),
        ("cx", (0, 2)), ("crz", (0, 2)), ("x", (0,)), ("crx", (0, 2)),
    ]  # fmt: skip
    assert [str(op.angles[0]) for op in circuit.ops if op.name == "crx"] == [
        "w[0, 3]", "w[0, 3]", "w[1, 3]",
    ]  # fmt: skip


def test_without_pooling_there_are_only_blocks():
    circuit, _ = ansatz.qcnn(8, "SU4", pooling=False)
    assert circuit.n_weights == 45
    assert "crz" not in circuit.count_ops()


def test_states_of_both_variants_are_normalised():
    for options in ({}, {"chain": True}):
        circuit, _ = ansatz.qcnn(4, "U5", **options)
        norm = torch.linalg.vector_norm(circuit.statevector(w=random_weights(circuit)))
        torch.testing.assert_close(norm, torch.ones_like(norm))


def test_a_block_of_ones_own():
    block = ansatz.Block("ising", 1, lambda t, a, b: [g.rzz(t[0], a, b)])
    assert ansatz.qcnn(4, block).circuit.n_weights == 2 * (1 + 2)


@pytest.mark.parametrize("n", [1, 3, 6])
def test_sizes_that_are_no_powers_of_two(n):
    with pytest.raises(errors.InvalidArgumentError, match="n_qubits"):
        ansatz.qcnn(n)


def test_chain_of_an_odd_number_of_qubits():
    assert len(ansatz.qcnn_stages(6, chain=True)) == 2
    with pytest.raises(errors.InvalidArgumentError, match="even"):
        ansatz.qcnn(5, chain=True)


def test_chain_with_pooling_raises():
    with pytest.raises(errors.InvalidArgumentError, match="chain has no pooling"):
        ansatz.qcnn(8, chain=True, pooling=True)
