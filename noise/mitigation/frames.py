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

from circuits import gates as g
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
        self._virtual = [op.name for op in paulis.z(0)] == ["rz"]
        self._written: list[Op] = []
        self._frame = [0] * n_qubits
        self._tail: list[list[int]] = [[] for _ in range(n_qubits)]

    def add_pauli(self, pauli: int, qubit: int) -> None:
        """Put a Pauli (0, 1, 2, 3 for I, X, Y, Z) on a qubit, after everything so far."""
        self._frame[qubit] = multiply(self._frame[qubit], pauli)
        if not self._merge:
            self.put_down(qubit)

    def add(self, op: Op) -> None:
        """Write an op behind the pending Paulis of its qubits."""
        if op.name in _PASSED:
            self._written.append(op)
            return
        carried = self._carried(op)
        if carried is None:
            for qubit in op.qubits:
                self.put_down(qubit)
                self._tail[qubit] = []
            self._written.append(op)
            return
        (qubit,) = op.qubits
        written, self._frame[qubit] = carried
        self._write(written)

    def put_down(self, qubit: int) -> None:
        """Write the pending Pauli of a qubit."""
        pauli, self._frame[qubit] = self._frame[qubit], 0
        if pauli in (1, 2) and self._virtual and self._absorbed(qubit):
            pauli ^= 2 ^ 1 if pauli == 2 else 1  # Y leaves Z, X leaves nothing
        for op in self._paulis.ops(pauli, qubit):
            self._write(op)

    def circuit(self) -> Circuit:
        """The circuit, with all pending Paulis put down."""
        for qubit in range(self._n_qubits):
            self.put_down(qubit)
        return Circuit(self._n_qubits, _without_turns(self._written))

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
        if op.name in ("rz", "sx"):
            self._tail[op.qubits[0]].append(len(self._written))
        else:
            self._tail[op.qubits[0]] = []
        self._written.append(op)

    def _absorbed(self, qubit: int) -> bool:
        """Turn the last `sx` on the qubit into its inverse, which puts an X behind it."""
        tail = self._tail[qubit]
        last = next((k for k in reversed(tail) if self._written[k].name == "sx"), None)
        if last is None:
            return False
        for position in tail[tail.index(last) + 1 :]:
            op = self._written[position]
            self._written[position] = replace(op, angles=(-op.angles[0],))
        self._written[last] = _TURNED_SX(qubit)
        return True
