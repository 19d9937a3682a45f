"""Requests as pubs of V2 primitives, and results from what comes back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy.linalg import hadamard

from circuits.backends.qiskit import outcomes
from circuits.backends.qiskit.prepared import READ, Prepared
from circuits.errors import ResourceLimitError
from circuits.execution import Request, Result
from circuits.machines.machine import Machine
from circuits.pauli import PauliSum
from circuits.simulators.sampling import measurement_groups

_MOST_EXACT_QUBITS = 10


@final
@dataclass(frozen=True, slots=True)
class Pubs:
    """What one request asks of a primitive.

    Attributes:
        pubs: For the primitive, in order.
        finish: From the primitive's results for them to the request's.
    """

    pubs: list[Any]
    finish: Callable[[Sequence[Any]], Result]


def _rows(angles: np.ndarray, most: int | None) -> Iterator[np.ndarray]:
    """The table of angles in pieces of at most `most` points."""
    step = len(angles) if most is None else most
    for first in range(0, len(angles), step):
        yield angles[first : first + step]


def estimated(
    request: Request,
    prepared: Prepared,
    shots: int | None,
    most: int | None,
    facts: dict[str, Any],
    told: bool = True,
) -> Pubs:
    """Observables for an estimator: one pub with all points, broadcast against the observables.

    Args:
        request: What is wanted.
        prepared: Its circuit.
        shots: The precision asked for is 1 / sqrt(shots); `None` asks for 0, exact values.
        most: Points in one pub.
        facts: Metadata of the result.
        told: Whether the estimator reports standard errors; otherwise the precision is taken.
    """
    observables = request.observables or _strings(request)
    constants = [_constant(o) for o in observables]
    asked = [k for k, constant in enumerate(constants) if constant is None]
    n = prepared.circuit.num_qubits
    operators = [[observables[k].with_width(None).to_qiskit(n)] for k in asked]
    precision = 0.0 if shots is None else precision_of(shots)
    angles = prepared.angles(request)
    if angles.shape[1]:
        pieces: list[Any] = [*_rows(angles, most)]
    else:
        pieces = [None] * (1 if shots is None else request.points)
    pubs = [(prepared.circuit, operators, piece, precision) for piece in pieces if asked]

    def finish(results: Sequence[Any]) -> Result:
        table = np.array([[c or 0.0 for c in constants]] * request.points, dtype=np.float64)
        spread = np.zeros_like(table)
        if asked:
            evs = [
                np.asarray(r.data.evs, dtype=np.float64).reshape(len(asked), -1) for r in results
            ]
            table[:, asked] = np.concatenate(evs, axis=1).T
        if asked and shots is not None:
            errors = [np.asarray(r.data.stds).reshape(len(asked), -1) for r in results]
            spread[:, asked] = np.concatenate(errors, axis=1).T ** 2 if told else precision**2
        if request.qubits is not None:
            table = table @ hadamard(table.shape[1]).T / table.shape[1]
        return Result(
            values=outcomes.as_tensor(table, request),
            variances=None if shots is None else outcomes.as_tensor(spread, request),
            metadata=facts,
        )

    return Pubs(pubs, finish)


def precision_of(shots: int) -> float:
    """The precision for which an estimator takes exactly so many shots.

    Estimators take ceil(1 / precision^2); of 1 / sqrt(1000), rounded, that is 1001.
    """
    precision = float(shots**-0.5)
    while math.ceil(1 / precision**2) > shots:
        precision = math.nextafter(precision, 1.0)
    return precision


def _constant(observable: PauliSum) -> float | None:
    """The value of an observable without any letter; `None` for others."""
    if any(x or z for x, z, _ in observable.terms):
        return None
    return float(sum(np.real(c) for _, _, c in observable.terms))


def _strings(request: Request) -> list[PauliSum]:
    """The letters of each subset of the requested qubits: bit k of the index is `qubits[k]`."""
    qubits = request.qubits or ()
    if len(qubits) > _MOST_EXACT_QUBITS:
        raise ResourceLimitError(
            f"An estimator gives probabilities of {len(qubits)} qubits by 2^{len(qubits)} Pauli "
            f"strings; at most {_MOST_EXACT_QUBITS} qubits are possible. Sample with `shots`."
        )
    letters = {q: request.rotations.get(q, "Z") for q in qubits}
    found = []
    for subset in range(2 ** len(qubits)):
        chosen = [q for k, q in enumerate(qubits) if subset >> k & 1]
        found.append(PauliSum(" ".join(f"{letters[q]}{q}" for q in chosen)))
    return found


def sampled(
    request: Request,
    prepared: Prepared,
    shots: int,
    most: int | None,
    machine: Machine | None,
    facts: dict[str, Any],
) -> Pubs:
    """Qubits, or observables in commuting groups, for a sampler: one pub per basis.

    Args:
        request: What is wanted.
        prepared: Its circuit.
        shots: Measurements per point and basis.
        most: Points in one pub.
        machine: Gates for basis changes.
        facts: Metadata of the result.
    """
    groups, constants = measurement_groups(request.observables)
    if request.qubits is not None:
        circuits = [prepared.measured(request.rotations, request.qubits, machine)]
    else:
        circuits = [
            prepared.measured(group.basis, outcomes.measured_qubits(group), machine)
            for group in groups
        ]
    angles = prepared.angles(request)
    pieces: list[Any] = [*_rows(angles, most)] if angles.shape[1] else [None] * request.points
    pubs = [(circuit, piece, shots) for circuit in circuits for piece in pieces]

    def finish(results: Sequence[Any]) -> Result:
        bits = [_bits(results[k : k + len(pieces)]) for k in range(0, len(results), len(pieces))]
        if request.qubits is not None:
            return Result(samples=outcomes.as_samples(bits[0], request), metadata=facts)
        means, variances = outcomes.constants_of(constants, request.points)
        for group, found in zip(groups, bits, strict=True):
            once = np.ones(found.shape[:-1])
            outcomes.add_group(group, slice(None), found, once, means, variances)
        return Result(
            values=outcomes.as_tensor(means, request),
            variances=outcomes.as_tensor(variances, request),
            metadata=facts,
        )

    return Pubs(pubs, finish)


def _bits(results: Sequence[Any]) -> np.ndarray:
    """Bits `(points, shots, k)` of the pieces of one circuit."""
    pieces = []
    for result in results:
        read = result.data[READ]
        packed = read.array if read.array.ndim == 3 else read.array[None]
        pieces.append(outcomes.bits_of_array(packed, read.num_bits))
    return np.concatenate(pieces)
