"""Amplitude encodings: features as amplitudes of basis states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from circuits import gates as g
from circuits.arguments import integer, width
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError, QubitError
from circuits.ops import Op, check_qubits
from circuits.symbols import inputs


def amplitude(n_features: int, n_qubits: int | None = None, *, name: str = "x") -> Circuit:
    """Features as amplitudes: sum_j x_j |j> / norm(x), with zeros beyond the last feature.

    Bit q of the index j is qubit q. A sample of zeros only has no state and raises when run.

    Args:
        n_features: Number of features d.
        n_qubits: Number of qubits, at least ceil(log2(d)) (the default) and 1.
        name: Name of the group of inputs.

    Returns:
        Circuit with inputs of shape `(d,)`; it must come first in a longer circuit.

    Raises:
        KetworkError: If an argument is not valid, or there are too few qubits.

    >>> amplitude(3).n_qubits
    2
    """
    d = integer(n_features, "n_features")
    n = width(n_qubits, max((d - 1).bit_length(), 1), f"{d} amplitudes", "")
    return Circuit(n, [_prepare(inputs(d, name=name), tuple(range(n)))])


def block_amplitude(
    n_features: int, blocks: Sequence[Sequence[int]], *, name: str = "x"
) -> Circuit:
    """Features in several independent amplitude encodings, one for each block of qubits.

    Each block of k qubits takes the next 2^k features and normalises them on its own; the last
    features are padded with zeros. The hybrid direct encodings of Hur et al. are blocks of four
    or of two qubits on eight.

    Args:
        n_features: Number of features d.
        blocks: Qubits of each block, the first the least significant bit; together they are all
            the qubits 0 to n-1, each once.
        name: Name of the group of inputs.

    Returns:
        Circuit with inputs of shape `(d,)`; it must come first in a longer circuit.

    Raises:
        KetworkError: If the blocks do not tile the qubits, or d does not fill the last block.

    >>> block_amplitude(8, [[0, 1], [2, 3]]).ops[1].qubits
    (2, 3)
    """
    d = integer(n_features, "n_features")
    groups = [check_qubits(block, f"blocks[{k}]") for k, block in enumerate(blocks)]
    qubits = sorted(q for group in groups for q in group)
    if not all(groups) or not qubits or qubits != list(range(len(qubits))):
        raise QubitError(
            f"Argument `blocks` must list the qubits 0 to n-1, each once, in blocks that are not "
            f"empty, got {[list(group) for group in groups]}."
        )
    sizes = [2 ** len(group) for group in groups]
    if not sum(sizes[:-1]) < d <= sum(sizes):
        raise InvalidArgumentError(
            f"Argument `n_features` must be between {sum(sizes[:-1]) + 1} and {sum(sizes)} for "
            f"these blocks, got {d}."
        )
    x = inputs(d, name=name)
    ops, start = [], 0
    for group, size in zip(groups, sizes, strict=True):
        ops.append(_prepare(x[start : start + size], group))
        start += size
    return Circuit(len(qubits), ops)


def _prepare(symbols: Any, qubits: tuple[int, ...]) -> Op:
    padding = [0.0] * (2 ** len(qubits) - len(symbols))
    return g.state_preparation([*symbols, *padding], *qubits)
