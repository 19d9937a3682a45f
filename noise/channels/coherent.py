"""Coherent errors: unitaries that should not be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from circuits import gates as g
from circuits.ops import Op
from noise.channels.channel import Channel, Strength, strength


@final
@dataclass(frozen=True)
class OverRotation(Channel):
    """A unitary error exp(-i angle P / 2), which rotates by more than was asked for.

    Its op is a Pauli rotation, thus also state vectors run it.

    Scaled: angle times factor.

    Args:
        angle: Radians, a number or an expression of symbols.
        pauli: Label of P, character k on the k-th qubit.

    Raises:
        InvalidArgumentError: If the label is not one of I, X, Y, Z per qubit.

    >>> OverRotation(0.02, "ZX").on(0, 1)
    pauli_rotation(0.02, 'ZX', 0, 1)
    """

    angle: Strength
    pauli: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "angle", strength(self.angle, "angle"))
        g.pauli_rotation(self.angle, self.pauli, *range(len(str(self.pauli))))

    @property
    def n_qubits(self) -> int:
        return len(self.pauli)

    def _op(self, *qubits: int) -> Op:
        return g.pauli_rotation(self.angle, self.pauli, *qubits)

    def _scaled(self, factor: float) -> OverRotation:
        return OverRotation(factor * self.angle, self.pauli)

    def _identity(self) -> OverRotation:
        return OverRotation(0.0, self.pauli)
