"""Writes numbers and angles so that reading them gives the same bits back."""

from __future__ import annotations

import math
from collections.abc import Mapping

from circuits.symbols import Angle, Symbol

_DENOMINATORS = (1, 2, 3, 4, 6, 8, 16, 32)
_MAX_NUMERATOR = 32


def number(value: float) -> str:
    """A float: as a fraction of pi where that is exactly equal, else all digits it needs."""
    for denominator in _DENOMINATORS:
        numerator = round(value * denominator / math.pi) if abs(value) < 1e6 else 0
        if numerator and abs(numerator) <= _MAX_NUMERATOR:
            if numerator * math.pi / denominator == value:
                factor = {1: "", -1: "-"}.get(numerator, f"{numerator}*")
                return f"{factor}pi" + (f"/{denominator}" if denominator > 1 else "")
    return decimal(value)


def decimal(value: float) -> str:
    """A float in the notation that both versions read: with a decimal point."""
    text = repr(float(value))
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa}.0{mark}{exponent}" if mark and "." not in mantissa else text


def angle_text(angle: Angle, names: Mapping[Symbol, str]) -> str:
    """An angle as a sum of products, in the order of its terms."""
    parts: list[str] = []
    for coefficient, product in angle.terms:
        symbols = "*".join(names[symbol] for symbol in product)
        sign = "-" if coefficient < 0 else "+"
        size = abs(coefficient)
        parts += [sign, symbols if size == 1 else f"{number(size)}*{symbols}"]
    if angle.constant != 0 or not parts:
        text = number(angle.constant)
        parts += ["-", text[1:]] if text.startswith("-") else ["+", text]
    first, *rest = parts[1:]
    return " ".join([("-" if parts[0] == "-" else "") + first, *rest])
