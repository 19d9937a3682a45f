"""Observables as requests for bitstrings: one per set of strings that are measured together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuits.execution import Request
from circuits.pauli import PauliSum
from circuits.simulators.sampling import measurement_groups
from noise.mitigation.base import derive
from noise.mitigation.readout.outcomes import Bits, Floats


@dataclass(frozen=True)
class Group:
    """Pauli strings that one measurement basis decides.

    Attributes:
        qubits: What is measured.
        bases: Letter of each qubit.
        members: For each string its observable, its columns among `qubits`, its coefficient.
        n_observables: Number of observables of the request.
    """

    qubits: tuple[int, ...]
    bases: str
    members: tuple[tuple[int, tuple[int, ...], float], ...]
    n_observables: int

    def request(self, request: Request) -> Request:
        """The request for bitstrings in this group's basis."""
        return derive(request, observables=(), qubits=self.qubits, bases=self.bases)

    def signs(self, bits: Bits) -> Floats:
        """Value +-1 of each string on each row of bits `(m, k)`: `(m, strings)`."""
        columns = [
            1.0 - 2.0 * (bits[:, list(where)].sum(1, dtype=np.int64) % 2)
            for _, where, _ in self.members
        ]
        return np.stack(columns, axis=1)

    def strings(self) -> tuple[PauliSum, ...]:
        """Each member as an observable with coefficient one."""
        labels = [
            " ".join(f"{self.bases[j]}{self.qubits[j]}" for j in w) for _, w, _ in self.members
        ]
        return tuple(PauliSum(label) for label in labels)

    @property
    def coefficients(self) -> Floats:
        """Coefficients `(strings, n_observables)`."""
        matrix = np.zeros((len(self.members), self.n_observables))
        for row, (observable, _, coefficient) in enumerate(self.members):
            matrix[row, observable] += coefficient
        return matrix


def groups_of(
    observables: Sequence[PauliSum], measure: Sequence[int] | None = None
) -> tuple[list[Group], Floats]:
    """Groups of qubit-wise commuting strings over all observables.

    Args:
        observables: Hermitian Pauli sums.
        measure: Qubits that every group measures; by default those of its strings. Qubits without
            a letter are measured in Z.

    Returns:
        The groups and each observable's constant part `(n_observables,)`.
    """
    found, constants = measurement_groups(observables)
    groups = []
    for group in found:
        qubits = tuple(sorted(group.basis) if measure is None else measure)
        place = {q: j for j, q in enumerate(qubits)}
        members = tuple(
            (k, tuple(place[q] for q in _set_bits(mask)), coefficient)
            for k, mask, coefficient in group.terms
        )
        bases = "".join(group.basis.get(q, "Z") for q in qubits)
        groups.append(Group(qubits, bases, members, len(observables)))
    return groups, np.array(constants)


def _set_bits(mask: int) -> list[int]:
    return [q for q in range(mask.bit_length()) if mask >> q & 1]
