"""Greedy grouping of Pauli strings into sets that can be measured together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from circuits.errors import InvalidArgumentError
from circuits.pauli.packing import CommutationKind, Words, conflicts, pack

_BLOCK_BYTES = 1 << 23


def group_masks(
    x_masks: Sequence[int], z_masks: Sequence[int], kind: CommutationKind = "qubit-wise"
) -> list[list[int]]:
    """Partition Pauli strings into commuting groups (largest degree first, first fit).

    Strings are vertices of a graph whose edges join strings that do not commute. Vertices are
    coloured in order of falling degree (ties by position), each with the first colour that none
    of its neighbours has. The result depends on nothing but the input.

    Args:
        x_masks: X masks of T strings, as Python integers (bit q is qubit q).
        z_masks: Z masks of the same strings.
        kind: `"qubit-wise"` or `"general"` commutation.

    Returns:
        Positions of the strings of each group, ascending; groups ordered by their first position.

    Raises:
        InvalidArgumentError: If `kind` is neither of the two, or the lengths differ.

    References:
        Verteletskyi, Yen, Izmaylov, "Measurement optimization in the variational quantum
        eigensolver using a minimum clique cover", J. Chem. Phys. 152, 124114 (2020).
    """
    if kind not in ("qubit-wise", "general"):
        raise InvalidArgumentError(
            f"The argument `kind` must be 'qubit-wise' or 'general', but got {kind!r}."
        )
    if len(x_masks) != len(z_masks):
        raise InvalidArgumentError(
            "The arguments `x_masks` and `z_masks` must have equal lengths, but got "
            f"{len(x_masks)} and {len(z_masks)}."
        )
    if not x_masks:
        return []
    n_bits = max(mask.bit_length() for mask in (*x_masks, *z_masks))
    x, z = pack(x_masks, n_bits), pack(z_masks, n_bits)
    order = _by_falling_degree(x, z, kind)
    colours = _first_fit(x[order], z[order], kind)
    return _collect(order, colours)


def _by_falling_degree(x: Words, z: Words, kind: CommutationKind) -> NDArray[np.intp]:
    blocks = [np.count_nonzero(rows, axis=1) for _, rows in _blocks(x, z, kind)]
    return np.argsort(-np.concatenate(blocks), kind="stable")


def _first_fit(x: Words, z: Words, kind: CommutationKind) -> NDArray[np.intp]:
    """Colour of each string: the smallest that no conflicting earlier string has."""
    colours = np.zeros(len(x), dtype=np.intp)
    n_colours = 0
    for start, rows in _blocks(x, z, kind):
        for position, row in enumerate(rows, start):
            taken = np.zeros(n_colours + 1, dtype=np.bool_)
            taken[colours[:position][row[:position]]] = True
            colours[position] = np.argmin(taken)
            n_colours = max(n_colours, int(colours[position]) + 1)
    return colours


def _blocks(x: Words, z: Words, kind: CommutationKind) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Rows of the conflict matrix in blocks of bounded memory, with the first row's number."""
    step = max(1, _BLOCK_BYTES // (8 * x.size))
    for start in range(0, len(x), step):
        stop = start + step
        yield start, conflicts(x[start:stop], z[start:stop], x, z, kind)


def _collect(order: NDArray[np.intp], colours: NDArray[np.intp]) -> list[list[int]]:
    groups: list[list[int]] = [[] for _ in range(int(colours.max()) + 1)]
    for position, colour in zip(order.tolist(), colours.tolist(), strict=True):
        groups[colour].append(position)
    return sorted(sorted(group) for group in groups)
