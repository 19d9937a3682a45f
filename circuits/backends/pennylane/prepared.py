"""Circuits as PennyLane runs them: looked at once, angles computed for all points together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import pennylane as qp
import torch

from circuits.backends.statevector import check_preparations
from circuits.circuit import Circuit
from circuits.execution import Request
from circuits.finite import check_finite
from circuits.interop.pennylane.writer import check_writable, queue
from circuits.machines.lowering import content_key
from circuits.remembered import Remembered
from circuits.simulators.binding import Binding, bind

_KEPT = 256


@final
@dataclass(frozen=True, slots=True)
class Prepared:
    """A circuit that PennyLane can express.

    Attributes:
        circuit: The circuit, without global phases.
        binding: From values to angles.
        numbers: The circuit's numbers for the binding.
        owners: For each angle the position of its op.
    """

    circuit: Circuit
    binding: Binding
    numbers: tuple[np.ndarray, ...]
    owners: np.ndarray

    def angles(self, request: Request) -> np.ndarray:
        """Values of all angles, float64 `(n_angles, points)`.

        Raises:
            NonFiniteError: If one is not finite.
        """
        inputs = request.inputs.detach().to("cpu", torch.float64)
        weights = request.weights.detach().to("cpu", torch.float64)
        angles = self.binding.angles(self.numbers, inputs, weights)
        for tensor in (angles, inputs, weights, *self._norms(angles)):
            check_finite(tensor, inputs, weights)
        found: np.ndarray = angles.numpy()
        return found

    def _norms(self, angles: torch.Tensor) -> list[torch.Tensor]:
        """For each state preparation from symbols the inverse norms of its amplitudes."""
        prepared = [
            k
            for k, op in enumerate(self.circuit.ops)
            if op.kind == "state_preparation" and op.angles
        ]
        return [1 / angles[torch.as_tensor(self.owners == k)].norm(dim=0) for k in prepared]

    def varying(self, angles: np.ndarray) -> np.ndarray:
        """Which ops have an angle that is not the same at all points, bool `(n_ops,)`."""
        moving = (angles != angles[:, :1]).any(axis=1)
        found = np.zeros(len(self.circuit.ops), dtype=bool)
        found[self.owners[moving]] = True
        return found

    def operations(self, angles: np.ndarray, varying: np.ndarray) -> list[Any]:
        """PennyLane's operations for a number of points.

        An op of which nothing varies gets numbers, which PennyLane applies once to all points;
        any other op gets an array for each of its angles.

        Args:
            angles: `(n_angles, points)`, at least one point.
            varying: What `varying` said.
        """
        rows = iter(angles)
        values = [
            [next(rows) if varies else float(next(rows)[0]) for _ in op.angles]
            for op, varies in zip(self.circuit.ops, varying, strict=True)
        ]
        with qp.queuing.AnnotatedQueue() as queued:
            queue(self.circuit, values)
        return list(queued.queue)


_known = Remembered[Prepared](_KEPT)


def prepare(circuit: Circuit) -> Prepared:
    """The circuit in PennyLane's terms, looked at once.

    Raises:
        ConversionError: If an operation has no counterpart, naming it.
        UnsupportedOperationError: If a state is prepared on qubits that were used.
    """
    return _known.of((), content_key(circuit), lambda: _prepared(circuit))


def _prepared(circuit: Circuit) -> Prepared:
    check_preparations(circuit)
    check_writable(circuit)
    circuit = Circuit(circuit.n_qubits, [op for op in circuit.ops if op.kind != "global_phase"])
    owners = np.array([k for k, op in enumerate(circuit.ops) for _ in op.angles], dtype=np.int64)
    binding = bind(circuit)
    return Prepared(circuit, binding, binding.numbers(circuit), owners)


def basis_changes(basis: Mapping[int, str]) -> list[Any]:
    """Operations after which measuring Z measures the letters of the qubits."""
    changes: list[Any] = []
    with qp.queuing.QueuingManager.stop_recording():
        for qubit, letter in basis.items():
            if letter == "Y":
                changes.append(qp.adjoint(qp.S(qubit)))
            if letter in "XY":
                changes.append(qp.Hadamard(qubit))
    return changes


def pauli_word(x_mask: int, z_mask: int) -> Any:
    """The Pauli string of the masks as an observable."""
    letters = {
        q: "IXZY"[(x_mask >> q & 1) + 2 * (z_mask >> q & 1)]
        for q in range((x_mask | z_mask).bit_length())
    }
    word: Sequence[tuple[int, str]] = [(q, p) for q, p in letters.items() if p != "I"]
    return qp.pauli.string_to_pauli_word(
        "".join(p for _, p in word), wire_map={q: k for k, (q, _) in enumerate(word)}
    )
