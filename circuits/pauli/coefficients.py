"""Coefficients of Pauli strings: finite Python numbers, real ones stored as `float`."""

from __future__ import annotations

import cmath
import numbers
from typing import Any

import numpy as np
import torch

from circuits.errors import ArgumentTypeError, NonFiniteError

Coefficient = float | complex


def as_coefficient(value: Any, argument: str = "coefficient") -> Coefficient:
    """Convert a number to a finite `float`, or `complex` where it has an imaginary part.

    Args:
        value: A Python or numpy number, or a 0-dimensional array or tensor without gradient.
        argument: Name used in error messages.

    Returns:
        `float` if the imaginary part is zero, else `complex`.

    Raises:
        ArgumentTypeError: If the value is not a number, or is a tensor that requires grad.
        NonFiniteError: If the value is NaN, infinite, or too large for a float.
    """
    if isinstance(value, torch.Tensor):
        value = _tensor_item(value, argument)
    elif isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool | np.bool_) or not is_number(value):
        raise ArgumentTypeError(
            f"The {argument} of a Pauli string must be a real or complex number, "
            f"but got {type(value).__name__}."
        )
    try:
        number = complex(value)
    except OverflowError:
        number = complex(cmath.inf)
    except TypeError:
        raise ArgumentTypeError(
            f"The {argument} of a Pauli string must be a real or complex number, but "
            f"{type(value).__name__} cannot be converted to one."
        ) from None
    return checked(number, argument)


def checked(number: Coefficient, argument: str = "coefficient") -> Coefficient:
    """Return the number in canonical form (`float` where real), or raise if it is not finite."""
    if not cmath.isfinite(number):
        raise NonFiniteError(
            f"The {argument} of a Pauli string must be finite, but got {number}. "
            "Check for overflow or NaN where it is computed."
        )
    if number.imag == 0:
        return number.real
    return complex(number.real + 0.0, number.imag)  # turns -0.0 into 0.0


def is_number(value: Any) -> bool:
    """Whether `value` is meant as a scalar (so arithmetic should accept or reject it as one)."""
    return isinstance(value, numbers.Number) or (
        isinstance(value, torch.Tensor | np.ndarray) and value.ndim == 0
    )


def _tensor_item(value: torch.Tensor, argument: str) -> Any:
    if value.requires_grad:
        raise ArgumentTypeError(
            f"The {argument} of a Pauli string must be a plain number, but got a tensor that "
            "requires grad, whose gradient would be lost. Use one observable per Pauli string and "
            "combine the outputs in torch: `layer(x) @ coefficients`."
        )
    if value.ndim != 0:
        raise ArgumentTypeError(
            f"The {argument} of a Pauli string must be a single number, but got a tensor of shape "
            f"{tuple(value.shape)}."
        )
    return value.item()
