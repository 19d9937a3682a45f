"""Collects the circuit while a program is read: registers, ops and measurements."""

from __future__ import annotations

from dataclasses import dataclass

from circuits.circuit import Circuit
from circuits.gates import TABLE
from circuits.interop.qasm.definitions import Definition, Modifier, modified_costs
from circuits.interop.qasm.expansion import Expander
from circuits.interop.qasm.limits import Budget
from circuits.interop.qasm.source import Source, show
from circuits.ops import Op
from circuits.symbols import Angle


@dataclass(frozen=True, slots=True)
class Bits:
    """Qubits or classical bits that a program names.

    Attributes:
        indices: Their numbers, over all registers in order of declaration.
        is_register: Whether they form a register (which broadcasts) or are one single bit.
        is_quantum: Whether they are qubits.
    """

    indices: range | tuple[int, ...]
    is_register: bool
    is_quantum: bool

    @property
    def noun(self) -> str:
        """What one of them is called."""
        return "qubit" if self.is_quantum else "classical bit"


class Builder:
    """The circuit under construction.

    Args:
        source: The text, for errors.
        budget: Limits and what has been used of them.
    """

    def __init__(self, source: Source, budget: Budget) -> None:
        self._source = source
        self.budget = budget
        self._expander = Expander(source, budget)
        self._sizes = {True: 0, False: 0}
        self._written: set[int] = set()
        self._measured: dict[int, int] = {}
        self._ops: list[Op] = []

    def declare(self, size: int, *, is_quantum: bool, is_register: bool, offset: int) -> Bits:
        """Add a register of qubits or classical bits."""
        noun = "qubits" if is_quantum else "classical bits"
        if size < 1:
            raise self._source.error(f"a register needs at least 1 bit, got {size}", offset)
        start = self._sizes[is_quantum]
        limit = "qubits" if is_quantum else "bits"
        self.budget.check(limit, start + size, f"{noun} in total", offset)
        self._sizes[is_quantum] = start + size
        return Bits(range(start, start + size), is_register, is_quantum)

    def extend_to(self, size: int, offset: int) -> None:
        """Have at least `size` qubits."""
        if size > self._sizes[True]:
            self.budget.check("qubits", size, "qubits in total", offset)
            self._sizes[True] = size

    def apply(
        self,
        target: Definition,
        modifiers: tuple[Modifier, ...],
        angles: tuple[Angle, ...],
        operands: list[Bits],
        offset: int,
    ) -> None:
        """Apply a gate, once for each row of the broadcast operands."""
        n_controls = sum(modifier.controls for modifier in modifiers)
        self._check_counts(target, n_controls, len(angles), len(operands), offset)
        rows = self._rows(operands, offset)
        gates, steps = modified_costs(target.costs, modifiers)
        steps += len(operands) + sum(len(angle.terms) for angle in angles)
        self.budget.spend("gates", gates * rows, "gates after expansion", offset)
        self.budget.spend("steps", steps * rows, "steps of work", offset)
        for row in range(rows):
            qubits = tuple(o.indices[row if o.is_register else 0] for o in operands)
            if len(set(qubits)) != len(qubits):
                raise self._source.error(
                    f"{show(target.name)} is applied to the same qubit twice", offset
                )
            self.check_not_measured(qubits, target.name, offset)
            self._expander.expand(target, modifiers, angles, qubits, self._ops, offset)

    def _check_counts(
        self, target: Definition, n_controls: int, n_angles: int, n_operands: int, offset: int
    ) -> None:
        if n_angles != len(target.parameters):
            raise self._source.error(
                f"the gate {show(target.name)} takes {len(target.parameters)} angle(s), "
                f"got {n_angles}",
                offset,
            )
        if target.n_qubits is not None and n_operands != target.n_qubits + n_controls:
            controls = f" and {n_controls} control(s)" if n_controls else ""
            raise self._source.error(
                f"the gate {show(target.name)} takes {target.n_qubits} qubit(s){controls}, "
                f"got {n_operands}",
                offset,
            )

    def _rows(self, operands: list[Bits], offset: int) -> int:
        """How often a gate is applied: the common size of the registers among its operands."""
        for operand in operands:
            if not operand.is_quantum:
                raise self._source.error("a gate acts on qubits, got a classical bit", offset)
        sizes = {len(operand.indices) for operand in operands if operand.is_register}
        if len(sizes) > 1:
            raise self._source.error(
                f"registers of different sizes {sorted(sizes)} cannot be broadcast", offset
            )
        return sizes.pop() if sizes else 1

    def check_not_measured(self, qubits: tuple[int, ...], what: str, offset: int) -> None:
        """Raise if one of the qubits was measured before."""
        if self._measured and not self._measured.keys().isdisjoint(qubits):
            raise self._source.error(
                f"{show(what)} acts on a qubit after its measurement: mid-circuit measurement is "
                "not supported, only measurement at the end",
                offset,
            )

    def barrier(self, operands: list[Bits], offset: int) -> None:
        """Add a barrier on all qubits of the operands, each once; on all qubits without any."""
        if any(not operand.is_quantum for operand in operands):
            raise self._source.error("a barrier takes qubits, got a classical bit", offset)
        size = sum(len(operand.indices) for operand in operands) or self._sizes[True]
        self.budget.spend("gates", 1, "gates after expansion", offset)
        self.budget.spend("steps", size, "steps of work", offset)
        every = range(self._sizes[True]) if not operands else None
        qubits = dict.fromkeys(every or (q for operand in operands for q in operand.indices))
        if qubits:
            self._ops.append(Op(TABLE["barrier"], tuple(qubits)))

    def delay(self, seconds: float, operands: list[Bits], offset: int) -> None:
        """Add idle time on each qubit of the operands, or on all qubits."""
        if any(not operand.is_quantum for operand in operands):
            raise self._source.error("a delay takes qubits, got a classical bit", offset)
        every = range(self._sizes[True])
        qubits = [q for o in operands for q in o.indices] if operands else list(every)
        self.budget.spend("gates", len(qubits), "gates after expansion", offset)
        self.check_not_measured(tuple(qubits), "delay", offset)
        for q in qubits:
            self._ops.append(Op(TABLE["delay"], (q,), (Angle(seconds),)))

    def measure(self, qubits: Bits, bits: Bits, offset: int) -> None:
        """Record the terminal measurement of qubits into classical bits."""
        if not qubits.is_quantum or bits.is_quantum:
            raise self._source.error("measure takes qubits and stores into classical bits", offset)
        if qubits.is_register != bits.is_register or len(qubits.indices) != len(bits.indices):
            raise self._source.error(
                f"measure of {len(qubits.indices)} qubit(s) into {len(bits.indices)} bit(s): "
                "give one bit for each qubit",
                offset,
            )
        self.budget.spend("steps", len(qubits.indices), "steps of work", offset)
        for qubit, bit in zip(qubits.indices, bits.indices, strict=True):
            self.check_not_measured((qubit,), "measure", offset)
            if bit in self._written:
                raise self._source.error(
                    f"classical bit {bit} is written by two measurements, so the first result "
                    "would be lost: measure into different bits",
                    offset,
                )
            self._written.add(bit)
            self._measured[qubit] = bit

    @property
    def position(self) -> int:
        """Number of ops so far."""
        return len(self._ops)

    def fence(self, start: int, offset: int) -> None:
        """Put barriers around the ops from `start` on, on the qubits that they use."""
        inside = self._ops[start:]
        qubits = tuple(sorted({q for op in inside for q in op.qubits}))
        self.budget.spend("gates", 2, "gates after expansion", offset)
        self.budget.spend("steps", len(inside) + 2 * len(qubits), "steps of work", offset)
        if qubits:
            wall = Op(TABLE["barrier"], qubits)
            self._ops[start:] = [wall, *inside, wall]

    def circuit(self, offset: int) -> Circuit:
        """The finished circuit."""
        if self._sizes[True] == 0:
            raise self._source.error("the program declares no qubits", offset)
        return Circuit(self._sizes[True], self._ops, measured=self._measured)
