"""A circuit whose every angle is a symbol of its own: what shift methods vary."""

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
    """Runs a circuit on any backend as a function of all its angles.

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
        angles = [op.angles[k] for op, k in self.slots]
        kinds = [{s.group.kind for s in angle.symbols} for angle in angles]
        self.uses_inputs = torch.tensor(["input" in kind for kind in kinds], dtype=torch.bool)
        self.uses_weights = torch.tensor(["weight" in kind for kind in kinds], dtype=torch.bool)

    def angles(self, inputs: Tensor, weight_values: Tensor) -> Tensor:
        """All angles `(batch, n_slots)`, differentiable by torch."""
        return self.binding.angles(self._numbers, inputs, weight_values).T

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
    """The circuit with its k-th angle replaced by the k-th symbol of one weight group.

    Durations of delays and constant strengths of channels are no angles and stay.
    """
    if n_slots == 0:
        return circuit
    symbols = iter(weights(n_slots, name="angle"))

    ops = []
    for op in circuit.ops:
        fresh = tuple(next(symbols) for _ in op.angles)
        if op.is_channel:
            pairs = zip(op.angles, fresh, strict=True)
            fresh = tuple(old if old.is_constant else new for old, new in pairs)
        ops.append(op if op.name == "delay" else replace(op, angles=fresh))
    return Circuit(circuit.n_qubits, ops)
