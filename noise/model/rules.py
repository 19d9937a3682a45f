"""One rule of a noise model: which channel follows which gates on which qubits."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from circuits.errors import ArgumentTypeError, ChannelError, QubitError
from circuits.gates import gate_named
from circuits.gates.record import Gate
from circuits.machines.machine import ALWAYS_NATIVE, Machine, Qubits
from circuits.machines.records import NEVER_NOISY, gate_records
from circuits.ops import Op
from noise.channels import Channel

ONLY_BY_NAME = ("delay", "state_preparation")
"""Operations that a rule for all gates leaves out; a rule may name them."""


@final
@dataclass(frozen=True, slots=True)
class Rule:
    """A channel and the gates it follows.

    Attributes:
        channel: What happens.
        gates: Names of the gates it follows; `None` for every gate.
        exact: The qubit tuples, in the order in which the gate lists them, that the gate must be
            on; `None` for any.
        touched: The qubits on which a one-qubit channel acts wherever the gate touches them;
            `None` for all qubits of the gate.
        positions: Which of the gate's qubits the channel acts on, by their place in the gate's
            list; `None` for all.
        except_for: Qubit tuples that the rule leaves out.
    """

    channel: Channel
    gates: tuple[str, ...] | None = None
    exact: frozenset[Qubits] | None = None
    touched: frozenset[int] | None = None
    positions: tuple[int, ...] | None = None
    except_for: frozenset[Qubits] = frozenset()

    def applies_to(self, gate: Gate) -> bool:
        """Whether the rule speaks of this gate at all."""
        if self.gates is not None:
            return gate.name in self.gates
        return not gate.is_channel and gate.name not in NEVER_NOISY + ONLY_BY_NAME

    def placements(self, qubits: Qubits) -> tuple[Qubits, ...]:
        """The qubits on which the channel acts, once per tuple, after a gate on `qubits`.

        Raises:
            ChannelError: If the channel does not fit the gate's number of qubits.
        """
        if (self.exact is not None and qubits not in self.exact) or qubits in self.except_for:
            return ()
        width = self.channel.n_qubits
        if self.positions is not None:
            if max(self.positions) >= len(qubits):
                return self._no_fit(qubits)
            return (tuple(qubits[k] for k in self.positions),)
        if width == 1:
            return tuple((q,) for q in qubits if self.touched is None or q in self.touched)
        return (qubits,) if width == len(qubits) else self._no_fit(qubits)

    def _no_fit(self, qubits: Qubits) -> tuple[Qubits, ...]:
        """A rule for all gates passes over gates of other widths; one that names them cannot."""
        if self.gates is None:
            return ()
        raise ChannelError(
            f"The channel {self.channel!r} on {self.channel.n_qubits} qubits does not fit a gate "
            f"on the {len(qubits)} qubits {qubits}. Use a channel on 1 or {len(qubits)} qubits."
        )

    def ops_after(self, qubits: Qubits) -> tuple[Op, ...]:
        """The channel's ops after a gate on `qubits`."""
        return tuple(self.channel.on(*where) for where in self.placements(qubits))

    def moved(self, new: dict[int, int]) -> Rule | None:
        """The rule with qubit q renamed to `new[q]`; `None` if it is about other qubits only."""
        exact = None if self.exact is None else _kept(self.exact, new)
        touched = None
        if self.touched is not None:
            touched = frozenset(new[q] for q in self.touched if q in new)
        if (exact is not None and not exact) or (touched is not None and not touched):
            return None
        return replace(self, exact=exact, touched=touched, except_for=_kept(self.except_for, new))

    @property
    def qubits(self) -> frozenset[int]:
        """All qubits that the rule names."""
        named = {q for where in (self.exact or ()) for q in where}
        return frozenset(named | (self.touched or frozenset()))

    def __str__(self) -> str:
        text = "every gate" if self.gates is None else ", ".join(self.gates)
        if self.exact is not None:
            text += " on " + ", ".join(str(where) for where in sorted(self.exact))
        if self.touched is not None:
            text += f" where it touches {sorted(self.touched)}"
        if self.positions is not None:
            text += f", qubit(s) at position {', '.join(map(str, self.positions))}"
        if self.except_for:
            text += f", except on {sorted(self.except_for)}"
        return f"{text}: {self.channel!r}"


def _kept(tuples: frozenset[Qubits], new: dict[int, int]) -> frozenset[Qubits]:
    return frozenset(
        tuple(new[q] for q in where) for where in tuples if all(q in new for q in where)
    )


def make_rule(
    channel: Any, gates: Any = None, qubits: Any = None, positions: Any = None, except_for: Any = ()
) -> Rule:
    """A checked rule from what the user wrote; see `NoiseModel.add`."""
    if not isinstance(channel, Channel):
        raise ArgumentTypeError(
            f"Argument `channel` must be a channel such as noise.Depolarizing(0.01), got "
            f"{type(channel).__name__}: {channel!r}."
        )
    records = gate_records(gates)
    placed = None if positions is None else _positions(positions, channel, records)
    exact, touched = _where(qubits, records, channel)
    excluded = frozenset() if except_for is None else _tuples(except_for, "except_for")
    for record in records or ():
        _check_width(channel, record, placed)
    names = None if records is None else tuple(record.name for record in records)
    return Rule(channel, names, exact, touched, placed, excluded)


def check_rule(machine: Machine, rule: Rule) -> None:
    """Refuse a rule about gates that the machine does not have there: it would never match."""
    if rule.gates is None or not machine.is_known:
        return
    for name in rule.gates:
        if name in ALWAYS_NATIVE or name == "state_preparation":
            continue
        if machine.basis_gates is not None and name not in machine.basis_gates:
            raise QubitError(
                f"The machine has no gate `{name}`, so the rule would never apply; its basis "
                f"gates are {', '.join(machine.basis_gates)}. Name one of them."
            )
        for qubits in sorted(rule.exact or ()):
            if not machine.has(Op(gate_named(name), qubits)):
                raise QubitError(
                    f"The machine has no `{name}` on {qubits}, so the rule would never apply. "
                    "Pairs are ordered: give the coupling in both directions, or name the "
                    "qubits in the order of the coupling."
                )


def _positions(given: Any, channel: Channel, records: Sequence[Gate] | None) -> tuple[int, ...]:
    placed = _indices([given] if not isinstance(given, Iterable) else given, "positions")
    if len(placed) != channel.n_qubits:
        raise ChannelError(
            f"Argument `positions` must list one position for each of the {channel.n_qubits} "
            f"qubit(s) of the channel, got {placed}."
        )
    for record in records or ():
        if record.n_qubits is not None and max(placed) >= record.n_qubits:
            raise QubitError(
                f"Argument `positions` must lie in 0 to {record.n_qubits - 1} for the gate "
                f"`{record.name}`, got {placed}."
            )
    return placed


def _check_width(channel: Channel, record: Gate, placed: tuple[int, ...] | None) -> None:
    if placed is None and record.n_qubits is not None:
        if channel.n_qubits not in (1, record.n_qubits):
            raise ChannelError(
                f"The channel {channel!r} acts on {channel.n_qubits} qubits and cannot follow the "
                f"gate `{record.name}` on {record.n_qubits}. Use a channel on {record.n_qubits} "
                "qubit(s), or on one qubit, which then acts on each qubit of the gate."
            )


def _where(
    qubits: Any, records: Sequence[Gate] | None, channel: Channel
) -> tuple[frozenset[Qubits] | None, frozenset[int] | None]:
    """Exact tuples, or single qubits; at most one is not `None`."""
    if qubits is None:
        return None, None
    if not isinstance(qubits, Iterable):
        return _single(_indices([qubits], "qubits"), channel)
    given = list(qubits)
    if given and all(isinstance(item, Iterable) for item in given):
        exact = _tuples(given, "qubits")
    else:
        listed = _indices(given, "qubits")
        widths = {record.n_qubits for record in records or ()}
        if widths == {1} or (records is None and channel.n_qubits == 1):
            return _single(listed, channel)
        exact = frozenset({listed})
    for where in exact:
        wrong = [r.name for r in records or () if r.n_qubits not in (None, len(where))]
        if wrong:
            raise QubitError(
                f"Argument `qubits` names {where}, which can never be the qubits of "
                f"`{wrong[0]}`. Write a rule for each width of gate, and several places as a list "
                "of tuples: qubits=[(0, 1), (1, 2)]."
            )
        if records is None and channel.n_qubits not in (1, len(where)):
            raise ChannelError(
                f"The channel {channel!r} acts on {channel.n_qubits} qubits, but argument `qubits` "
                f"names {where}."
            )
    return exact, None


def _single(listed: Qubits, channel: Channel) -> tuple[None, frozenset[int]]:
    if channel.n_qubits != 1:
        raise ChannelError(
            f"The channel {channel!r} acts on {channel.n_qubits} qubits, but argument `qubits` "
            f"lists single qubits: {listed}. Name tuples of {channel.n_qubits} qubits."
        )
    return None, frozenset(listed)


def _tuples(given: Iterable[Any], argument: str) -> frozenset[Qubits]:
    return frozenset(_indices(where, argument) for where in given)


def _indices(given: Iterable[Any], argument: str) -> Qubits:
    """Distinct integers >= 0, at least one."""
    try:
        found = tuple(operator.index(q) for q in given if not isinstance(q, bool))
    except TypeError:
        found = ()
    if not found or min(found) < 0 or len(set(found)) < len(list(given)):
        raise QubitError(f"Argument `{argument}` must hold distinct integers >= 0, got {given!r}.")
    return found
