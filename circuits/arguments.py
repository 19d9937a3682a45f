"""Checks of plain arguments that several builders of circuits share."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from circuits.errors import ArgumentTypeError, InvalidArgumentError, NonFiniteError, QubitError
from circuits.gates.record import Gate
from circuits.gates.table import gate_named

ROTATIONS = ("rx", "ry", "rz", "p")


def integer(value: Any, argument: str, minimum: int = 1) -> int:
    """The value as an `int` that is at least `minimum`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise ArgumentTypeError(
            f"Argument `{argument}` must be an integer, got {type(value).__name__}: {value!r}."
        )
    if number < minimum:
        raise InvalidArgumentError(
            f"Argument `{argument}` must be at least {minimum}, got {number}."
        )
    return number


def flag(value: Any, argument: str) -> bool:
    """The value, if it is `True` or `False`."""
    if not isinstance(value, bool | np.bool_):
        raise ArgumentTypeError(
            f"Argument `{argument}` must be True or False, got {type(value).__name__}: {value!r}."
        )
    return bool(value)


def number(value: Any, argument: str) -> float:
    """The value as a finite `float`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ArgumentTypeError(
            f"Argument `{argument}` must be a number, got {type(value).__name__}: {value!r}."
        )
    if not math.isfinite(value):
        raise NonFiniteError(f"Argument `{argument}` must be finite, got {value}.")
    return float(value)


def numbers_for(value: Any, size: int, argument: str) -> tuple[float, ...]:
    """One number for all of `size` entries, or a sequence of `size` numbers."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return (number(value, argument),) * size
    given = tuple(number(entry, f"{argument}[{k}]") for k, entry in enumerate(value))
    if len(given) != size:
        raise InvalidArgumentError(
            f"Argument `{argument}` must be one number or {size} numbers, got {len(given)}."
        )
    return given


def one_of(value: Any, choices: Sequence[str], argument: str) -> str:
    """The value, if it is one of the given strings."""
    if value not in choices:
        raise InvalidArgumentError(
            f"Argument `{argument}` must be one of {', '.join(map(repr, choices))}, got {value!r}."
        )
    return str(value)


def rotations(names: Any, argument: str = "rotations") -> tuple[str, ...]:
    """One or more names of one-qubit rotations; a bare string is one name."""
    given = (names,) if isinstance(names, str) else tuple(names)
    if not given:
        raise InvalidArgumentError(f"Argument `{argument}` must name at least one rotation.")
    return tuple(one_of(name, ROTATIONS, argument) for name in given)


def two_qubit_gate(name: Any, argument: str = "gate", max_angles: int = 1) -> Gate:
    """The record of a gate on two qubits with at most `max_angles` angles."""
    gate = gate_named(name)
    if gate.n_qubits != 2 or gate.n_angles > max_angles:
        raise InvalidArgumentError(
            f"Argument `{argument}` must name a gate on two qubits with at most {max_angles} "
            f"angle(s), such as 'cx' or 'cz', got {name!r}."
        )
    return gate


def width(n_qubits: int | None, needed: int, what: str, remedy: str) -> int:
    """`n_qubits`, by default `needed`, which is the least that `what` needs."""
    if n_qubits is None:
        return needed
    size = integer(n_qubits, "n_qubits")
    if size < needed:
        raise QubitError(
            f"Argument `n_qubits` must be at least {needed} for {what}, got {size}. {remedy}"
        )
    return size
