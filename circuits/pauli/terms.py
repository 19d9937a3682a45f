"""Pure functions on tuples of Pauli terms: merging, products, commutation.

A string with masks (x, z) is the Hermitian operator W(x, z) = i^|x & z| X^x Z^z, where |m| counts
bits, so that a qubit in both masks carries Y = iXZ. Hence

    W(x1, z1) W(x2, z2) = i^k W(x1 ^ x2, z1 ^ z2),
    k = |x1 & z1| + |x2 & z2| - |x & z| + 2 |z1 & x2|   (mod 4),

and two strings commute exactly if |x1 & z2| + |z1 & x2| is even.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from circuits.pauli.coefficients import Coefficient, checked


class PauliTerm(NamedTuple):
    """One weighted Pauli string: bit q of the masks is qubit q, and Y sets both bits."""

    x_mask: int
    z_mask: int
    coefficient: Coefficient


Terms = tuple[PauliTerm, ...]


def merge(terms: Iterable[tuple[int, int, Coefficient]]) -> Terms:
    """Add coefficients of equal strings, drop exact zeros, and sort by (x_mask, z_mask)."""
    total: dict[tuple[int, int], Coefficient] = {}
    for x_mask, z_mask, coefficient in terms:
        key = (x_mask, z_mask)
        total[key] = total[key] + coefficient if key in total else coefficient
    return tuple(PauliTerm(*key, checked(total[key])) for key in sorted(total) if total[key] != 0)


def multiply(left: Terms, right: Terms) -> Terms:
    """Product of two sums, in this order, with exact phases."""
    return merge(
        (ax ^ bx, az ^ bz, turn(a * b, product_phase(ax, az, bx, bz)))
        for ax, az, a in left
        for bx, bz, b in right
    )


def commutator(left: Terms, right: Terms) -> Terms:
    """`left * right - right * left`: twice the product over the anticommuting pairs."""
    return merge(
        (ax ^ bx, az ^ bz, turn(2 * a * b, product_phase(ax, az, bx, bz)))
        for ax, az, a in left
        for bx, bz, b in right
        if not strings_commute(ax, az, bx, bz)
    )


def chop(terms: Terms, tolerance: float) -> Terms:
    """Set real and imaginary parts of magnitude at most `tolerance` to zero."""

    def chopped(c: Coefficient) -> Coefficient:
        real = c.real if abs(c.real) > tolerance else 0.0
        imag = c.imag if abs(c.imag) > tolerance else 0.0
        return complex(real, imag) if imag else real

    return merge((x, z, chopped(c)) for x, z, c in terms)


def product_phase(x1: int, z1: int, x2: int, z2: int) -> int:
    """Exponent k (mod 4) of W(x1, z1) W(x2, z2) = i^k W(x1 ^ x2, z1 ^ z2)."""
    y_before = (x1 & z1).bit_count() + (x2 & z2).bit_count()
    y_after = ((x1 ^ x2) & (z1 ^ z2)).bit_count()
    return (y_before - y_after + 2 * (z1 & x2).bit_count()) % 4


def turn(number: Coefficient, quarter_turns: int) -> Coefficient:
    """`number * i**quarter_turns` without rounding."""
    if quarter_turns == 0:
        return number
    if quarter_turns == 2:
        return -number
    turned = complex(-number.imag, number.real)
    return turned if quarter_turns == 1 else -turned


def strings_commute(x1: int, z1: int, x2: int, z2: int) -> bool:
    """Whether two Pauli strings commute."""
    return ((x1 & z2).bit_count() + (z1 & x2).bit_count()) % 2 == 0


def strings_commute_qubit_wise(x1: int, z1: int, x2: int, z2: int) -> bool:
    """Whether the letters of two strings commute on every qubit."""
    shared = (x1 | z1) & (x2 | z2)
    return ((x1 ^ x2) | (z1 ^ z2)) & shared == 0
