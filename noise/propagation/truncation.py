"""What a propagation may drop, and what the dropped terms can cost."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from circuits.errors import InvalidArgumentError


@dataclass(frozen=True, slots=True)
class Truncation:
    """Which Pauli strings are dropped.

    Args:
        max_weight: Largest number of qubits that a string may act on, `None` for no limit.
        min_abs: Strings whose coefficient is at most this in absolute value, at every point, are
            dropped; 0 drops zeros only.
        max_terms: Largest number of strings that are kept, those of the largest coefficients;
            `None` for no limit.

    Raises:
        InvalidArgumentError: If a value is out of its range.
    """

    max_weight: int | None = None
    min_abs: float = 0.0
    max_terms: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_weight", "max_terms"):
            _check_count(name, getattr(self, name))
        value = self.min_abs
        real = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not real or not 0 <= float(value) < math.inf:
            raise InvalidArgumentError(
                f"Argument `min_abs` must be a finite number >= 0, got {value!r}; 0 keeps every "
                "Pauli string."
            )


def _check_count(name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise InvalidArgumentError(
            f"Argument `{name}` must be a positive integer or None (no limit), got {value!r}."
        )


@final
class Loss:
    """What has been dropped so far, for each point.

    Attributes:
        bound: Sum of the absolute values of the dropped coefficients `(points,)`.
        squares: Sum of their squares `(points,)`.
        dropped: Number of dropped terms.
    """

    __slots__ = ("bound", "dropped", "squares")

    def __init__(self, points: int, like: Tensor) -> None:
        self.bound = torch.zeros(points, dtype=like.dtype, device=like.device)
        self.squares = torch.zeros_like(self.bound)
        self.dropped = 0

    def add(self, coefficients: Tensor) -> None:
        """Count coefficients `(terms, points)` as dropped; exact zeros cost nothing."""
        lost = coefficients.detach()
        self.bound += lost.abs().sum(0)
        self.squares += (lost * lost).sum(0)
        self.dropped += int((lost != 0).any(1).sum())
