"""Qiskit's parameter expressions to and from angles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import sympy
from qiskit.circuit import Parameter, ParameterExpression

from circuits.errors import ConversionError
from circuits.symbols import Angle, Symbol, as_angle

_REAL_TOLERANCE = 1e-12


def to_angle(value: Any, symbols: Mapping[str, Angle], place: str) -> Angle:
    """The angle that equals a number or parameter expression, exactly.

    Args:
        value: A real number, or a `ParameterExpression` that is a polynomial.
        symbols: Angle of each parameter, by its name.
        place: Where the value stands, for error messages.

    Raises:
        ConversionError: If the expression is not a polynomial with real coefficients.
    """
    if isinstance(value, Parameter):
        return _symbol(value.name, symbols, value, place)
    if isinstance(value, ParameterExpression):
        try:
            return _polynomial(value.sympify(), symbols, value, place)
        except RecursionError:
            raise ConversionError(
                f"The angle of {place} is too deeply nested an expression."
            ) from None
    if isinstance(value, complex) and abs(value.imag) <= _REAL_TOLERANCE * max(1.0, abs(value)):
        value = value.real
    return as_angle(value, place)


def _symbol(name: str, symbols: Mapping[str, Angle], value: Any, place: str) -> Angle:
    if name not in symbols:
        raise ConversionError(
            f"The angle `{value}` of {place} uses the parameter {name!r}, which is not a parameter "
            "of the circuit. Bind it in the gate's definition, or add it to the gate's params."
        )
    return symbols[name]


def _polynomial(node: Any, symbols: Mapping[str, Angle], value: Any, place: str) -> Angle:
    """Evaluate a sympy expression in angle arithmetic."""
    if node.is_Symbol:
        return _symbol(node.name, symbols, value, place)
    if not node.free_symbols:
        return Angle(_number(node, value, place))
    if node.is_Add or node.is_Mul:
        parts = [_polynomial(part, symbols, value, place) for part in node.args]
        return sum(parts, Angle(0.0)) if node.is_Add else math.prod(parts, start=Angle(1.0))
    if node.is_Pow and node.exp.is_number and node.exp >= 0 and int(node.exp) == node.exp:
        return _polynomial(node.base, symbols, value, place) ** int(node.exp)
    names = ", ".join(sorted(symbol.name for symbol in node.free_symbols))
    raise ConversionError(
        f"The angle `{value}` of {place} is not a polynomial in its parameters: it holds `{node}` "
        f"of {names}. Angles are sums of products of parameters and numbers; make a parameter of "
        f"`{node}` and compute its value outside the circuit."
    )


def _number(node: sympy.Expr, value: Any, place: str) -> float:
    number = complex(node)
    if abs(number.imag) > _REAL_TOLERANCE * max(1.0, abs(number)) or not math.isfinite(number.real):
        raise ConversionError(
            f"The angle `{value}` of {place} has the coefficient `{node}`, which is not a finite "
            "real number."
        )
    return number.real


def to_expression(angle: Angle, parameters: Mapping[Symbol, Parameter]) -> Any:
    """The angle as a float, a `Parameter` or a `ParameterExpression`."""
    if angle.is_constant:
        return float(angle.constant)
    total: Any = None
    for coefficient, product in angle.terms:
        term: Any = parameters[product[0]]
        for symbol in product[1:]:
            term = term * parameters[symbol]
        if coefficient != 1:
            term = coefficient * term
        total = term if total is None else total + term
    return total if angle.constant == 0 else total + angle.constant
