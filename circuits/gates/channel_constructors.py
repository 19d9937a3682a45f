"""Constructors of channels: `gates.NAME(strengths, *qubits)`, checked here and by `Op` once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from circuits.errors import ArgumentTypeError, ChannelError, InvalidArgumentError
from circuits.gates.table import TABLE
from circuits.ops import Op, check_qubits
from circuits.symbols import as_angle

CPTP_TOLERANCE = 1e-6


def depolarizing(p: Any, *qubits: int) -> Op:
    """The state is replaced by the maximally mixed one with probability p.

    rho -> (1 - p) rho + p I/2^k, 0 <= p <= 4^k / (4^k - 1): above 1 it is still a channel, up to
    the one that applies each Pauli string but the identity with equal probability.

    Args:
        p: Number or symbol.
        *qubits: The k qubits.
    """
    indices = check_qubits(qubits, "depolarizing")
    if not indices:
        raise InvalidArgumentError("`depolarizing` needs at least one qubit, got none.")
    return Op(TABLE["depolarizing"], indices, (as_angle(p, "p"),))


def pauli_channel(probabilities: Mapping[str, Any], *qubits: int) -> Op:
    """A Pauli string is applied with its probability, and nothing with what remains of one.

    rho -> (1 - sum_a p_a) rho + sum_a p_a P_a rho P_a.

    Args:
        probabilities: From labels (character k on the k-th listed qubit) to numbers or symbols.
        *qubits: The qubits.
    """
    return _of_labels("pauli_channel", probabilities, "probabilities", qubits)


def pauli_lindblad(rates: Mapping[str, Any], *qubits: int) -> Op:
    """The exponential of the generator rho -> sum_a rate_a (P_a rho P_a - rho).

    Args:
        rates: From labels (character k on the k-th listed qubit) to numbers >= 0 or symbols.
        *qubits: The qubits.

    References:
        van den Berg, Minev, Kandala, Temme, Nature Physics 19, 1116 (2023), equation 1.
    """
    return _of_labels("pauli_lindblad", rates, "rates", qubits)


def _of_labels(name: str, given: Mapping[str, Any], argument: str, qubits: Sequence[int]) -> Op:
    indices = check_qubits(qubits, name)
    if not isinstance(given, Mapping):
        raise ArgumentTypeError(
            f"Argument `{argument}` of `{name}` must map Pauli labels to strengths, such as "
            f"{{'XX': 0.01}}, got {type(given).__name__}."
        )
    check_labels(list(given), len(indices), argument, name)
    angles = tuple(as_angle(value, f"{argument}[{label!r}]") for label, value in given.items())
    return Op(TABLE[name], indices, angles, " ".join(given))


def check_labels(labels: Sequence[Any], n_qubits: int, argument: str, name: str) -> None:
    """Refuse what are not Pauli labels of the given length other than the identity.

    Raises:
        InvalidArgumentError: Naming the label.
    """
    if not labels:
        raise InvalidArgumentError(f"Argument `{argument}` of `{name}` must not be empty.")
    for label in labels:
        if not isinstance(label, str) or not label or set(label) - set("IXYZ"):
            raise InvalidArgumentError(
                f"Labels in `{argument}` of `{name}` must be strings of the characters I, X, Y, "
                f"Z, got {label!r}."
            )
        if len(label) != n_qubits:
            raise InvalidArgumentError(
                f"Labels in `{argument}` of `{name}` must have one character per qubit: {label!r} "
                f"has {len(label)}, expected {n_qubits}."
            )
        if set(label) == {"I"}:
            raise InvalidArgumentError(
                f"The identity {label!r} in `{argument}` of `{name}` has no effect: leave it out."
            )


def amplitude_damping(gamma: Any, qubit: int, *, population: Any = 0.0) -> Op:
    """Decay with probability gamma towards equilibrium: coherences shrink by sqrt(1 - gamma).

    Args:
        gamma: Number in [0, 1] or symbol.
        qubit: The qubit.
        population: Population of |1> at equilibrium, a number in [0, 1] or a symbol.
    """
    angles = (as_angle(gamma, "gamma"), as_angle(population, "population"))
    name = "amplitude_damping"
    return Op(TABLE[name], check_qubits([qubit], name), angles)


def thermal_relaxation(t1: Any, t2: Any, time: Any, qubit: int, *, population: Any = 0.0) -> Op:
    """Relaxation for a time: coherences shrink by e^(-time/t2), populations by e^(-time/t1).

    Args:
        t1: Relaxation time, > 0, in the unit of `time`.
        t2: Dephasing time, > 0 and <= 2 t1.
        time: Duration, >= 0.
        qubit: The qubit.
        population: Population of |1> at equilibrium, in [0, 1].
    """
    given = {"t1": t1, "t2": t2, "time": time, "population": population}
    angles = tuple(as_angle(value, argument) for argument, value in given.items())
    name = "thermal_relaxation"
    return Op(TABLE[name], check_qubits([qubit], name), angles)


def transfer_matrix(matrix: Any, *qubits: int) -> Op:
    """The channel of a given Pauli transfer matrix R[i, j] = Tr(P_i E(P_j)) / 2^k.

    Args:
        matrix: Real array `(4^k, 4^k)`; base-4 digits of an index are (I, X, Y, Z) = (0, 1, 2, 3),
            the digit of the first listed qubit least significant.
        *qubits: The k qubits.

    Raises:
        ChannelError: If the map does not preserve the trace, or is not completely positive; both
            to 1e-6.
    """
    from circuits.gates.constructors import as_array

    indices = check_qubits(qubits, "transfer_matrix")
    array = as_array(matrix, "matrix")
    size = 4 ** len(indices)
    if not indices or array.shape != (size, size):
        raise InvalidArgumentError(
            f"Argument `matrix` of `transfer_matrix` on {len(indices)} qubit(s) must have shape "
            f"{(size, size)}, got {array.shape}."
        )
    if np.abs(array.imag).max() > CPTP_TOLERANCE:
        raise ChannelError("Argument `matrix` of `transfer_matrix` must be real.")
    return Op(TABLE["transfer_matrix"], indices, data=check_transfer(array.real))


def check_transfer(matrix: np.ndarray) -> np.ndarray:
    """The matrix, if it is the Pauli transfer matrix of a channel.

    Raises:
        ChannelError: With the largest deviation.
    """
    from circuits.gates.transfer import choi_of_transfer

    first = np.zeros(len(matrix))
    first[0] = 1
    deviation = float(np.abs(matrix[0] - first).max())
    if deviation > CPTP_TOLERANCE:
        raise ChannelError(
            "The first row of a Pauli transfer matrix must be (1, 0, ..., 0), or the map does not "
            f"preserve the trace: the largest deviation is {deviation:.3g}."
        )
    smallest = float(np.linalg.eigvalsh(choi_of_transfer(matrix))[0])
    if smallest < -CPTP_TOLERANCE:
        raise ChannelError(
            "The Pauli transfer matrix is not that of a completely positive map: the smallest "
            f"eigenvalue of its Choi matrix is {smallest:.3g}, expected at least 0."
        )
    return np.ascontiguousarray(matrix)
