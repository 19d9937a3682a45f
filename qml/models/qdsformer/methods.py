"""The choices of D in the attention, and which options each of them has."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from circuits.arguments import integer, number
from circuits.errors import InvalidArgumentError

OPTIONS: dict[str, tuple[str, ...]] = {
    "circuit": ("layers", "n_auxiliary", "ansatz", "train_circuit", "score_size", "score_offset"),
    "softmax": ("score_size",),
    "softmax_sigma": (),
    "sinkhorn": ("iterations", "score_size"),
    "qr": (),
}
"""Method -> the options that it has."""

SCORE_SIZES = {"circuit": 0.25, "softmax": 0.0, "sinkhorn": 0.0}
"""Method -> default size of its scores."""

SCORE_OFFSET = 1.0
"""Default offset of the scores of circuits."""

_MAX_ITERATIONS = 10_001


def check_options(
    method: str, options: dict[str, Any], names: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Raise if an option is given that the method does not have.

    Args:
        method: Name of D.
        options: Values by name; `None` is not given.
        names: What the caller's arguments are called, where not like the options.
    """
    given = [name for name, value in options.items() if value is not None]
    without = [name for name in given if name not in OPTIONS[method]]
    if without:
        has = ", ".join(f"`{names.get(name, name)}`" for name in OPTIONS[method]) or "no options"
        raise InvalidArgumentError(
            f"Argument `{names.get(without[0], without[0])}` has no effect on method {method!r}, "
            f"which has {has}. Leave it out."
        )


def checked_iterations(iterations: int) -> int:
    """An odd number of normalisations."""
    count = integer(iterations, "iterations")
    if count % 2 == 0 or count > _MAX_ITERATIONS:
        raise InvalidArgumentError(
            f"Argument `iterations` must be odd and at most {_MAX_ITERATIONS}, so that rows are "
            f"normalised last, got {count}."
        )
    return count


def checked_score_size(score_size: float) -> float:
    """The size that scores are brought to, or 0."""
    size = number(score_size, "score_size")
    if size < 0:
        raise InvalidArgumentError(
            f"Argument `score_size` must be positive, or 0 to leave scores as they are, got {size}."
        )
    return size
