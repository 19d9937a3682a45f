"""Circuits as text, with box-drawing characters."""

from __future__ import annotations

import html

from circuits.arguments import integer
from circuits.circuit import Circuit
from circuits.drawing.expressions import format_angle
from circuits.drawing.glyphs import CROSS, DOT, PLUS, Glyph
from circuits.drawing.layout import Column, columns, global_phase, rows

_SMALL = {DOT: "●", PLUS: "⊕", CROSS: "×"}
_SMALLEST_WIDTH = 20


class Drawing(str):
    """A multi-line string that shows itself, rather than its quoted form, when it is displayed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        style = "line-height: 1.15; white-space: pre; font-family: monospace; overflow-x: auto"
        return f'<pre style="{style}">{html.escape(str(self))}</pre>'


def draw_text(
    circuit: Circuit, *, width: int | None = 100, angles: bool = True, max_angle_length: int = 24
) -> Drawing:
    """The circuit as text: qubit 0 on top, controls ●, targets ⊕, swaps ×, barriers ░.

    Args:
        circuit: The circuit.
        width: Greatest number of characters in a line, at least 20; longer circuits are folded,
            marked by ». `None` never folds.
        angles: Whether angles are written.
        max_angle_length: Angles longer than this end in an ellipsis.

    Returns:
        A string (of a subclass that shows itself in terminals and notebooks).

    Raises:
        InvalidArgumentError: If a number is too small.

    >>> from circuits import Circuit, gates as g, inputs
    >>> x = inputs(2)
    >>> draw_text(Circuit(2, [g.ry(x[0], 0), g.h(1), g.cx(0, 1), g.rz(2 * x[1], 1)]))
    q0: ─┤RY(x[0])├─●───────────────
                    │
    q1: ─────┤H├────⊕─┤RZ(2·x[1])├──
    """
    limit = None if width is None else integer(width, "width", _SMALLEST_WIDTH)
    longest = integer(max_angle_length, "max_angle_length")
    n = circuit.n_qubits
    labels = _wire_labels(n)
    cells = [_column(column, n, angles, longest) for column in columns(circuit)]
    available = None if limit is None else limit - len(labels[0]) - 3
    segments = rows([len(lines[0]) + 1 for lines in cells], available)
    blocks = []
    for k, segment in enumerate(segments):
        first, last = k == 0, k == len(segments) - 1
        blocks.append(_block([cells[c] for c in segment], labels, first, last))
    text = "\n\n\n".join(blocks)
    phase = global_phase(circuit)
    if phase != 0:
        text = f"global phase: {format_angle(phase, max_length=longest)}\n{text}"
    return Drawing(text)


def _wire_labels(n: int) -> list[str]:
    size = len(f"q{n - 1}: ")
    return [f"q{q}: ".rjust(size) for q in range(n)]


def _block(cells: list[list[str]], labels: list[str], first: bool, last: bool) -> str:
    lines = []
    for row in range(2 * len(labels) - 1):
        wire = row % 2 == 0
        line = "─" if wire else " "
        head = labels[row // 2] + ("─" if first else "»") if wire else " " * (len(labels[0]) + 1)
        body = line.join(cell[row] for cell in cells)
        tail = "──" if last else "─»"
        lines.append((head + body + (tail if wire else "")).rstrip())
    return "\n".join(lines)


def _column(column: Column, n: int, angles: bool, longest: int) -> list[str]:
    """The lines of one column: a line for each wire, and one between neighbours."""
    texts = [_text(glyph, angles, longest) for glyph in column]
    width = max(_glyph_width(glyph, text) for glyph, text in zip(column, texts, strict=True))
    lines = [("─" if row % 2 == 0 else " ") * width for row in range(2 * n - 1)]
    for glyph, text in zip(column, texts, strict=True):
        if glyph.kind == "barrier":
            _draw_barrier(lines, glyph, width)
        else:
            _draw_connection(lines, glyph, width)
            _draw_small(lines, glyph, width)
            _draw_boxes(lines, glyph, text, width)
    return lines


def _text(glyph: Glyph, angles: bool, longest: int) -> str:
    arguments = [format_angle(a, max_length=longest) for a in glyph.angles]
    if glyph.note:
        arguments.append(glyph.note)
    if glyph.kind == "measure":
        return f"{glyph.label}→{glyph.note}"
    return f"{glyph.label}({', '.join(arguments)})" if arguments and angles else glyph.label


def _glyph_width(glyph: Glyph, text: str) -> int:
    return len(text) + _mark_width(glyph) + 2 if glyph.box else 1


def _mark_width(glyph: Glyph) -> int:
    """Width of the marks and the space after them."""
    return 1 + max(map(len, glyph.marks.values())) if glyph.marks else 0


def _put(lines: list[str], row: int, text: str, width: int) -> None:
    """Write centred text over a line, so that its middle lies on the column's middle."""
    start = width // 2 - len(text) // 2
    lines[row] = lines[row][:start] + text + lines[row][start + len(text) :]


def _draw_barrier(lines: list[str], glyph: Glyph, width: int) -> None:
    for q in glyph.qubits:
        _put(lines, 2 * q, "░", width)
        if q + 1 in glyph.qubits:
            _put(lines, 2 * q + 1, "░", width)


def _draw_connection(lines: list[str], glyph: Glyph, width: int) -> None:
    for row in range(2 * min(glyph.qubits) + 1, 2 * max(glyph.qubits)):
        _put(lines, row, "│" if row % 2 else "┼", width)


def _draw_small(lines: list[str], glyph: Glyph, width: int) -> None:
    for q, kind in glyph.small.items():
        _put(lines, 2 * q, _SMALL[kind], width)


def _draw_boxes(lines: list[str], glyph: Glyph, text: str, width: int) -> None:
    margin = _mark_width(glyph)
    for piece in glyph.pieces:
        middle = piece[0] + piece[-1]
        for row in range(2 * piece[0], 2 * piece[-1] + 1):
            mark = glyph.marks.get(row // 2, "") if row % 2 == 0 else ""
            inside = mark.ljust(margin) + (text if row == middle else "").ljust(len(text))
            left, right = "┤├" if row % 2 == 0 else "││"
            _put(lines, row, left + inside + right, width)
