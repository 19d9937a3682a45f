"""A circuit in which every angle with symbols is one symbol of its own: what shift methods vary.

Angles that are numbers stay numbers, so that a backend which translates circuits makes of this one
what it would make of the circuit itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import final

import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.execution import Backend, Probabilities, Request, Result, Seed, Values
from circuits.gradients.rules import slots_of
from circuits.pauli import PauliSum
from circuits.simulators.binding import bind
from circuits.symbols import weights


@final
class Occurrences:
    """Runs a circuit on any backend as a function of its angles that hold symbols.

    Args:
        circuit: The circuit.
        observed: Observables, or `Probabilities`.
        backend: Where to run.
        shots: Measurements, or `None` for exact values.
        generator: Source of randomness.
    """

    def __init__(
        self,
        circuit: Circuit,
        observed: tuple[PauliSum, ...] | Probabilities,
        backend: Backend,
        shots: int | None,
        generator: Seed,
    ) -> None:
        self.circuit = circuit
        self.backend = backend
        self.shots = shots
        self.generator = generator
        self.observables = () if isinstance(observed, Probabilities) else observed
        self.qubits = None
        if isinstance(observed, Probabilities):
            self.qubits = observed.qubits or tuple(range(circuit.n_qubits))
        self.slots = slots_of(circuit)
        self.binding = bind(circuit)
        self._numbers = self.binding.numbers(circuit)
        self.flat = _flattened(circuit, len(self.slots))
        every = [angle for op in circuit.ops for angle in op.angles]
        self._symbolic = torch.tensor([k for k, a in enumerate(every) if not a.is_constant]).long()
        angles = [op.angles[k] for op, k in self.slots]
        kinds = [{s.group.kind for s in angle.symbols} for angle in angles]
        self.uses_inputs = torch.tensor(["input" in kind for kind in kinds], dtype=torch.bool)
        self.uses_weights = torch.tensor(["weight" in kind for kind in kinds], dtype=torch.bool)

    def angles(self, inputs: Tensor, weight_values: Tensor) -> Tensor:
        """The angles with symbols `(batch, n_slots)`, differentiable by torch."""
        every = self.binding.angles(self._numbers, inputs, weight_values)
        return every.index_select(0, self._symbolic.to(every.device)).T

    def varied(self, inputs: Tensor, weight_values: Tensor) -> list[int]:
        """The slots whose derivative is wanted."""
        wanted = torch.zeros(len(self.slots), dtype=torch.bool)
        if torch.is_grad_enabled():
            wanted |= self.uses_inputs & inputs.requires_grad
            wanted |= self.uses_weights & weight_values.requires_grad
        return [int(k) for k in wanted.nonzero()[:, 0]]

    def run(self, angles: Tensor) -> Result:
        """Values at `angles (points, n_slots)`; one request, one job."""
        points = Values(angles.new_zeros(angles.shape[0], 0), angles)
        generator = self.generator
        request = Request(
            self.flat,
            points,
            self.observables,
            qubits=self.qubits,
            shots=self.shots,
            generator=generator,
        )
        with torch.autocast(angles.device.type, enabled=False):
            return as_values(self.backend.run([request])[0], angles.dtype)


def as_values(result: Result, dtype: torch.dtype) -> Result:
    """A result with values: frequencies where a backend returned samples of qubits."""
    if result.values is not None or result.samples is None:
        return result
    samples = result.samples
    shots, k = samples.shape[1:]
    powers = 2 ** torch.arange(k, device=samples.device)
    index = (samples.to(torch.int64) * powers).sum(-1)
    frequencies = torch.zeros(samples.shape[0], 2**k, dtype=dtype, device=samples.device)
    frequencies.scatter_add_(1, index, torch.ones_like(index, dtype=dtype))
    frequencies = frequencies / shots
    spread = frequencies * (1 - frequencies) / max(shots - 1, 1)
    variances = spread if shots > 1 else torch.full_like(spread, torch.nan)
    return replace(result, values=frequencies, variances=variances)


def _flattened(circuit: Circuit, n_slots: int) -> Circuit:
    """The circuit whose k-th angle that holds symbols is the k-th symbol of one group."""
    if n_slots == 0:
        return circuit
    symbols = iter(weights(n_slots, name="angle"))
    return circuit.map_angles(lambda angle: angle if angle.is_constant else next(symbols))
