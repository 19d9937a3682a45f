"""Circuits for the tests of both renderers."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from circuits import Circuit, Op, inputs, weights
from circuits import gates as g

X, W = inputs(3), weights(2, 3, name="w")
ANGLES = st.sampled_from([0.1, -np.pi / 2, X[0], 2 * W[1, 2] * X[1] + 0.5, (np.pi - X[0]) * X[1]])


def op_of_every_kind(name: str, angle: object = 0.3) -> Op:
    """An op of the gate of that name in the table, on neighbouring qubits from 0."""
    strength = 0.3 if isinstance(angle, float) else angle
    special = {
        "barrier": lambda: g.barrier(0, 1),
        "delay": lambda: g.delay(3e-7, 0),
        "pauli_rotation": lambda: g.pauli_rotation(angle, "XZ", 0, 1),
        "unitary": lambda: g.unitary(np.eye(4), 1, 0),
        "state_preparation": lambda: g.state_preparation([1, 2, 3, 4], 0, 1),
        "kraus": lambda: g.kraus([np.eye(2)], 0),
        "transfer_matrix": lambda: g.transfer_matrix(np.eye(16), 0, 1),
        "depolarizing": lambda: g.depolarizing(strength, 1, 0),
        "pauli_channel": lambda: g.pauli_channel({"XY": strength, "ZI": 0.3}, 0, 1),
        "pauli_lindblad": lambda: g.pauli_lindblad({"XY": strength}, 0, 1),
        "amplitude_damping": lambda: g.amplitude_damping(strength, 0),
        "thermal_relaxation": lambda: g.thermal_relaxation(2e-4, 8e-5, strength, 0),
    }
    if name in special:
        return special[name]()
    gate = g.TABLE[name]
    assert gate.n_qubits is not None
    argument = strength if gate.is_channel else angle
    return getattr(g, name)(*[argument] * gate.n_angles, *range(gate.n_qubits))


@st.composite
def random_circuits(draw: st.DrawFn, max_qubits: int = 6, max_ops: int = 12) -> Circuit:
    """Circuits of any gates of the table on any qubits, with controls, symbols, measurements."""
    n = draw(st.integers(1, max_qubits))
    ops: list[Op] = []
    for _ in range(draw(st.integers(0, max_ops))):
        op = op_of_every_kind(draw(st.sampled_from(sorted(g.TABLE))), draw(ANGLES))
        places = draw(st.permutations(range(n)))
        if len(op.qubits) > n:
            continue
        moved = Circuit(5, [op]).map_qubits(dict(enumerate(places)) | _beyond(n), max(n, 5)).ops[0]
        free = places[len(op.qubits) :]
        unitary = not op.is_channel and op.kind not in ("state_preparation", "barrier", "delay")
        if free and unitary and draw(st.booleans()):
            moved = g.controlled(moved, free[0])
        ops.append(moved)
    measured = dict.fromkeys(range(draw(st.integers(0, 1))), 0)
    return Circuit(n, ops, measured=measured)


def _beyond(n: int) -> dict[int, int]:
    return {q: q for q in range(n, 5)}
