"""One-letter observables: `X(0)`, `Y(0)`, `Z(0)`, `I()`."""

from __future__ import annotations

import operator

from circuits.errors import ArgumentTypeError, QubitError
from circuits.pauli.labels import MAX_QUBIT
from circuits.pauli.pauli_sum import PauliSum


def X(qubit: int) -> PauliSum:
    """Pauli X on one qubit.

    Args:
        qubit: Index of the qubit, counted from 0.

    Returns:
        The observable, without a fixed width.

    Raises:
        QubitError: If the index is negative or too large.

    >>> X(0) * Y(0)
    PauliSum({'Z0': 1j})
    """
    bit = _bit(qubit)
    return PauliSum.from_masks([(bit, 0, 1.0)])


def Y(qubit: int) -> PauliSum:
    """Pauli Y on one qubit; arguments as for `X`."""
    bit = _bit(qubit)
    return PauliSum.from_masks([(bit, bit, 1.0)])


def Z(qubit: int) -> PauliSum:
    """Pauli Z on one qubit; arguments as for `X`."""
    bit = _bit(qubit)
    return PauliSum.from_masks([(0, bit, 1.0)])


def I(qubit: int = 0) -> PauliSum:  # noqa: E743
    """The identity. It acts on every qubit, so the checked index leaves no trace in the value."""
    _bit(qubit)
    return PauliSum.from_masks([(0, 0, 1.0)])


def _bit(qubit: int) -> int:
    try:
        index = operator.index(qubit)
    except TypeError:
        raise ArgumentTypeError(
            f"The argument `qubit` must be an integer, but got {type(qubit).__name__}."
        ) from None
    if not 0 <= index <= MAX_QUBIT:
        raise QubitError(f"The argument `qubit` must be 0 to {MAX_QUBIT}, but got {index}.")
    return 1 << index
