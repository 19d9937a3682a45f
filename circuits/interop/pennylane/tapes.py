"""From what a user has (QNode, tape, quantum function) to a tape and its order of wires."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import pennylane as qp

from circuits.errors import ArgumentTypeError, ConversionError, KetworkError


def as_tape(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> qp.tape.QuantumScript:
    """The tape that a function records when it is called with these arguments.

    Raises:
        ArgumentTypeError: If `function` cannot record a tape, or a tape is given arguments.
        ConversionError: If the function fails with these arguments.
    """
    if isinstance(function, qp.tape.QuantumScript):
        if args or kwargs:
            raise ArgumentTypeError(
                "A tape holds its values already: arguments are for QNodes and functions only."
            )
        return function
    if isinstance(function, qp.QNode):
        record = qp.workflow.construct_tape(function, level="user")
    elif callable(function) and not isinstance(function, type | qp.operation.Operator):
        record = qp.tape.make_qscript(function)
    else:
        raise ArgumentTypeError(
            "Argument `function` must be a QNode, a tape or a quantum function, got "
            f"{type(function).__name__}: {function!r}."
        )
    try:
        return record(*args, **kwargs)
    except KetworkError:
        raise
    except Exception as error:
        raise ConversionError(
            f"The PennyLane function failed while its operations were recorded: {error}"
        ) from error


def wire_positions(
    function: Any, tape: qp.tape.QuantumScript, wire_order: Sequence[Hashable] | None
) -> dict[Hashable, int]:
    """Qubit of each wire label, as `from_pennylane` documents.

    Raises:
        ConversionError: If `wire_order` repeats or lacks a wire, or there are no wires.
    """
    labels = list(tape.wires)
    declared = function.device.wires if isinstance(function, qp.QNode) else None
    if wire_order is not None:
        order = list(wire_order)
    elif declared:
        order = list(declared)
    elif set(labels) == set(range(len(labels))):
        order = list(range(len(labels)))
    else:
        order = labels
    missing = [label for label in labels if label not in order]
    if missing or len(set(order)) != len(order):
        raise ConversionError(
            f"Argument `wire_order` must list every wire once, got {order}; the circuit uses "
            f"{labels}."
        )
    if not order:
        raise ConversionError("The PennyLane circuit has no wires; a `Circuit` needs a qubit.")
    return {label: position for position, label in enumerate(order)}
