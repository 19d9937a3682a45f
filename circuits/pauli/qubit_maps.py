"""Moving Pauli strings to other qubits."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence

from circuits.errors import ArgumentTypeError, ObservableError
from circuits.pauli.labels import MAX_QUBIT
from circuits.pauli.terms import PauliTerm, Terms


def moved_terms(
    terms: Terms, qubits: tuple[int, ...], mapping: Mapping[int, int] | Sequence[int]
) -> list[PauliTerm]:
    """Terms with each of `qubits` (all that a string acts on) moved to `mapping[q]`."""
    targets = {q: _target(mapping, q) for q in qubits}
    if len(set(targets.values())) < len(targets):
        raise ObservableError(
            "The argument `mapping` must send different qubits to different qubits, but got "
            f"{targets}."
        )

    def moved(mask: int) -> int:
        result = 0
        while mask:
            low = mask & -mask
            result |= 1 << targets[low.bit_length() - 1]
            mask ^= low
        return result

    return [PauliTerm(moved(x), moved(z), c) for x, z, c in terms]


def _target(mapping: Mapping[int, int] | Sequence[int], qubit: int) -> int:
    try:
        target = operator.index(mapping[qubit])
    except (KeyError, IndexError):
        raise ObservableError(
            f"The argument `mapping` must name every qubit of the observable, but has no entry for "
            f"qubit {qubit}."
        ) from None
    except TypeError:
        raise ArgumentTypeError(
            "The argument `mapping` must be a dict or sequence of integers, but got "
            f"{type(mapping).__name__} without an integer for qubit {qubit}."
        ) from None
    if not 0 <= target <= MAX_QUBIT:
        raise ObservableError(
            f"The argument `mapping` must name qubits 0 to {MAX_QUBIT}, but sends qubit {qubit} "
            f"to {target}."
        )
    return target
