"""One op of every channel of the gate table, and the circuits in which they show."""

from __future__ import annotations

import numpy as np
import torch

from circuits import Circuit, Op
from circuits import gates as g
from tests.support.strategies import random_channel, random_unitary

EXAMPLES: dict[str, Op] = {
    "depolarizing": g.depolarizing(0.3, 1),
    "depolarizing-2": g.depolarizing(0.2, 2, 0),
    "pauli_channel": g.pauli_channel({"X": 0.15, "Z": 0.2}, 1),
    "pauli_channel-2": g.pauli_channel({"XZ": 0.15, "IY": 0.1, "ZI": 0.2}, 2, 1),
    "bit_flip": g.bit_flip(0.2, 0),
    "phase_flip": g.phase_flip(0.2, 1),
    "bit_phase_flip": g.bit_phase_flip(0.2, 2),
    "amplitude_damping": g.amplitude_damping(0.3, 1),
    "amplitude_damping-warm": g.amplitude_damping(0.3, 1, population=0.2),
    "phase_damping": g.phase_damping(0.3, 2),
    "thermal_relaxation": g.thermal_relaxation(3.0, 2.0, 1.0, 0, population=0.1),
    "thermal_relaxation-long": g.thermal_relaxation(3.0, 5.0, 1.0, 1),
    "pauli_lindblad": g.pauli_lindblad({"XZ": 0.1, "ZI": 0.2}, 0, 2),
    "kraus": g.kraus(random_channel(3, 4), 2, 1),
    "transfer_matrix": g.transfer_matrix(
        g.kraus(random_channel(4, 4), 0, 1).transfer(torch.zeros(0, dtype=torch.float64)).numpy(),
        1, 2,
    ),
}  # fmt: skip


def transfer_of(op: Op) -> np.ndarray:
    """Pauli transfer matrix of an op whose strengths are numbers."""
    values = torch.tensor([float(angle) for angle in op.angles], dtype=torch.float64)
    return op.transfer(values).numpy()


def scrambled(op: Op, *, seed: int = 0, n: int = 3) -> Circuit:
    """The op between random entangling unitaries, where every one of its effects shows."""
    before, after = (g.unitary(random_unitary(seed + k, 2**n), *range(n)) for k in range(2))
    return Circuit(n, [before, op, after])


def final_state(circuit: Circuit) -> np.ndarray:
    """The density matrix at the end of a circuit without symbols, `(2**n, 2**n)`."""
    from circuits.backends.density_matrix import density_matrix

    d = 2**circuit.n_qubits
    empty = torch.zeros(1, 0, dtype=torch.float64)
    return density_matrix(circuit, empty, empty).reshape(d, d).numpy()
