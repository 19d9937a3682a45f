"""One Pauli error with a probability: bit flip, phase flip, and both at once."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Self, final

from circuits import gates as g
from circuits.errors import ChannelError
from circuits.ops import Op
from noise.channels.channel import Channel, Strength, power, strength


@dataclass(frozen=True)
class Flip(Channel):
    """What the three flips have in common: 1 - 2p becomes (1 - 2p)^factor when scaled."""

    p: Strength

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", strength(self.p, "p"))
        self.on(0)

    @property
    def n_qubits(self) -> int:
        return 1

    @abstractmethod
    def _op(self, *qubits: int) -> Op: ...

    def _scaled(self, factor: float) -> Self:
        kept = power(1 - 2 * self.p, factor, lambda: ChannelError(
            f"`{self!r}` cannot be scaled by {factor}: above p = 1/2 there is no such power."
        ))  # fmt: skip
        return type(self)((1 - kept) / 2)

    def _identity(self) -> Self:
        return type(self)(0.0)


@final
@dataclass(frozen=True)
class BitFlip(Flip):
    """X is applied with probability p: rho -> (1 - p) rho + p X rho X.

    <Y> and <Z> are multiplied by 1 - 2p, <X> stays. Scaled: 1 - 2p becomes (1 - 2p)^factor.

    Args:
        p: 0 <= p <= 1, a number or an expression of symbols.

    Raises:
        ChannelError: If p is out of range.

    >>> BitFlip(0.1).transfer().diagonal()
    tensor([1.0000, 1.0000, 0.8000, 0.8000], dtype=torch.float64)
    """

    def _op(self, *qubits: int) -> Op:
        return g.bit_flip(self.p, *qubits)


@final
@dataclass(frozen=True)
class PhaseFlip(Flip):
    """Z is applied with probability p: rho -> (1 - p) rho + p Z rho Z.

    <X> and <Y> are multiplied by 1 - 2p, <Z> stays. Scaled: 1 - 2p becomes (1 - 2p)^factor.

    Args:
        p: 0 <= p <= 1, a number or an expression of symbols.

    Raises:
        ChannelError: If p is out of range.

    >>> PhaseFlip(0.1).transfer().diagonal()
    tensor([1.0000, 0.8000, 0.8000, 1.0000], dtype=torch.float64)
    """

    def _op(self, *qubits: int) -> Op:
        return g.phase_flip(self.p, *qubits)


@final
@dataclass(frozen=True)
class BitPhaseFlip(Flip):
    """Y is applied with probability p: rho -> (1 - p) rho + p Y rho Y.

    <X> and <Z> are multiplied by 1 - 2p, <Y> stays. Scaled: 1 - 2p becomes (1 - 2p)^factor.

    Args:
        p: 0 <= p <= 1, a number or an expression of symbols.

    Raises:
        ChannelError: If p is out of range.

    >>> BitPhaseFlip(0.1).transfer().diagonal()
    tensor([1.0000, 0.8000, 1.0000, 0.8000], dtype=torch.float64)
    """

    def _op(self, *qubits: int) -> Op:
        return g.bit_phase_flip(self.p, *qubits)
