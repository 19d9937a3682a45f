"""Pauli terms as text, and as measurement bases."""

from __future__ import annotations

from circuits.pauli.coefficients import Coefficient
from circuits.pauli.labels import format_indexed, format_label
from circuits.pauli.terms import PauliTerm, Terms

_LONGEST_FULL_WIDTH = 16
_MOST_TERMS_SHOWN = 12


def as_code(terms: Terms, width: int | None) -> str:
    """Python expression that evaluates to the observable."""
    full_width = width is not None and 0 < width <= _LONGEST_FULL_WIDTH
    shown = terms or (PauliTerm(0, 0, 0.0),)
    labels = [
        format_label(x, z, width) if full_width and width is not None else format_indexed(x, z)
        for x, z, _ in shown
    ]
    content = ", ".join(f"{label!r}: {c!r}" for label, (_, _, c) in zip(labels, shown, strict=True))
    suffix = "" if width is None or full_width else f", n_qubits={width}"
    return f"PauliSum({{{content}}}{suffix})"


def as_formula(terms: Terms, width: int | None) -> str:
    """Readable sum, abbreviated after a dozen terms."""
    full_width = width is not None and width <= _LONGEST_FULL_WIDTH
    parts = [
        f"{_number(c)} * "
        + (format_label(x, z, width or 0) if full_width else format_indexed(x, z) or "I")
        for x, z, c in terms[:_MOST_TERMS_SHOWN]
    ]
    if len(terms) > _MOST_TERMS_SHOWN:
        parts.append(f"... ({len(terms)} terms)")
    return (" + ".join(parts) or "0").replace("+ -", "- ")


def measurement_basis(terms: Terms) -> tuple[tuple[int, str], ...]:
    """Letter to measure on each qubit that qubit-wise commuting strings act on."""
    x_mask = z_mask = 0
    for x, z, _ in terms:
        x_mask |= x
        z_mask |= z
    letters = format_label(x_mask, z_mask, (x_mask | z_mask).bit_length())
    return tuple((q, letter) for q, letter in enumerate(reversed(letters)) if letter != "I")


def _number(value: Coefficient) -> str:
    return f"{value:.6g}" if isinstance(value, float) else f"({value:.6g})"
