"""What requests ask of a circuit with channels, as plans on Pauli vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.compact import compact
from circuits.execution import Request
from circuits.pauli import PauliSum
from circuits.simulators import sampling
from circuits.simulators.transfer.measurement import (
    EntryMeasurement,
    TransferExpectations,
    TransferProbabilities,
    WholeVector,
)
from circuits.simulators.transfer.vectors import basis_entries, sign_transform

Plan = Callable[[Tensor, Tensor], Tensor]
"""From inputs and weights to values `(points, n_values)`."""
Make = Callable[[Circuit, EntryMeasurement, Mapping[int, np.ndarray]], Plan]
"""From a circuit, what is read and what reading does to qubits to a plan."""
Confusion = Mapping[int, np.ndarray]
"""[[P(0|0), P(1|0)], [P(0|1), P(1|1)]] of qubits with readout error."""


def exact_plan(circuit: Circuit, request: Request, confusion: Confusion, make: Make) -> Plan:
    """The plan of the values that a request without shots asks for.

    Args:
        circuit: The request's circuit, with its channels.
        request: What is read; its values do not matter.
        confusion: Readout errors.
        make: Makes a plan.
    """
    small, new = compact(circuit)
    measurement = exact_measurement(request, new, confusion)
    return make(small, measurement, reading(confusion, new))


def exact_measurement(
    request: Request, new: Mapping[int, int], confusion: Confusion
) -> EntryMeasurement:
    """What an exact request reads, where its qubits are `new`: those left out stay in |0>."""
    position = dict(new)
    if request.qubits is None:
        idle = _idle(measured_qubits(request), position, confusion)
        return TransferExpectations(request.observables, position, idle)
    letters = _letters(request)
    return TransferProbabilities(letters, position, _idle(request.qubits, position, confusion))


@final
@dataclass(frozen=True, slots=True)
class Estimates:
    """Means of observables from shots on the exact probabilities.

    Attributes:
        width: Number of qubits that are simulated.
        observables: The observables on them.
        plan: Gives the whole Pauli vector.
    """

    width: int
    observables: Sequence[PauliSum]
    plan: Plan

    def __call__(
        self, request: Request, shots: int, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """Means and their squared standard errors, `(points, n_observables)` each."""
        vector = self.plan(request.inputs.detach(), request.weights.detach())

        def rotated(basis: dict[int, str]) -> Tensor:
            letters = [(q, basis.get(q, "Z")) for q in range(self.width)]
            index = torch.as_tensor(basis_entries(letters), device=vector.device)
            return sign_transform(vector.T.index_select(0, index)).clamp(min=0)

        return sampling.estimate(rotated, self.observables, shots, generator)


def estimates(circuit: Circuit, request: Request, confusion: Confusion, make: Make) -> Estimates:
    """What a request for observables with shots needs; arguments as of `exact_plan`."""
    small, new = compact(circuit, measured_qubits(request))
    observables = [o.with_width(None).map_qubits(new) for o in request.observables]
    plan = make(small, WholeVector(small.n_qubits), reading(confusion, new))
    return Estimates(small.n_qubits, observables, plan)


@final
@dataclass(frozen=True, slots=True)
class Draws:
    """Outcomes of qubits; qubits on which nothing happens are drawn on their own.

    Attributes:
        qubits: All of them, in the order of the columns.
        parts: Qubits that are drawn together, with the plan of their probabilities.
    """

    qubits: tuple[int, ...]
    parts: Sequence[tuple[Sequence[int], Plan]]

    def __call__(self, request: Request, shots: int, generator: torch.Generator | None) -> Tensor:
        """uint8 `(points, shots, k)`."""
        columns: dict[int, Tensor] = {}
        for qubits, plan in self.parts:
            values = plan(request.inputs.detach(), request.weights.detach())
            outcomes = sampling.draw(values.T.clamp(min=0), shots, generator)
            for k, qubit in enumerate(qubits):
                columns[qubit] = (outcomes >> k & 1).to(torch.uint8)
        return torch.stack([columns[q] for q in self.qubits], dim=-1)


def draws(circuit: Circuit, request: Request, confusion: Confusion, make: Make) -> Draws:
    """What a request for samples needs; arguments as of `exact_plan`."""
    assert request.qubits is not None
    small, new = compact(circuit)
    letters = _letters(request)
    parts = [[pair for pair in letters if pair[0] in new]]
    parts += [[pair] for pair in letters if pair[0] not in new]
    plans = []
    for part in parts:
        qubits = [q for q, _ in part]
        measurement = TransferProbabilities(part, new, _idle(qubits, new, confusion))
        plans.append((qubits, make(small, measurement, reading(confusion, new))))
    return Draws(request.qubits, plans)


def measured_qubits(request: Request) -> list[int]:
    """The qubits that a request's observables act on, ascending."""
    return sorted({q for o in request.observables for q in o.qubits})


def reading(confusion: Confusion, position: Mapping[int, int]) -> dict[int, np.ndarray]:
    """For each simulated qubit with readout error, by position, the matrix of its reading."""
    return {position[q]: reading_matrix(c) for q, c in confusion.items() if q in position}


def reading_matrix(confusion: np.ndarray) -> np.ndarray:
    """What reading does to the Pauli vector of a qubit, in whichever basis it is measured.

    P -> a I + b P for P = X, Y, Z, with a = P(0|1) - P(1|0) and b = 1 - P(0|1) - P(1|0). This is
    no channel: each letter is measured in an experiment of its own.

    Args:
        confusion: [[P(0|0), P(1|0)], [P(0|1), P(1|1)]].

    Returns:
        `(4, 4)`.
    """
    one_from_zero, zero_from_one = float(confusion[0][1]), float(confusion[1][0])
    matrix = np.diag([1.0, *[1 - one_from_zero - zero_from_one] * 3])
    matrix[1:, 0] = zero_from_one - one_from_zero
    return matrix


def _letters(request: Request) -> list[tuple[int, str]]:
    assert request.qubits is not None
    return list(zip(request.qubits, request.bases or "Z" * len(request.qubits), strict=True))


def _idle(
    qubits: Sequence[int], position: Mapping[int, int], confusion: Confusion
) -> dict[int, np.ndarray]:
    """Pauli vectors `(4,)` of the qubits that stay in |0>, as they are read."""
    zero, perfect = np.array([1.0, 0.0, 0.0, 1.0]), np.eye(2)
    return {
        q: reading_matrix(confusion.get(q, perfect)) @ zero for q in qubits if q not in position
    }
