"""What a model knows of its machine: gates, where they exist, and the number of qubits."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

from circuits.arguments import integer
from circuits.circuit import Circuit
from circuits.errors import QubitError
from circuits.gates import gate_named
from circuits.machines.records import gate_records
from circuits.ops import Op

Qubits = tuple[int, ...]

ALWAYS_NATIVE = ("barrier", "delay", "global_phase")

Entries = dict[tuple[str, Qubits], float]
"""A number for each gate and qubit tuple."""


@final
@dataclass(frozen=True)
class Machine:
    """Basis gates and where they exist.

    Attributes:
        places: Qubit tuples of each basis gate, in the gate's order; `None` where the coupling
            decides. `None` altogether if the basis gates are not known.
        coupling: Ordered pairs for two-qubit gates; `None` for all pairs.
        n_qubits: Number of qubits; `None` if unknown.
        errors: Reported average infidelities, by which a transpiler chooses qubits.
        durations: Durations of gates in seconds.
    """

    places: tuple[tuple[str, frozenset[Qubits] | None], ...] | None
    coupling: tuple[tuple[int, int], ...] | None
    n_qubits: int | None
    errors: tuple[tuple[tuple[str, Qubits], float], ...] = ()
    durations: tuple[tuple[tuple[str, Qubits], float], ...] = ()

    def __hash__(self) -> int:
        return hash((self.basis_gates, self.n_qubits, len(self.coupling or ())))

    @property
    def basis_gates(self) -> tuple[str, ...] | None:
        """Names of the basis gates."""
        return None if self.places is None else tuple(name for name, _ in self.places)

    @property
    def is_known(self) -> bool:
        """Whether there is anything to lower to."""
        return self.places is not None or self.coupling is not None

    @cached_property
    def _where(self) -> dict[str, frozenset[Qubits] | None]:
        return dict(self.places or ())

    @cached_property
    def _pairs(self) -> frozenset[Qubits] | None:
        return None if self.coupling is None else frozenset(self.coupling)

    def has(self, op: Op) -> bool:
        """Whether the machine can run the op as it is."""
        name = op.gate.name
        if name in ALWAYS_NATIVE or not op.qubits:
            return True
        if self.places is not None:
            if name not in self._where:
                return False
            exact = self._where[name]
            if exact is not None:
                return op.qubits in exact
        if self._pairs is None or len(op.qubits) == 1:
            return True
        return len(op.qubits) == 2 and op.qubits in self._pairs

    def check_qubit(self, qubit: Any, argument: str) -> int:
        """The qubit as an integer of the machine."""
        try:
            index = operator.index(None if isinstance(qubit, bool) else qubit)  # type: ignore[arg-type]
        except TypeError:
            raise QubitError(f"Argument `{argument}` must be an integer, got {qubit!r}.") from None
        if index < 0 or (self.n_qubits is not None and index >= self.n_qubits):
            known = "" if self.n_qubits is None else f"; the machine has {self.n_qubits} qubits"
            raise QubitError(f"Argument `{argument}` must be a qubit >= 0, got {index}{known}.")
        return index

    def check_width(self, circuit: Circuit) -> None:
        """Refuse circuits with more qubits than the machine."""
        if self.n_qubits is not None and circuit.n_qubits > self.n_qubits:
            raise QubitError(
                f"The circuit has {circuit.n_qubits} qubits, and is to run on a machine with "
                f"{self.n_qubits}."
            )

    def moved(self, new: Mapping[int, int]) -> Machine:
        """The machine cut down to the qubits in `new`, renumbered."""

        def kept(tuples: Iterable[Qubits]) -> list[Qubits]:
            inside = (t for t in tuples if all(q in new for q in t))
            return [tuple(new[q] for q in t) for t in inside]

        places = None
        if self.places is not None:
            moved = ((n, None if t is None else frozenset(kept(t))) for n, t in self.places)
            places = tuple((n, t) for n, t in moved if t is None or t)
        coupling = None
        if self.coupling is not None:
            coupling = tuple((a, b) for a, b in kept(self.coupling))

        def entries(
            given: tuple[tuple[tuple[str, Qubits], float], ...],
        ) -> tuple[tuple[tuple[str, Qubits], float], ...]:
            inside = (item for item in given if all(q in new for q in item[0][1]))
            return tuple(((name, tuple(new[q] for q in t)), v) for (name, t), v in inside)

        return Machine(places, coupling, len(new), entries(self.errors), entries(self.durations))


def make_machine(
    basis_gates: Iterable[str] | Mapping[str, Iterable[Sequence[int]] | None] | None,
    coupling: Iterable[Sequence[int]] | None,
    n_qubits: int | None,
    errors: Entries | None = None,
    durations: Entries | None = None,
) -> Machine:
    """A checked machine from the arguments of `NoiseModel`."""
    size = None if n_qubits is None else integer(n_qubits, "n_qubits")
    pairs = None if coupling is None else _pairs(coupling)
    places = None if basis_gates is None else _places(basis_gates)
    named = {q for pair in pairs or () for q in pair}
    for _, tuples in places or ():
        named.update(q for where in tuples or () for q in where)
    needed = max(named, default=-1) + 1
    if size is None and (pairs is not None or needed):
        size = needed
    if size is not None and needed > size:
        raise QubitError(
            f"The basis gates or the coupling name qubit {needed - 1}, but `n_qubits` is {size}."
        )
    kept = (tuple(sorted((given or {}).items())) for given in (errors, durations))
    return Machine(places, pairs, size, *kept)


def _pairs(coupling: Iterable[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    found = []
    for pair in coupling:
        qubits = _tuple(pair, "coupling")
        if len(qubits) != 2:
            raise QubitError(f"Argument `coupling` must hold pairs of qubits, got {pair!r}.")
        found.append((qubits[0], qubits[1]))
    return tuple(dict.fromkeys(found))


def _places(
    basis_gates: Iterable[str] | Mapping[str, Iterable[Sequence[int]] | None],
) -> tuple[tuple[str, frozenset[Qubits] | None], ...]:
    if isinstance(basis_gates, str):
        basis_gates = [basis_gates]
    given = basis_gates if isinstance(basis_gates, Mapping) else dict.fromkeys(basis_gates)
    gate_records(list(given), "basis_gates")
    places = []
    for name, tuples in given.items():
        exact = None if tuples is None else frozenset(_tuple(t, "basis_gates") for t in tuples)
        width = gate_named(name).n_qubits
        wrong = next((t for t in exact or () if width is not None and len(t) != width), None)
        if wrong is not None:
            raise QubitError(f"`{name}` is a gate on {width} qubit(s), got the qubits {wrong}.")
        places.append((name, exact))
    return tuple(places)


def _tuple(given: Any, argument: str) -> Qubits:
    try:
        qubits = tuple(operator.index(q) for q in given)
    except TypeError:
        qubits = ()
    if not qubits or min(qubits) < 0 or len(set(qubits)) != len(qubits):
        raise QubitError(f"Argument `{argument}` must hold tuples of qubits, got {given!r}.")
    return qubits
