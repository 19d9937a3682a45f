"""`FlatCircuit`: gates as rows of numbers, cheap to change and to evaluate."""

from __future__ import annotations

import operator
from typing import Any, final

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from circuits import _native
from circuits import gates as g
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError, NonFiniteError, ShapeError, UnknownGateError
from circuits.flat import evaluate
from circuits.flat.table import (
    CODES,
    COLUMNS,
    DATA,
    GATES,
    MOST_QUBITS,
    N_ANGLES,
    N_QUBITS,
    Floats,
    Integers,
    check_gates,
)
from circuits.pauli import as_observables
from circuits.simulators.memory import check_memory
from circuits.simulators.native.engine import LARGEST
from circuits.symbols import weights


@final
class FlatCircuit:
    """A sequence of gates for searches that change their circuit at every step.

    A `Circuit` is made of Python objects: easy to read, slow to build. Here a gate is a code, its
    qubits and perhaps an angle in numpy arrays; the kernels' program is built from these, and
    nothing is cached by content. Every gate has at most one angle, and each angle is a number of
    its own: what the values are differentiated by.

    Args:
        n_qubits: Number of qubits.

    Attributes:
        n_qubits: Number of qubits.

    >>> flat = FlatCircuit(2)
    >>> flat.append("ry", 0, angle=0.3)
    >>> flat.append("cx", 0, 1)
    >>> flat
    FlatCircuit(2 qubits, 2 gates, 1 angle(s))
    >>> value, slopes = flat.value_and_gradient("Z0")
    >>> round(value, 4), slopes.round(4).tolist()
    (0.9553, [-0.2955])
    """

    def __init__(self, n_qubits: int) -> None:
        self.n_qubits = Circuit(n_qubits).n_qubits  # which checks it
        self._length = self._n_angles = 0
        self._codes = np.zeros(64, dtype=np.int64)
        self._qubits = np.zeros((64, MOST_QUBITS), dtype=np.int64)
        self._angles = np.zeros(64)
        self._program: Any = None  # of the gates as they are; not part of a copy or a pickle
        self._observed: tuple[Any, ...] = (None,)

    def __len__(self) -> int:
        return self._length

    def __repr__(self) -> str:
        return f"FlatCircuit({self.n_qubits} qubits, {len(self)} gates, {self.n_angles} angle(s))"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FlatCircuit) and (
            self.n_qubits == other.n_qubits
            and np.array_equal(self.codes, other.codes)
            and np.array_equal(self.qubits, other.qubits)
            and np.array_equal(self.angles, other.angles)
        )

    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_program": None, "_observed": (None,)}

    @property
    def codes(self) -> Integers:
        """Codes of the gates `(gates,)`, places in `GATES`; a copy."""
        return self._codes[: self._length].copy()

    @property
    def qubits(self) -> Integers:
        """Qubits of the gates `(gates, 3)`, controls first, -1 beyond the last; a copy."""
        used = np.arange(MOST_QUBITS) < N_QUBITS[self._codes[: self._length]][:, None]
        return np.where(used, self._qubits[: self._length], -1)

    @property
    def n_angles(self) -> int:
        """Number of angles."""
        return self._n_angles

    @property
    def angles(self) -> Floats:
        """The angles in order, radians; writing to this array changes the circuit's."""
        return self._angles[: self._n_angles]

    def append(self, name: str, *qubits: int, angle: float | None = None) -> None:
        """Add one gate at the end.

        Args:
            name: One of `GATES`.
            qubits: Its qubits, controls first.
            angle: Its angle in radians, for gates that have one.

        Raises:
            KetworkError: For unknown gates, wrong qubits, or an angle that is missing or too many.
        """
        code = CODES.get(name)
        if code is None:
            raise UnknownGateError(
                f"A FlatCircuit has no gate {name!r}; it has {', '.join(GATES)}."
            )
        if len(qubits) != N_QUBITS[code]:
            raise InvalidArgumentError(
                f"`{name}` acts on {N_QUBITS[code]} qubit(s), got {len(qubits)}: {qubits}."
            )
        places = [operator.index(q) for q in qubits]
        self.extend([code], [places], [] if angle is None else [angle])

    def extend(self, codes: ArrayLike, qubits: ArrayLike, angles: ArrayLike = ()) -> None:
        """Add gates at the end.

        Args:
            codes: Integers `(m,)`, places in `GATES`.
            qubits: Integers `(m, 1 to 3)`: the qubits of each gate, controls first; what stands
                beyond the last qubit of a gate is not looked at.
            angles: One number for each of the new gates that has an angle, in order.

        Raises:
            KetworkError: If an array has a wrong shape, a code or a qubit does not exist, a gate
                uses a qubit twice, or the number of angles is wrong. Nothing is added then.
        """
        new, places = np.asarray(codes), np.asarray(qubits)
        numbers = np.asarray(angles, dtype=np.float64)
        if not new.size:
            new, places = new.astype(np.int64), places.reshape(-1, 1).astype(np.int64)
        if not self._fits(new, places, numbers):
            check_gates(self.n_qubits, new, places, numbers)
        first, last, known = self._length, self._length + len(new), self._n_angles
        self._reserve(max(last, known + len(numbers)))
        self._codes[first:last] = new
        self._qubits[first:last, : places.shape[1]] = places[:, :MOST_QUBITS]
        self._angles[known : known + len(numbers)] = numbers
        self._length, self._n_angles, self._program = last, known + len(numbers), None

    def truncate(self, length: int) -> None:
        """Keep the first `length` gates and their angles.

        Raises:
            InvalidArgumentError: If there are not so many gates.
        """
        if not 0 <= length <= self._length:
            raise InvalidArgumentError(
                f"Argument `length` must be between 0 and {self._length}, got {length}."
            )
        self._n_angles -= int(N_ANGLES[self._codes[length : self._length]].sum())
        self._length, self._program = length, None

    def copy(self) -> FlatCircuit:
        """An independent copy."""
        other = FlatCircuit(self.n_qubits)
        other._length, other._n_angles = self._length, self._n_angles
        other._codes = self._codes.copy()
        other._qubits = self._qubits.copy()
        other._angles = self._angles.copy()
        return other

    __copy__ = copy

    def to_circuit(self, *, symbols: bool = False) -> Circuit:
        """The same gates as a `Circuit`.

        Args:
            symbols: Make the angles weights of shape `(n_angles,)` instead of numbers.
        """
        chosen: Any = weights(self.n_angles) if symbols and self.n_angles else self.angles
        angles, ops = iter(chosen), []
        for code, qubits in zip(self.codes, self.qubits.tolist(), strict=True):
            mine = [next(angles)] if N_ANGLES[code] else []
            ops.append(getattr(g, GATES[code])(*mine, *qubits[: N_QUBITS[code]]))
        return Circuit(self.n_qubits, ops)

    def statevector(self, angles: ArrayLike | None = None) -> Tensor:
        """The final state.

        Args:
            angles: `(n_angles,)`, or `(batch, n_angles)` for several sets; default the circuit's.

        Returns:
            Complex128 `(2**n_qubits,)`, or `(batch, 2**n_qubits)` for several sets.
        """
        numbers = self._checked(angles)
        table = numbers if numbers.ndim == 2 else numbers[None]
        check_memory(self.n_qubits, max(1, len(table)), torch.float64)
        module = self._kernels()
        if module is None:
            values = torch.from_numpy(table) if self.n_angles else None
            states = self.to_circuit(symbols=True).statevector(w=values)
            states = states.expand(len(table), -1) if values is None else states
        else:
            program = self._built(module)
            states = evaluate.states_by_kernels(module, program, self.n_qubits, table)
        return states if numbers.ndim == 2 else states[0]

    def expectation(self, observable: Any, angles: ArrayLike | None = None) -> Any:
        """Expectation value of an observable.

        Args:
            observable: A `PauliSum` or what makes one.
            angles: `(n_angles,)`, or `(batch, n_angles)` for several sets; default the circuit's.

        Returns:
            A float, or an array `(batch,)` for several sets.
        """
        return self._evaluate(observable, angles, gradient=False)[0]

    def value_and_gradient(
        self, observable: Any, angles: ArrayLike | None = None
    ) -> tuple[Any, Floats]:
        """Expectation value and its derivatives by the angles.

        Args:
            observable: As for `expectation`.
            angles: As for `expectation`.

        Returns:
            A float and `(n_angles,)`, or `(batch,)` and `(batch, n_angles)` for several sets.
        """
        return self._evaluate(observable, angles, gradient=True)

    def _evaluate(
        self, observable: Any, angles: ArrayLike | None, *, gradient: bool
    ) -> tuple[Any, Floats]:
        numbers = self._checked(angles)
        table = numbers if numbers.ndim == 2 else numbers[None]
        if self._observed[0] is not observable or isinstance(observable, dict):
            (found,) = as_observables([observable])
            found.check_fits(self.n_qubits)
            found.check_hermitian("observable")
            self._observed = observable, found, *evaluate.terms_of(found)
        _, found, terms, coefficients = self._observed
        check_memory(self.n_qubits, 1, torch.float64)
        module = self._kernels()
        if module is None:
            circuit = self.to_circuit(symbols=True)
            values, slopes = evaluate.by_torch(circuit, found, table, gradient=gradient)
        else:
            program = self._built(module)
            module.observe(program, 1, terms, coefficients)
            values, slopes = evaluate.by_kernels(module, program, table, gradient=gradient)
        return (values, slopes) if numbers.ndim == 2 else (float(values[0]), slopes[0])

    def _kernels(self) -> Any:
        return _native.kernels() if self.n_qubits <= LARGEST else None

    def _built(self, module: Any) -> Any:
        if self._program is None:
            codes, qubits = self._codes[: self._length], self._qubits[: self._length]
            self._program = module.make_flat(self.n_qubits, COLUMNS, codes, qubits, DATA)
        return self._program

    def _checked(self, angles: ArrayLike | None) -> Floats:
        chosen = self.angles if angles is None else angles
        numbers = np.ascontiguousarray(chosen, dtype=np.float64)
        if numbers.ndim not in (1, 2) or numbers.shape[-1] != self._n_angles:
            raise ShapeError(
                f"Argument `angles` must have shape ({self._n_angles},) or (batch, "
                f"{self._n_angles}), got {numbers.shape}."
            )
        if not np.isfinite(numbers).all():
            raise NonFiniteError(f"Argument `angles` must be finite, got {numbers}.")
        return numbers

    def _fits(self, codes: Any, qubits: Any, angles: Floats) -> bool:
        """Whether the kernels say that arrays are as they should be; they name no reason."""
        module = self._kernels()
        plain = codes.dtype == np.int64 and qubits.dtype == np.int64 and codes.ndim == 1
        if module is None or not plain or qubits.shape != (len(codes), MOST_QUBITS):
            return False
        n_angles = module.count_flat_angles(
            self.n_qubits, COLUMNS, np.ascontiguousarray(codes), np.ascontiguousarray(qubits)
        )
        return angles.shape == (n_angles,) and bool(np.isfinite(angles).all())

    def _reserve(self, size: int) -> None:
        """Grow the arrays, by doubling."""
        if size <= len(self._codes):
            return
        wanted = 1 << (size - 1).bit_length()
        for name in ("_codes", "_qubits", "_angles"):
            old = getattr(self, name)
            new = np.zeros((wanted, *old.shape[1:]), dtype=old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)
