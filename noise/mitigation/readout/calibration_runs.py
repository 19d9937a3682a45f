"""The circuits that calibrate readout: basis states, prepared and read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from circuits import gates as g
from circuits.circuit import Circuit
from circuits.errors import ResourceLimitError
from circuits.execution import Backend, Request, Result, Seed, as_generator
from noise.mitigation.readout.outcomes import Floats

_MOST_JOINT = 10


def measure_each(
    backend: Backend, n_qubits: int, shots: int | None, seed: Seed
) -> tuple[Floats, Floats]:
    """Confusion matrices `(n, 2, 2)` and their standard errors, from |0...0> and |1...1>."""
    generator, states = as_generator(seed), (0, 2**n_qubits - 1)
    everything = tuple(range(n_qubits))
    measured = [everything] if shots is not None else [(q,) for q in everything]
    requests = [
        _request(n_qubits, state, qubits, shots, generator)
        for state in states
        for qubits in measured
    ]
    results = backend.run(requests)
    ones = np.concatenate([_fractions_of_ones(result) for result in results])
    chance = ones.reshape(2, n_qubits).T
    matrices = np.stack([1 - chance, chance], axis=-1)
    return matrices, _binomial(matrices, shots)


def measure_joint(
    backend: Backend, n_qubits: int, shots: int | None, seed: Seed
) -> tuple[Floats, Floats]:
    """The joint confusion matrix `(2**n, 2**n)` and its standard errors, from all basis states."""
    if n_qubits > _MOST_JOINT:
        raise ResourceLimitError(
            f"method='full' would run 2**{n_qubits} circuits, one for each basis state; the most "
            f"is {_MOST_JOINT} qubits. Use method='tensored'."
        )
    generator, qubits = as_generator(seed), tuple(range(n_qubits))
    requests = [_request(n_qubits, s, qubits, shots, generator) for s in range(2**n_qubits)]
    matrix = np.stack([_distribution(result, n_qubits) for result in backend.run(requests)])
    return matrix, _binomial(matrix, shots)


def marginals(joint: Floats, shots: int | None) -> tuple[Floats, Floats]:
    """Matrices `(n, 2, 2)` from a joint one, averaged over what the other qubits hold, and errors.

    Args:
        joint: `(2**n, 2**n)`.
        shots: Shots behind each row; `None` if it is exact.
    """
    n = len(joint).bit_length() - 1
    matrices, spreads = [], []
    for q in range(n):
        split = (2 ** (n - 1 - q), 2, 2**q) * 2
        each = joint.reshape(split).sum((3, 5))
        matrices.append(each.mean((0, 2)))
        spreads.append(np.sqrt((_binomial(each, shots) ** 2).sum((0, 2))) / 2 ** (n - 1))
    return np.stack(matrices), np.stack(spreads)


def _request(
    n_qubits: int,
    state: int,
    qubits: Sequence[int],
    shots: int | None,
    generator: torch.Generator | None,
) -> Request:
    flips = [g.x(q) for q in range(n_qubits) if state >> q & 1]
    return Request(
        Circuit(n_qubits, flips),
        torch.zeros(1, 0, dtype=torch.float64),
        qubits=qubits,
        shots=shots,
        generator=generator,
        tags={"calibration": state},
    )


def _fractions_of_ones(result: Result) -> Floats:
    if result.samples is not None:
        fractions: Floats = result.samples[0].double().mean(0).cpu().numpy()
        return fractions
    assert result.values is not None
    exact: Floats = result.values[0, 1:].detach().cpu().double().numpy()
    return exact


def _distribution(result: Result, n_qubits: int) -> Floats:
    if result.values is not None:
        exact: Floats = result.values[0].detach().cpu().double().numpy()
        return exact / exact.sum()
    assert result.samples is not None
    index = (result.samples[0].long().cpu() << torch.arange(n_qubits)).sum(1).numpy()
    found: Floats = np.bincount(index, minlength=2**n_qubits) / len(index)
    return found


def _binomial(probabilities: Floats, shots: int | None) -> Floats:
    """Standard errors of frequencies; one shot more of either kind keeps them above zero."""
    if shots is None:
        return np.zeros_like(probabilities)
    smoothed = (probabilities * shots + 1) / (shots + 2)
    result: Floats = np.sqrt(smoothed * (1 - smoothed) / shots)
    return result
