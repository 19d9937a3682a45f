"""Relaxation and dephasing of one qubit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

from circuits import gates as g
from circuits.arguments import number
from circuits.errors import ChannelError, InvalidArgumentError
from circuits.ops import Op
from circuits.symbols import Angle
from noise.channels.channel import Channel, Strength, power, strength


def _impossible(channel: Channel, factor: float) -> ChannelError:
    return ChannelError(f"`{channel!r}` cannot be scaled by {factor}.")


@final
@dataclass(frozen=True)
class AmplitudeDamping(Channel):
    """Decay towards equilibrium: <Z> -> (1 - gamma) <Z> + gamma (1 - 2 population).

    <X> and <Y> are multiplied by sqrt(1 - gamma). With population 0 (zero temperature), |1> decays
    to |0> with probability gamma. Gradients at exactly gamma = 1, where the slope of the square
    root is infinite, take that slope as 0.

    Scaled: 1 - gamma becomes (1 - gamma)^factor.

    Args:
        gamma: 0 <= gamma <= 1, a number or an expression of symbols.
        population: Population of |1> at equilibrium, in [0, 1].

    Raises:
        ChannelError: If one is out of range.

    >>> AmplitudeDamping(0.36).transfer()
    tensor([[1.0000, 0.0000, 0.0000, 0.0000],
            [0.0000, 0.8000, 0.0000, 0.0000],
            [0.0000, 0.0000, 0.8000, 0.0000],
            [0.3600, 0.0000, 0.0000, 0.6400]], dtype=torch.float64)
    """

    gamma: Strength
    population: Strength = 0.0

    def __post_init__(self) -> None:
        for name in ("gamma", "population"):
            object.__setattr__(self, name, strength(getattr(self, name), name))
        self.on(0)

    @property
    def n_qubits(self) -> int:
        return 1

    def _op(self, *qubits: int) -> Op:
        return g.amplitude_damping(self.gamma, *qubits, population=self.population)

    def _scaled(self, factor: float) -> AmplitudeDamping:
        kept = power(1 - self.gamma, factor, lambda: _impossible(self, factor))
        return AmplitudeDamping(1 - kept, self.population)

    def _identity(self) -> AmplitudeDamping:
        return AmplitudeDamping(0.0, self.population)


@final
@dataclass(frozen=True)
class PhaseDamping(Channel):
    """Loss of phase: <X> and <Y> are multiplied by sqrt(1 - lam), <Z> stays.

    The same as a phase flip with probability (1 - sqrt(1 - lam)) / 2. Gradients at exactly lam = 1
    take the infinite slope of the square root as 0.

    Scaled: 1 - lam becomes (1 - lam)^factor.

    Args:
        lam: 0 <= lam <= 1, a number or an expression of symbols.

    Raises:
        ChannelError: If lam is out of range.

    >>> PhaseDamping(0.36).transfer().diagonal()
    tensor([1.0000, 0.8000, 0.8000, 1.0000], dtype=torch.float64)
    """

    lam: Strength

    def __post_init__(self) -> None:
        object.__setattr__(self, "lam", strength(self.lam, "lam"))
        self.on(0)

    @property
    def n_qubits(self) -> int:
        return 1

    def _op(self, *qubits: int) -> Op:
        return g.phase_damping(self.lam, *qubits)

    def _scaled(self, factor: float) -> PhaseDamping:
        return PhaseDamping(1 - power(1 - self.lam, factor, lambda: _impossible(self, factor)))

    def _identity(self) -> PhaseDamping:
        return PhaseDamping(0.0)


@final
@dataclass(frozen=True)
class ThermalRelaxation(Channel):
    """Relaxation for a time: <X>, <Y> times e^(-time/t2), <Z> towards 1 - 2 population.

    <Z> -> e^(-time/t1) <Z> + (1 - e^(-time/t1)) (1 - 2 population).

    Scaled: time times factor.

    Args:
        t1: Relaxation time, > 0, in the unit of `time`; infinite for none.
        t2: Dephasing time, > 0 and at most 2 t1; infinite for none.
        time: Duration, >= 0.
        population: Population of |1> at equilibrium, in [0, 1].

    Raises:
        ChannelError: If t2 > 2 t1, or a value is out of range.

    >>> ThermalRelaxation(t1=100e-6, t2=80e-6, time=0.3e-6).average_gate_fidelity()
    0.99825...
    """

    t1: Strength
    t2: Strength
    time: Strength
    population: Strength = 0.0

    def __post_init__(self) -> None:
        for name in ("t1", "t2", "time", "population"):
            value = getattr(self, name)
            infinite = name in ("t1", "t2") and isinstance(value, float) and value == math.inf
            if not infinite:
                object.__setattr__(self, name, strength(value, name))
        if self.t1 == math.inf:
            if not isinstance(self.t2, Angle) and self.t2 <= 0:
                raise ChannelError(f"`ThermalRelaxation` needs t2 > 0, got {self.t2}.")
            if not isinstance(self.time, Angle) and self.time < 0:
                raise ChannelError(f"`ThermalRelaxation` needs time >= 0, got {self.time}.")
            if self.population != 0:
                raise InvalidArgumentError(
                    "Argument `population` has no effect where t1 is infinite, got "
                    f"{self.population}: nothing relaxes."
                )
            if isinstance(self.t2, Angle):
                raise InvalidArgumentError(
                    "Argument `t2` must be a number where t1 is infinite, got an expression: use "
                    "PhaseDamping, or a finite t1."
                )
        elif self.t2 == math.inf:
            raise ChannelError(
                f"`ThermalRelaxation` needs t2 <= 2 t1, got t1 = {self.t1}, t2 = inf."
            )
        self.on(0)

    @property
    def n_qubits(self) -> int:
        return 1

    def _op(self, *qubits: int) -> Op:
        if self.t1 == math.inf:  # dephasing alone, e^(-2 rate) = e^(-time/t2)
            rate = self.time * (0.5 / number_or_infinite(self.t2))
            return g.pauli_lindblad({"Z": rate}, *qubits)
        return g.thermal_relaxation(
            self.t1, self.t2, self.time, *qubits, population=self.population
        )

    def _scaled(self, factor: float) -> ThermalRelaxation:
        return ThermalRelaxation(self.t1, self.t2, factor * self.time, self.population)

    def _identity(self) -> ThermalRelaxation:
        return ThermalRelaxation(self.t1, self.t2, 0.0, self.population)


def number_or_infinite(value: Strength) -> float:
    """A constant time as a `float`."""
    return math.inf if value == math.inf else number(value, "t2")
