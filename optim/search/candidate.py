"""`Candidate`: an immutable sequence of placed gates, what every search changes and compares."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike

from circuits import Circuit, FlatCircuit
from circuits.arguments import integer
from circuits.errors import CheckpointError, InvalidArgumentError, ShapeError
from circuits.flat.table import CODES, GATES, MOST_QUBITS, N_ANGLES, N_QUBITS, Floats, Integers
from optim.problems.problem import Problem

_CX = CODES["cx"]


class Placed(NamedTuple):
    """A gate at its place.

    Attributes:
        name: Name of the gate, one of `circuits.flat.GATES`.
        qubits: Its qubits, controls first.
        angle: Its angle in radians; `None` for gates without one, 0 if left out for one with.
    """

    name: str
    qubits: tuple[int, ...]
    angle: float | None = None


@final
class Candidate:
    """An immutable sequence of gates from |0...0>, each with at most one angle.

    Kept as arrays of numbers, so that appending a gate and evaluating the result take
    microseconds; `Circuit` is made on demand. Equality and hash are of gates, qubits and angles.

    Args:
        n_qubits: Number of qubits.
        gates: `Placed` gates, or tuples `(name, qubits)` or `(name, qubits, angle)`.

    Raises:
        KetworkError: If a gate does not exist or does not fit.

    >>> bell = Candidate(2).append("ry", 0, angle=1.5).append("cx", 0, 1)
    >>> bell
    Candidate(2 qubits: 1 cx, 1 ry)
    >>> bell.cnots, bell.rotations, bell.depth, bell.angles
    (1, 1, 2, array([1.5]))
    """

    __slots__ = ("_angles", "_codes", "_depth", "_qubits", "n_qubits")

    n_qubits: int
    _codes: Integers
    _qubits: Integers
    _angles: Floats
    _depth: int | None

    def __init__(self, n_qubits: int, gates: Iterable[Placed | tuple[Any, ...]] = ()) -> None:
        flat = FlatCircuit(integer(n_qubits, "n_qubits"))
        given = [Placed(*gate) for gate in gates]
        if not _extend(flat, given):
            for name, qubits, angle in given:  # one by one, which names what does not fit
                flat.append(name, *qubits, angle=_angle(name, angle))
        self._fill(flat.n_qubits, flat.codes, flat.qubits, flat.angles.copy())

    def _fill(self, n_qubits: int, codes: Integers, qubits: Integers, angles: Floats) -> Candidate:
        for array in (codes, qubits, angles):
            array.flags.writeable = False
        object.__setattr__(self, "n_qubits", n_qubits)
        object.__setattr__(self, "_codes", codes)
        object.__setattr__(self, "_qubits", qubits)
        object.__setattr__(self, "_angles", angles)
        object.__setattr__(self, "_depth", None)
        return self

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"A Candidate is immutable; `{name}` cannot be set.")

    @classmethod
    def _of(cls, n_qubits: int, codes: Integers, qubits: Integers, angles: Floats) -> Candidate:
        """A candidate of arrays that are known to fit."""
        return object.__new__(cls)._fill(n_qubits, codes, qubits, angles)

    @classmethod
    def from_arrays(
        cls, n_qubits: int, codes: ArrayLike, qubits: ArrayLike, angles: ArrayLike = ()
    ) -> Candidate:
        """A candidate of arrays as `FlatCircuit.extend` takes them.

        Raises:
            KetworkError: If they do not fit.
        """
        flat = FlatCircuit(n_qubits)
        flat.extend(codes, qubits, angles)
        return cls._of(flat.n_qubits, flat.codes, flat.qubits, flat.angles.copy())

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[Placed]:
        return iter(self.gates)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Candidate) and (
            self.structure == other.structure and np.array_equal(self._angles, other._angles)
        )

    def __hash__(self) -> int:
        return hash((self.structure, self._angles.tobytes()))

    def __repr__(self) -> str:
        names, counts = np.unique(self._codes, return_counts=True)
        found = sorted(f"{count} {GATES[code]}" for code, count in zip(names, counts, strict=True))
        listed = ", ".join(sorted(found, key=lambda text: text.split()[1])) or "no gates"
        return f"Candidate({self.n_qubits} qubits: {listed})"

    def __reduce__(self) -> tuple[Any, ...]:
        arrays = self.codes, self.qubits, self.angles
        return Candidate.from_arrays, (self.n_qubits, *arrays)

    @property
    def codes(self) -> Integers:
        """Codes of the gates `(gates,)`, places in `circuits.flat.GATES`; read-only."""
        return self._codes

    @property
    def qubits(self) -> Integers:
        """Qubits of the gates `(gates, 3)`, controls first, -1 beyond the last; read-only."""
        return self._qubits

    @property
    def angles(self) -> Floats:
        """The angles in order `(n_angles,)`, radians; read-only."""
        return self._angles

    @property
    def gates(self) -> tuple[Placed, ...]:
        """The gates as values."""
        angles = iter(self._angles.tolist())
        return tuple(
            Placed(
                GATES[code], tuple(row[: N_QUBITS[code]]), next(angles) if N_ANGLES[code] else None
            )
            for code, row in zip(self._codes.tolist(), self._qubits.tolist(), strict=True)
        )

    @property
    def structure(self) -> tuple[int, bytes, bytes]:
        """Equal for candidates that differ in nothing but their angles."""
        return self.n_qubits, self._codes.tobytes(), self._qubits.tobytes()

    @property
    def cnots(self) -> int:
        """Number of CNOTs."""
        return int((self._codes == _CX).sum())

    @property
    def rotations(self) -> int:
        """Number of gates with an angle, which is the number of parameters."""
        return len(self._angles)

    @property
    def depth(self) -> int:
        """Number of moments if every gate starts as soon as its qubits are free."""
        if self._depth is None:
            front = [0] * self.n_qubits
            for code, row in zip(self._codes.tolist(), self._qubits.tolist(), strict=True):
                used = row[: N_QUBITS[code]]
                moment = 1 + max(front[q] for q in used)
                for q in used:
                    front[q] = moment
            object.__setattr__(self, "_depth", max(front, default=0))
        assert self._depth is not None
        return self._depth

    def append(self, name: str, *qubits: int, angle: float | None = None) -> Candidate:
        """This candidate with one more gate.

        Args:
            name: Name of the gate.
            qubits: Its qubits, controls first.
            angle: Its angle; 0 if left out for a gate that has one.

        Raises:
            KetworkError: If the gate does not exist or does not fit.
        """
        return self + _single(self.n_qubits, name, qubits, angle)

    def __add__(self, other: Candidate) -> Candidate:
        """The gates of this candidate, then those of the other.

        Raises:
            ShapeError: If they have different numbers of qubits.
        """
        if other.n_qubits != self.n_qubits:
            raise ShapeError(
                f"Candidates that are joined must have the same number of qubits, got "
                f"{self.n_qubits} and {other.n_qubits}."
            )
        return Candidate._of(
            self.n_qubits,
            np.concatenate([self._codes, other._codes]),
            np.concatenate([self._qubits, other._qubits]),
            np.concatenate([self._angles, other._angles]),
        )

    def __getitem__(self, part: slice) -> Candidate:
        """The gates of a slice, with their angles."""
        if not isinstance(part, slice):
            raise InvalidArgumentError(
                f"A Candidate is indexed by a slice, got {part!r}; `.gates` holds single gates."
            )
        has = N_ANGLES[self._codes] > 0
        places = np.cumsum(has) - 1
        chosen = places[part][has[part]]
        return Candidate._of(
            self.n_qubits,
            self._codes[part].copy(),
            self._qubits[part].copy(),
            self._angles[chosen],
        )

    def replace(
        self, start: int, stop: int, gates: Iterable[Placed | tuple[Any, ...]]
    ) -> Candidate:
        """This candidate with the gates `start` to `stop - 1` exchanged for others.

        `replace(k, k, [gate])` inserts, `replace(k, k + 1, [])` removes.

        Raises:
            KetworkError: If the places or the gates do not fit.
        """
        if not 0 <= start <= stop <= len(self):
            raise InvalidArgumentError(
                f"Arguments `start` and `stop` must satisfy 0 <= start <= stop <= {len(self)}, "
                f"got {start} and {stop}."
            )
        return self[:start] + Candidate(self.n_qubits, gates) + self[stop:]

    def with_angles(self, angles: ArrayLike) -> Candidate:
        """The same gates with other angles `(n_angles,)`.

        Raises:
            ShapeError: If their number differs.
        """
        numbers = np.array(angles, dtype=np.float64)
        if numbers.shape != self._angles.shape:
            raise ShapeError(
                f"Argument `angles` must have shape {self._angles.shape}, got {numbers.shape}."
            )
        return Candidate._of(self.n_qubits, self._codes, self._qubits, numbers)

    def flat(self, problem: Problem) -> FlatCircuit:
        """The circuit that is evaluated: a problem's initial gates, then these.

        Args:
            problem: A `Problem`; its `initial` circuit may hold no symbols.

        Raises:
            KetworkError: If the problem has another number of qubits, or its initial circuit
                gates that a `FlatCircuit` has not.
        """
        found = FlatCircuit(self.n_qubits)
        for part in (initial_candidate(problem), self):
            if part.n_qubits != self.n_qubits:
                raise ShapeError(
                    f"The problem {problem.name!r} has {part.n_qubits} qubits, the candidate "
                    f"{self.n_qubits}."
                )
            found.extend(part._codes, part._qubits, part._angles)
        return found

    def to_circuit(self, symbols: bool = False) -> Circuit:
        """The gates as a `Circuit`, without the initial gates of any problem.

        Args:
            symbols: Make the angles weights of shape `(n_angles,)` instead of numbers.
        """
        flat = FlatCircuit(self.n_qubits)
        flat.extend(self._codes, self._qubits, self._angles)
        return flat.to_circuit(symbols=symbols)

    @classmethod
    def from_circuit(cls, circuit: Circuit) -> Candidate:
        """The gates of a circuit without symbols; the inverse of `to_circuit`.

        Raises:
            KetworkError: If the circuit has symbols, or gates that a `FlatCircuit` has not.
        """
        if circuit.parameters:
            raise InvalidArgumentError(
                "A candidate's angles are numbers, but the circuit has symbols: bind them first."
            )
        return cls(
            circuit.n_qubits,
            [
                Placed(op.gate.name, op.qubits, op.angles[0].constant if op.angles else None)
                for op in circuit.ops
                if op.gate.name != "barrier"
            ],
        )

    def to_json(self) -> str:
        """The candidate as JSON text; angles are kept to the last bit."""
        gates = [[g.name, list(g.qubits), g.angle] for g in self.gates]
        return json.dumps({"n_qubits": self.n_qubits, "gates": gates})

    @classmethod
    def from_json(cls, text: str) -> Candidate:
        """The candidate of a JSON text.

        Raises:
            CheckpointError: If the text is no candidate.
        """
        try:
            found = json.loads(text)
            gates = [Placed(name, tuple(qubits), angle) for name, qubits, angle in found["gates"]]
            return cls(found["n_qubits"], gates)
        except (KeyError, TypeError, ValueError, LookupError) as error:
            raise CheckpointError(f"This is not the JSON text of a candidate: {error}.") from error


def initial_candidate(problem: Problem) -> Candidate:
    """The fixed gates that a problem puts in front of every candidate."""
    if problem.initial is None:
        return Candidate(problem.n_qubits)
    return Candidate.from_circuit(problem.initial)


@functools.lru_cache(maxsize=4096)
def _single(n_qubits: int, name: str, qubits: tuple[int, ...], angle: float | None) -> Candidate:
    return Candidate(n_qubits, [Placed(name, qubits, angle)])


def _extend(flat: FlatCircuit, gates: list[Placed]) -> bool:
    """Add gates all at once, if it is plain that each has its qubits and its angle."""
    places = np.full((len(gates), MOST_QUBITS), -1, dtype=np.int64)
    codes = np.array([CODES.get(gate.name, -1) for gate in gates], dtype=np.int64)
    counts, turned = N_QUBITS[codes], N_ANGLES[codes] > 0
    for row, count, (_, qubits, angle), turn in zip(places, counts, gates, turned, strict=True):
        if len(qubits) != count or (angle is not None and not turn):
            return False
        row[:count] = [operator.index(qubit) for qubit in qubits]
    angles = [gate.angle or 0.0 for gate, turn in zip(gates, turned, strict=True) if turn]
    if (codes < 0).any():
        return False
    flat.extend(codes, places, angles)
    return True


def _angle(name: str, angle: float | None) -> float | None:
    has_angle = name in CODES and bool(N_ANGLES[CODES[name]])
    return 0.0 if angle is None and has_angle else angle
