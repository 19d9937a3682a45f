"""Quantum convolutional networks: convolution and pooling on ever fewer qubits."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from circuits.ansatz.entanglers import Pair
from circuits.ansatz.qcnn_blocks import POOLING, Block, block_named
from circuits.arguments import integer
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError
from circuits.ops import Op
from circuits.symbols import weights


class QCNNAnsatz(NamedTuple):
    """A quantum convolutional network and the qubit to read.

    Attributes:
        circuit: The circuit, without encoding.
        readout: The qubit whose measurement is the answer.
    """

    circuit: Circuit
    readout: int


class Stage(NamedTuple):
    """Pairs of one stage: the convolution's (a, b) and the pooling's (control, target)."""

    convolution: list[Pair]
    pooling: list[Pair]


def qcnn(
    n_qubits: int = 8,
    block: str | Block = "SU4",
    *,
    pooling: bool | None = None,
    chain: bool = False,
    name: str = "weight",
) -> QCNNAnsatz:
    """The network of Hur et al.: a few stages, each with one set of angles for all its blocks.

    On 8 qubits the pairs are those of the paper; `qcnn_stages` says how other sizes generalise.

    Args:
        n_qubits: Number of qubits n, at least 2: a power of two, for a chain any even number.
        block: Convolution block: a name in `BLOCKS` or a `Block`.
        pooling: Whether pooling blocks follow each convolution; default yes, except that a chain
            has none.
        chain: The variant with neighbouring pairs only.
        name: Name of the group of weights.

    Returns:
        Circuit and readout qubit n/2. The circuit has one group of weights of shape
        `(stages, k)`: row s holds the block's angles of stage s, then the two of its pooling.

    Raises:
        KetworkError: If `n_qubits` does not fit, the block is unknown, or pooling is asked of a
            chain.

    References:
        Hur, Kim and Park, Quantum Mach. Intell. 4, 3 (2022), arXiv:2108.00661.
        Cong, Choi and Lukin, Nature Physics 15, 1273 (2019), arXiv:1810.03787.

    >>> ansatz = qcnn(8, "SU4")
    >>> ansatz.readout, ansatz.circuit.n_weights
    (4, 51)
    """
    if chain and pooling:
        raise InvalidArgumentError("A chain has no pooling: leave `pooling` out with `chain=True`.")
    unit = block_named(block)
    stages = qcnn_stages(n_qubits, chain=chain)
    pools = not chain if pooling is None else pooling
    w = weights(len(stages), unit.n_angles + (POOLING.n_angles if pools else 0), name=name)
    ops: list[Op] = []
    for stage, angles in zip(stages, w, strict=True):
        for a, b in stage.convolution:
            ops += unit.on(angles[: unit.n_angles], a, b)
        if pools:
            for control, target in stage.pooling:
                ops += POOLING.on(angles[unit.n_angles :], control, target)
    return QCNNAnsatz(Circuit(n_qubits, ops), n_qubits // 2)


def qcnn_stages(n_qubits: int, *, chain: bool = False) -> list[Stage]:
    """The pairs of each stage of `qcnn`.

    Stage s (from 0) works on the qubits q_j = j 2^s, m = n / 2^s of them. Its convolution couples
    the ends (q_0, q_{m-1}), then (q_0, q_1), (q_2, q_3), ..., then (q_1, q_2), (q_3, q_4), ...;
    its pooling maps q_{j+1} to q_j for even j. The last stage has the pair (0, n/2) and pools 0
    to n/2.

    A chain is the backward light cone of the pair (n/2 - 1, n/2): rows of n/2, n/2 - 1, ..., 1
    neighbouring pairs, (0, 1), (2, 3), ... in the first, each row centred. The first two rows
    are one stage, every further row is a stage of its own: max(1, n/2 - 1) stages, 3 on 8 qubits.

    Args:
        n_qubits: Number of qubits n, at least 2: a power of two, for a chain any even number.
        chain: Whether to give the pairs of the chain variant.

    >>> [stage.convolution for stage in qcnn_stages(8)[1:]]
    [[(0, 6), (0, 2), (4, 6), (2, 4)], [(0, 4)]]
    """
    n = integer(n_qubits, "n_qubits", 2)
    if chain:
        if n % 2:
            raise InvalidArgumentError(f"Argument `n_qubits` of a chain must be even, got {n}.")
        rows = [_chain_row(n, count) for count in range(n // 2, 0, -1)]
        first = [pair for row in rows[:2] for pair in row]
        return [Stage(first, []), *(Stage(row, []) for row in rows[2:])]
    if n & (n - 1):
        raise InvalidArgumentError(f"Argument `n_qubits` must be a power of two, got {n}.")
    return [_tree_stage(list(range(0, n, 2**s))) for s in range(n.bit_length() - 1)]


def _tree_stage(qubits: list[int]) -> Stage:
    first, last = qubits[0], qubits[-1]
    if len(qubits) == 2:
        return Stage([(first, last)], [(first, last)])
    neighbours = list(itertools.pairwise(qubits))
    convolution = [(first, last), *neighbours[::2], *neighbours[1::2]]
    return Stage(convolution, [(b, a) for a, b in neighbours[::2]])


def _chain_row(n: int, count: int) -> list[Pair]:
    start = n // 2 - count
    return [(start + 2 * k, start + 2 * k + 1) for k in range(count)]
