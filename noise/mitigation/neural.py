"""Training a `NeuralExtrapolator`: circuits of one family, run noisily and simulated exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from circuits.backends.statevector import StateVector
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError
from circuits.execution import Backend, Request, Seed, as_generator
from circuits.ops import Op
from circuits.pauli import PauliSum, as_observables
from circuits.symbols import Angle
from noise.mitigation.base import derive
from noise.mitigation.extrapolation import NeuralExtrapolator

if TYPE_CHECKING:
    from noise.mitigation.zne import ZNE

FAMILIES = ("near-clifford", "perturbed")


def family(
    circuit: Circuit,
    number: int,
    *,
    kind: str = "perturbed",
    strength: float = 0.5,
    generator: Seed = None,
) -> list[Circuit]:
    """Circuits with the gates of another one and other angles.

    Args:
        circuit: A circuit without symbols (`circuit.bind`).
        number: How many.
        kind: `"perturbed"` adds a normal random number to every angle; `"near-clifford"` rounds
            every angle to a multiple of pi/2, adds pi to half of them, and draws a part of them
            anew, so that the circuits are cheap to simulate exactly for many qubits.
        strength: Standard deviation of the normal numbers, radians; for `"near-clifford"` the
            share of angles that become uniformly random.
        generator: Source of randomness.

    Returns:
        The circuits; their ops are those of `circuit` in order.

    Raises:
        InvalidArgumentError: If the circuit has symbols or no angles, or an option is unknown.
    """
    if kind not in FAMILIES:
        raise InvalidArgumentError(f"Argument `kind` must be one of {FAMILIES}, got {kind!r}.")
    if circuit.parameters:
        raise InvalidArgumentError(
            "Argument `circuit` has symbols; give them values with `circuit.bind(x, w)` first."
        )
    if not any(op.angles for op in circuit.ops if op.name != "delay"):
        raise InvalidArgumentError(
            "Argument `circuit` has no angles to vary. Train on circuits of the same shape instead."
        )
    source = as_generator(generator)

    def moved(angle: Angle) -> Angle:
        if kind == "perturbed":
            return angle + strength * float(torch.randn((), generator=source))
        if float(torch.rand((), generator=source)) < strength:
            return Angle(2 * math.pi * float(torch.rand((), generator=source)))
        quarter = math.pi / 2
        return Angle(quarter * round(float(angle) / quarter + _half_turns(source)))

    def varied(op: Op) -> Op:
        if op.name == "delay" or not op.angles:
            return op
        return replace(op, angles=tuple(map(moved, op.angles)))

    return [Circuit(circuit.n_qubits, map(varied, circuit.ops)) for _ in range(number)]


def training_values(
    zne: ZNE,
    circuits: Sequence[Circuit],
    observables: Sequence[PauliSum | str],
    *,
    shots: int | None = None,
    generator: Seed = None,
    reference: Backend | None = None,
) -> tuple[Tensor, Tensor]:
    """Values at the noise factors and exact values of circuits.

    Args:
        zne: Whose backend, factors and folding are used.
        circuits: Training circuits without symbols.
        observables: What to measure in each.
        shots: Shots in total per value, as for `ZNE`; `None` is exact.
        generator: Source of randomness.
        reference: Where the exact values come from; default the state-vector simulator.

    Returns:
        `(k, n)` and `(n,)` in float64, n = circuits times observables.
    """
    checked = as_observables(list(observables))
    source = as_generator(generator)
    requests = [
        Request(c, torch.zeros(1, 0, dtype=torch.float64), checked, shots=shots, generator=source)
        for c in circuits
    ]
    noisy = [result.metadata["raw"][:, 0] for result in zne.run(requests)]
    exact = (reference or StateVector()).run([derive(r, shots=None) for r in requests])
    targets = [result.values[0] for result in exact if result.values is not None]
    return torch.cat(noisy, dim=1).double(), torch.cat(targets).double()


def train(
    zne: ZNE,
    circuits: Sequence[Circuit],
    observables: Sequence[PauliSum | str],
    *,
    hidden: Sequence[int] = (16, 16),
    shots: int | None = None,
    generator: Seed = 0,
    reference: Backend | None = None,
    steps: int = 400,
) -> NeuralExtrapolator:
    """A `NeuralExtrapolator` for the backend, factors and folding of a `ZNE`.

    Cost: one circuit per training circuit and factor, plus the exact simulations.

    Args:
        zne: With any extrapolator; its values at the factors are the inputs.
        circuits: Training circuits, for example from `family`.
        observables: What to measure in each; all count as samples of one network.
        hidden: Widths of the hidden layers.
        shots: Shots in total per value, as for `ZNE`; `None` is exact.
        generator: Source of randomness of shots and first weights.
        reference: Where the exact values come from; default the state-vector simulator.
        steps: Training steps.

    Returns:
        The trained extrapolator, for `ZNE(..., extrapolator=it)`.
    """
    source = as_generator(generator)
    values, exact = training_values(
        zne, circuits, observables, shots=shots, generator=source, reference=reference
    )
    untrained = NeuralExtrapolator(zne.factors, tuple(hidden))
    return untrained.fit(values, exact, seed=source, steps=steps)


def _half_turns(source: torch.Generator | None) -> int:
    """0 or 2 quarter turns, so that rounding does not always give the same circuit."""
    return 2 * int(torch.randint(0, 2, (), generator=source))
