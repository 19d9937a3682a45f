"""The gates that a search begins with."""

from __future__ import annotations

from circuits.errors import InvalidArgumentError, ShapeError
from optim.problems.problem import Problem
from optim.search.candidate import Candidate
from optim.search.choices import Choices


def checked_start(initial: Candidate | None, problem: Problem, choices: Choices) -> Candidate:
    """The candidate to begin with, without gates by default.

    Args:
        initial: Gates to begin with; they count, and the search may change them.
        problem: The problem.
        choices: The gates that the search may place; those of `initial` must keep to the same
            qubits and pairs.

    Raises:
        ShapeError: If `initial` has another number of qubits.
        InvalidArgumentError: If a gate is none of rx, ry, rz, cx, or is where none may be.
    """
    if initial is None:
        return Candidate(problem.n_qubits)
    if initial.n_qubits != problem.n_qubits:
        raise ShapeError(
            f"Argument `initial` must have {problem.n_qubits} qubits as the problem "
            f"{problem.name!r}, got {initial.n_qubits}."
        )
    for name, qubits, _ in initial.gates:
        turn = name in ("rx", "ry", "rz") and qubits[0] in choices.qubits
        if not turn and not (name == "cx" and qubits in choices.pairs):
            raise InvalidArgumentError(
                f"Argument `initial` holds `{name}` on {qubits}, where the problem "
                f"{problem.name!r} admits none. A search uses rx, ry, rz and cx on the problem's "
                "qubits and coupling; other fixed gates belong into `problem.initial`."
            )
    return initial


def as_option(initial: Candidate | None) -> str | None:
    """A start as it stands among the settings of a search."""
    return None if initial is None else initial.to_json()
