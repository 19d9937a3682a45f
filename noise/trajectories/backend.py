"""`Trajectories`: noisy circuits as averages over random pure states."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, final

import torch
from torch import Tensor

from circuits.backends.statevector import check_preparations
from circuits.circuit import Circuit
from circuits.compact import compact
from circuits.errors import InvalidArgumentError
from circuits.execution import Backend, Probabilities, Request, Result, Seed, as_generator
from circuits.finite import check_finite
from circuits.gates import h, sdg
from circuits.ops import Op
from circuits.simulators.binding import bind
from circuits.simulators.readout import Readout, read_observable, read_probabilities
from circuits.simulators.sampling import measurement_groups
from circuits.simulators.strengths import check_strengths
from noise.noisy import check_noise_model, with_noise
from noise.trajectories.faults import is_pauli
from noise.trajectories.frames import PauliFrames
from noise.trajectories.jumps import Jumps
from noise.trajectories.readout import read_bits
from noise.trajectories.unravelling import Unravelling, estimate, outcomes

if TYPE_CHECKING:
    from noise.model import NoiseModel


@final
class Trajectories(Backend):
    """Noisy circuits as averages over random pure states, 2^n amplitudes each.

    For more qubits than the 4^n numbers of a density matrix or Pauli vector can be held for.
    Values are estimates with standard errors (`Result.variances`): the record without any fault is
    computed exactly, n records with at least one fault are drawn per point, so that weak noise
    leaves little to chance. A circuit without channels is computed exactly and once.

    If all channels are mixtures of Pauli operators, faults are drawn first, equal records are run
    once, all records of all points are one batch of the state-vector engine, and gradients (of
    strengths too, where no fault has probability 0) are unbiased estimates that take one adjoint
    sweep. Other channels (amplitude damping, thermal relaxation, Kraus operators) jump with
    probabilities that depend on the state, on torch; gradients of angles, through the
    probabilities of the records as well, are unbiased too; strengths of channels are refused.

    With `shots`, each shot is measured on a trajectory of its own, as on a device, and n plays no
    part. The model's readout error hits every measured qubit; basis changes are ideal. Qubits on
    which nothing happens cost nothing.

    Args:
        noise_model: Noise that follows the gates, and readout errors; `None` runs the circuit and
            the channels in it.
        n: Trajectories per point for values without `shots`; standard errors need 2.
        generator: Source of randomness, a `torch.Generator` or an integer seed, for requests that
            bring none; a seed gives the same draws in every run. `None` is torch's default.

    Raises:
        InvalidArgumentError: If n is no positive integer.

    References:
        Dalibard, Castin, Molmer, Phys. Rev. Lett. 68, 580 (1992). Gradients: score function with a
        leave-one-out baseline, Kool, van Hoof, Welling, ICLR workshop (2019).

    >>> from circuits import Circuit, gates as g
    >>> circuit = Circuit(10, [g.h(0), *(g.cx(q, q + 1) for q in range(9))])
    >>> circuit += [g.bit_flip(0.01, q) for q in range(10)]
    >>> result = circuit.estimate("Z0 Z9", backend=Trajectories(None, 1000, generator=7))
    >>> abs(float(result.values) - 0.98**2) < 5 * float(result.standard_errors)
    True
    """

    differentiable = True

    def __init__(self, noise_model: NoiseModel | None, n: int, *, generator: Seed = None) -> None:
        self.noise_model = check_noise_model(noise_model)
        if isinstance(n, bool) or not isinstance(n, numbers.Integral) or n < 1:
            raise InvalidArgumentError(
                f"Argument `n` must be a positive integer, the number of trajectories per point, "
                f"got {n!r}."
            )
        as_generator(generator)
        self.n: int = int(n)
        self.generator: Seed = generator

    def __repr__(self) -> str:
        return f"Trajectories({self.noise_model!r}, {self.n})"

    def lower(self, request: Request) -> Request:
        return request if self.noise_model is None else self.noise_model.lower(request)

    def run(self, requests: Sequence[Request]) -> list[Result]:
        # One stream for all requests of a run: circuits that are averaged differ in their draws.
        stream = as_generator(self.generator)
        return [self._run(self.lower(request), stream) for request in requests]

    def _run(self, request: Request, stream: torch.Generator | None) -> Result:
        generator = stream if request.generator is None else as_generator(request.generator)
        circuit = with_noise(self.noise_model, request.circuit)
        check_preparations(circuit)
        readout = {} if self.noise_model is None else dict(self.noise_model.readout)
        if request.points == 0:
            return self._nothing(request)
        if request.shots is None:
            return self._values(request, circuit, readout, generator)
        check_finite(request.values.sum(1), request.inputs, request.weights)
        if request.qubits is None:
            return self._estimates(request, circuit, readout, generator)
        rotated = _rotated(circuit, request.rotations)
        bits, clean = _outcomes(request, rotated, request.qubits, request.shots, generator)
        bits = read_bits(bits, request.qubits, readout, generator)
        return Result(samples=bits, metadata=self._facts(request, clean))

    def _values(
        self,
        request: Request,
        circuit: Circuit,
        readout: Readout,
        generator: torch.Generator | None,
    ) -> Result:
        small, new = compact(_rotated(circuit, request.rotations))
        unravelling = _unravelling(small, request)
        if request.qubits is None:
            observed = tuple(read_observable(o, readout, new) for o in request.observables)
            values, variances = estimate(unravelling, observed, self.n, generator)
        else:
            qubits = request.qubits
            active = tuple(new[q] for q in qubits if q in new)

            def read(values: Tensor) -> Tensor:
                return read_probabilities(values, qubits, readout, new)

            wanted = Probabilities(active)
            values, variances = estimate(unravelling, wanted, self.n, generator, read)
        check_finite(values, request.inputs, request.weights)
        exact = not any(op.is_channel for op in small.ops)
        return Result(
            values=values,
            variances=None if exact else variances,
            metadata=self._facts(request, unravelling.clean),
        )

    def _estimates(
        self,
        request: Request,
        circuit: Circuit,
        readout: Readout,
        generator: torch.Generator | None,
    ) -> Result:
        """Expectation values from shots, each on a trajectory of its own."""
        shots = request.shots
        assert shots is not None
        groups, constants = measurement_groups(request.observables)
        means = request.inputs.new_tensor(constants).repeat(request.points, 1)
        variances = torch.zeros_like(means)
        clean = means.new_ones(request.points)
        for group in groups:
            qubits = sorted(group.basis)
            rotated = _rotated(circuit, group.basis)
            bits, clean = _outcomes(request, rotated, qubits, shots, generator)
            signs = 1 - 2 * read_bits(bits, qubits, readout, generator).to(torch.float64)
            totals: dict[int, Tensor] = {}
            for k, mask, coefficient in group.terms:
                columns = [i for i, q in enumerate(qubits) if mask >> q & 1]
                term = signs[..., columns].prod(-1) * coefficient
                totals[k] = totals[k] + term if k in totals else term
            for k, total in totals.items():
                means[:, k] += total.mean(1).to(means.dtype)
                spread = total.var(1) if shots > 1 else torch.full_like(total[:, 0], torch.nan)
                variances[:, k] += (spread / shots).to(means.dtype)
        return Result(values=means, variances=variances, metadata=self._facts(request, clean))

    def _nothing(self, request: Request) -> Result:
        """The result for no points."""
        facts = self._facts(request, request.inputs.new_ones(0))
        k = len(request.qubits or ())
        if request.qubits is not None and request.shots is not None:
            return Result(
                samples=torch.zeros(0, request.shots, k, dtype=torch.uint8), metadata=facts
            )
        width = 2**k if request.qubits is not None else len(request.observables)
        values = request.values.sum(1, keepdim=True).expand(0, width)
        return Result(values=values, variances=values.detach(), metadata=facts)

    def _facts(self, request: Request, clean: Tensor) -> dict[str, Any]:
        return {
            **request.tags,
            "backend": repr(self),
            "shots": request.shots,
            "trajectories": request.shots or self.n,
            "fault_free": clean.detach(),
        }


def _rotated(circuit: Circuit, basis: dict[int, str]) -> Circuit:
    """The circuit, then gates that make measurements of Z measurements of the given letters."""
    ops: list[Op] = []
    for qubit, letter in basis.items():
        ops += [sdg(qubit)] if letter == "Y" else []
        ops += [h(qubit)] if letter in "XY" else []
    return circuit + ops if ops else circuit


def _unravelling(circuit: Circuit, request: Request) -> Unravelling:
    inputs, weights = request.inputs, request.weights
    binding = bind(circuit)
    angles = binding.angles(binding.numbers(circuit), inputs, weights)
    check_strengths(circuit, angles)
    if all(is_pauli(op) for op in circuit.ops if op.is_channel):
        return PauliFrames(circuit, angles, inputs, weights)
    return Jumps(circuit, angles, weights.shape[0] == 1)


@torch.no_grad()
def _outcomes(
    request: Request,
    circuit: Circuit,
    qubits: Sequence[int],
    shots: int,
    generator: torch.Generator | None,
) -> tuple[Tensor, Tensor]:
    """Bits uint8 `(points, shots, k)` before readout errors, and the probability of no fault."""
    small, new = compact(circuit)
    unravelling = _unravelling(small, request)
    index = outcomes(unravelling, shots, generator)
    bits = [index >> new[q] & 1 if q in new else torch.zeros_like(index) for q in qubits]
    return torch.stack(bits, dim=-1).to(torch.uint8), unravelling.clean
