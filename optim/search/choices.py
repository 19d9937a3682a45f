"""Which gates a search may place: rotations on the problem's qubits, CNOTs along its coupling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from circuits.arguments import rotations
from circuits.errors import InvalidArgumentError
from optim.problems.problem import Problem
from optim.search.candidate import Candidate, Placed


@final
@dataclass(frozen=True)
class Choices:
    """The gates that may stand in a candidate.

    Attributes:
        n_qubits: Number of qubits.
        axes: Names of the rotations, of `rx`, `ry`, `rz`.
        qubits: Qubits on which gates may be placed.
        pairs: Pairs (control, target) between which CNOTs may be placed.
    """

    n_qubits: int
    axes: tuple[str, ...]
    qubits: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, problem: Problem, axes: Sequence[str] | str = ("rx", "ry", "rz")) -> Choices:
        """The gates that a problem admits.

        CNOTs run in both directions along each pair of `problem.coupling`, between all pairs of
        `problem.qubits` if there is no coupling.

        Args:
            problem: The `Problem`.
            axes: Names of the rotations to use.
        """
        named = rotations(axes, "axes")
        if "p" in named:
            raise InvalidArgumentError("Argument `axes` must name rx, ry or rz, got 'p'.")
        qubits = tuple(sorted(problem.free_qubits))
        pairs = {pair for a, b in coupling_of(problem) for pair in ((a, b), (b, a))}
        return cls(problem.n_qubits, named, qubits, tuple(sorted(pairs)))

    @property
    def gates(self) -> tuple[Placed, ...]:
        """Every gate once, rotations by 0 first."""
        turns = [Placed(axis, (qubit,), 0.0) for qubit in self.qubits for axis in self.axes]
        return (*turns, *(Placed("cx", pair) for pair in self.pairs))

    def allows(self, candidate: Candidate) -> bool:
        """Whether all gates of a candidate are among these (at any angle)."""
        return all(self.allows_gate(gate) for gate in candidate.gates)

    def allows_gate(self, gate: Placed) -> bool:
        """Whether a gate is among these (at any angle)."""
        if gate.name == "cx":
            return gate.qubits in self.pairs
        return gate.name in self.axes and gate.qubits[0] in self.qubits


def coupling_of(problem: Problem) -> tuple[tuple[int, int], ...]:
    """Unordered pairs (a, b), a < b, between which a search may place CNOTs."""
    qubits = sorted(problem.free_qubits)
    if problem.coupling is None:
        return tuple((a, b) for k, a in enumerate(qubits) for b in qubits[k + 1 :])
    pairs = {(min(pair), max(pair)) for pair in problem.coupling}
    return tuple(sorted(pair for pair in pairs if set(pair) <= set(qubits)))


def idle_qubits(problem: Problem) -> tuple[int, ...]:
    """Qubits that are in |0> where a search's gates begin: no initial gate touches them."""
    touched = (
        set() if problem.initial is None else {q for op in problem.initial.ops for q in op.qubits}
    )
    return tuple(q for q in range(problem.n_qubits) if q not in touched)
