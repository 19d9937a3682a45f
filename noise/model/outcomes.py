"""Measured outcomes as tables of counts."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.errors import ArgumentTypeError, InvalidArgumentError, ResourceLimitError, ShapeError

MAX_QUBITS = 16


def count_table(given: Any, circuit: Circuit, position: int) -> tuple[tuple[int, ...], Tensor]:
    """Which qubits were measured, and how often each of their basis states was seen.

    Args:
        given: A dict from bitstrings (Qiskit's: the rightmost is bit 0; spaces are ignored) to
            numbers, or samples uint8 `(shots, n)` whose column q is qubit q. The bits of a dict
            are the classical bits of `circuit.measured`, or all qubits if that is empty.
        circuit: What was measured.
        position: Which of the circuits it is, for messages.

    Returns:
        The qubits, and float64 `(2**k,)`: the k-th of them is bit k of the index.

    Raises:
        ShapeError: If a bitstring or the samples do not have the circuit's bits.
        InvalidArgumentError: If a number is negative, nothing was measured, or a bit is 1 to which
            nothing is measured.
        ResourceLimitError: If more than 16 qubits were measured.
    """
    place = f"counts[{position}]"
    by_bit = {bit: q for q, bit in circuit.measured.items()} if isinstance(given, Mapping) else {}
    qubits = tuple(by_bit[bit] for bit in sorted(by_bit)) or tuple(range(circuit.n_qubits))
    if len(qubits) > MAX_QUBITS:
        raise ResourceLimitError(
            f"Argument `{place}` is about {len(qubits)} qubits, but counts of at most {MAX_QUBITS} "
            "can be fitted. Say which qubits were measured, `Circuit(n, ops, measured={qubit: "
            "classical bit})`, and give counts of those as a dict."
        )
    if isinstance(given, Tensor):
        index, number = _of_samples(given, len(qubits), place)
    elif isinstance(given, Mapping):
        bits = sorted(by_bit) or list(range(circuit.n_qubits))
        index, number = _of_counts(given, bits, bool(by_bit), place)
    else:
        raise ArgumentTypeError(
            f"Argument `{place}` must be a dict of counts or a tensor of samples, got "
            f"{type(given).__name__}."
        )
    table = torch.zeros(2 ** len(qubits), dtype=torch.float64).index_add_(0, index, number)
    if not table.sum():
        raise InvalidArgumentError(f"Argument `{place}` holds no measurement.")
    return qubits, table


def _of_samples(samples: Tensor, n: int, place: str) -> tuple[Tensor, Tensor]:
    if samples.dim() != 2 or samples.shape[1] != n or samples.dtype != torch.uint8:
        raise ShapeError(
            f"Argument `{place}` must be uint8 samples of shape (shots, {n}), got "
            f"{samples.dtype} of shape {tuple(samples.shape)}."
        )
    if samples.numel() and int(samples.max()) > 1:
        raise InvalidArgumentError(f"Samples in `{place}` must be 0 or 1, got {samples.max()}.")
    index = (samples.long().cpu() * 2 ** torch.arange(n)).sum(1)
    return index, torch.ones(len(index), dtype=torch.float64)


def _of_counts(
    counts: Mapping[Any, Any], bits: list[int], partial: bool, place: str
) -> tuple[Tensor, Tensor]:
    """Indices and numbers; bit `bits[k]` of a bitstring becomes bit k of the index."""
    indices, values, width = [], [], None
    for key, number in counts.items():
        text = key.replace(" ", "") if isinstance(key, str) else ""
        fits = len(text) > bits[-1] if partial else len(text) == len(bits)
        if not fits or set(text) - {"0", "1"} or width not in (None, len(text)):
            raise ShapeError(
                f"Keys of `{place}` must be bitstrings of the circuit's {bits[-1] + 1} "
                f"{'classical bit' if partial else 'qubit'}(s), got {key!r}. Counts of other "
                "qubits need `Circuit(n, ops, measured={qubit: classical bit})`."
            )
        if not isinstance(number, numbers.Real) or not 0 <= float(number) < math.inf:
            raise InvalidArgumentError(
                f"Numbers in `{place}` must be at least 0, got {number!r} for {key!r}."
            )
        width = len(text)
        ones = {k for k, bit in enumerate(reversed(text)) if bit == "1"}
        if ones.difference(bits):
            raise InvalidArgumentError(
                f"Bit {min(ones.difference(bits))} of {key!r} in `{place}` is 1, but the circuit "
                f"measures to the classical bits {bits} only."
            )
        indices.append(sum(1 << k for k, bit in enumerate(bits) if bit in ones))
        values.append(float(number))
    return torch.tensor(indices, dtype=torch.long), torch.tensor(values, dtype=torch.float64)
