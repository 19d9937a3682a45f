"""`Circuit`: an immutable sequence of ops on a number of qubits."""

from __future__ import annotations

import hashlib
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, final

import numpy as np

from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    QubitError,
    ShapeError,
    SymbolError,
    UnsupportedOperationError,
)
from circuits.front_door import FrontDoor
from circuits.ops import Op, as_ops, check_qubits, inverse, map_qubits
from circuits.symbols import Angle, Group, Symbol

_NOT_COUNTED_IN_DEPTH = ("barrier", "global_phase")


@final
class Circuit(FrontDoor):
    """A quantum circuit as a value.

    Circuits are immutable; `a + b` joins, and `c += [ops]` rebinds `c` to the longer circuit.
    Qubit 0 is the least significant bit of a basis index, as in Qiskit.

    Args:
        n_qubits: Number of qubits, at least 1.
        ops: Operations in the order in which they are applied.
        measured: Terminal measurements that an import dropped: qubit -> classical bit.

    Raises:
        QubitError: If an op or a measurement is on a qubit outside the circuit.
        SymbolError: If two different groups of symbols have the same kind and name.

    >>> from circuits import Circuit, gates as g
    >>> bell = Circuit(2, [g.h(0), g.cx(0, 1)])
    >>> bell.depth(), bell.count_ops()
    (2, {'h': 1, 'cx': 1})
    """

    def __init__(
        self,
        n_qubits: int,
        ops: Iterable[Op] = (),
        *,
        measured: Mapping[int, int] | None = None,
    ) -> None:
        try:
            size = operator.index(None if isinstance(n_qubits, bool) else n_qubits)  # type: ignore[arg-type]
        except TypeError:
            raise ArgumentTypeError(
                f"Argument `n_qubits` must be an integer, got {type(n_qubits).__name__}: "
                f"{n_qubits!r}."
            ) from None
        if size < 1:
            raise InvalidArgumentError(f"Argument `n_qubits` must be at least 1, got {size}.")
        added = tuple(_spanning(op, size) for op in as_ops(ops))
        self._set(size, added, _joined_groups({}, added), _checked_measured(measured, size))

    def _set(
        self,
        n_qubits: int,
        ops: tuple[Op, ...],
        groups: dict[tuple[str, str], Group],
        measured: dict[int, int],
    ) -> None:
        fields = {"_n_qubits": n_qubits, "_ops": ops, "_groups": groups, "_measured": measured}
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    _n_qubits: int
    _ops: tuple[Op, ...]
    _groups: dict[tuple[str, str], Group]
    _measured: dict[int, int]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Circuit is immutable, cannot set {name!r}; build a new circuit.")

    @property
    def n_qubits(self) -> int:
        """Number of qubits."""
        return self._n_qubits

    @property
    def num_qubits(self) -> int:
        """Number of qubits (Qiskit's name)."""
        return self._n_qubits

    @property
    def ops(self) -> tuple[Op, ...]:
        """The operations, in the order in which they are applied."""
        return self._ops

    @property
    def parameters(self) -> tuple[Group, ...]:
        """The groups of symbols, in order of first use."""
        return tuple(self._groups.values())

    @cached_property
    def input_groups(self) -> tuple[Group, ...]:
        """The groups declared by `inputs`, in order of first use."""
        return tuple(g for g in self._groups.values() if g.kind == "input")

    @cached_property
    def weight_groups(self) -> tuple[Group, ...]:
        """The groups declared by `weights`, in order of first use."""
        return tuple(g for g in self._groups.values() if g.kind == "weight")

    @cached_property
    def n_inputs(self) -> int:
        """Total number of input symbols, unused entries of groups included."""
        return sum(group.size for group in self.input_groups)

    @cached_property
    def n_weights(self) -> int:
        """Total number of weight symbols, unused entries of groups included."""
        return sum(group.size for group in self.weight_groups)

    @property
    def measured(self) -> dict[int, int]:
        """Terminal measurements that an import dropped: qubit -> classical bit."""
        return dict(self._measured)

    @cached_property
    def content_hash(self) -> str:
        """Digest of the structure: gates, qubits, and which symbols feed which angle.

        Numbers (constants, coefficients, matrices) are not part of it: circuits that differ in
        numbers only share one compiled program.
        """
        content = (self._n_qubits, tuple(op.structure for op in self._ops))
        groups = tuple((g.kind, g.name, g.shape) for g in self.parameters)
        return hashlib.blake2b(repr((content, groups)).encode(), digest_size=16).hexdigest()

    def __add__(self, other: Any) -> Circuit:
        measured = self._measured
        if isinstance(other, Circuit):
            if other._n_qubits != self._n_qubits:
                raise QubitError(
                    f"Circuits of {self._n_qubits} and {other._n_qubits} qubits cannot be joined; "
                    "use `compose(other, qubits=[...])` to say where the smaller one goes."
                )
            added, measured = other._ops, {**measured, **other._measured}
        else:
            added = tuple(_spanning(op, self._n_qubits) for op in as_ops(other))
        result = object.__new__(Circuit)
        result._set(
            self._n_qubits, self._ops + added, _joined_groups(self._groups, added), measured
        )
        return result

    def compose(self, other: Circuit, qubits: Iterable[int] | None = None) -> Circuit:
        """This circuit followed by `other` on the given qubits.

        Args:
            other: Circuit with at most as many qubits.
            qubits: Qubit k of `other` becomes `qubits[k]`; default 0, 1, 2, ...
        """
        where = check_qubits(range(other.n_qubits) if qubits is None else list(qubits), "compose")
        if len(where) != other.n_qubits:
            raise QubitError(
                f"Argument `qubits` must list {other.n_qubits} qubits, one for each of the other "
                f"circuit, got {list(where)}."
            )
        return self + other.map_qubits(dict(enumerate(where)), self._n_qubits)

    def map_qubits(
        self, mapping: Mapping[int, int] | Callable[[int], int], n_qubits: int | None = None
    ) -> Circuit:
        """The same circuit with qubit q renamed to `mapping[q]`.

        Args:
            mapping: Dictionary or function from old to new qubits.
            n_qubits: Number of qubits of the result; default unchanged.

        Raises:
            QubitError: If two used qubits get one name, or one gets none.
        """
        rename = mapping.__getitem__ if isinstance(mapping, Mapping) else mapping
        used = sorted({q for op in self._ops for q in op.qubits}.union(self._measured))
        try:
            new = dict(zip(used, check_qubits([rename(q) for q in used], "mapping"), strict=True))
        except (KeyError, IndexError) as error:
            raise QubitError(f"Argument `mapping` has no entry for qubit {error}.") from None
        ops = [map_qubits(op, new.__getitem__) for op in self._ops]
        measured = {new[q]: bit for q, bit in self._measured.items()}
        return Circuit(self._n_qubits if n_qubits is None else n_qubits, ops, measured=measured)

    def inverse(self) -> Circuit:
        """The circuit that undoes this one.

        Raises:
            UnsupportedOperationError: If an op has no inverse, naming it.
        """
        ops: list[Op] = []
        for position, op in reversed(list(enumerate(self._ops))):
            try:
                ops.extend(inverse(op))
            except UnsupportedOperationError as error:
                raise UnsupportedOperationError(f"Operation {position}: {error}") from None
        return Circuit(self._n_qubits, ops)

    def bind(self, x: Any = None, w: Any = None) -> Circuit:
        """The circuit with symbols replaced by numbers.

        Args:
            x: Values of the inputs: an array of the group's shape, or a dict by group name.
            w: Values of the weights, likewise. Groups that are not given stay symbolic.

        Raises:
            ShapeError: If an array does not have its group's shape.
            SymbolError: If a name is unknown, or one array is given for several groups.
        """
        values: dict[Symbol, float] = {}
        for kind, given in (("input", x), ("weight", w)):
            groups = tuple(g for g in self.parameters if g.kind == kind)
            values.update(_numbers(given, kind, groups))
        return self.map_angles(lambda angle: _substitute(angle, values))

    def map_angles(self, function: Callable[[Angle], Angle]) -> Circuit:
        """The circuit with every angle replaced by `function(angle)`."""
        ops = [
            _with_angles(op, tuple(map(function, op.angles))) if op.angles else op
            for op in self._ops
        ]
        return Circuit(self._n_qubits, ops, measured=self._measured)

    def depth(self) -> int:
        """Number of layers of ops; a barrier separates layers and is not counted itself."""
        level = [0] * self._n_qubits
        for op in self._ops:
            if op.qubits:
                step = 0 if op.name in _NOT_COUNTED_IN_DEPTH else 1
                top = max(level[q] for q in op.qubits) + step
                for q in op.qubits:
                    level[q] = top
        return max(level)

    def count_ops(self) -> dict[str, int]:
        """How often each gate is used, most frequent first."""
        return dict(Counter(op.name for op in self._ops).most_common())

    def __len__(self) -> int:
        return len(self._ops)

    def __iter__(self) -> Iterator[Op]:
        return iter(self._ops)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Circuit):
            return NotImplemented
        return (self._n_qubits, self._ops) == (other._n_qubits, other._ops)

    def __hash__(self) -> int:
        return hash((self._n_qubits, self.content_hash))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._n_qubits, self._ops, self._measured)

    def __repr__(self) -> str:
        groups = "".join(f", {g.kind} {g.name}{list(g.shape)}" for g in self.parameters)
        return f"Circuit({self._n_qubits} qubits, {len(self._ops)} ops{groups})"


def _restore(n_qubits: int, ops: tuple[Op, ...], measured: dict[int, int]) -> Circuit:
    return Circuit(n_qubits, ops, measured=measured)


def _spanning(op: Op, n_qubits: int) -> Op:
    """The op checked against the circuit's width; a barrier without qubits spans all."""
    if op.qubits and max(op.qubits) >= n_qubits:
        raise QubitError(
            f"`{op!r}` uses qubit {max(op.qubits)}, but the circuit has {n_qubits} qubit(s): "
            f"0 to {n_qubits - 1}."
        )
    if op.kind == "barrier" and not op.qubits:
        return replace(op, qubits=tuple(range(n_qubits)))
    return op


def _checked_measured(measured: Mapping[int, int] | None, n_qubits: int) -> dict[int, int]:
    """Measurements of qubits of the circuit, to classical bits 0, 1, 2, ..."""
    if not measured:
        return {}
    qubits = check_qubits(list(measured), "measured")
    if max(qubits) >= n_qubits:
        raise QubitError(
            f"Argument `measured` names qubit {max(qubits)}, but the circuit has {n_qubits} "
            f"qubit(s): 0 to {n_qubits - 1}."
        )
    bits = [bit for q in measured for bit in check_qubits([measured[q]], "measured, its bits")]
    return dict(zip(qubits, bits, strict=True))


def _joined_groups(
    groups: dict[tuple[str, str], Group], ops: Iterable[Op]
) -> dict[tuple[str, str], Group]:
    joined = dict(groups)
    for op in ops:
        for angle in op.angles:
            for _, product in angle.terms:
                for symbol in product:
                    new = symbol.group
                    old = joined.setdefault((new.kind, new.name), new)
                    if old is not new and (old != new or old.token != new.token):
                        raise SymbolError(_clash(old, new))
    return joined


def _clash(old: Group, new: Group) -> str:
    text = f"Two different groups of {new.kind}s are called {new.name!r}"
    if old.shape != new.shape:
        text += f", with shapes {old.shape} and {new.shape}"
    return (
        f"{text}. Give one of them another name ({new.kind}s(..., name=...)), or use the same "
        "array in both circuits to share its values on purpose."
    )


def _numbers(given: Any, kind: str, groups: tuple[Group, ...]) -> dict[Symbol, float]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        if not groups:
            raise SymbolError(f"The circuit has no {kind}s to bind; leave them out.")
        if len(groups) > 1:
            raise SymbolError(
                f"The circuit has {len(groups)} groups of {kind}s "
                f"({', '.join(g.name for g in groups)}): pass a dict from names to arrays."
            )
        given = {groups[0].name: given}
    by_name = {g.name: g for g in groups}
    values: dict[Symbol, float] = {}
    for name, array in given.items():
        if name not in by_name:
            raise SymbolError(
                f"The circuit has no group of {kind}s called {name!r}; it has: "
                f"{', '.join(by_name) or 'none'}."
            )
        group = by_name[name]
        numbers = array.detach().cpu().numpy() if hasattr(array, "detach") else np.asarray(array)
        if numbers.shape != group.shape:
            raise ShapeError(
                f"Values of {group.name!r} must have shape {group.shape}, got {numbers.shape}."
            )
        values.update({Symbol(group, i): float(v) for i, v in enumerate(numbers.ravel())})
    return values


def _with_angles(op: Op, angles: tuple[Angle, ...]) -> Op:
    """The op with other angles; amplitudes that are all numbers become its data.

    So they are where a state is prepared from numbers, and converters find them there.
    """
    if op.kind != "state_preparation" or not all(angle.is_constant for angle in angles):
        return replace(op, angles=angles)
    amplitudes = np.array([angle.constant for angle in angles])
    norm = float(np.linalg.norm(amplitudes))
    if norm == 0:
        raise InvalidArgumentError("A `state_preparation` received amplitudes that are all zero.")
    return replace(op, angles=(), data=(amplitudes / norm).astype(np.complex128))


def _substitute(angle: Angle, values: dict[Symbol, float]) -> Angle:
    result = Angle(angle.constant)
    for coefficient, product in angle.terms:
        term = Angle(coefficient)
        for symbol in product:
            term = term * values.get(symbol, Angle(0.0, ((1.0, (symbol,)),)))
        result = result + term
    return result
