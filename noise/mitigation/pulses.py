"""Paulis as gates that a backend runs as they are.

What is native is asked of the backend itself: a candidate circuit that `backend.lower` returns
unchanged is native.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from circuits import gates as g
from circuits.circuit import Circuit
from circuits.errors import UnsupportedOperationError
from circuits.execution import Backend, Request
from circuits.ops import Op
from circuits.pauli import PauliSum

Pulse = Callable[[int], tuple[Op, ...]]

_PI = math.pi
_Z: tuple[Pulse, ...] = (
    lambda q: (g.rz(_PI, q),),
    lambda q: (g.z(q),),
    lambda q: (g.p(_PI, q),),
    lambda q: (g.u(0, 0, _PI, q),),
    lambda q: (g.rx(_PI, q), g.ry(_PI, q)),
)
_X: tuple[Pulse, ...] = (
    lambda q: (g.x(q),),
    lambda q: (g.rx(_PI, q),),
    lambda q: (g.sx(q), g.sx(q)),
    lambda q: (g.u(_PI, 0, _PI, q),),
    lambda q: (g.ry(_PI, q), g.rz(_PI, q)),
    lambda q: (g.h(q), g.rz(_PI, q), g.h(q)),
)


@dataclass(frozen=True, slots=True)
class NativePaulis:
    """Native gates for X and Z (Y is Z, then X), equal to the Paulis up to a global phase.

    Attributes:
        x: Function from a qubit to the ops of X.
        z: Function from a qubit to the ops of Z.
    """

    x: Pulse
    z: Pulse

    def ops(self, pauli: int, qubit: int) -> tuple[Op, ...]:
        """The ops of a Pauli (0, 1, 2, 3 for I, X, Y, Z) on a qubit."""
        phase = self.z(qubit) if pauli in (2, 3) else ()
        flip = self.x(qubit) if pauli in (1, 2) else ()
        return phase + flip


def native_paulis(backend: Backend, n_qubits: int) -> NativePaulis:
    """How a backend runs X and Z on every qubit without changing the circuit.

    Args:
        backend: The backend.
        n_qubits: Width of the lowered circuits.

    Raises:
        UnsupportedOperationError: If none of the known forms is native.
    """
    return NativePaulis(
        _first_native(backend, n_qubits, _X, "X"), _first_native(backend, n_qubits, _Z, "Z")
    )


def _first_native(
    backend: Backend, n_qubits: int, candidates: tuple[Pulse, ...], name: str
) -> Pulse:
    for candidate in candidates:
        ops = [op for q in range(n_qubits) for op in candidate(q)]
        circuit = Circuit(n_qubits, ops)
        request = Request(circuit, torch.zeros(1, 0, dtype=torch.float64), [PauliSum("Z0")])
        try:
            lowered = backend.lower(request).circuit
        except UnsupportedOperationError:
            continue
        if lowered == circuit:
            return candidate
    tried = ", ".join(" ".join(op.name for op in candidate(0)) for candidate in candidates)
    raise UnsupportedOperationError(
        f"{backend!r} has no native form of the Pauli {name}: tried {tried}. Add one of these "
        "gates to its basis gates."
    )
