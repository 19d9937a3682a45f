"""Glyphs in columns: every op as far left as its wires allow, nothing on top of anything else."""

from __future__ import annotations

from circuits.circuit import Circuit
from circuits.drawing.glyphs import Glyph, glyph_of, measurement_glyph
from circuits.symbols import Angle

Column = list[Glyph]

_HALVINGS = 12


def columns(circuit: Circuit) -> list[Column]:
    """The glyphs of a circuit in columns from left to right.

    A glyph takes the wires between its first and last qubit too, so that vertical lines stay
    clear; a barrier takes only its own. Terminal measurements come last, in one column. Global
    phases have no place on a wire and are left out (see `global_phase`).
    """
    result: list[Column] = []
    level = [0] * circuit.n_qubits
    for op in circuit.ops:
        if op.qubits:
            glyph = glyph_of(op)
            column = max(level[q] for q in covered(glyph))
            if column == len(result):
                result.append([])
            result[column].append(glyph)
            for q in covered(glyph):
                level[q] = column + 1
    if circuit.measured:
        result.append([measurement_glyph(q, bit) for q, bit in sorted(circuit.measured.items())])
    return result


def covered(glyph: Glyph) -> tuple[int, ...]:
    """The wires that a glyph takes in its column."""
    if glyph.kind == "barrier":
        return glyph.qubits
    return tuple(range(min(glyph.qubits), max(glyph.qubits) + 1))


def global_phase(circuit: Circuit) -> Angle:
    """Sum of the global phases of a circuit."""
    phase = Angle(0.0)
    for op in circuit.ops:
        if not op.qubits and op.angles:
            phase = phase + op.angles[0]
    return phase


def rows(widths: list[float], limit: float | None) -> list[range]:
    """Split columns of the given widths into the fewest rows at most `limit` wide, evenly.

    A column wider than the limit has a row of its own. There is always at least one row.
    """
    if limit is None:
        return [range(len(widths))]
    best = _greedy(widths, limit)
    low, high = min(max(widths, default=0.0), limit), limit
    for _ in range(_HALVINGS if len(best) > 1 else 0):
        middle = (low + high) / 2
        split = _greedy(widths, middle)
        if len(split) == len(best):
            best, high = split, middle
        else:
            low = middle
    return best


def _greedy(widths: list[float], limit: float) -> list[range]:
    result: list[range] = []
    start, total = 0, 0.0
    for k, width in enumerate(widths):
        if k > start and total + width > limit:
            result.append(range(start, k))
            start, total = k, 0.0
        total += width
    return [*result, range(start, len(widths))]
