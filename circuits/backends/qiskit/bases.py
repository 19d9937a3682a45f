"""Measuring X and Y on a machine that measures Z, in gates that it has.

Only the measurement that results counts: what commutes with Z at the end is left out, so a device
of rz and sx measures Y with one gate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from circuits.errors import ConversionError
from circuits.gates import gate_named
from circuits.machines.machine import Machine
from circuits.ops import Op
from circuits.symbols import as_angle

_HALF = math.pi / 2
_Sequence = tuple[tuple[str, tuple[float, ...]], ...]

CHANGES: Mapping[str, tuple[_Sequence, ...]] = {
    "X": (
        (("h", ()),),
        (("rz", (_HALF,)), ("sx", ())),
        (("ry", (-_HALF,)),),
        (("rz", (_HALF,)), ("rx", (_HALF,))),
        (("u", (-_HALF, 0.0, 0.0)),),
        (("u3", (-_HALF, 0.0, 0.0)),),
        (("u2", (0.0, math.pi)),),
    ),
    "Y": (
        (("sdg", ()), ("h", ())),
        (("sx", ()),),
        (("rx", (_HALF,)),),
        (("rz", (-_HALF,)), ("ry", (-_HALF,))),
        (("u", (_HALF, -_HALF, _HALF)),),
        (("u3", (_HALF, -_HALF, _HALF)),),
        (("u2", (-_HALF, _HALF)),),
    ),
}
"""Gates (name, angles) after which measuring Z measures the letter; the first that exist count."""


def basis_change(letter: str, qubit: int, machine: Machine | None) -> tuple[Op, ...]:
    """Gates after which measuring Z on a qubit measures a letter.

    Args:
        letter: X, Y or Z.
        qubit: The qubit.
        machine: Where the gates must exist; `None` has all gates.

    Raises:
        ConversionError: If no known sequence exists there.
    """
    if letter == "Z":
        return ()
    for sequence in CHANGES[letter]:
        ops = tuple(
            Op(gate_named(name), (qubit,), tuple(as_angle(a, name) for a in angles))
            for name, angles in sequence
        )
        if machine is None or all(machine.has(op) for op in ops):
            return ops
    assert machine is not None
    raise ConversionError(
        f"No known way to measure {letter} on qubit {qubit} with the gates "
        f"{', '.join(machine.basis_gates or ())}. Put the basis change into the circuit and "
        "measure Z."
    )
