"""Angles as short strings, for terminals and in the markup of `circuits.drawing.mpl`."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from circuits.symbols import Angle, Monomial, Symbol

_DENOMINATORS = (1, 2, 3, 4, 6, 8, 12, 16)
_LARGEST_NUMERATOR = 16
_GREEK = dict(
    zip(
        (
            "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi rho sigma tau "
            "phi chi psi omega"
        ).split(),
        "αβγδεζηθκλμνξρστφχψω",
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Notation:
    """How expressions are written.

    Attributes:
        times: The sign between factors.
        markup: Whether indices are subscripts `_{0}`, powers superscripts `^{2}`, one-letter
            names italic `*x*`, and minus signs typographic.
    """

    times: str
    markup: bool


TEXT = Notation("·", markup=False)
MARKUP = Notation("\N{THIN SPACE}", markup=True)


def format_number(value: float, notation: Notation = TEXT, digits: int = 3) -> str:
    """A number with few digits; simple multiples of pi are written as such.

    >>> format_number(3 * math.pi / 4), format_number(0.123456), format_number(-math.pi)
    ('3π/4', '0.123', '-π')
    """
    for denominator in _DENOMINATORS:
        numerator = value * denominator / math.pi
        nearest = round(numerator)
        if 0 < abs(nearest) <= _LARGEST_NUMERATOR and abs(numerator - nearest) < 1e-9:
            sign = "-" if nearest < 0 else ""
            head = "" if abs(nearest) == 1 else str(abs(nearest))
            tail = "" if denominator == 1 else f"/{denominator}"
            return f"{sign}{head}π{tail}"
    text = f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    if notation.markup:
        return f"{mantissa}·10^{{{int(exponent)}}}"
    return f"{mantissa}e{int(exponent)}"


def format_symbol(symbol: Symbol, notation: Notation = TEXT) -> str:
    """A symbol with its index: `weight[0,1]`, or a subscript in markup."""
    index: list[int] = []
    rest = symbol.index
    for extent in reversed(symbol.group.shape):
        rest, position = divmod(rest, extent)
        index.insert(0, position)
    where = ",".join(map(str, index))
    name = symbol.group.name
    if not notation.markup:
        return f"{name}[{where}]" if where else name
    name = _GREEK.get(name, name)
    if len(name) == 1:
        name = f"*{name}*"
    return f"{name}_{{{where}}}" if where else name


def format_angle(angle: Angle, notation: Notation = TEXT, max_length: int = 24) -> str:
    """An expression in short form; terms that exceed the length become an ellipsis.

    Args:
        angle: The expression.
        notation: `TEXT` or `MARKUP`.
        max_length: Greatest number of characters, counted in `TEXT`, before terms are left out.
            The first term is always written.

    >>> from circuits import inputs
    >>> x = inputs(2)
    >>> format_angle(2 * x[0] - math.pi * x[0] * x[1] + 0.5)
    '2·x[0] - π·x[0]·x[1] + …'
    """
    products: list[tuple[float, Monomial]] = list(angle.terms)
    if angle.constant != 0 or not products:
        products.append((angle.constant, ()))
    written = ""
    length = 0
    for k, (coefficient, product) in enumerate(products):
        length += len(_joined("x" * k, _term(coefficient, product, TEXT))) - k
        if k and length > max_length:
            written += " + …"
            break
        written = _joined(written, _term(coefficient, product, notation))
    return written.replace("-", "\N{MINUS SIGN}") if notation.markup else written


def _joined(written: str, term: str) -> str:
    if not written:
        return term
    return f"{written} - {term[1:]}" if term.startswith("-") else f"{written} + {term}"


def _term(coefficient: float, product: Monomial, notation: Notation) -> str:
    powers = Counter(product)
    factors = []
    for symbol, power in powers.items():
        text = format_symbol(symbol, notation)
        if power > 1:
            text += f"^{{{power}}}" if notation.markup else f"^{power}"
        factors.append(text)
    symbols = notation.times.join(factors)
    if not symbols:
        return format_number(coefficient, notation)
    if coefficient in (1, -1):
        return symbols if coefficient == 1 else f"-{symbols}"
    number = format_number(coefficient, notation)
    return f"{number}{notation.times}{symbols}"
