"""A set of commuting Pauli strings, as grouping returns it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from circuits.pauli.pauli_sum import PauliSum


@dataclass(frozen=True, slots=True)
class PauliGroup:
    """Terms of a `PauliSum` that commute with one another.

    Args:
        observable: The terms of the group.
        indices: Their positions in the terms of the grouped sum, ascending.
        basis: For qubit-wise groups the letter to measure on each qubit that the group touches,
            as `((qubit, letter), ...)` with rising qubits; `None` for general groups, which need
            an entangling basis change.
    """

    observable: PauliSum
    indices: tuple[int, ...]
    basis: tuple[tuple[int, str], ...] | None
