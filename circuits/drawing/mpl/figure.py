"""Whole circuits in matplotlib: rows, wires, labels, legend."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from circuits.arguments import integer, number
from circuits.circuit import Circuit
from circuits.drawing.expressions import MARKUP, format_angle
from circuits.drawing.layout import Column, columns, global_phase, rows
from circuits.drawing.mpl import theme
from circuits.drawing.mpl.pen import Pen, text_width
from circuits.drawing.mpl.shapes import Words, draw_glyph, glyph_width
from circuits.errors import InvalidArgumentError


class CircuitFigure(Figure):
    """A figure that notebooks can show although pyplot does not know it."""

    def _repr_png_(self) -> bytes:
        stream = BytesIO()
        self.savefig(stream, format="png", dpi=110)
        return stream.getvalue()


def render(
    circuit: Circuit,
    ax: Axes | None,
    fold: float | None,
    angles: bool,
    max_angle_length: int,
    legend: bool | None,
    scale: float,
) -> Figure:
    """Draw a circuit; see `circuits.drawing.draw_figure`."""
    limit = None if fold is None else _positive(fold, "fold")
    size = _positive(scale, "scale")
    if ax is not None and size != 1.0:
        raise InvalidArgumentError("Argument `scale` has no effect on given axes: leave it out.")
    longest = integer(max_angle_length, "max_angle_length")
    page = _Page(circuit, angles, longest, limit, legend)
    if ax is None:
        inches = theme.INCHES * size
        figure: Figure = CircuitFigure(
            figsize=(page.width * inches, page.height * inches),
            facecolor=theme.BACKGROUND,
        )
        figure.set_layout_engine("none")  # the user's rcParams may ask for one, which then warns
        FigureCanvasAgg(figure)
        ax = figure.add_axes((0, 0, 1, 1))
    page.draw(ax)
    parent: Figure | SubFigure = ax.figure
    while isinstance(parent, SubFigure):
        parent = parent.figure
    return parent


def _positive(value: float, argument: str) -> float:
    checked = number(value, argument)
    if checked <= 0:
        raise InvalidArgumentError(f"Argument `{argument}` must be positive, got {value}.")
    return checked


class _Page:
    """Positions of everything, in distances between wires, y downwards."""

    def __init__(
        self, circuit: Circuit, angles: bool, longest: int, fold: float | None, legend: bool | None
    ) -> None:
        self.n = circuit.n_qubits
        self.columns: list[Column] = columns(circuit)
        self.words = [[Words(glyph, angles, longest) for glyph in col] for col in self.columns]
        self.widths = [
            theme.COLUMN_GAP + max(map(glyph_width, col, words))
            for col, words in zip(self.columns, self.words, strict=True)
        ]
        self.rows = rows(self.widths, fold)
        self.labels = [f"*q*_{{{q}}}" for q in range(self.n)]
        sizes = [text_width(label, theme.WIRE_LABEL_SIZE) for label in self.labels]
        self.left = theme.MARGIN + max(sizes) + 0.12
        self.roles = _roles_used(self.columns)
        shown = len(self.roles) > 1 if legend is None else legend
        phase = global_phase(circuit)
        self.phase = "" if phase == 0 else f"global phase  {format_angle(phase, MARKUP, longest)}"
        self.top = theme.MARGIN + theme.BOX_HEIGHT / 2 + (0.4 if self.phase else 0.0)
        self.entries = [theme.ROLES[role] for role in self.roles] if shown else []
        longest_row = max(sum(self.widths[k] for k in row) for row in self.rows)
        body = self.left + longest_row + theme.COLUMN_GAP + theme.MARGIN
        notes = 2 * theme.MARGIN + max(
            _legend_width(self.entries), text_width(self.phase, theme.LEGEND_SIZE)
        )
        self.width = max(body, notes, 2.0)
        self.pitch = self.n - 1 + theme.BOX_HEIGHT + theme.ROW_GAP
        last = self.top + (len(self.rows) - 1) * self.pitch + self.n - 1
        self.bottom = last + theme.BOX_HEIGHT / 2
        self.height = self.bottom + theme.MARGIN + (0.45 if self.entries else 0.0)

    def draw(self, ax: Axes) -> None:
        pen = Pen(ax)
        if self.phase:
            x, y = theme.MARGIN, theme.MARGIN + 0.12
            pen.text(x, y, self.phase, theme.LEGEND_SIZE, theme.LABEL, "left")
        for k, row in enumerate(self.rows):
            self._draw_row(pen, row, self.top + k * self.pitch, k)
        self._draw_legend(pen)
        ax.set_xlim(0, self.width)
        ax.set_ylim(self.height, 0)
        ax.set_aspect("equal")
        ax.set_axis_off()

    def _draw_row(self, pen: Pen, row: range, y: float, index: int) -> None:
        end = self.left + sum(self.widths[k] for k in row) + theme.COLUMN_GAP
        color = theme.FAINT if index else theme.LABEL
        for q, label in enumerate(self.labels):
            pen.line((self.left, end), (y + q, y + q), theme.WIRE, theme.WIRE_WIDTH, 1)
            place = self.left - 0.12
            pen.text(place, y + q, label, theme.WIRE_LABEL_SIZE, color, "right")
        last = index == len(self.rows) - 1
        for x, broken in ((self.left, index > 0), (end, not last)):
            if broken:
                ends = (y - 0.3, y + self.n - 0.7)
                pen.line((x, x), ends, theme.FAINT, theme.WIRE_WIDTH, 1)
        x = self.left + theme.COLUMN_GAP / 2
        for k in row:
            for glyph, words in zip(self.columns[k], self.words[k], strict=True):
                draw_glyph(pen, glyph, words, x + self.widths[k] / 2, y)
            x += self.widths[k]

    def _draw_legend(self, pen: Pen) -> None:
        x, y = theme.MARGIN, self.bottom + 0.42
        for paint in self.entries:
            pen.box(x + 0.12, y - 0.12, 0.24, 0.24, paint)
            pen.text(x + 0.34, y, paint.meaning, theme.LEGEND_SIZE, theme.LABEL, "left")
            x += _legend_width([paint])


def _roles_used(page: Sequence[Column]) -> list[str]:
    used = {glyph.role for column in page for glyph in column if glyph.box}
    return [role for role in theme.LEGEND_ROLES if role in used]


def _legend_width(entries: Sequence[theme.Paint]) -> float:
    return sum(0.34 + text_width(paint.meaning, theme.LEGEND_SIZE) + 0.4 for paint in entries)
