"""Symbols in the strengths of a model, and numbers for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from circuits.errors import ShapeError, SymbolError
from circuits.ops import Op
from circuits.symbols import Angle, Group, Symbol
from noise.channels import Channel, ThermalRelaxation
from noise.model.arguments import arguments, rebuilt, strengths
from noise.model.idle import Idle
from noise.model.rules import Rule

T = TypeVar("T", bound="Channel | Idle")


def groups(rules: Iterable[Rule], idle: Mapping[int, Idle]) -> tuple[Group, ...]:
    """The groups of symbols in strengths, in order of first use.

    Raises:
        SymbolError: If two different groups have the same kind and name.
    """
    found: dict[tuple[str, str], Group] = {}
    items: list[Channel | Idle] = [rule.channel for rule in rules]
    for item in [*items, *idle.values()]:
        for strength in strengths(item):
            for symbol in strength.symbols if isinstance(strength, Angle) else ():
                group = symbol.group
                old = found.setdefault((group.kind, group.name), group)
                if old != group or old.token != group.token:
                    raise SymbolError(
                        f"Strengths of the noise model use two different groups of {group.kind}s "
                        f"called {group.name!r}. Give one of them another name."
                    )
    return tuple(found.values())


def numbers(given: Any, known: tuple[Group, ...]) -> dict[Symbol, float]:
    """The number of each symbol, from an array or a dict of arrays by group name."""
    if not isinstance(given, Mapping):
        if len(known) != 1:
            names = ", ".join(group.name for group in known) or "none"
            raise SymbolError(
                f"The noise model has {len(known)} groups of symbols ({names}): pass a dict from "
                "names to arrays."
            )
        given = {known[0].name: given}
    by_name = {group.name: group for group in known}
    values: dict[Symbol, float] = {}
    for name, array in given.items():
        if name not in by_name:
            raise SymbolError(
                f"The noise model has no symbols called {name!r}; it has: "
                f"{', '.join(by_name) or 'none'}."
            )
        group = by_name[name]
        entries = array.detach().cpu().numpy() if hasattr(array, "detach") else np.asarray(array)
        if entries.shape != group.shape:
            raise ShapeError(
                f"Values of {name!r} must have shape {group.shape}, got {entries.shape}."
            )
        values.update({Symbol(group, k): float(v) for k, v in enumerate(entries.ravel())})
    return values


def bound(item: T, values: Mapping[Symbol, float]) -> T:
    """The channel with numbers for symbols; the same object if it has none of them."""
    if not any(isinstance(s, Angle) and s.terms for s in strengths(item)):
        return item
    given: dict[str, Any] = {}
    for name, old in arguments(item).items():
        if isinstance(old, Mapping):
            given[name] = {label: _number(value, values) for label, value in old.items()}
        else:
            given[name] = _number(old, values)
    return rebuilt(item, given)


def _number(value: Any, values: Mapping[Symbol, float]) -> Any:
    if not isinstance(value, Angle) or not any(s in values for s in value.symbols):
        return value
    result = Angle(value.constant)
    for coefficient, product in value.terms:
        term = Angle(coefficient)
        for symbol in product:
            known = values.get(symbol)
            term = term * (Angle(0.0, ((1.0, (symbol,)),)) if known is None else known)
        result = result + term
    return result.constant if result.is_constant else result


def with_channel(rule: Rule, channel: Channel) -> Rule:
    """The rule with another channel; the same object if it has that channel."""
    return rule if channel is rule.channel else dataclasses.replace(rule, channel=channel)


def template_ops(rules: Iterable[Rule], idle: Mapping[int, Idle]) -> list[Op]:
    """The op of each channel with symbols, once, on its first qubits."""
    ops = [rule.channel.on(*range(rule.channel.n_qubits)) for rule in rules]
    ops += [ThermalRelaxation(i.t1, i.t2, 1.0, i.population).on(0) for i in idle.values()]
    return list(dict.fromkeys(op for op in ops if not all(a.is_constant for a in op.angles)))
