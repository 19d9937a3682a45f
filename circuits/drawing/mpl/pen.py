"""A pen: shapes and outlined text on axes, all in data units, so that everything scales."""

from __future__ import annotations

from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Arc, Circle, FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from circuits.drawing.mpl import theme
from circuits.drawing.mpl.markup import EM, extent, outline


def text_width(text: str, size: float) -> float:
    """Width of a text (see `markup`) whose font size is `size`."""
    left, right = extent(outline(text))
    return (right - left) * size / EM


class Pen:
    """Draws on axes with y pointing down from qubit 0.

    Args:
        ax: The axes.
    """

    def __init__(self, ax: Axes) -> None:
        self.ax = ax

    def text(self, x: float, y: float, text: str, size: float, color: str, align: str) -> None:
        """Text whose baseline is a third of its size below `y`; `align` is left, center, right."""
        path = outline(text)
        left, right = extent(path)
        anchor = {"left": left, "center": (left + right) / 2, "right": right}[align]
        shape = Affine2D().translate(-anchor, 0).scale(size / EM, -size / EM)
        shape.translate(x, y + 0.36 * size)
        placed: Path = shape.transform_path(path)
        self._add(PathPatch(placed, facecolor=color, edgecolor="none", zorder=6))

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
        self._add(line)

    def box(self, x: float, top: float, width: float, height: float, paint: theme.Paint) -> None:
        """A rounded box centred at `x`, downwards from `top`."""
        rounding = f"round,pad=0,rounding_size={theme.BOX_ROUNDING}"
        self._add(
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
        self._add(
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
        self._add(Line2D((x, x), ends, color=theme.FAINT, zorder=3.5, **style))

    def meter(self, x: float, y: float, color: str) -> None:
        """The dial of a measurement."""
        self._add(
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
        self._add(Circle((x, y), radius, facecolor=theme.LINK, edgecolor="none", zorder=4.5))

    def _add(self, artist: Artist) -> None:
        """Add without updating the data limits, which are set once for the whole circuit."""
        self.ax.add_artist(artist)
