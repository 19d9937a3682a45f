"""Depolarizing noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from circuits import gates as g
from circuits.arguments import integer
from circuits.errors import ChannelError
from circuits.ops import Op
from noise.channels.channel import Channel, Strength, power, strength


@final
@dataclass(frozen=True)
class Depolarizing(Channel):
    """The state is lost with probability p: rho -> (1 - p) rho + p I/2^k.

    Every Pauli expectation value but the identity's is multiplied by 1 - p. The p of other
    conventions is that of `from_pauli_probability`.

    Scaled: 1 - p becomes (1 - p)^factor.

    Args:
        p: 0 <= p <= 4^k / (4^k - 1), a number or an expression of symbols. Above 1 the channel is
            still completely positive; at the upper end no weight is left on the identity.
        n_qubits: Number k of qubits.

    Raises:
        ChannelError: If p is out of range.

    >>> Depolarizing(0.1).transfer().diagonal()
    tensor([1.0000, 0.9000, 0.9000, 0.9000], dtype=torch.float64)
    """

    p: Strength
    n_qubits: int = 1

    def __post_init__(self) -> None:
        integer(self.n_qubits, "n_qubits")
        object.__setattr__(self, "p", strength(self.p, "p"))
        self.on(*range(self.n_qubits))

    @classmethod
    def from_pauli_probability(cls, p: Strength, n_qubits: int = 1) -> Depolarizing:
        """The channel that applies one of the 4^k - 1 Pauli errors with total probability p.

        rho -> (1 - p) rho + p / (4^k - 1) * sum of P rho P over the strings P but the identity.
        This is PennyLane's and Cirq's convention.

        Args:
            p: 0 <= p <= 1.
            n_qubits: Number k of qubits.

        >>> Depolarizing.from_pauli_probability(0.75).p
        1.0
        """
        size = 4 ** integer(n_qubits, "n_qubits")
        return cls(p * (size / (size - 1)), n_qubits)

    def _op(self, *qubits: int) -> Op:
        return g.depolarizing(self.p, *qubits)

    def _scaled(self, factor: float) -> Depolarizing:
        kept = power(1 - self.p, factor, lambda: ChannelError(
            f"`{self!r}` cannot be scaled by {factor}: 1 - p is negative and has no such power."
        ))  # fmt: skip
        return Depolarizing(1 - kept, self.n_qubits)

    def _identity(self) -> Depolarizing:
        return Depolarizing(0.0, self.n_qubits)
