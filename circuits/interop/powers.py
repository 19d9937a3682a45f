"""Inverse, power and control of a sequence of ops, for formats whose gates carry modifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from circuits.errors import ConversionError, UnsupportedOperationError
from circuits.gates.constructors import controlled
from circuits.ops import Op, inverse

MAX_REPEATS = 4096
"""Largest integer power that is written out as repeated ops."""


def inverted(ops: Sequence[Op], place: str) -> list[Op]:
    """The ops that undo `ops`.

    Raises:
        ConversionError: If one has no inverse; the message names `place`.
    """
    try:
        return [step for op in reversed(ops) for step in inverse(op)]
    except UnsupportedOperationError as error:
        raise ConversionError(f"{place} cannot be inverted: {error}") from None


def controlled_by(ops: Sequence[Op], controls: Sequence[int], place: str) -> list[Op]:
    """The ops, applied where all controls are 1; barriers stay as they are.

    Raises:
        ConversionError: If one cannot be controlled; the message names `place`.
    """
    try:
        return [op if op.kind == "barrier" else controlled(op, *controls) for op in ops]
    except UnsupportedOperationError as error:
        raise ConversionError(f"{place} cannot be controlled: {error}") from None


def integer_power(ops: Sequence[Op], exponent: int, place: str) -> list[Op]:
    """The ops, repeated; negative exponents repeat the inverse.

    A single gate of the form exp(-i theta G) has its angle multiplied instead.

    Raises:
        ConversionError: If the exponent is larger than `MAX_REPEATS`.
    """
    if len(ops) == 1 and ops[0].gate.inverse == "negate":
        return [replace(ops[0], angles=tuple(exponent * a for a in ops[0].angles))]
    if abs(exponent) > MAX_REPEATS:
        raise ConversionError(
            f"{place} is raised to the power {exponent}; at most {MAX_REPEATS} repetitions are "
            "written out."
        )
    base = inverted(ops, place) if exponent < 0 else list(ops)
    return base * abs(exponent)
