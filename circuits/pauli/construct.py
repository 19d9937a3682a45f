"""From what the `PauliSum` constructors accept to checked triples and a width."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from circuits.errors import ArgumentTypeError, InvalidArgumentError, ObservableError
from circuits.pauli.coefficients import Coefficient, as_coefficient
from circuits.pauli.labels import MAX_QUBIT, ParsedLabel, parse_label

Triple = tuple[int, int, Coefficient]


def read_labels(source: Any, n_qubits: int | None) -> tuple[list[Triple], int | None]:
    """Triples and width of a label, a dict label -> coefficient, or pairs (label, coefficient)."""
    width = checked_width(n_qubits)
    triples: list[Triple] = []
    for label, value in _pairs(source):
        parsed = parse_label(label)
        width = _joined_with_label(width, parsed, label)
        name = f"coefficient of {label[:60]!r}"
        triples.append((parsed.x_mask, parsed.z_mask, as_coefficient(value, name)))
    if not triples:
        raise ObservableError(
            "An observable needs at least one Pauli string, but got none. "
            "The zero observable is PauliSum({'': 0.0})."
        )
    return triples, width


def read_strings(
    pairs: Iterable[tuple[str, Any]], first_qubit: Literal["left", "right"]
) -> tuple[list[Triple], int | None]:
    """Triples and width of full-width strings whose qubit 0 is at the named end."""
    if first_qubit not in ("left", "right"):
        raise InvalidArgumentError(
            f"The argument `first_qubit` must be 'left' or 'right', but got {first_qubit!r}."
        )
    step = -1 if first_qubit == "left" else 1
    checked_pairs = _pairs(list(pairs))
    for text, _ in checked_pairs:
        if not isinstance(text, str) or not text or parse_label(text).width is None:
            raise ObservableError(
                "Strings must be full-width, such as 'XYZI', so that they have a first qubit, but "
                f"got {text!r}. Use PauliSum(...) for indexed labels."
            )
    return read_labels([(text[::step], value) for text, value in checked_pairs], None)


def read_masks(
    masks: Iterable[tuple[int, int, Any]], n_qubits: int | None
) -> tuple[list[Triple], int | None]:
    """Triples of masks with their coefficients checked, and the width."""
    triples: list[Triple] = []
    for entry in masks:
        if not isinstance(entry, tuple | list) or len(entry) != 3:
            raise ArgumentTypeError(
                f"Masks must be given as triples (x_mask, z_mask, coefficient), but got {entry!r}."
            )
        x_mask, z_mask, value = entry
        triples.append((_mask(x_mask), _mask(z_mask), as_coefficient(value)))
    return triples, checked_width(n_qubits)


def checked_width(n_qubits: int | None, argument: str = "n_qubits") -> int | None:
    """The number of qubits as a plain integer, or `None`; raises if it is not a count."""
    if n_qubits is None:
        return None
    try:
        width = operator.index(n_qubits)
    except TypeError:
        raise ArgumentTypeError(
            f"The argument `{argument}` must be an integer, but got {type(n_qubits).__name__}."
        ) from None
    if not 0 <= width <= MAX_QUBIT + 1:
        raise InvalidArgumentError(
            f"The argument `{argument}` must be 0 to {MAX_QUBIT + 1}, but got {width}."
        )
    return width


def joined_width(left: int | None, right: int | None) -> int | None:
    """Width of a sum or product of observables: equal, or given by one of them."""
    if left is not None and right is not None and left != right:
        raise ObservableError(
            f"Observables must have one width, but got {left} and {right} qubits. Full-width "
            "labels fix it; use indexed labels such as 'Z0', or `with_width(None)`."
        )
    return right if left is None else left


def _joined_with_label(width: int | None, parsed: ParsedLabel, label: str) -> int | None:
    if None not in (width, parsed.width) and width != parsed.width:
        raise ObservableError(
            f"The full-width label {label[:60]!r} has {parsed.width} letters, but the observable "
            f"has {width} qubits. Use labels of one length, or indexed labels such as 'X0 Z3'."
        )
    return parsed.width if width is None else width


def _pairs(source: Any) -> list[tuple[Any, Any]]:
    if isinstance(source, str):
        return [(source, 1.0)]
    if isinstance(source, Mapping):
        return list(source.items())
    if not isinstance(source, Iterable):
        raise ArgumentTypeError(_expected(source))
    pairs = list(source)
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ArgumentTypeError(
                "A list of Pauli strings must hold pairs (label, coefficient), but got the entry "
                f"{pair!r}. Write PauliSum([('Z0', 1.0), ...])."
            )
    return pairs


def _expected(source: Any) -> str:
    return (
        "A PauliSum is made of a label, a dict {label: coefficient}, or a list of pairs "
        f"(label, coefficient), but got {type(source).__name__}. "
        "For Qiskit operators use PauliSum.from_qiskit, for matrices PauliSum.from_matrix."
    )


def _mask(mask: Any) -> int:
    try:
        value = operator.index(mask)
    except TypeError:
        raise ArgumentTypeError(
            f"A Pauli mask must be an integer, but got {type(mask).__name__}."
        ) from None
    if value < 0 or value.bit_length() > MAX_QUBIT + 1:
        raise ObservableError(
            f"A Pauli mask must be non-negative with at most {MAX_QUBIT + 1} bits, but got one "
            + ("that is negative." if value < 0 else f"with {value.bit_length()} bits.")
        )
    return value
