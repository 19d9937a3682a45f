"""Relaxation of a qubit while it waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from circuits.ops import Op
from noise.channels import ThermalRelaxation
from noise.channels.channel import Strength


@final
@dataclass(frozen=True, slots=True)
class Idle:
    """Thermal relaxation during `delay`, for as long as the delay lasts.

    Attributes:
        t1: Relaxation time in seconds.
        t2: Dephasing time in seconds, at most 2 t1.
        population: Population of |1> at equilibrium.
    """

    t1: Strength
    t2: Strength
    population: Strength = 0.0

    def __post_init__(self) -> None:
        ThermalRelaxation(self.t1, self.t2, 1.0, self.population)

    def during(self, delay: Op) -> Op:
        """The relaxation that belongs to a delay op."""
        seconds = delay.angles[0]
        channel = ThermalRelaxation(self.t1, self.t2, seconds, self.population)
        return channel.on(*delay.qubits)

    def scaled(self, factor: float) -> Idle:
        """Both times divided by the factor; the equilibrium stays."""
        return Idle(self.t1 / factor, self.t2 / factor, self.population)
