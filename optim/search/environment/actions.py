"""The actions of the environment: CNOTs on ordered pairs of qubits and rotations about X, Y, Z."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from circuits.arguments import integer
from circuits.errors import InvalidArgumentError
from optim.problems.problem import Problem
from optim.search.candidate import Candidate

Bools = NDArray[np.bool_]

AXES = ("rx", "ry", "rz")


@final
class Actions:
    """The N (N + 2) gates that a step may append on N qubits, and which of them are illegal when.

    First the CNOTs, by control and then by offset, target = (control + offset) mod N, offsets from
    1; then the rotations, by qubit and then by axis X, Y, Z. Illegal are gates that the problem
    does not allow (its `qubits`, its `coupling`, which allows both directions of a pair), and the
    repetition of a gate directly after itself: the same CNOT (same control and target) where no
    other gate touched either of its qubits since, the same-axis rotation where no other gate
    touched its qubit since.

    Args:
        n_qubits: Number of qubits N.
        qubits: Qubits that gates may touch; default all.
        coupling: Pairs of qubits that CNOTs may join; default all.

    References:
        Patel et al., Curriculum reinforcement learning for quantum architecture search under
        hardware errors, arXiv:2402.03500.

    >>> actions = Actions(2)
    >>> actions.gates[:3]
    (('cx', (0, 1)), ('cx', (1, 0)), ('rx', (0,)))
    >>> actions.quadruples[[0, 2]].tolist()
    [[0, 1, 2, 0], [2, 0, 0, 1]]
    """

    def __init__(
        self,
        n_qubits: int,
        qubits: Sequence[int] | None = None,
        coupling: Sequence[tuple[int, int]] | None = None,
    ) -> None:
        n = self.n_qubits = integer(n_qubits, "n_qubits")
        pairs = [(c, (c + offset) % n) for c in range(n) for offset in range(1, n)]
        turns = [(axis, (q,)) for q in range(n) for axis in AXES]
        self.gates: tuple[tuple[str, tuple[int, ...]], ...] = (
            *(("cx", pair) for pair in pairs),
            *turns,
        )
        self._index = {gate: k for k, gate in enumerate(self.gates)}
        self._single = tuple(Candidate(n, [gate]) for gate in self.gates)
        free = set(range(n) if qubits is None else qubits)
        joined = None if coupling is None else {frozenset(pair) for pair in coupling}
        #: Whether each action is ever legal, `(len(self),)`.
        self.allowed: Bools = np.array(
            [
                free.issuperset(on) and (joined is None or len(on) == 1 or frozenset(on) in joined)
                for _, on in self.gates
            ]
        )
        if not self.allowed.any():
            raise InvalidArgumentError(
                f"Arguments `qubits` ({qubits}) and `coupling` ({coupling}) leave no action."
            )

    @classmethod
    def of(cls, problem: Problem) -> Actions:
        """The actions on a problem's qubits and couplings."""
        return cls(problem.n_qubits, problem.qubits, problem.coupling)

    def __len__(self) -> int:
        return len(self.gates)

    @property
    def quadruples(self) -> NDArray[np.int64]:
        """The actions as `(len(self), 4)`: control, offset, qubit, axis (1, 2, 3), as in the paper.

        N in the first or third place means that there is no CNOT or no rotation.
        """
        n = self.n_qubits
        return np.array(
            [
                (on[0], (on[-1] - on[0]) % n, n, 0)
                if name == "cx"
                else (n, 0, on[0], 1 + AXES.index(name))
                for name, on in self.gates
            ]
        )

    def index(self, name: str, qubits: tuple[int, ...]) -> int:
        """Number of the action that appends a gate.

        Raises:
            InvalidArgumentError: If no action does.
        """
        found = self._index.get((name, tuple(qubits)))
        if found is None:
            raise InvalidArgumentError(f"No action appends `{name}` on qubits {tuple(qubits)}.")
        return found

    def append(self, candidate: Candidate, action: int) -> Candidate:
        """The candidate with the gate of an action behind it, its angle 0."""
        return candidate + self._single[action]

    def last(self, candidate: Candidate) -> list[int]:
        """For each qubit the action of the last gate that touched it, -1 if there is none.

        Raises:
            InvalidArgumentError: If the candidate has a gate that no action appends.
        """
        found = [-1] * self.n_qubits
        for gate in candidate:
            self.touch(found, self.index(gate.name, gate.qubits))
        return found

    def touch(self, last: list[int], action: int) -> None:
        """Bring `last` up to date after an action."""
        for qubit in self.gates[action][1]:
            last[qubit] = action

    def mask(self, last: Sequence[int]) -> Bools:
        """Which actions are legal `(len(self),)`.

        Args:
            last: What `last` returned.
        """
        found: Bools = self.allowed.copy()
        for action in set(last) - {-1}:
            if all(last[qubit] == action for qubit in self.gates[action][1]):
                found[action] = False
        return found
