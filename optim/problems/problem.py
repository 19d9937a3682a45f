"""`Problem`: what an optimizer or a search is asked to minimize."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from circuits import Circuit, FlatCircuit, PauliSum
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    ObservableError,
    QubitError,
    SymbolError,
)
from circuits.ops import check_qubits
from optim.problems.spectrum import lowest_state

CHEMICAL_ACCURACY = 1.6e-3
"""One kcal/mol in Hartree, rounded as is usual."""


@final
@dataclass(frozen=True)
class Problem:
    """Find a circuit U, and its angles, that minimize <0|U^dagger H U|0>.

    Circuits are always complete: they start with the gates of `initial`, if there are any, which
    `complete` puts in front. An energy is that of the circuit as it is given.

    Args:
        name: Name, for results and tables.
        hamiltonian: Hermitian observable H of a fixed number of qubits.
        initial: Fixed gates without symbols that every circuit starts with.
        qubits: Qubits on which a search may place gates; default all.
        coupling: Pairs of qubits on which a search may place two-qubit gates; default all.
        accuracy: Error of the energy at which the problem counts as solved, in H's unit.
        provenance: Where the problem comes from: geometry, mapping, sources.

    Raises:
        ObservableError: If H is not Hermitian or has no fixed number of qubits.
        InvalidArgumentError: If `initial` does not fit, or a pair or a qubit does not exist.

    >>> problem = Problem("field", PauliSum({"ZI": 0.5, "IZ": 1.0, "II": 0.25}))
    >>> problem.n_qubits, problem.ground_energy, problem.lower_bound
    (2, -1.25, -1.25)
    """

    name: str
    hamiltonian: PauliSum
    initial: Circuit | None = field(default=None, kw_only=True)
    qubits: tuple[int, ...] | None = field(default=None, kw_only=True)
    coupling: tuple[tuple[int, int], ...] | None = field(default=None, kw_only=True)
    accuracy: float = field(default=CHEMICAL_ACCURACY, kw_only=True)
    provenance: Mapping[str, Any] = field(default_factory=dict, kw_only=True, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.hamiltonian, PauliSum):
            raise ArgumentTypeError(
                f"Argument `hamiltonian` must be a PauliSum, got {type(self.hamiltonian).__name__}."
                " Convert it with circuits.pauli.as_observable."
            )
        self.hamiltonian.check_hermitian("hamiltonian")
        if self.hamiltonian.width is None:
            raise ObservableError(
                "Argument `hamiltonian` must have a fixed number of qubits: use full-width labels "
                "or `with_width(n_qubits)`."
            )
        if not self.accuracy > 0:
            raise InvalidArgumentError(
                f"Argument `accuracy` must be positive, got {self.accuracy}."
            )
        self._check_initial()
        placed = None if self.qubits is None else check_qubits(list(self.qubits), "qubits")
        pairs = None if self.coupling is None else tuple((a, b) for a, b in self.coupling)
        for group in (placed or (), *(check_qubits([a, b], "coupling") for a, b in pairs or ())):
            if max(group, default=0) >= self.n_qubits:
                raise QubitError(
                    f"The problem has the qubits 0 to {self.n_qubits - 1}, but `qubits` or "
                    f"`coupling` names {max(group)}."
                )
        object.__setattr__(self, "qubits", placed)
        object.__setattr__(self, "coupling", pairs)
        object.__setattr__(self, "provenance", MappingProxyType(dict(self.provenance)))

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        options = (self.initial, self.qubits, self.coupling, self.accuracy, dict(self.provenance))
        return _restored, (self.name, self.hamiltonian, *options)

    def __repr__(self) -> str:
        return (
            f"Problem({self.name!r}, {self.n_qubits} qubits, {len(self.hamiltonian.terms)} terms)"
        )

    @property
    def n_qubits(self) -> int:
        """Number of qubits."""
        return self.hamiltonian.n_qubits

    @property
    def free_qubits(self) -> tuple[int, ...]:
        """Qubits on which a search may place gates, ascending if `qubits` was not given."""
        return tuple(range(self.n_qubits)) if self.qubits is None else self.qubits

    @cached_property
    def _lowest(self) -> tuple[float, NDArray[np.complex128]]:
        return lowest_state(self.hamiltonian)

    @property
    def ground_energy(self) -> float:
        """The lowest eigenvalue of H, exact to rounding."""
        return self._lowest[0]

    @property
    def ground_state(self) -> NDArray[np.complex128]:
        """A normalized eigenvector `(2**n_qubits,)` of the lowest eigenvalue."""
        return self._lowest[1].copy()

    @property
    def lower_bound(self) -> float:
        """c(identity) - sum of the other |c|: a bound that needs no diagonalization.

        References:
            Patel et al., ICLR 2024 (arXiv:2402.03500): the "fake" minimum energy of the reward.
        """
        terms = self.hamiltonian.terms
        return sum((-abs(c) if x | z else c.real for x, z, c in terms), start=0.0)

    def complete(self, circuit: Circuit) -> Circuit:
        """The initial gates followed by `circuit`.

        Args:
            circuit: Of all qubits, or of as many qubits as a search may use, whose qubit k then
                becomes the k-th of these.
        """
        start = Circuit(self.n_qubits) if self.initial is None else self.initial
        if circuit.n_qubits == self.n_qubits:
            return start + circuit
        return start.compose(circuit, self.free_qubits)

    def check_complete(self, circuit: Circuit | FlatCircuit) -> None:
        """Raise unless a circuit has the problem's qubits and starts with its initial gates."""
        if not isinstance(circuit, Circuit | FlatCircuit):
            raise ArgumentTypeError(
                f"Argument `circuit` must be a Circuit or a FlatCircuit, got "
                f"{type(circuit).__name__}."
            )
        if circuit.n_qubits != self.n_qubits:
            raise QubitError(
                f"The problem {self.name!r} has {self.n_qubits} qubits, but the circuit has "
                f"{circuit.n_qubits}. `problem.complete(circuit)` puts smaller circuits in place."
            )
        if self.initial is not None and not _starts_with(circuit, self.initial):
            raise InvalidArgumentError(
                f"Circuits for {self.name!r} must start with its initial gates "
                f"({self.initial.count_ops()}): use `problem.complete(circuit)`."
            )

    def energy(self, circuit: Circuit | FlatCircuit) -> float:
        """Exact energy of a complete circuit without symbols.

        Raises:
            QubitError: If the circuit has another number of qubits.
            InvalidArgumentError: If it does not start with the initial gates.
            SymbolError: If it has symbols.
        """
        self.check_complete(circuit)
        if isinstance(circuit, FlatCircuit):
            return float(circuit.expectation(self.hamiltonian))
        if circuit.parameters:
            raise SymbolError(
                "The energy of a circuit with symbols is not a number: `circuit.bind(w=...)` "
                "gives them values, `optim.minimize` finds the best ones."
            )
        return float(circuit.expectation(self.hamiltonian)[..., 0])

    def error(self, circuit: Circuit | FlatCircuit) -> float:
        """Energy of a complete circuit above the ground energy."""
        return self.energy(circuit) - self.ground_energy

    def _check_initial(self) -> None:
        if self.initial is None:
            return
        if self.initial.n_qubits != self.n_qubits or self.initial.parameters:
            raise InvalidArgumentError(
                f"Argument `initial` must be a circuit of {self.n_qubits} qubits without symbols, "
                f"got {self.initial!r}."
            )


def check_problem(problem: Any) -> Problem:
    """The argument `problem`, if it is one."""
    if not isinstance(problem, Problem):
        raise ArgumentTypeError(
            f"Argument `problem` must be a Problem such as optim.problems.molecule('H2'), got "
            f"{type(problem).__name__}: {problem!r}."
        )
    return problem


def _starts_with(circuit: Circuit | FlatCircuit, initial: Circuit) -> bool:
    if isinstance(circuit, Circuit):
        return circuit.ops[: len(initial)] == initial.ops
    front = circuit.copy()
    if len(front) < len(initial):
        return False
    front.truncate(len(initial))
    return front.to_circuit().ops == initial.ops


def _restored(
    name: str,
    hamiltonian: PauliSum,
    initial: Circuit | None,
    qubits: tuple[int, ...] | None,
    coupling: tuple[tuple[int, int], ...] | None,
    accuracy: float,
    provenance: Mapping[str, Any],
) -> Problem:
    return Problem(
        name,
        hamiltonian,
        initial=initial,
        qubits=qubits,
        coupling=coupling,
        accuracy=accuracy,
        provenance=provenance,
    )
