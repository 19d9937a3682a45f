"""Pauli frames: Paulis that are carried through a circuit and put down where they cost least.

A Pauli in front of a gate equals another Pauli behind it (behind Clifford gates), or the same one
behind the gate with its angle negated (behind rotations). A frame holds one pending Pauli per
qubit; `carry` moves it through an op, `put_down` writes it into the circuit as native gates. On
hardware with virtual Z and `sx`, a pending Pauli costs no pulse where an `sx` precedes it: X after
sx is sx^-1 = Z sx Z (up to a phase), so it becomes a change of the neighbouring `rz` angles.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import final

from circuits.circuit import Circuit
from circuits.ops import Op
from noise.clifford import conjugation_of
from noise.mitigation.pulses import NativePaulis

_AXIS = {"rx": 1, "ry": 2, "rz": 3, "p": 3, "u1": 3}
_PASSED = ("barrier", "delay", "id", "global_phase")


@final
class FrameWriter:
    """Writes a circuit op by op while holding a Pauli frame.

    Args:
        n_qubits: Width of the circuit.
        paulis: Native gates for Paulis.
        merge: Carry Paulis through one-qubit gates and absorb them; otherwise each is written
            where it was added.
    """

    def __init__(self, n_qubits: int, paulis: NativePaulis, *, merge: bool) -> None:
        self._n_qubits = n_qubits
        self._paulis = paulis
        self._merge = merge
        self._virtual = merge and [op.name for op in paulis.z(0)] == ["rz"]
        self._written: list[list[Op]] = []
        self._frame = [0] * n_qubits
        self._tail: list[list[list[Op]]] = [[] for _ in range(n_qubits)]

    def add_pauli(self, pauli: int, qubit: int) -> None:
        """Put a Pauli (0, 1, 2, 3 for I, X, Y, Z) on a qubit, after everything so far."""
        self._frame[qubit] ^= pauli  # the product of Paulis, up to a phase
        if not self._merge:
            self.put_down(qubit)

    def add(self, op: Op) -> None:
        """Write an op; pending Paulis of its qubits come first, or are carried through it."""
        if op.name in _PASSED:
            self._written.append([op])
            return
        carried = self._carried(op)
        if carried is not None:
            written, self._frame[op.qubits[0]] = carried
            self._write(written)
            return
        for qubit in op.qubits:
            self.put_down(qubit)
        self._write(op)

    def put_down(self, qubit: int) -> None:
        """Write the pending Pauli of a qubit."""
        pauli, self._frame[qubit] = self._frame[qubit], 0
        if pauli in (1, 2) and self._virtual and self._absorb_x(qubit):
            pauli ^= 1
        if pauli in (2, 3) and self._virtual and self._absorb_z(len(self._tail[qubit]) - 1, qubit):
            pauli ^= 3
        for op in self._paulis.ops(pauli, qubit):
            self._write(op)

    def circuit(self) -> Circuit:
        """The circuit, with all pending Paulis put down."""
        for qubit in range(self._n_qubits):
            self.put_down(qubit)
        return Circuit(self._n_qubits, [op for step in self._written for op in step])

    def _carried(self, op: Op) -> tuple[Op, int] | None:
        """The op behind which the frame of its qubit stands, and that frame."""
        if not self._merge or len(op.qubits) != 1:
            return None
        frame = self._frame[op.qubits[0]]
        axis = _AXIS.get(op.name)
        if axis is not None:
            turned = frame not in (0, axis)
            return (replace(op, angles=(-op.angles[0],)) if turned else op), frame
        table = conjugation_of(op)
        return None if table is None else (op, table.images[frame])

    def _write(self, op: Op) -> None:
        step = [op]
        self._written.append(step)
        for qubit in op.qubits:
            self._tail[qubit] = [*self._tail[qubit], step] if op.name in ("rz", "sx") else []

    def _absorb_x(self, qubit: int) -> bool:
        """Turn the last `sx` of the tail into its inverse, which puts an X behind it."""
        tail = self._tail[qubit]
        with_sx = [k for k, step in enumerate(tail) if any(op.name == "sx" for op in step)]
        last = with_sx[-1] if with_sx else None
        if last is None:
            return False
        for step in tail[last + 1 :]:
            step[:] = [replace(op, angles=(-op.angles[0],)) for op in step]
        for position in (last - 1, last + 1):
            if not self._absorb_z(position, qubit):
                _toggle(tail[last], before=position < last, turn=self._paulis.z(qubit)[0])
        return True

    def _absorb_z(self, position: int, qubit: int) -> bool:
        """Add pi to the angle of the `rz` at a position of the tail, if there is one."""
        tail = self._tail[qubit]
        names = [op.name for op in tail[position]] if 0 <= position < len(tail) else []
        if names != ["rz"]:
            return False
        op = tail[position][0]
        tail[position][:] = [replace(op, angles=(op.angles[0] + math.pi,))]
        return True


def _toggle(step: list[Op], *, before: bool, turn: Op) -> None:
    """Add a turn on one side of the `sx` in a step, or take away the one that is there."""
    where = 0 if before else len(step)
    end = step[0] if before else step[-1]
    if end.name == turn.name:
        step.pop(0 if before else -1)
    else:
        step.insert(where, turn)
