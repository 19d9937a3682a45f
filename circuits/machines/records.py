"""Records of gates that a machine has, or that noise can follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from circuits.errors import ArgumentTypeError, UnsupportedOperationError
from circuits.gates import gate_named
from circuits.gates.record import Gate

NEVER_NOISY = ("barrier", "global_phase")
"""Operations that no rule may name: they are no event on a machine."""


def gate_records(gates: Any, argument: str = "gates") -> tuple[Gate, ...] | None:
    """Records of the named gates; `None` stands for all gates.

    Args:
        gates: A name, a constructor such as `gates.cx`, or several of them.
        argument: Name of the argument, for messages.

    Raises:
        UnknownGateError: If a name is not in the gate table, with similar names.
        UnsupportedOperationError: If an operation cannot have noise.
    """
    if gates is None:
        return None
    one = isinstance(gates, str) or not isinstance(gates, Iterable)
    records: list[Gate] = []
    for item in [gates] if one else gates:
        record = gate_named(item) if isinstance(item, str) else getattr(item, "gate", item)
        if not isinstance(record, Gate):
            raise ArgumentTypeError(
                f"Argument `{argument}` must be names of gates such as 'cx', got {item!r}."
            )
        if record.name in NEVER_NOISY or record.is_channel:
            raise UnsupportedOperationError(
                f"Argument `{argument}` names `{record.name}`, which is no event on a machine, so "
                "no noise follows it. Name gates, `delay`, `id` or `state_preparation`."
            )
        records.append(record)
    if not records:
        raise ArgumentTypeError(
            f"Argument `{argument}` must name at least one gate, got {gates!r}."
        )
    return tuple(dict.fromkeys(records))
