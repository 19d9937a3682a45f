"""A pen: shapes and outlined text on axes, all in data units, so that everything scales."""

from __future__ import annotations

import functools
from typing import Any

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Arc, Circle, FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D, Bbox

from circuits.drawing.mpl import theme

_FONT = FontProperties(family="DejaVu Sans", math_fontfamily="dejavusans")
_NOMINAL = 20.0


@functools.lru_cache(maxsize=4096)
def text_path(text: str) -> TextPath:
    """Outline of a text at a nominal size."""
    return TextPath((0, 0), text, size=_NOMINAL, prop=_FONT, usetex=False)


@functools.lru_cache(maxsize=4096)
def _extent(text: str) -> tuple[float, float]:
    """Left and right end of a text at the nominal size."""
    if not text:
        return 0.0, 0.0
    box: Bbox = text_path(text).get_extents()
    return float(box.x0), float(box.x1)


def text_width(text: str, size: float) -> float:
    """Width of a text whose font size is `size`."""
    left, right = _extent(text)
    return (right - left) * size / _NOMINAL


class Pen:
    """Draws on axes with y pointing down from qubit 0.

    Args:
        ax: The axes.
    """

    def __init__(self, ax: Axes) -> None:
        self.ax = ax

    def text(self, x: float, y: float, text: str, size: float, color: str, align: str) -> None:
        """Text whose baseline is a third of its size below `y`; `align` is left, center, right."""
        left, right = _extent(text)
        anchor = {"left": left, "center": (left + right) / 2, "right": right}[align]
        factor = size / _NOMINAL
        shape = Affine2D().translate(-anchor, 0).scale(factor, -factor)
        shape.translate(x, y + 0.36 * size)
        path: Path = shape.transform_path(text_path(text))
        self.ax.add_patch(PathPatch(path, facecolor=color, edgecolor="none", zorder=6))

    def line(
        self,
        xs: tuple[float, float],
        ys: tuple[float, float],
        color: str,
        width: float,
        zorder: float = 2,
    ) -> None:
        """A straight line."""
        style: Any = {"color": color, "linewidth": width, "linestyle": "-", "marker": ""}
        line = Line2D(xs, ys, zorder=zorder, solid_capstyle="round", **style)
        self.ax.add_line(line)

    def box(self, x: float, top: float, width: float, height: float, paint: theme.Paint) -> None:
        """A rounded box centred at `x`, downwards from `top`."""
        rounding = f"round,pad=0,rounding_size={theme.BOX_ROUNDING}"
        self.ax.add_patch(
            FancyBboxPatch(
                (x - width / 2, top),
                width,
                height,
                boxstyle=rounding,
                facecolor=paint.face,
                edgecolor=paint.edge,
                linewidth=theme.BOX_WIDTH,
                zorder=4,
            )
        )

    def dot(self, x: float, y: float) -> None:
        """A control."""
        self._disc(x, y, theme.DOT_RADIUS)

    def plus(self, x: float, y: float) -> None:
        """The target of a controlled X."""
        self._disc(x, y, theme.PLUS_RADIUS)
        arm = 0.6 * theme.PLUS_RADIUS
        self.line((x - arm, x + arm), (y, y), theme.BACKGROUND, theme.LINK_WIDTH, 5)
        self.line((x, x), (y - arm, y + arm), theme.BACKGROUND, theme.LINK_WIDTH, 5)

    def cross(self, x: float, y: float) -> None:
        """One end of a swap."""
        d = theme.CROSS_SIZE
        self.line((x - d, x + d), (y - d, y + d), theme.LINK, theme.LINK_WIDTH, 5)
        self.line((x - d, x + d), (y + d, y - d), theme.LINK, theme.LINK_WIDTH, 5)

    def barrier(self, x: float, y: float, height: float) -> None:
        """A piece of a barrier around one wire."""
        self.ax.add_patch(
            Rectangle(
                (x - 0.1, y - height / 2),
                0.2,
                height,
                facecolor=theme.BARRIER,
                edgecolor="none",
                alpha=0.55,
                zorder=3,
            )
        )
        style: Any = {"linestyle": (0, (3, 2)), "linewidth": theme.WIRE_WIDTH, "marker": ""}
        ends = (y - height / 2, y + height / 2)
        self.ax.add_line(Line2D((x, x), ends, color=theme.FAINT, zorder=3.5, **style))

    def meter(self, x: float, y: float, color: str) -> None:
        """The dial of a measurement."""
        self.ax.add_patch(
            Arc(
                (x, y + 0.02),
                0.36,
                0.32,
                theta1=180,
                theta2=360,
                edgecolor=color,
                linewidth=theme.BOX_WIDTH,
                zorder=6,
            )
        )
        self.line((x, x + 0.13), (y + 0.02, y - 0.19), color, theme.BOX_WIDTH, 6)

    def _disc(self, x: float, y: float, radius: float) -> None:
        self.ax.add_patch(
            Circle((x, y), radius, facecolor=theme.LINK, edgecolor="none", zorder=4.5)
        )
