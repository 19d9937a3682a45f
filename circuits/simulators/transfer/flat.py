"""Many different circuits of numbers only, each run once: rows by table look-up, one call to run.

What an op does, with the channels behind it, is translated once for each gate and place; a circuit
then is the rows of its ops, one after the other, and the list of its angles. That takes tens of
microseconds per circuit; a plan that can be differentiated and run again takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from circuits import _native
from circuits.circuit import Circuit
from circuits.errors import UnsupportedOperationError
from circuits.ops import Op, map_qubits
from circuits.simulators.transfer.measurement import EntryMeasurement
from circuits.simulators.transfer.memory import check_vectors
from circuits.simulators.transfer.program import SKIPPED
from circuits.simulators.transfer.rows import (
    LARGEST,
    NEXT_CIRCUIT,
    NEXT_OP,
    TURNING,
    RowTable,
    translate,
)

Key = tuple[Any, ...]
"""Gate and qubits of an op; for some ops also their Pauli labels and angles."""

_LARGEST_TABLE = 2048  # translated ops, after which a table begins anew
_MOST_TABLES = 256
_NARROW = 5  # qubits up to which leaving out idle ones saves nothing
_WIDEST = 2  # qubits of a permutation: larger ones cost more to make than they save in one run


@final
class FlatTable:
    """Translated ops on some qubits.

    Args:
        active: The qubits that are simulated, ascending.
        readout: For an active qubit the transfer matrix `(4, 4)` that is applied to it in the end.
    """

    def __init__(self, active: Iterable[int], readout: Mapping[int, np.ndarray]) -> None:
        self.position = {q: k for k, q in enumerate(active)}
        self.rows: dict[Key, bytes] = {}
        self.measurements: dict[Any, EntryMeasurement] = {}
        self._table = RowTable()
        self._constants = np.zeros(0)
        for qubit, matrix in readout.items():
            self._table.apply(matrix, self.position[qubit])
        self.tail = _bytes([*self._table.rows, (NEXT_CIRCUIT, 0, 0, -1, -1)])

    @property
    def n_qubits(self) -> int:
        """Number of qubits that are simulated."""
        return len(self.position)

    @property
    def constants(self) -> np.ndarray:
        """The numbers that rows point to."""
        if len(self._constants) != self._table.n_data:
            self._constants = self._table.arrays()[1]
        return self._constants

    def add(self, key: Key, op: Op, after: Sequence[Op]) -> None:
        """Translate an op and the channels behind it.

        Raises:
            UnsupportedOperationError: If the kernels have no primitive for one of them.
        """
        table, first = self._table, len(self._table.rows)
        for own, part in enumerate([op, *after]):
            if any(not a.is_constant for a in part.angles):
                raise UnsupportedOperationError(f"`{part.name}` has an angle that is a symbol.")
            if part.kind not in SKIPPED:
                slots = [(k, 1.0) for k in range(len(part.angles))]
                if own > 0:
                    slots = [(-1, angle.constant) for angle in part.angles]
                translate(map_qubits(part, self.position.__getitem__), -1, slots, table)
        rows = [self._standing_alone(row) for row in table.rows[first:]]
        self.rows[key] = _bytes([*rows, (NEXT_OP, 0, 0, len(op.angles), -1)])

    def _standing_alone(self, row: tuple[int, ...]) -> tuple[int, ...]:
        """The row with the angle of its op, and what multiplies it, in place of a slot."""
        if row[0] not in TURNING:
            return row
        angle, factor = self._table.slots[row[3]]
        return *row[:3], angle, self._table.constant(np.array([factor]))


@final
@dataclass(frozen=True, slots=True)
class FlatCircuit:
    """A circuit as rows of a table, and its angles."""

    table: FlatTable
    rows: bytes
    angles: list[float]


@final
class Flattener:
    """Turns circuits without symbols into rows.

    Args:
        after: The ops behind an op, and whether it lacks some that it should have.
        strict: Whether one gate that lacks noise is too many, or only all of a circuit's gates.
        readout: For a set of qubits the transfer matrices `(4, 4)` that reading applies.
        inspect: Is shown every circuit that holds channels.
    """

    def __init__(
        self,
        after: Callable[[Op], tuple[tuple[Op, ...], bool]],
        strict: bool,
        readout: Callable[[Iterable[int]], Mapping[int, np.ndarray]],
        inspect: Callable[[Circuit], object] | None = None,
    ) -> None:
        self._after, self._strict, self._readout = after, strict, readout
        self._inspect = inspect
        self._known: dict[Key, tuple[frozenset[int], tuple[Op, ...]]] = {}
        self._gaps: set[Key] = set()
        self._tables: dict[tuple[int, ...], FlatTable] = {}
        self._whole: dict[int, FlatTable] = {}  # of all qubits, by their number

    def flatten(self, circuit: Circuit) -> FlatCircuit | None:
        """The circuit as rows; `None` if the kernels need a plan for it, or to say what is wrong.

        That is: it has symbols, matrices of its own, or gates that lack noise, or is too wide.
        """
        if circuit.parameters:
            return None
        ops = circuit.ops
        whole = self._whole.get(circuit.n_qubits)
        if whole is not None and not self._gaps:
            try:
                known = whole.rows
                rows = [known[op.gate.name, op.qubits] for op in ops]
            except KeyError:
                pass
            else:
                return _joined(whole, rows, ops)
        keys: list[Key] = [(op.gate.name, op.qubits) for op in ops]
        kinds = set(keys)
        if not kinds <= self._known.keys():
            # Channels and ops with data are never known by gate and qubits alone.
            if any(op.data is not None for op in ops):
                return None
            if self._inspect is not None and any(op.is_channel for op in ops):
                self._inspect(circuit)
            keys = [_key(op) for op in ops]
            kinds = set(keys)
            self._learn(keys, ops)
        if not self._gaps.isdisjoint(kinds) and (
            self._strict or not any(self._known[kind][1] for kind in kinds)
        ):
            return None
        narrow = circuit.n_qubits <= _NARROW
        active = set(range(circuit.n_qubits if narrow else 0))
        active = active.union(*[self._known[kind][0] for kind in kinds]) or {0}
        if len(active) > LARGEST:
            return None
        table = self._table(tuple(sorted(active)))
        if narrow and len(active) == circuit.n_qubits:
            self._whole[circuit.n_qubits] = table
        try:
            rows = [table.rows[key] for key in keys]
        except KeyError:
            try:
                for key, op in zip(keys, ops, strict=True):
                    if key not in table.rows:
                        table.add(key, op, self._known[key][1])
            except UnsupportedOperationError:
                return None
            rows = [table.rows[key] for key in keys]
        return _joined(table, rows, ops)

    def _learn(self, keys: Sequence[Key], ops: Sequence[Op]) -> None:
        if len(self._known) > _LARGEST_TABLE:
            self._known, self._gaps, self._tables, self._whole = {}, set(), {}, {}
        for key, op in zip(keys, ops, strict=True):
            if key not in self._known:
                after, gap = self._after(op)
                own = () if op.kind in SKIPPED else op.qubits
                touched = frozenset(own).union(*(part.qubits for part in after))
                self._known[key] = touched, after
                if gap:
                    self._gaps.add(key)

    def _table(self, active: tuple[int, ...]) -> FlatTable:
        found = self._tables.get(active)
        if found is None or len(found.rows) > _LARGEST_TABLE:
            if len(self._tables) >= _MOST_TABLES:
                self._tables = {}
            found = self._tables[active] = FlatTable(active, self._readout(active))
        return found


def run_flat(
    circuits: Sequence[FlatCircuit], measurement: EntryMeasurement, dtype: torch.dtype
) -> Tensor:
    """Values `(n_circuits, n_values)` of circuits of one table.

    Raises:
        ResourceLimitError: If the Pauli vectors do not fit in memory.
    """
    table, threads = circuits[0].table, torch.get_num_threads()
    check_vectors(table.n_qubits, 2 * threads, dtype)
    indices = np.ascontiguousarray(measurement.indices, dtype=np.int64)
    entries = torch.empty(len(circuits), len(indices), dtype=dtype)
    kernels: Any = _native.kernels()
    double = dtype == torch.float64
    run = kernels.run_many_transfers_double if double else kernels.run_many_transfers_float
    run(
        table.n_qubits,
        table.constants,
        np.frombuffer(b"".join([c.rows for c in circuits]), dtype=np.int64),
        np.array([angle for c in circuits for angle in c.angles], dtype=np.float64),
        indices,
        entries.data_ptr(),
        _WIDEST,
        threads,
    )
    return measurement.combine(entries.T).T.contiguous()


def _joined(table: FlatTable, rows: list[bytes], ops: Sequence[Op]) -> FlatCircuit:
    angles = [angle.constant for op in ops for angle in op.angles]
    return FlatCircuit(table, b"".join([*rows, table.tail]), angles)


def _key(op: Op) -> Key:
    """What an op does for every angle; channels and delays do nothing special for every angle."""
    if op.is_channel or op.kind == "delay":
        return op.gate.name, op.qubits, op.pauli, tuple(a.constant for a in op.angles)
    return (op.gate.name, op.qubits, op.pauli) if op.pauli else (op.gate.name, op.qubits)


def _bytes(rows: Sequence[tuple[int, ...]]) -> bytes:
    return np.array(rows, dtype=np.int64).tobytes()
