"""The expectation values that a PennyLane function measures, as `PauliSum`s."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import pennylane as qp

from circuits.errors import ConversionError
from circuits.interop.pennylane.tapes import as_tape, wire_positions
from circuits.pauli import PauliSum


def observables_from_pennylane(
    function: Any, *args: Any, wire_order: Sequence[Hashable] | None = None, **kwargs: Any
) -> list[PauliSum]:
    """The observables of the `qp.expval(...)` that a function returns, in order.

    Takes the arguments of `from_pennylane`, and numbers wires in the same way.

    Raises:
        ConversionError: If a measurement is not the expectation value of a Pauli sum.

    >>> import pennylane as qp
    >>> def f():
    ...     return qp.expval(0.5 * qp.Z(0) @ qp.X(1)), qp.expval(qp.Y(1))
    >>> observables_from_pennylane(f)
    [PauliSum({'Z0 X1': 0.5}), PauliSum({'Y1': 1.0})]
    """
    tape = as_tape(function, args, kwargs)
    positions = wire_positions(function, tape, wire_order)
    return [_observable(measurement, positions) for measurement in tape.measurements]


def _observable(measurement: Any, positions: dict[Hashable, int]) -> PauliSum:
    sentence = getattr(measurement.obs, "pauli_rep", None)
    if not isinstance(measurement, qp.measurements.ExpectationMP) or sentence is None:
        raise ConversionError(
            f"The measurement `{measurement}` is not the expectation value of a sum of Pauli "
            "strings, so it has no `PauliSum`."
        )
    terms: list[tuple[int, int, complex]] = []
    for word, coefficient in sentence.items():
        x_mask = sum(1 << positions[wire] for wire, letter in word.items() if letter in "XY")
        z_mask = sum(1 << positions[wire] for wire, letter in word.items() if letter in "YZ")
        terms.append((x_mask, z_mask, complex(coefficient)))
    return PauliSum.from_masks(terms)
