"""What is read from a final Pauli vector: all of it linear in the vector's entries."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from circuits.pauli import PauliSum
from circuits.simulators.measurement import Measurement
from circuits.simulators.transfer.vectors import sign_transform

_SMALL = 2**14  # products, below which threads of a matrix product cost more than they save

Idle = Mapping[int, np.ndarray]
"""For each qubit that is not simulated its Pauli vector `(4,)`, readout included."""


class EntryMeasurement(Measurement):
    """A linear function of some entries of the Pauli vector.

    Attributes:
        indices: int64 `(n_entries,)`, the entries.
    """

    indices: np.ndarray

    @abstractmethod
    def combine(self, entries: Tensor) -> Tensor:
        """Values `(n_values, batch)` from entries `(n_entries, batch)`."""

    @abstractmethod
    def spread(self, gradient: Tensor) -> Tensor:
        """The transpose of `combine`: `(n_entries, batch)` from `(n_values, batch)`."""

    @final
    def values(self, state: Tensor) -> Tensor:
        index = torch.as_tensor(self.indices, device=state.device)
        return self.combine(state.index_select(0, index))

    @final
    def cotangent(self, state: Tensor, gradient: Tensor) -> Tensor:
        index = torch.as_tensor(self.indices, device=state.device)
        return torch.zeros_like(state).index_add(0, index, self.spread(gradient))


class _Places:
    """Where strings of Pauli letters are found: on simulated qubits, or as a known factor."""

    def __init__(self, position: Mapping[int, int], idle: Idle) -> None:
        self._position = position
        self._idle = idle

    def extend(
        self, index: np.ndarray, factor: np.ndarray, qubit: int, digit: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Multiply strings by one more letter."""
        if qubit in self._position:
            return index + (digit << 2 * self._position[qubit]), factor
        return index, factor * self._idle[qubit][digit]


@final
class TransferExpectations(EntryMeasurement):
    """Tr(O_k rho) for Hermitian Pauli sums.

    Args:
        observables: The Pauli sums O_k.
        position: For each simulated qubit its position in the vector.
        idle: The states of all other qubits.
    """

    def __init__(
        self, observables: Sequence[PauliSum], position: Mapping[int, int], idle: Idle
    ) -> None:
        places = _Places(position, idle)
        column: dict[int, int] = {}
        terms: list[tuple[int, int, float]] = []
        for k, observable in enumerate(observables):
            for x_mask, z_mask, coefficient in observable.terms:
                index, factor = np.zeros(1, dtype=np.int64), np.ones(1)
                for q in range((x_mask | z_mask).bit_length()):
                    letter = (x_mask >> q & 1) + 2 * (z_mask >> q & 1)
                    if letter:
                        index, factor = places.extend(index, factor, q, (0, 1, 3, 2)[letter])
                place = column.setdefault(int(index[0]), len(column))
                terms.append((k, place, float(np.real(coefficient)) * float(factor[0])))
        self.n_values = len(observables)
        self.indices = np.array(list(column), dtype=np.int64)
        self.matrix = np.zeros((len(observables), len(column)))
        for k, place, coefficient in terms:
            self.matrix[k, place] += coefficient

    def _table(self, like: Tensor) -> Tensor:
        return torch.as_tensor(self.matrix, dtype=like.dtype, device=like.device)

    def combine(self, entries: Tensor) -> Tensor:
        return _product(self._table(entries), entries)

    def spread(self, gradient: Tensor) -> Tensor:
        return _product(self._table(gradient).T, gradient)


def _product(table: Tensor, columns: Tensor) -> Tensor:
    if table.numel() * columns.shape[1] > _SMALL:
        return table @ columns
    return (table[:, :, None] * columns).sum(1)


@final
class TransferProbabilities(EntryMeasurement):
    """Probabilities of outcomes on some qubits, the first listed least significant.

    Args:
        letters: Qubits and the Pauli basis in which each is measured.
        position: For each simulated qubit its position in the vector.
        idle: The states of all other qubits.
    """

    def __init__(
        self, letters: Sequence[tuple[int, str]], position: Mapping[int, int], idle: Idle
    ) -> None:
        places = _Places(position, idle)
        index, factor = np.zeros(1, dtype=np.int64), np.ones(1)
        for qubit, letter in letters:
            more = places.extend(index, factor, qubit, "IXYZ".index(letter))
            index, factor = np.concatenate([index, more[0]]), np.concatenate([factor, more[1]])
        self.n_values = 2 ** len(letters)
        self.indices, self.factors = index, factor

    def _table(self, like: Tensor) -> Tensor:
        return torch.as_tensor(self.factors, dtype=like.dtype, device=like.device)[:, None]

    def combine(self, entries: Tensor) -> Tensor:
        return sign_transform(self._table(entries) * entries)

    def spread(self, gradient: Tensor) -> Tensor:
        return self._table(gradient) * sign_transform(gradient)


@final
class WholeVector(EntryMeasurement):
    """All entries, in order."""

    def __init__(self, n_qubits: int) -> None:
        self.n_values = 4**n_qubits
        self.indices = np.arange(4**n_qubits)

    def combine(self, entries: Tensor) -> Tensor:
        return entries

    def spread(self, gradient: Tensor) -> Tensor:
        return gradient
