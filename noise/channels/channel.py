"""`Channel`: what all channels have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from circuits.arguments import number
from circuits.errors import ArgumentTypeError, InvalidArgumentError, QubitError, SymbolError
from circuits.ops import Op
from circuits.symbols import Angle, as_angle
from noise import representations as to

if TYPE_CHECKING:
    from noise.channels.general import PauliTransferMatrix

Strength = float | Angle
"""A number, or an expression of `weights(...)` and `inputs(...)` symbols."""


def strength(value: Any, argument: str) -> Strength:
    """The value as a `float`, or as an expression if it has symbols.

    Raises:
        SymbolError: If it is neither a number nor an expression, or a tensor that requires grad.
        NonFiniteError: If it is not finite.
    """
    angle = as_angle(value, argument)
    return angle.constant if angle.is_constant else angle


class Channel(ABC):
    """A quantum channel as a value: immutable, comparable, printable.

    A circuit takes it as an op, `channel.on(*qubits)`. Matrices are those of
    `noise.representations`; the first qubit is the least significant.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def n_qubits(self) -> int:
        """Number k of qubits."""

    @abstractmethod
    def _op(self, *qubits: int) -> Op:
        """The op on as many qubits as the channel has."""

    @abstractmethod
    def _scaled(self, factor: float) -> Channel:
        """The channel with its noise `factor` times as strong; factor is positive and not 1."""

    @abstractmethod
    def _identity(self) -> Channel:
        """The channel at strength zero."""

    def on(self, *qubits: int) -> Op:
        """The channel on the given qubits of a circuit.

        Raises:
            QubitError: If there are not `n_qubits` of them.
        """
        if len(qubits) != self.n_qubits:
            raise QubitError(
                f"`{self!r}` acts on {self.n_qubits} qubit(s), got {len(qubits)}: {qubits}."
            )
        return self._op(*qubits)

    def scaled(self, factor: float) -> Channel:
        """The channel with its noise `factor` times as strong.

        If the channel is e^L, this is e^(factor L): twice as strong is the channel twice. Each
        class states the formula. Factor 0 is the identity, factor 1 the channel itself.

        Raises:
            InvalidArgumentError: If the factor is negative.
            ChannelError: If no channel is the channel's power, as for bit flips above one half.
            SymbolError: If a strength is a symbol and the scaled one no polynomial of it.
        """
        times = number(factor, "factor")
        if times < 0:
            raise InvalidArgumentError(f"Argument `factor` must be at least 0, got {factor}.")
        if times == 1:
            return self
        return self._scaled(times) if times else self._identity()

    def transfer(self) -> Tensor:
        """The Pauli transfer matrix `(4**k, 4**k)`, float64.

        Raises:
            SymbolError: If a strength is a symbol.
        """
        op = self.on(*range(self.n_qubits))
        symbolic = next((angle for angle in op.angles if not angle.is_constant), None)
        if symbolic is not None:
            raise SymbolError(
                f"`{self!r}` has no matrix before its symbols have values ({symbolic}). Put it in "
                "a circuit and run that, or make the channel of numbers."
            )
        values = [angle.constant for angle in op.angles]
        return op.transfer(torch.tensor(values, dtype=torch.float64))

    def choi(self) -> Tensor:
        """The Choi matrix `(4**k, 4**k)`, complex128, trace 2**k."""
        return to.ptm_to_choi(self.transfer())

    def kraus(self) -> Tensor:
        """Kraus operators `(m, 2**k, 2**k)`, complex128; of the fewest, the largest first."""
        return to.ptm_to_kraus(self.transfer())

    def superoperator(self) -> Tensor:
        """The matrix `(4**k, 4**k)` on density matrices with stacked columns, complex128."""
        return to.ptm_to_superoperator(self.transfer())

    def chi(self) -> Tensor:
        """The chi matrix `(4**k, 4**k)`, complex128, trace 1."""
        return to.ptm_to_chi(self.transfer())

    def average_gate_fidelity(self) -> float:
        """Average fidelity of the channel's output with its input, over all pure states."""
        return float(to.average_gate_fidelity(self.transfer()))

    def process_fidelity(self) -> float:
        """Probability of the identity in the channel's chi matrix."""
        return float(to.process_fidelity(self.transfer()))

    def diamond_distance_bound(self, other: Channel | None = None) -> tuple[float, float]:
        """Lower and upper bound of the diamond distance to `other`, by default the identity."""
        target = None if other is None else self._paired(other, "diamond_distance_bound").transfer()
        return to.diamond_distance_bound(self.transfer(), target)

    @property
    def is_unital(self) -> bool:
        """Whether the maximally mixed state stays as it is, to 1e-9."""
        return bool(self.transfer()[1:, 0].abs().max() < 1e-9)

    def then(self, other: Channel) -> PauliTransferMatrix:
        """The channel that applies this one first and `other` after it."""
        from noise.channels.general import PauliTransferMatrix

        return PauliTransferMatrix(self._paired(other, "then").transfer() @ self.transfer())

    def tensor(self, other: Channel) -> PauliTransferMatrix:
        """This channel on the first qubits and `other` on the next ones."""
        from noise.channels.general import PauliTransferMatrix

        _check_channel(other, "tensor")
        return PauliTransferMatrix(torch.kron(other.transfer(), self.transfer()))

    def _paired(self, other: Channel, method: str) -> Channel:
        _check_channel(other, method)
        if other.n_qubits != self.n_qubits:
            raise QubitError(
                f"`{method}` needs channels on equally many qubits, got {self.n_qubits} and "
                f"{other.n_qubits}. Use `tensor` to widen one."
            )
        return other


def _check_channel(value: Any, method: str) -> None:
    if not isinstance(value, Channel):
        raise ArgumentTypeError(
            f"`{method}` needs a channel such as noise.channels.Depolarizing(0.1), got "
            f"{type(value).__name__}: {value!r}."
        )


def power(base: Any, factor: float, refuse: Callable[[], Exception]) -> Any:
    """The base to the power factor; integers only where the base is symbolic or negative.

    Raises:
        SymbolError: If the base has symbols and the factor is no integer.
    """
    whole = float(factor).is_integer()
    if isinstance(base, Angle) and not base.is_constant:
        if not whole:
            raise SymbolError(
                f"A strength with symbols can be scaled by integers only, got factor {factor}: "
                "other powers are no polynomials of the symbols."
            )
        return base ** int(factor)
    value = float(base)
    if value < 0 and not whole:
        raise refuse()
    return value ** (int(factor) if whole else factor)
