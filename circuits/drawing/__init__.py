"""Drawings of circuits: `draw_text` for terminals, `draw_figure` for matplotlib."""

from __future__ import annotations

from circuits.drawing.draw import draw, draw_figure
from circuits.drawing.text import Drawing, draw_text

__all__ = ["Drawing", "draw", "draw_figure", "draw_text"]
