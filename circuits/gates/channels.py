"""The channels of the gate table: Pauli transfer matrices as functions of their parameters.

Conventions: R[i, j] = Tr(P_i E(P_j)) / 2**k with the base-4 digits of an index naming the Pauli
operators (I, X, Y, Z) = (0, 1, 2, 3), the digit of the first listed qubit least significant. Each
function maps parameters `(..., n)`, the number k of qubits and the op's Pauli labels (separated by
spaces) to `(..., 4**k, 4**k)`. They are polynomials and exponentials of the parameters, thus
differentiable up to the ends of their ranges, with one exception that `_root` states.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from circuits.gates.record import Gate, Limit


@functools.lru_cache(maxsize=1024)
def anticommuting(labels: str, n_qubits: int) -> np.ndarray:
    """Which Pauli strings anticommute with which labels: `(4**k, n_labels)` of 0 and 1.

    Args:
        labels: Pauli labels separated by spaces, character k on the k-th listed qubit.
        n_qubits: Number k of qubits.

    >>> anticommuting("X Z", 1).T.tolist()
    [[0, 0, 1, 1], [0, 1, 1, 0]]
    """
    index = np.arange(4**n_qubits)
    columns = []
    for label in labels.split():
        parity = np.zeros(4**n_qubits, dtype=np.int64)
        for position, character in enumerate(label):
            mine, other = "IXYZ".index(character), index // 4**position % 4
            parity += (mine != 0) & (other != 0) & (other != mine)
        columns.append(parity % 2)
    table = np.stack(columns, axis=1)
    table.setflags(write=False)
    return table


def _signs(labels: str, n_qubits: int, like: Tensor) -> Tensor:
    table = anticommuting(labels, n_qubits)
    return torch.as_tensor(table.copy(), dtype=like.dtype, device=like.device)


def _root(value: Tensor) -> Tensor:
    """The square root, whose infinite slope at exactly 0 is replaced by 0.

    A coherence sqrt(1 - gamma) has no finite derivative at gamma = 1; without the replacement it
    would turn the other entries' derivatives into NaN.
    """
    positive = value > 0
    root = torch.sqrt(torch.where(positive, value, torch.ones_like(value)))
    return torch.where(positive, root, torch.zeros_like(value))


def depolarizing(parameters: Tensor, n_qubits: int, pauli: str) -> Tensor:
    """diag(1, 1 - p, ..., 1 - p)."""
    kept = (1 - parameters).expand(*parameters.shape[:-1], 4**n_qubits - 1)
    return torch.diag_embed(torch.cat([torch.ones_like(parameters), kept], dim=-1))


def pauli_channel(parameters: Tensor, n_qubits: int, pauli: str) -> Tensor:
    """diag(1 - 2 * sum of p_a over the labels a that anticommute with P_j)."""
    flipped = parameters @ _signs(pauli, n_qubits, parameters).T
    return torch.diag_embed(1 - 2 * flipped)


def pauli_lindblad(parameters: Tensor, n_qubits: int, pauli: str) -> Tensor:
    """diag(exp(-2 * sum of lambda_a over the labels a that anticommute with P_j))."""
    flipped = parameters @ _signs(pauli, n_qubits, parameters).T
    return torch.diag_embed(torch.exp(-2 * flipped))


def bit_flip(parameters: Tensor, n_qubits: int, pauli: str) -> Tensor:
    """`pauli_channel` of X alone."""
    return pauli_channel(parameters, 1, "X")


def phase_flip(parameters: Tensor, n_qubits: int, pauli: str) -> Tensor:
    """`pauli_channel` of Z alone."""
    return pauli_channel(parameters, 1, "Z")


def bit_phase_flip(parameters: Tensor, n_qubits: int, pauli: str) -> Tensor:
    """`pauli_channel` of Y alone."""
    return pauli_channel(parameters, 1, "Y")


def _relaxing(coherence: Tensor, kept: Tensor, shift: Tensor) -> Tensor:
    """X and Y shrink by `coherence`, Z by `kept`; `shift` is the Z that the identity gains."""
    one, zero = torch.ones_like(kept), torch.zeros_like(kept)
    rows = [
        [one, zero, zero, zero],
        [zero, coherence, zero, zero],
        [zero, zero, coherence, zero],
        [shift, zero, zero, kept],
    ]
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)


def amplitude_damping(parameters: Tensor, n_qubits: int, pauli: str) -> Tensor:
    """X, Y -> sqrt(1 - gamma); Z -> 1 - gamma; I gains gamma (1 - 2 population) Z."""
    gamma, population = parameters.unbind(-1)
    return _relaxing(_root(1 - gamma), 1 - gamma, gamma * (1 - 2 * population))


def phase_damping(parameters: Tensor, n_qubits: int, pauli: str) -> Tensor:
    """X, Y -> sqrt(1 - lam); Z stays."""
    lam = parameters[..., 0]
    return _relaxing(_root(1 - lam), torch.ones_like(lam), torch.zeros_like(lam))


def thermal_relaxation(parameters: Tensor, n_qubits: int, pauli: str) -> Tensor:
    """X, Y -> e^(-t/T2); Z -> e^(-t/T1); I gains (1 - e^(-t/T1)) (1 - 2 population) Z."""
    t1, t2, time, population = parameters.unbind(-1)
    lost = -torch.expm1(-time / t1)
    return _relaxing(torch.exp(-time / t2), 1 - lost, lost * (1 - 2 * population))


def _unit(position: int, name: str) -> Limit:
    """0 <= parameter <= 1."""
    return Limit(f"0 <= {name} <= 1", lambda v, k: [v[position], 1 - v[position]])


def _positive(position: int, name: str) -> Limit:
    return Limit(f"{name} > 0", lambda v, k: [v[position]], strict=True)


def _largest(k: int) -> float:
    return 4**k / (4**k - 1)


def _remaining(v: Sequence[Any], k: int) -> list[Any]:
    return [1 - sum(v)]


_PROBABILITIES = (
    Limit("0 <= each probability <= 1", lambda v, k: [*v, *(1 - p for p in v)]),
    Limit("sum of probabilities <= 1", _remaining),
)
_DEPOLARIZING = Limit(
    "0 <= p <= 4^k / (4^k - 1) on k qubits", lambda v, k: [v[0], _largest(k) - v[0]]
)
_TIMES = (
    _positive(0, "t1"),
    _positive(1, "t2"),
    Limit("time >= 0", lambda v, k: [v[2]]),
    Limit("t2 <= 2 t1", lambda v, k: [2 - v[1] / v[0]]),
    _unit(3, "population"),
)
_RATES = Limit("each rate >= 0", lambda v, k: list(v))

CHANNELS: tuple[Gate, ...] = (
    Gate("depolarizing", None, ("p",), "rho -> (1 - p) rho + p I/2^k", transfer=depolarizing,
         limits=(_DEPOLARIZING,), diagonal=True),
    Gate("pauli_channel", None, (), "rho -> (1 - sum_a p_a) rho + sum_a p_a P_a rho P_a",
         transfer=pauli_channel, limits=_PROBABILITIES, diagonal=True),
    Gate("bit_flip", 1, ("p",), "rho -> (1 - p) rho + p X rho X", transfer=bit_flip,
         limits=(_unit(0, "p"),), diagonal=True, pennylane="BitFlip"),
    Gate("phase_flip", 1, ("p",), "rho -> (1 - p) rho + p Z rho Z", transfer=phase_flip,
         limits=(_unit(0, "p"),), diagonal=True, pennylane="PhaseFlip"),
    Gate("bit_phase_flip", 1, ("p",), "rho -> (1 - p) rho + p Y rho Y", transfer=bit_phase_flip,
         limits=(_unit(0, "p"),), diagonal=True),
    Gate("amplitude_damping", 1, ("gamma", "population"), "decay with probability gamma towards "
         "the state whose |1> has the given population", transfer=amplitude_damping,
         limits=(_unit(0, "gamma"), _unit(1, "population"))),
    Gate("phase_damping", 1, ("lam",), "coherences shrink by sqrt(1 - lam)",
         transfer=phase_damping, limits=(_unit(0, "lam"),), diagonal=True,
         pennylane="PhaseDamping"),
    Gate("thermal_relaxation", 1, ("t1", "t2", "time", "population"), "coherences shrink by "
         "e^(-time/t2), populations approach equilibrium by e^(-time/t1)",
         transfer=thermal_relaxation, limits=_TIMES),
    Gate("pauli_lindblad", None, (), "exp of rho -> sum_a rate_a (P_a rho P_a - rho)",
         transfer=pauli_lindblad, limits=(_RATES,), diagonal=True),
    Gate("kraus", None, (), "rho -> sum_k K_k rho K_k^dagger", qiskit="kraus",
         pennylane="QubitChannel"),
    Gate("transfer_matrix", None, (), "the channel of a given Pauli transfer matrix",
         qiskit="superop"),
)  # fmt: skip
