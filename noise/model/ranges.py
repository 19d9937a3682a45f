"""Which values a symbol may take as a strength of a channel, and free parameters for them.

Every symbol is a smooth function of unbounded parameters, so that an optimiser cannot leave the
range: a box by the logistic function, a half line by the exponential, the probabilities of one
Pauli channel by the softmax with what remains of one, t2 as a fraction of 2 t1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import final

import torch
from torch import Tensor

from circuits.channel_ops import parameter_names
from circuits.errors import InvalidArgumentError, SymbolError
from circuits.ops import Op
from circuits.symbols import Angle, Symbol

Bounds = tuple[float, float]

_UNIT: Bounds = (0.0, 1.0)
_HALF_LINE: Bounds = (0.0, math.inf)
_LINE: Bounds = (-math.inf, math.inf)
_BY_PARAMETER: dict[str, Bounds] = {
    **dict.fromkeys(("p", "gamma", "lam", "population"), _UNIT),
    **dict.fromkeys(("t1", "t2", "time"), _HALF_LINE),
}
_START = {"t1": 1e-4, "t2": 5e-5, "time": 1e-7}
_USUAL_START = 0.01
_INSIDE = 1e-6  # how far a start on the edge is moved inside, as a part of the range


@final
class Ranges:
    """The symbols of a model's channels and how free parameters make their values.

    Args:
        ops: The channels, one op each.

    Attributes:
        symbols: The symbols, in order of first use.
    """

    def __init__(self, ops: Iterable[Op]) -> None:
        self._bounds: dict[Symbol, Bounds] = {}
        self._usual: dict[Symbol, float] = {}
        self._shares: list[tuple[Symbol, ...]] = []
        self._fractions: dict[Symbol, Symbol] = {}
        for op in ops:
            self._read(op)
        self.symbols = tuple(self._bounds)
        self._check_blocks()

    # === reading ===

    def _read(self, op: Op) -> None:
        found: dict[str, tuple[Symbol, float, float]] = {}
        for name, angle in zip(parameter_names(op), op.angles, strict=True):
            if angle.is_constant:
                continue
            found[name] = symbol, slope, constant = _line(angle, op)
            self._narrow(symbol, slope, constant, self._limits(op, name))
            self._usual.setdefault(symbol, _START.get(name, _USUAL_START))
        if op.gate.name == "pauli_channel":
            self._read_pauli(op, found)
        if op.gate.name == "thermal_relaxation":
            self._read_thermal(op, found)

    def _limits(self, op: Op, name: str) -> Bounds:
        if op.gate.name == "pauli_channel":
            return _UNIT
        if op.gate.name == "pauli_lindblad":
            return _HALF_LINE
        return _BY_PARAMETER[name] if op.is_channel else _LINE

    def _narrow(self, symbol: Symbol, slope: float, constant: float, limits: Bounds) -> None:
        """Intersect with the values for which slope * s + constant is within the limits."""
        ends = sorted((end - constant) / slope for end in limits)
        old = self._bounds.get(symbol, _LINE)
        new = max(old[0], ends[0]), min(old[1], ends[1])
        if new[0] >= new[1]:
            raise SymbolError(f"No value of the symbol {symbol} is possible in all its channels.")
        self._bounds[symbol] = new

    def _read_pauli(self, op: Op, found: Mapping[str, tuple[Symbol, float, float]]) -> None:
        fixed = sum(angle.constant for angle in op.angles)
        symbols = {symbol for symbol, _, _ in found.values()}
        if len(symbols) == 1:
            slope = sum(slope for _, slope, _ in found.values())
            if slope != 0:
                self._narrow(symbols.pop(), slope, fixed, _UNIT)
        elif len(symbols) > 1:
            plain = all(line[1:] == (1.0, 0.0) for line in found.values())
            if not plain or len(symbols) < len(found) or fixed:
                raise SymbolError(
                    f"The strengths of `{op!r}` are too entangled to keep their sum below one: use "
                    "one symbol for each label, the same one for all, or PauliLindblad."
                )
            self._shares.append(tuple(symbol for symbol, _, _ in found.values()))

    def _read_thermal(self, op: Op, found: Mapping[str, tuple[Symbol, float, float]]) -> None:
        t1, t2 = op.angles[:2]
        if "t1" in found and "t2" in found:
            (first, *one), (second, *two) = found["t1"], found["t2"]
            if one != [1.0, 0.0] or two != [1.0, 0.0] or first == second:
                raise SymbolError(f"Use one plain symbol each for t1 and t2 in `{op!r}`.")
            self._fractions[second] = first
        elif "t2" in found:
            self._narrow(*found["t2"], (0.0, 2 * t1.constant))
        elif "t1" in found:
            self._narrow(*found["t1"], (t2.constant / 2, math.inf))

    def _check_blocks(self) -> None:
        blocks = list(dict.fromkeys(self._shares))
        inside = [symbol for block in blocks for symbol in block]
        if len(set(inside)) < len(inside) or any(
            self._bounds[symbol] != _UNIT for symbol in inside
        ):
            raise SymbolError(
                "A probability of one Pauli channel is a strength of another channel, too, so that "
                "their ranges depend on each other. Use PauliLindblad: rates have no upper end."
            )
        self._shares = blocks

    # === between parameters and values ===

    def start(self, given: Mapping[Symbol, float]) -> Tensor:
        """Free parameters `(n,)` of given or usual values."""
        values = {symbol: given.get(symbol, self._usual[symbol]) for symbol in self.symbols}
        for symbol, value in values.items():
            low, high = self._bounds[symbol]
            if symbol in given and not low <= value <= high:
                raise InvalidArgumentError(
                    f"Argument `start` has {symbol} = {value}, out of its range {low} to {high}."
                )
            if not low < value < high:
                width = high - low if math.isfinite(high - low) else max(abs(value), 1.0)
                values[symbol] = min(max(value, low + _INSIDE * width), high - _INSIDE * width)
        return torch.tensor([self._free(s, values) for s in self.symbols], dtype=torch.float64)

    def _free(self, symbol: Symbol, values: Mapping[Symbol, float]) -> float:
        value, (low, high) = values[symbol], self._bounds[symbol]
        for block in self._shares:
            if symbol in block:
                rest = 1 - sum(values[s] for s in block)
                if rest <= 0:
                    raise InvalidArgumentError(
                        "Probabilities of a Pauli channel in `start` must sum to less than 1."
                    )
                return math.log(value / rest)
        if symbol in self._fractions:
            low, high = 0.0, 2 * values[self._fractions[symbol]]
            value = min(value, (1 - _INSIDE) * high)
        if math.isfinite(low) and math.isfinite(high):
            return math.log((value - low) / (high - value))
        if math.isfinite(low):
            return math.log(value - low)
        return math.log(high - value) if math.isfinite(high) else value

    def values(self, free: Tensor) -> Tensor:
        """Values `(n,)` of the symbols; differentiable."""
        made: dict[Symbol, Tensor] = {}
        by_symbol = dict(zip(self.symbols, free.unbind(), strict=True))
        for block in self._shares:
            own = torch.stack([by_symbol[s] for s in block])
            shares = torch.softmax(torch.cat([own, own.new_zeros(1)]), 0)
            made.update(zip(block, shares.unbind()[:-1], strict=True))
        for symbol in self.symbols:
            if symbol not in made and symbol not in self._fractions:
                made[symbol] = _in_range(by_symbol[symbol], self._bounds[symbol])
        for second, first in self._fractions.items():
            made[second] = 2 * made[first] * torch.sigmoid(by_symbol[second])
        return torch.stack([made[symbol] for symbol in self.symbols])


def _in_range(free: Tensor, bounds: Bounds) -> Tensor:
    low, high = bounds
    if math.isfinite(low) and math.isfinite(high):
        return low + (high - low) * torch.sigmoid(free)
    if math.isfinite(low):
        return low + torch.exp(free)
    return high - torch.exp(free) if math.isfinite(high) else free


def _line(angle: Angle, op: Op) -> tuple[Symbol, float, float]:
    """Symbol, slope and constant of slope * symbol + constant."""
    if len(angle.terms) != 1 or len(angle.terms[0][1]) != 1:
        raise SymbolError(
            f"The strength `{angle}` of `{op!r}` must be one symbol, times and plus numbers, for "
            "its range to be known."
        )
    slope, (symbol,) = angle.terms[0]
    if symbol.group.kind != "weight":
        raise SymbolError(
            f"The strength `{angle}` of `{op!r}` is an input. Declare what is to be fitted with "
            "`weights(...)`."
        )
    return symbol, slope, angle.constant


def flips(free: Tensor) -> Tensor:
    """Flip probabilities of the readout in (0, 1/2), from free parameters."""
    return 0.5 * torch.sigmoid(free)


def free_flips(values: Sequence[float]) -> Tensor:
    """Free parameters of flip probabilities, moved inside (0, 1/2)."""
    inside = [min(max(value, 1e-4), 0.5 - 1e-4) for value in values]
    return torch.tensor([math.log(v / (0.5 - v)) for v in inside], dtype=torch.float64)
