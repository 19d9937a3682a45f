"""`PauliPropagation`: expectation values of many qubits by sparse Pauli sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from torch import Tensor

from circuits.backends.statevector import check_preparations
from circuits.errors import ResourceLimitError, UnsupportedOperationError
from circuits.execution import Backend, Request, Result
from circuits.finite import check_finite
from circuits.pauli import PauliSum
from circuits.simulators.transfer.requests import reading_matrix
from noise.noisy import check_noise_model, with_noise
from noise.propagation.maps import Local, Step, local_map, steps_of
from noise.propagation.strings import Strings
from noise.propagation.sums import SparseSum
from noise.propagation.truncation import Truncation

if TYPE_CHECKING:
    from noise.model import NoiseModel

_MOST_QUBITS = 10


@final
class PauliPropagation(Backend):
    """Expectation values from the Heisenberg picture, for 50 to 127 qubits and more.

    The observable, a sum of Pauli strings, is taken backwards through the circuit: Cliffords only
    rename strings, Pauli noise only shrinks coefficients, rotations and other channels split
    strings in two or more. The number of strings grows with the number of gates that split; what
    is too heavy or too small is dropped. Without truncation (the default) values are exact.

    A dropped coefficient changes the result by at most its absolute value, since an expectation
    value of a Pauli string lies between -1 and 1. Hence the sum of what was dropped, for each
    value, is a rigorous bound of the error: `metadata["truncation_bound"]`, `(points, values)`.
    The square root of the sum of the squares, which would be the error if the dropped strings had
    expectation values of size 1 and random signs, is the standard error of the result
    (`Result.variances`; `None` where nothing was dropped). The first is often far too large; the
    second is usual in the literature and no bound.

    All points of a request share their strings, and a string is dropped only where it is small at
    all points. Gradients are those of what was kept; at angles where many coefficients vanish,
    all zero for example, keep `min_abs=0`, or the dropped zeros take their slopes with them.

    Start state: |0...0>, or `state_preparation` on up to 6 qubits each. Probabilities of up to 10
    qubits are sums of the expectation values of 2^k strings. Shots are refused.

    Args:
        noise_model: Noise that follows the gates, and readout errors; `None` runs the circuit and
            the channels in it.
        max_weight: Largest number of qubits that a kept string acts on.
        min_abs: Strings with coefficients up to this size are dropped.
        max_terms: Largest number of strings that are kept.

    Raises:
        InvalidArgumentError: If a truncation is out of its range.

    References:
        Begusic, Gray, Chan, Science Advances 10, eadk4321 (2024); Aharonov, Gao, Landau, Liu,
        Vazirani, STOC (2023), for noisy circuits.

    >>> from circuits import Circuit, gates as g
    >>> circuit = Circuit(100, [g.h(0), *(g.cx(q, q + 1) for q in range(99)), g.rx(0.3, 50)])
    >>> circuit.expectation("Z0 Z50", backend=PauliPropagation())
    tensor([0.9553], dtype=torch.float64)
    """

    differentiable = True
    deterministic = True

    def __init__(
        self,
        noise_model: NoiseModel | None = None,
        *,
        max_weight: int | None = None,
        min_abs: float = 0.0,
        max_terms: int | None = None,
    ) -> None:
        self.noise_model = check_noise_model(noise_model)
        self.truncation = Truncation(max_weight, min_abs, max_terms)

    def __repr__(self) -> str:
        given = [] if self.noise_model is None else [repr(self.noise_model)]
        for name in ("max_weight", "min_abs", "max_terms"):
            value = getattr(self.truncation, name)
            given += [f"{name}={value}"] if value else []
        return f"PauliPropagation({', '.join(given)})"

    def lower(self, request: Request) -> Request:
        return request if self.noise_model is None else self.noise_model.lower(request)

    def run(self, requests: Sequence[Request]) -> list[Result]:
        for request in requests:
            _check(request)
        return [self._run(self.lower(request)) for request in requests]

    def _run(self, request: Request) -> Result:
        circuit = with_noise(self.noise_model, request.circuit)
        readout = {} if self.noise_model is None else self.noise_model.readout
        check_preparations(circuit)
        inputs, weights = request.inputs.cpu(), request.weights.cpu()
        observables = request.observables or _outcome_strings(request)
        steps = steps_of(circuit, inputs, weights)
        measured = _readout_maps(readout, inputs)
        sums = [
            _propagate(o, circuit.n_qubits, inputs, measured, steps, self.truncation)
            for o in observables
        ]
        values = torch.stack([s.value for s in sums], dim=1)
        bound = torch.stack([s.bound for s in sums], dim=1)
        squares = torch.stack([s.squares for s in sums], dim=1)
        if request.qubits is not None:
            k = len(request.qubits)
            values = values @ _signs(k).to(values) / 2**k
            bound = bound.sum(1, keepdim=True).expand_as(values) / 2**k
            squares = squares.sum(1, keepdim=True).expand_as(values) / 4**k
        check_finite(values, inputs, weights)
        if not values.requires_grad and (inputs.requires_grad or weights.requires_grad):
            values = values + 0 * (inputs.sum() + weights.sum())  # constants have zero gradients
        dropped = sum(s.dropped for s in sums)
        device = request.inputs.device
        return Result(
            values=values.to(device),
            variances=squares.to(device) if dropped else None,
            metadata={
                **request.tags,
                "backend": repr(self),
                "shots": None,
                "largest_sum": max(s.largest for s in sums),
                "dropped_terms": dropped,
                "truncation_bound": bound.to(device),
            },
        )


@dataclass(frozen=True, slots=True)
class _Value:
    """One propagated observable: value, bound and sum of squares `(points,)`, and counts."""

    value: Tensor
    bound: Tensor
    squares: Tensor
    dropped: int
    largest: int


def _propagate(
    observable: PauliSum,
    n_qubits: int,
    inputs: Tensor,
    measured: dict[int, Local],
    steps: Sequence[Step],
    truncation: Truncation,
) -> _Value:
    points = len(inputs)
    terms = observable.terms
    if points == 0 or not terms:
        zero = inputs.new_zeros(points)
        return _Value(zero, zero, zero, 0, 0)
    strings = Strings.from_masks([t.x_mask for t in terms], [t.z_mask for t in terms], n_qubits)
    numbers = inputs.new_tensor([float(np.real(t.coefficient)) for t in terms])
    total = SparseSum(strings, numbers[:, None].repeat(1, points), truncation)
    for qubit in observable.qubits:
        if qubit in measured:
            total.apply(measured[qubit])
    total.truncate()
    for step in steps:
        total.apply(step)
    loss = total.loss
    return _Value(total.zero_state_value(), loss.bound, loss.squares, loss.dropped, total.largest)


def _readout_maps(readout: dict[int, np.ndarray], like: Tensor) -> dict[int, Local]:
    """For each qubit with readout error what it makes of a letter: P -> a I + b P.

    The letters of a qubit are measured in experiments of their own, so that this is no channel.
    """
    matrices = {q: reading_matrix(confusion) for q, confusion in readout.items()}
    return {
        q: Local((q,), local_map(torch.as_tensor(m)[None].to(like), m != 0))
        for q, m in matrices.items()
    }


def _check(request: Request) -> None:
    if request.shots is not None:
        raise UnsupportedOperationError(
            f"PauliPropagation computes exact or truncated values and draws no shots, got "
            f"shots={request.shots}. Use shots=None, or noise.Trajectories for samples."
        )
    if request.qubits is not None and len(request.qubits) > _MOST_QUBITS:
        raise ResourceLimitError(
            f"PauliPropagation computes probabilities of at most {_MOST_QUBITS} qubits (they are "
            f"sums of 2^k expectation values), got {len(request.qubits)}. Ask for fewer qubits, "
            "or for observables."
        )


def _outcome_strings(request: Request) -> list[PauliSum]:
    """The products of the measured letters, in the order of the subsets of the qubits."""
    qubits = request.qubits or ()
    letters = [request.rotations.get(q, "Z") for q in qubits]
    strings = []
    for subset in range(2 ** len(qubits)):
        chosen = [k for k in range(len(qubits)) if subset >> k & 1]
        x = sum(1 << qubits[k] for k in chosen if letters[k] in "XY")
        z = sum(1 << qubits[k] for k in chosen if letters[k] in "YZ")
        strings.append(PauliSum.from_masks([(x, z, 1.0)]))
    return strings


def _signs(k: int) -> Tensor:
    """(-1)^(number of ones of subset & outcome), `(2**k, 2**k)`."""
    index = np.arange(2**k)
    ones = np.bitwise_count(index[:, None] & index[None]).astype(np.int64)
    return torch.from_numpy(1 - 2 * (ones % 2))
