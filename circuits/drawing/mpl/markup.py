"""Outlines of short texts with italics, subscripts and superscripts.

The markup is `*x*` for italics, `_{0}` and `^{2}` for sub- and superscripts. Setting it from
outlines of its pieces, which are few and cached, is far faster than matplotlib's mathtext.
"""

from __future__ import annotations

import functools
import re

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from numpy.typing import NDArray

EM = 20.0
"""Font size of the outlines."""

_UPRIGHT = FontProperties(family="DejaVu Sans")
_ITALIC = FontProperties(family="DejaVu Sans", style="italic")
_TOKENS = re.compile(r"\*([^*]+)\*|_\{([^}]*)\}|\^\{([^}]*)\}|((?:[^*_^]|_(?!\{)|\^(?!\{))+)")
_SPACES = {" ": 0.3, "\N{THIN SPACE}": 0.1}
_LETTER_GAP = 0.07
_SMALL, _LOWER, _RAISE = 0.72, -0.17, 0.36


@functools.lru_cache(maxsize=4096)
def outline(text: str) -> Path:
    """Outline of a text at font size `EM`, starting near the origin; empty for empty text."""
    pieces: list[Path] = []
    x = 0.0
    for italic, lower, upper, plain in _TOKENS.findall(text):
        scale = _SMALL if lower or upper else 1.0
        shift = _LOWER if lower else _RAISE if upper else 0.0
        token = italic or lower or upper or plain
        inner = token.strip("".join(_SPACES))
        before, _, after = token.partition(inner) if inner else (token, "", "")
        x += sum(_SPACES[space] for space in before) * EM
        if inner:
            piece = _piece(inner, bool(italic))
            left, right = extent(piece)
            vertices = (_vertices(piece) - (left, 0)) * scale + (x, shift * EM)
            pieces.append(Path(vertices, piece.codes))
            x += (right - left) * scale + _LETTER_GAP * EM * scale
        x += sum(_SPACES[space] for space in after) * EM
    return Path.make_compound_path(*pieces) if pieces else Path(np.zeros((0, 2)))


def extent(path: Path) -> tuple[float, float]:
    """Left and right end of an outline (of its control points, which is close enough)."""
    vertices = _vertices(path)
    if path.codes is not None:
        vertices = vertices[np.asarray(path.codes) != Path.CLOSEPOLY]
    return (float(vertices[:, 0].min()), float(vertices[:, 0].max())) if len(vertices) else (0, 0)


def _vertices(path: Path) -> NDArray[np.float64]:
    return np.asarray(path.vertices, dtype=np.float64)


@functools.lru_cache(maxsize=4096)
def _piece(text: str, italic: bool) -> Path:
    return TextPath((0, 0), text, size=EM, prop=_ITALIC if italic else _UPRIGHT, usetex=False)
