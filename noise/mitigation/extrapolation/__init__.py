"""Extrapolation to zero noise: one file per family, all differentiable and batched."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from circuits.errors import ArgumentTypeError, InvalidArgumentError
from noise.mitigation.extrapolation.adaptive import AdaptiveExponential
from noise.mitigation.extrapolation.base import Extrapolation, Extrapolator, check_factors
from noise.mitigation.extrapolation.exponential import Exponential, PolyExponential
from noise.mitigation.extrapolation.fallback import Fallback
from noise.mitigation.extrapolation.neural import NeuralExtrapolator
from noise.mitigation.extrapolation.polynomial import (
    Linear,
    Polynomial,
    Richardson,
    richardson_coefficients,
)

EXTRAPOLATORS: dict[str, Callable[[], Extrapolator]] = {
    "linear": Linear,
    "quadratic": lambda: Polynomial(2),
    "richardson": Richardson,
    "exponential": Exponential,
    "exponential-free": lambda: Exponential(None),
    "poly-exponential": PolyExponential,
    "adaptive-exponential": AdaptiveExponential,
}
"""Extrapolators by name, with their default settings."""


def as_extrapolator(value: str | Extrapolator | Sequence[str | Extrapolator]) -> Extrapolator:
    """An extrapolator from an object, a name, or a list of them in order of preference.

    Raises:
        InvalidArgumentError: If a name is unknown.
        ArgumentTypeError: If it is something else.

    >>> as_extrapolator(["exponential", "linear"])
    Fallback([Exponential(asymptote=0.0), Linear()])
    """
    if isinstance(value, Extrapolator):
        return value
    if isinstance(value, str):
        if value not in EXTRAPOLATORS:
            raise InvalidArgumentError(
                f"Argument `extrapolator` must be one of {sorted(EXTRAPOLATORS)} or an "
                f"Extrapolator, got {value!r}."
            )
        return EXTRAPOLATORS[value]()
    if isinstance(value, Sequence):
        return Fallback([as_extrapolator(item) for item in value])
    raise ArgumentTypeError(
        "Argument `extrapolator` must be a name, an Extrapolator, or a list of them, got "
        f"{type(value).__name__}: {value!r}."
    )


__all__ = [
    "EXTRAPOLATORS",
    "AdaptiveExponential",
    "Exponential",
    "Extrapolation",
    "Extrapolator",
    "Fallback",
    "Linear",
    "NeuralExtrapolator",
    "PolyExponential",
    "Polynomial",
    "Richardson",
    "as_extrapolator",
    "check_factors",
    "richardson_coefficients",
]
