"""Checked arithmetic on integers, floats, durations and symbolic angles.

Nothing here can run long or return infinity: integers stay below 2^63, floats stay finite, and
polynomials stay below the limits on terms and degree.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from circuits.interop.qasm.limits import MAX_INTEGER, Budget
from circuits.symbols import Angle


class ArithmeticProblem(Exception):
    """A value cannot be computed; the caller adds the place."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, in seconds or in the device-dependent unit `dt`."""

    length: float
    is_dt: bool = False


Value = int | float | Angle | Duration


def type_name(value: Any) -> str:
    """What to call a value in an error message."""
    names = {
        int: "an integer",
        float: "a float",
        Angle: "an input-dependent angle",
        Duration: "a duration",
        type(None): "a parameter of a gate",
    }
    return names.get(type(value), "an array")


def finite(value: Any) -> Any:
    """The number, if it is real, finite and (as an integer) below 2^63."""
    if isinstance(value, int):
        if abs(value) >= MAX_INTEGER:
            raise ArithmeticProblem("an integer exceeds 2^63")
    elif not isinstance(value, float) or not math.isfinite(value):
        raise ArithmeticProblem(f"the value {value} is not a finite real number")
    return value


def _symbolic(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Budget, int], Any]:
    """Apply `function` to angles, within the limits on their size."""

    def apply(a: Any, b: Any, budget: Budget, offset: int) -> Any:
        first = a if isinstance(a, Angle) else Angle(float(a))
        second = b if isinstance(b, Angle) else Angle(float(b))
        product = function is operator.mul
        sizes = len(first.terms) + 1, len(second.terms) + 1
        work = sizes[0] * sizes[1] if product else sizes[0] + sizes[1]
        budget.check("terms", work, "terms of a symbolic angle", offset)
        budget.spend("steps", work, "steps of work", offset)
        if product:
            budget.check("degree", _degree(first) + _degree(second), "degree of an angle", offset)
        return check_angle(function(first, second))

    return apply


def _degree(angle: Angle) -> int:
    return max((len(product) for _, product in angle.terms), default=0)


def check_angle(angle: Angle) -> Angle:
    """The angle, if all its constants are finite."""
    finite(angle.constant)
    for coefficient, _ in angle.terms:
        finite(coefficient)
    return angle


def power(a: Any, b: Any) -> Any:
    """A to the power b, without computing huge integers."""
    try:
        if isinstance(a, int) and isinstance(b, int) and b >= 0:
            if abs(a) > 1 and b * (abs(a).bit_length() - 1) > 63:
                raise ArithmeticProblem("an integer exceeds 2^63")
            return finite(a**b)
        return finite(float(a) ** float(b))
    except ZeroDivisionError:
        raise ArithmeticProblem("zero to a negative power") from None
    except OverflowError:
        raise ArithmeticProblem("a power is not a finite number") from None


def divide(a: Any, b: Any) -> Any:
    """A / b; on two integers the integer quotient, as OpenQASM 3 has it."""
    if b == 0:
        raise ArithmeticProblem("division by zero")
    if isinstance(a, int) and isinstance(b, int):
        if a % b and (a < 0) != (b < 0):
            raise ArithmeticProblem(
                f"the integer division {a}/{b} is inexact and readers disagree how a negative "
                "quotient is rounded: write it with a decimal point for a real number"
            )
        return a // b
    return finite(a / b)


def modulo(a: Any, b: Any) -> Any:
    """A mod b, with the sign of a, as in C."""
    if b == 0:
        raise ArithmeticProblem("modulo by zero")
    if isinstance(a, int) and isinstance(b, int):
        return a - b * (abs(a) // abs(b)) * (1 if (a < 0) == (b < 0) else -1)
    return finite(math.fmod(a, b))


def real_divide(a: Any, b: Any) -> Any:
    """A / b on real numbers."""
    return divide(float(a), b)


_NUMBERS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: finite(a + b),
    "-": lambda a, b: finite(a - b),
    "*": lambda a, b: finite(a * b),
    "/": divide,
    "**": power,
    "^": power,
    "%": modulo,
}
_ANGLES = {
    "+": _symbolic(operator.add),
    "-": _symbolic(operator.sub),
    "*": _symbolic(operator.mul),
}


def binary(symbol: str, a: Any, b: Any, budget: Budget, offset: int) -> Any:
    """The value of `a symbol b`.

    Raises:
        ArithmeticProblem: If it has none.
    """
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return _NUMBERS[symbol](a, b)
    if isinstance(a, Duration) or isinstance(b, Duration):
        return _of_durations(symbol, a, b)
    for value in (a, b):
        if not isinstance(value, (int, float, Angle)):
            raise ArithmeticProblem(f"'{symbol}' is not defined for {type_name(value)}")
    if symbol in _ANGLES:
        return _ANGLES[symbol](a, b, budget, offset)
    if symbol == "/" and not isinstance(b, Angle):
        finite_inverse = divide(1.0, b)
        return _ANGLES["*"](a, finite_inverse, budget, offset)
    if symbol == "**" and isinstance(b, int) and b >= 0:
        budget.check("degree", b * _degree(a), "degree of an angle", offset)
        result: Any = 1
        for _ in range(b):
            result = _ANGLES["*"](result, a, budget, offset)
        return result
    raise ArithmeticProblem(
        f"'{symbol}' of input-dependent angles is not supported: angles are sums of products of "
        "inputs and numbers"
    )


def _of_durations(symbol: str, a: Any, b: Any) -> Duration:
    if isinstance(a, Duration) and isinstance(b, Duration):
        if symbol in ("+", "-") and a.is_dt == b.is_dt:
            return Duration(_NUMBERS[symbol](a.length, b.length), a.is_dt)
    elif isinstance(a, Duration) and isinstance(b, (int, float)) and symbol in ("*", "/"):
        return Duration(_NUMBERS[symbol](a.length, float(b)), a.is_dt)
    elif isinstance(b, Duration) and isinstance(a, (int, float)) and symbol == "*":
        return Duration(finite(float(a) * b.length), b.is_dt)
    raise ArithmeticProblem(f"'{symbol}' is not defined for these durations")


def negative(value: Any) -> Any:
    """The value with the other sign."""
    if isinstance(value, Duration):
        return Duration(-value.length, value.is_dt)
    if not isinstance(value, (int, float, Angle)):
        raise ArithmeticProblem(f"'-' is not defined for {type_name(value)}")
    return -value


def _to_integer(value: Any) -> int:
    return int(value)


_COMMON: dict[str, tuple[int, Callable[..., Any]]] = {
    "sin": (1, math.sin),
    "cos": (1, math.cos),
    "tan": (1, math.tan),
    "exp": (1, math.exp),
    "sqrt": (1, math.sqrt),
}
FUNCTIONS: dict[int, dict[str, tuple[int, Callable[..., Any]]]] = {
    2: {**_COMMON, "ln": (1, math.log)},
    3: {
        **_COMMON,
        "log": (1, math.log),
        "arcsin": (1, math.asin),
        "arccos": (1, math.acos),
        "arctan": (1, math.atan),
        "ceiling": (1, lambda v: float(math.ceil(v))),
        "floor": (1, lambda v: float(math.floor(v))),
        "mod": (2, modulo),
        "pow": (2, power),
        "int": (1, _to_integer),
        "uint": (1, _to_integer),
        "float": (1, float),
        "angle": (1, float),
    },
}
CONSTANTS: dict[int, dict[str, float]] = {
    2: {"pi": math.pi},
    3: {
        "pi": math.pi,
        "π": math.pi,
        "tau": math.tau,
        "τ": math.tau,
        "euler": math.e,
        "ℇ": math.e,
    },
}


def call(version: int, name: str, arguments: list[Any]) -> Any:
    """The value of a built-in function.

    Raises:
        ArithmeticProblem: If it has none.
    """
    count, function = FUNCTIONS[version][name]
    if len(arguments) != count:
        raise ArithmeticProblem(f"'{name}' takes {count} argument(s), got {len(arguments)}")
    for value in arguments:
        if name in ("float", "angle") and isinstance(value, Angle):
            return value
        if not isinstance(value, (int, float)):
            raise ArithmeticProblem(
                f"'{name}' needs numbers known when the program is read, got {type_name(value)}"
            )
    try:
        return finite(function(*arguments))
    except (ValueError, OverflowError, ZeroDivisionError):
        shown = ", ".join(str(value) for value in arguments)
        raise ArithmeticProblem(f"{name}({shown}) is not a finite real number") from None
