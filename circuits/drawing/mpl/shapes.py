"""Glyphs in matplotlib: how wide they are and how they are drawn."""

from __future__ import annotations

import re

from circuits.drawing.expressions import MARKUP, format_angle
from circuits.drawing.glyphs import CROSS, DOT, PLUS, Glyph
from circuits.drawing.mpl import theme
from circuits.drawing.mpl.pen import Pen, text_width

_ROTATION = re.compile(r"R([XYZ]+)")


class Words:
    """The texts of a glyph in the markup of `mpl.markup`.

    Args:
        glyph: The glyph.
        angles: Whether arguments are written.
        longest: Length from which an angle ends in an ellipsis.
    """

    def __init__(self, glyph: Glyph, angles: bool, longest: int) -> None:
        rotation = _ROTATION.fullmatch(glyph.label)
        self.name = glyph.label
        if rotation:
            self.name = f"R_{{{rotation[1]}}}"
        arguments = [format_angle(a, MARKUP, longest) for a in glyph.angles]
        if glyph.note:
            arguments.append(glyph.note)
        self.arguments = ", ".join(arguments) if angles or glyph.kind == "measure" else ""
        self.marks = {q: mark for q, mark in glyph.marks.items() if len(glyph.box) > 1}

    @property
    def inner_width(self) -> float:
        """Width of name and arguments, whichever is wider."""
        return max(
            text_width(self.name, theme.NAME_SIZE), text_width(self.arguments, theme.ANGLE_SIZE)
        )

    @property
    def mark_width(self) -> float:
        """Width of the marks at the left edge, with the space after them."""
        widths = [text_width(mark, theme.MARK_SIZE) for mark in self.marks.values()]
        return max(widths) + theme.PADDING if widths else 0.0


def glyph_width(glyph: Glyph, words: Words) -> float:
    """Width of a glyph, without the gap between columns."""
    if not glyph.box:
        return 2 * theme.PLUS_RADIUS
    if glyph.kind == "measure":
        return theme.BOX_HEIGHT
    return max(theme.BOX_HEIGHT, words.inner_width + words.mark_width + 2 * theme.PADDING)


def draw_glyph(pen: Pen, glyph: Glyph, words: Words, x: float, y: float) -> None:
    """Draw a glyph centred at `x`; qubit q lies at `y + q`."""
    if glyph.kind == "barrier":
        for q in glyph.qubits:
            pen.barrier(x, y + q, 1.0)
        return
    if len(glyph.qubits) > 1:
        ends = (y + min(glyph.qubits), y + max(glyph.qubits))
        pen.line((x, x), ends, theme.LINK, theme.LINK_WIDTH, 2.5)
    for q, kind in glyph.small.items():
        {DOT: pen.dot, PLUS: pen.plus, CROSS: pen.cross}[kind](x, y + q)
    width = glyph_width(glyph, words)
    for piece in glyph.pieces:
        _draw_box(pen, glyph, words, piece, x, y, width)


def _draw_box(
    pen: Pen,
    glyph: Glyph,
    words: Words,
    piece: tuple[int, ...],
    x: float,
    y: float,
    width: float,
) -> None:
    paint = theme.ROLES[glyph.role]
    height = piece[-1] - piece[0] + theme.BOX_HEIGHT
    pen.box(x, y + piece[0] - theme.BOX_HEIGHT / 2, width, height, paint)
    middle = y + (piece[0] + piece[-1]) / 2
    if glyph.kind == "measure":
        pen.meter(x, middle, paint.text)
        pen.text(x, middle + 0.17, words.arguments, theme.MARK_SIZE, paint.text, "center")
        return
    for q in piece:
        if q in words.marks:
            left = x - width / 2 + 0.07
            pen.text(left, y + q, words.marks[q], theme.MARK_SIZE, paint.edge, "left")
    centre = x + words.mark_width / 2
    if words.arguments:
        pen.text(centre, middle - 0.12, words.name, theme.NAME_SIZE, paint.text, "center")
        pen.text(centre, middle + 0.155, words.arguments, theme.ANGLE_SIZE, paint.text, "center")
    else:
        pen.text(centre, middle, words.name, theme.NAME_SIZE, paint.text, "center")
