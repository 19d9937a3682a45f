"""The 3-D tensor encoding of circuits: moments x (CNOT grid and rotations) x qubits."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuits.arguments import integer
from circuits.errors import InvalidArgumentError, ShapeError
from optim.search.candidate import Candidate, Placed
from optim.search.environment.actions import AXES


@final
class Encoding:
    """Circuits of CNOTs and rotations as tensors `(max_gates, N + 6, N)`, and back.

    Entry `[m, t, c]`, t < N, is 1 if moment m has a CNOT with control c and target t; `[m, N + k,
    q]` is 1 if it has a rotation about axis k of (X, Y, Z) on qubit q, whose angle stands at
    `[m, N + 3 + k, q]`. A gate is written to the first moment from which on its qubits are free.
    The first N + 3 rows, which hold no angles, are what a policy usually sees.

    Gates of one moment touch different qubits and commute. So circuits up to the order of such
    gates are one to one with tensors: `encode(decode(t)) == t`, and `decode(encode(c))` is c with
    its gates sorted by moment, then by lowest qubit.

    Args:
        n_qubits: Number of qubits N.
        max_gates: Number of moments L, enough for this number of gates.

    References:
        Patel et al., arXiv:2402.03500; Kundu and Mangini, arXiv:2505.09371.

    >>> encoding = Encoding(2, 3)
    >>> tensor = encoding.encode(Candidate(2, [("ry", (1,), 0.5), ("cx", (0, 1))]))
    >>> tensor.shape, np.argwhere(tensor).tolist()
    ((3, 8, 2), [[0, 3, 1], [0, 6, 1], [1, 1, 0]])
    >>> encoding.decode(tensor).gates
    (Placed(name='ry', qubits=(1,), angle=0.5), Placed(name='cx', qubits=(0, 1), angle=None))
    """

    def __init__(self, n_qubits: int, max_gates: int) -> None:
        self.n_qubits = integer(n_qubits, "n_qubits")
        self.max_gates = integer(max_gates, "max_gates")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the tensor with angles."""
        return self.max_gates, self.n_qubits + 6, self.n_qubits

    @property
    def binary_shape(self) -> tuple[int, int, int]:
        """Shape of the part without angles."""
        return self.max_gates, self.n_qubits + 3, self.n_qubits

    def place(self, front: list[int], name: str, qubits: tuple[int, ...]) -> tuple[int, int, int]:
        """Where the next gate is written: moment, row, column; `front` moves on.

        Args:
            front: For each qubit the first moment from which on it is free; changed.
            name: `"cx"` or one of the rotations.
            qubits: Its qubits.
        """
        moment = max(front[q] for q in qubits)
        for q in qubits:
            front[q] = moment + 1
        if name == "cx":
            return moment, qubits[1], qubits[0]
        return moment, self.n_qubits + AXES.index(name), qubits[0]

    def encode(self, candidate: Candidate) -> NDArray[np.float64]:
        """The tensor of a candidate.

        Raises:
            InvalidArgumentError: If it has other gates, or more moments than `max_gates`.
        """
        if candidate.n_qubits != self.n_qubits:
            raise ShapeError(
                f"The encoding is of {self.n_qubits} qubits, the candidate has "
                f"{candidate.n_qubits}."
            )
        tensor, front = np.zeros(self.shape), [0] * self.n_qubits
        for gate in candidate:
            if gate.name != "cx" and gate.name not in AXES:
                raise InvalidArgumentError(
                    f"The encoding holds cx, {', '.join(AXES)}; the candidate has `{gate.name}`."
                )
            moment, row, column = self.place(front, gate.name, gate.qubits)
            if moment >= self.max_gates:
                raise InvalidArgumentError(
                    f"The candidate has depth {candidate.depth}, the encoding only "
                    f"{self.max_gates} moments."
                )
            tensor[moment, row, column] = 1
            if gate.angle is not None:
                tensor[moment, row + 3, column] = gate.angle
        return tensor

    def decode(self, tensor: ArrayLike) -> Candidate:
        """The candidate of a tensor.

        Args:
            tensor: `(max_gates, N + 6, N)`, or `(max_gates, N + 3, N)`, whose angles are 0.

        Raises:
            ShapeError: If the shape is another.
            InvalidArgumentError: If no candidate has this tensor: entries other than 0 and 1, a
                qubit used twice in a moment, a gate later than it could be, an angle of no gate.
        """
        array, n = np.asarray(tensor, dtype=np.float64), self.n_qubits
        if array.shape == self.binary_shape:
            array = np.concatenate([array, np.zeros((self.max_gates, 3, n))], axis=1)
        if array.shape != self.shape:
            raise ShapeError(
                f"Argument `tensor` must have shape {self.shape} or {self.binary_shape}, got "
                f"{array.shape}."
            )
        gates = []
        for moment, row, column in np.argwhere(array[:, : n + 3]).tolist():
            if row >= n:
                angle = float(array[moment, row + 3, column])
                gates.append((moment, Placed(AXES[row - n], (column,), angle)))
            else:
                gates.append((moment, Placed("cx", (column, row))))
        gates.sort(key=lambda entry: (entry[0], min(entry[1].qubits)))
        if any(len(set(gate.qubits)) != len(gate.qubits) for _, gate in gates):
            raise InvalidArgumentError("Argument `tensor` has a CNOT of a qubit with itself.")
        candidate = Candidate(n, [gate for _, gate in gates])
        if candidate.depth > self.max_gates or not np.array_equal(self.encode(candidate), array):
            raise InvalidArgumentError(
                "Argument `tensor` is the tensor of no circuit: entries must be 0 or 1, each qubit "
                "used at most once in a moment, each gate as early as its qubits are free, angles "
                "only where there is a rotation."
            )
        return candidate
