"""Requests as tapes, and results from what a device returns for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import pennylane as qp
import torch
from torch import Tensor

from circuits.backends.pennylane.prepared import Prepared, basis_changes, pauli_word
from circuits.errors import ResourceLimitError
from circuits.execution import Request, Result
from circuits.simulators.sampling import Group, accumulate, measurement_groups

_MOST_MEASURED = 62  # qubits whose outcomes fit an index

Facts = Mapping[str, Any]


@final
@dataclass(frozen=True, slots=True)
class Tapes:
    """What one request asks of a device.

    Attributes:
        tapes: For the device, in order.
        finish: From what the device returns for them to the request's result.
    """

    tapes: list[Any]
    finish: Callable[[Sequence[Any]], Result]


@final
@dataclass(frozen=True, slots=True)
class Circuits:
    """The circuit of a request at all points, in pieces.

    Attributes:
        pieces: Operations of each piece.
        sizes: Points of each piece.
    """

    pieces: list[list[Any]]
    sizes: list[int]

    def tapes(
        self, measured: Sequence[Any], basis: Mapping[int, str], shots: int | None = None
    ) -> list[Any]:
        """One tape per piece."""
        after = basis_changes(basis)
        return [qp.tape.QuantumScript([*ops, *after], measured, shots=shots) for ops in self.pieces]


def circuits_of(request: Request, prepared: Prepared, most: int, sampled: bool) -> Circuits:
    """The circuit at all points.

    Args:
        request: Its values.
        prepared: Its circuit.
        most: Points in one tape.
        sampled: Whether each point needs outcomes of its own, also where nothing varies.
    """
    angles = prepared.angles(request)
    varying = prepared.varying(angles)
    ops = prepared.circuit.ops
    if not varying.any():
        piece = prepared.operations(angles, varying)
        sizes = [1] * request.points if sampled else [request.points]
        return Circuits([piece] * len(sizes), sizes)
    if any(op.is_channel for op, varies in zip(ops, varying, strict=True) if varies):
        most = 1  # PennyLane's channels take one strength for all points
    pieces, sizes = [], []
    for columns in _pieces(request.points, most):
        mine = angles[:, columns]
        sizes.append(mine.shape[1])
        pieces.append(prepared.operations(mine, varying & (mine.shape[1] > 1)))
    return Circuits(pieces, sizes)


def _pieces(points: int, most: int) -> Iterator[slice]:
    return (slice(first, first + most) for first in range(0, points, most))


def exact_tapes(request: Request, circuits: Circuits, facts: Facts) -> Tapes:
    """Expectation values of every Pauli string, or probabilities, without shots."""
    if request.qubits is not None:
        # PennyLane's first wire is the most significant bit of an outcome.
        measured = [qp.probs(wires=request.qubits[::-1])]
        tapes = circuits.tapes(measured, request.rotations)

        def probabilities(results: Sequence[Any]) -> Result:
            width = 2 ** len(request.qubits or ())
            return Result(
                values=_tensor(_stacked(results, circuits, width), request), metadata=facts
            )

        return Tapes(tapes, probabilities)
    terms = [term for observable in request.observables for term in observable.terms]
    strings = list(dict.fromkeys((x, z) for x, z, _ in terms if x | z))
    weights = np.zeros((len(strings) + 1, len(request.observables)))
    for k, observable in enumerate(request.observables):
        for x, z, coefficient in observable.terms:
            row = strings.index((x, z)) if x | z else len(strings)
            weights[row, k] += np.real(coefficient)
    measured = [qp.expval(pauli_word(x, z)) for x, z in strings]

    def values(results: Sequence[Any]) -> Result:
        found = np.ones((request.points, 1))
        if strings:
            per_tape = [np.stack(_several(r, len(strings)), axis=-1) for r in results]
            found = np.hstack([_stacked(per_tape, circuits, len(strings)), found])
        return Result(values=_tensor(found @ weights, request), metadata=facts)

    return Tapes(circuits.tapes(measured, {}) if strings else [], values)


def sampled_tapes(request: Request, circuits: Circuits, shots: int, facts: Facts) -> Tapes:
    """Outcomes of the requested qubits, or of each group of strings, by measurements."""
    groups, constants = measurement_groups(request.observables)
    if request.qubits is not None:
        wanted = [(request.qubits, request.rotations)]
    else:
        wanted = [(tuple(sorted(group.basis)), group.basis) for group in groups]
    tapes = []
    for qubits, basis in wanted:
        tapes += circuits.tapes([qp.sample(wires=qubits)], basis, shots)

    def finish(results: Sequence[Any]) -> Result:
        step = len(circuits.pieces)
        bits = [
            _bits(results[k * step : (k + 1) * step], circuits, shots, len(qubits))
            for k, (qubits, _) in enumerate(wanted)
        ]
        if request.qubits is not None:
            return Result(samples=bits[0].to(request.inputs.device), metadata=facts)
        means = torch.tensor(constants, dtype=torch.float64).repeat(request.points, 1)
        variances = torch.zeros_like(means)
        for group, found in zip(groups, bits, strict=True):
            accumulate(_packed(group), _indices(found), means, variances)
        return Result(
            values=_tensor(means, request), variances=_tensor(variances, request), metadata=facts
        )

    return Tapes(tapes, finish)


def nothing(request: Request, shots: int | None, facts: Facts) -> Tapes:
    """What to do where there are no points."""
    k = len(request.qubits or ())
    width = len(request.observables) if request.qubits is None else 2**k
    empty = _tensor(np.zeros((0, width)), request)
    if request.qubits is not None and shots is not None:
        samples = torch.zeros(0, shots, k, dtype=torch.uint8, device=request.inputs.device)
        result = Result(samples=samples, metadata=facts)
    else:
        result = Result(values=empty, variances=None if shots is None else empty, metadata=facts)
    return Tapes([], lambda _: result)


def _several(result: Any, number: int) -> tuple[Any, ...]:
    """What a device returns for several measurements; one comes without a tuple around it."""
    return (result,) if number == 1 else tuple(result)


def _stacked(results: Sequence[Any], circuits: Circuits, width: int) -> np.ndarray:
    """Values `(points, width)` of all pieces; values without a batch hold for a whole piece."""
    pieces = []
    for result, size in zip(results, circuits.sizes, strict=True):
        table = np.asarray(result, dtype=np.float64).reshape(-1, width)
        pieces.append(np.broadcast_to(table, (size, width)))
    return np.concatenate(pieces)


def _bits(results: Sequence[Any], circuits: Circuits, shots: int, width: int) -> Tensor:
    """Outcomes uint8 `(points, shots, width)`."""
    pieces = [
        np.asarray(result).reshape(size, shots, width)
        for result, size in zip(results, circuits.sizes, strict=True)
    ]
    return torch.as_tensor(np.concatenate(pieces).astype(np.uint8))


def _indices(bits: Tensor) -> Tensor:
    if bits.shape[-1] > _MOST_MEASURED:
        raise ResourceLimitError(
            f"Observables on {bits.shape[-1]} qubits measured together are more than the "
            f"{_MOST_MEASURED} that are possible here. Ask for fewer observables at once."
        )
    places = 2 ** torch.arange(bits.shape[-1], dtype=torch.int64)
    return (bits.to(torch.int64) * places).sum(-1)


def _packed(group: Group) -> Group:
    """The group with its masks over the measured qubits only."""
    qubits = sorted(group.basis)
    terms = tuple(
        (k, sum(1 << place for place, q in enumerate(qubits) if mask >> q & 1), coefficient)
        for k, mask, coefficient in group.terms
    )
    return Group({place: group.basis[q] for place, q in enumerate(qubits)}, terms)


def _tensor(values: Any, request: Request) -> Tensor:
    """Numbers in the dtype and on the device of the request's values."""
    like = request.inputs if request.inputs.shape[1] else request.weights
    return torch.as_tensor(values, dtype=like.dtype, device=like.device)
