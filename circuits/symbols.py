"""Symbols and the angle expressions made from them.

An angle is a polynomial: a sum of products of input symbols, weight symbols and constants,

    angle = c_0 + sum_t c_t * prod_k s_{t,k}

for example `2*x[0]`, `w[0]*x[0] + w[1]` or `(pi - x[0]) * (pi - x[1])`. Expressions are kept in a
canonical order, so equal polynomials compare equal.
"""

from __future__ import annotations

import math
import numbers
import uuid
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from circuits.errors import InvalidArgumentError, NonFiniteError, SymbolError

KINDS = ("input", "weight")


@dataclass(frozen=True, slots=True)
class Group:
    """A named array of symbols: what one call of `inputs` or `weights` declares.

    Groups with equal kind, name and shape are equal. `token` tells weight groups of different
    `weights()` calls apart, so that joining two circuits cannot tie their weights by accident.

    Args:
        kind: `"input"` or `"weight"`.
        name: Name under which values are passed, unique within a circuit and kind.
        shape: Shape of the array of symbols.
        token: Identity of the declaring call; not part of equality or hash.
    """

    kind: str
    name: str
    shape: tuple[int, ...]
    token: str = field(default="", compare=False, repr=False)

    @property
    def size(self) -> int:
        """Number of symbols in the group."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True, order=False)
class Symbol:
    """One entry of a group, by its flat (row-major) index."""

    group: Group
    index: int

    @property
    def sort_key(self) -> tuple[str, str, int]:
        return (self.group.kind, self.group.name, self.index)

    def __str__(self) -> str:
        if not self.group.shape:
            return self.group.name
        where = np.unravel_index(self.index, self.group.shape)
        return f"{self.group.name}[{', '.join(str(int(i)) for i in where)}]"


Monomial = tuple[Symbol, ...]


class Angle:
    """A polynomial in symbols: `constant + sum(coefficient * product of symbols)`.

    Angles are immutable and support `+`, `-`, `*` with angles and numbers, `/` by a number, and
    `**` with a non-negative integer. Radians throughout.

    Attributes:
        constant: The term without symbols.
        terms: Pairs `(coefficient, symbols)` in canonical order, without zero coefficients'
            duplicates; `symbols` is a sorted tuple and may repeat a symbol.
    """

    __slots__ = ("constant", "terms")

    def __init__(self, constant: float = 0.0, terms: tuple[tuple[float, Monomial], ...] = ()):
        object.__setattr__(self, "constant", constant)
        object.__setattr__(self, "terms", terms)

    constant: float
    terms: tuple[tuple[float, Monomial], ...]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Angle is immutable: build a new expression instead")

    def __reduce__(self) -> tuple[type[Angle], tuple[float, tuple[tuple[float, Monomial], ...]]]:
        return Angle, (self.constant, self.terms)

    @property
    def is_constant(self) -> bool:
        """Whether the angle has no symbols."""
        return not self.terms

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The distinct symbols, in order of first appearance."""
        return tuple(dict.fromkeys(s for _, product in self.terms for s in product))

    @property
    def depends_on_inputs(self) -> bool:
        """Whether any term holds an input symbol."""
        return any(s.group.kind == "input" for _, product in self.terms for s in product)

    def evaluate(self, values: dict[Symbol, float]) -> float:
        """Value of the expression for given symbol values (radians)."""
        return self.constant + sum(
            c * math.prod(values[s] for s in product) for c, product in self.terms
        )

    def __add__(self, other: Any) -> Angle:
        other = _operand(other)
        if other is NotImplemented:
            return NotImplemented
        return _collect(self.constant + other.constant, self.terms + other.terms)

    __radd__ = __add__

    def __neg__(self) -> Angle:
        return Angle(-self.constant, tuple((-c, product) for c, product in self.terms))

    def __pos__(self) -> Angle:
        return self

    def __sub__(self, other: Any) -> Angle:
        other = _operand(other)
        if other is NotImplemented:
            return NotImplemented
        return self + (-other)

    def __rsub__(self, other: Any) -> Angle:
        other = _operand(other)
        if other is NotImplemented:
            return NotImplemented
        return other + (-self)

    def __mul__(self, other: Any) -> Angle:
        other = _operand(other)
        if other is NotImplemented:
            return NotImplemented
        mine = ((self.constant, ()), *self.terms)
        theirs = ((other.constant, ()), *other.terms)
        products = tuple(
            (a * b, tuple(sorted(p + q, key=lambda s: s.sort_key)))
            for a, p in mine
            for b, q in theirs
            if a != 0 and b != 0
        )
        return _collect(0.0, products)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Angle:
        other = _operand(other)
        if other is NotImplemented:
            return NotImplemented
        if not other.is_constant or other.constant == 0:
            raise SymbolError(
                f"An angle can only be divided by a number other than zero, got {other!r}. "
                "Angles are sums of products of symbols and constants."
            )
        return self * (1.0 / other.constant)

    def __pow__(self, exponent: Any) -> Angle:
        if not isinstance(exponent, numbers.Integral) or exponent < 0:
            raise SymbolError(
                f"The exponent of an angle must be an integer >= 0, got {exponent!r}. "
                "Angles are sums of products of symbols and constants."
            )
        result = Angle(1.0)
        for _ in range(int(exponent)):
            result = result * self
        return result

    def __eq__(self, other: object) -> bool:
        if isinstance(other, numbers.Real):
            return self.is_constant and self.constant == other
        if not isinstance(other, Angle):
            return NotImplemented
        return self.constant == other.constant and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(self.constant) if self.is_constant else hash((self.constant, self.terms))

    def __float__(self) -> float:
        if not self.is_constant:
            raise SymbolError(f"The angle {self} has symbols and therefore no value yet.")
        return float(self.constant)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        parts: list[str] = []
        for coefficient, product in self.terms:
            symbols = "*".join(str(s) for s in product)
            if coefficient == 1:
                text = symbols
            elif coefficient == -1:
                text = f"-{symbols}"
            else:
                text = f"{coefficient:.6g}*{symbols}"
            parts.append(text)
        if self.constant != 0 or not parts:
            parts.append(f"{self.constant:.6g}")
        return " + ".join(parts).replace("+ -", "- ")


def _collect(constant: float, terms: tuple[tuple[float, Monomial], ...]) -> Angle:
    """Merge equal monomials; monomials without symbols join the constant."""
    merged: dict[Monomial, float] = {}
    for coefficient, product in terms:
        if product:
            merged[product] = merged.get(product, 0.0) + coefficient
        else:
            constant += coefficient
    ordered = sorted(merged.items(), key=lambda item: [s.sort_key for s in item[0]])
    return Angle(constant, tuple((c, product) for product, c in ordered if c != 0))


def _operand(value: Any) -> Any:
    """An `Angle` for numbers and angles, `NotImplemented` otherwise (arrays, strings)."""
    if isinstance(value, Angle):
        return value
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        if type(value).__module__.partition(".")[0] == "torch":
            return as_angle(value)
        return NotImplemented
    return as_angle(value)


def as_angle(value: Any, argument: str = "angle") -> Angle:
    """Turn a number or expression into an `Angle`.

    Args:
        value: An `Angle`, a real number, or a tensor or array holding one real number.
        argument: Name used in error messages.

    Raises:
        SymbolError: If `value` is a tensor that requires grad, or not a number.
        NonFiniteError: If the number is NaN or infinite.
    """
    if type(value) is float and math.isfinite(value):  # the common case, ahead of all that is slow
        return Angle(value)
    if isinstance(value, Angle):
        if not math.isfinite(value.constant) or not all(math.isfinite(c) for c, _ in value.terms):
            raise NonFiniteError(f"Argument `{argument}` must have finite constants, got {value}.")
        return value
    if getattr(value, "requires_grad", False):
        raise SymbolError(
            f"Argument `{argument}` is a tensor that requires grad. Its gradient would be lost "
            "here: declare a symbol with `weights(...)` and pass the tensor as its value."
        )
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise SymbolError(
            f"Argument `{argument}` must be a real number or an expression of symbols, "
            f"got {type(value).__name__}: {value!r}."
        )
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise NonFiniteError(f"Argument `{argument}` must be finite, got {number}.")
    return Angle(number)


def _declare(kind: str, name: str, shape: tuple[Any, ...]) -> Any:
    if len(shape) == 1 and isinstance(shape[0], tuple | list):
        shape = tuple(shape[0])
    for extent in shape:
        if isinstance(extent, bool) or not isinstance(extent, numbers.Integral) or extent < 1:
            raise InvalidArgumentError(
                f"Every extent of `{kind}s(*shape)` must be a positive integer, got {shape!r}."
            )
    if not isinstance(name, str) or not name.isidentifier():
        raise InvalidArgumentError(
            f"Argument `name` must be a valid Python identifier, got {name!r}."
        )
    token = uuid.uuid4().hex if kind == "weight" else ""
    group = Group(kind, name, tuple(int(extent) for extent in shape), token)
    array = np.empty(group.size, dtype=object)
    array[:] = [Angle(0.0, ((1.0, (Symbol(group, i),)),)) for i in range(group.size)]
    return array.reshape(group.shape)[()]


def inputs(*shape: int, name: str = "x") -> Any:
    """Declare an array of input symbols: data, one set of values per sample.

    Args:
        *shape: Extents of the array; none for a single symbol.
        name: Name of the group. Inputs of equal name and shape are the same inputs, also when
            they come from different calls, so feature maps can share data.

    Returns:
        NumPy object array of `Angle` of the given shape (or one `Angle`).

    >>> x = inputs(3)
    >>> 2 * x[0] - x[1] / 4
    2*x[0] - 0.25*x[1]
    """
    return _declare("input", name, shape)


def weights(*shape: int, name: str = "weight") -> Any:
    """Declare an array of weight symbols: trainable values, shared by all samples.

    Args:
        *shape: Extents of the array; none for a single symbol.
        name: Name of the group and of the `nn.Parameter` that a layer makes from it.

    Returns:
        NumPy object array of `Angle` of the given shape (or one `Angle`).

    >>> w = weights(2, 3)
    >>> w[1, 2] * w[0, 0] + 1
    weight[0, 0]*weight[1, 2] + 1
    """
    return _declare("weight", name, shape)
