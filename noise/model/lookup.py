"""Which ops follow an op: the rules of a model, indexed and remembered."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from typing import final

from circuits.machines.records import NEVER_NOISY
from circuits.ops import Op
from noise.model.idle import Idle
from noise.model.rules import Rule


class Coverage(enum.Enum):
    """What a model says about an op."""

    NOISY = "noisy"
    """At least one channel follows it."""
    FREE = "free"
    """No noise, on purpose: no event on a machine, a channel, or declared noiseless."""
    MISSING = "missing"
    """A gate that no rule is about."""


Entry = tuple[tuple[Op, ...], Coverage]


@final
class Lookup:
    """The channels after an op, cached by gate and qubits.

    Args:
        rules: The rules in the order in which their channels act.
        idle: Relaxation of the qubits during delays.
        noiseless: Names of gates that have no noise on purpose.
    """

    def __init__(
        self, rules: Sequence[Rule], idle: Mapping[int, Idle], noiseless: Collection[str]
    ) -> None:
        self._idle, self._noiseless = idle, frozenset(noiseless)
        self._cache: dict[tuple[str, tuple[int, ...]], Entry] = {}
        self._by_place: dict[tuple[str, tuple[int, ...]], list[int]] = {}
        self._by_gate: dict[str, list[int]] = {}
        self._for_all: list[int] = []
        self._rules = tuple(rules)
        for number, rule in enumerate(self._rules):
            if rule.gates is None:
                self._for_all.append(number)
            elif rule.exact is None:
                for name in rule.gates:
                    self._by_gate.setdefault(name, []).append(number)
            else:
                for name in rule.gates:
                    for qubits in rule.exact:
                        self._by_place.setdefault((name, qubits), []).append(number)

    def __call__(self, op: Op) -> Entry:
        """The channels that follow the op, and what the model says about it."""
        key = (op.gate.name, op.qubits)
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._find(op)
        if key[0] == "delay" and self._idle:
            return self._after_delay(op, found)
        return found

    def _find(self, op: Op) -> Entry:
        name = op.gate.name
        numbers = [
            *self._by_place.get((name, op.qubits), ()),
            *self._by_gate.get(name, ()),
            *self._for_all,
        ]
        rules = [self._rules[k] for k in sorted(numbers)]
        after = [p for r in rules if r.applies_to(op.gate) for p in r.ops_after(op.qubits)]
        if after:
            return tuple(after), Coverage.NOISY
        free = (
            name in NEVER_NOISY
            or name == "state_preparation"
            or name in self._noiseless
            or op.is_channel
        )
        return (), Coverage.FREE if free else Coverage.MISSING

    def _after_delay(self, op: Op, found: Entry) -> Entry:
        """Relaxation for as long as the delay, then what rules for `delay` say."""
        idle = self._idle.get(op.qubits[0])
        if idle is None:
            return found
        return (idle.during(op), *found[0]), Coverage.NOISY
