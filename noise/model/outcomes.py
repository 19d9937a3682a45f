"""Measured outcomes as tables of counts."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from circuits.errors import ArgumentTypeError, InvalidArgumentError, ShapeError


def count_table(given: Any, n_qubits: int, position: int) -> Tensor:
    """How often each basis state was seen: float64 `(2**n,)`, qubit q is bit q of the index.

    Args:
        given: A dict from bitstrings (qubit 0 rightmost, spaces ignored) to numbers, or samples
            uint8 `(shots, n)`.
        n_qubits: Number n of measured qubits.
        position: Which of the circuits it belongs to, for messages.

    Raises:
        ShapeError: If a bitstring or the samples do not have n bits.
        InvalidArgumentError: If a number is negative or nothing was measured.
    """
    place = f"counts[{position}]"
    table = torch.zeros(2**n_qubits, dtype=torch.float64)
    if isinstance(given, Tensor):
        if given.dim() != 2 or given.shape[1] != n_qubits or given.dtype != torch.uint8:
            raise ShapeError(
                f"Argument `{place}` must be uint8 samples of shape (shots, {n_qubits}), got "
                f"{given.dtype} of shape {tuple(given.shape)}."
            )
        weights = 2 ** torch.arange(n_qubits, device=given.device)
        index = (given.long() * weights).sum(1).cpu()
        table += torch.bincount(index, minlength=len(table))
    elif isinstance(given, Mapping):
        for bitstring, number in given.items():
            bits = bitstring.replace(" ", "") if isinstance(bitstring, str) else ""
            if len(bits) != n_qubits or set(bits) - {"0", "1"}:
                raise ShapeError(
                    f"Keys of `{place}` must be bitstrings of the circuit's {n_qubits} qubit(s), "
                    f"got {bitstring!r}. Counts of all qubits are needed."
                )
            if not isinstance(number, numbers.Real) or not 0 <= float(number) < math.inf:
                raise InvalidArgumentError(
                    f"Numbers in `{place}` must be at least 0, got {number!r} for {bitstring!r}."
                )
            table[int(bits, 2)] += float(number)
    else:
        raise ArgumentTypeError(
            f"Argument `{place}` must be a dict of counts or a tensor of samples, got "
            f"{type(given).__name__}."
        )
    if not table.sum():
        raise InvalidArgumentError(f"Argument `{place}` holds no measurement.")
    return table
