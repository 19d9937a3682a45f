"""The front door of drawing; matplotlib is imported only when a figure is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from circuits.arguments import one_of
from circuits.circuit import Circuit
from circuits.drawing.text import draw_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_figure(
    circuit: Circuit,
    ax: Axes | None = None,
    *,
    fold: float | None = 24.0,
    angles: bool = True,
    max_angle_length: int = 24,
    legend: bool | None = None,
    scale: float = 1.0,
) -> Figure:
    """The circuit as a matplotlib figure, without touching pyplot's global state.

    Colours say what a gate depends on: nothing, inputs, weights, or both.

    Args:
        circuit: The circuit.
        ax: Axes to draw in; default those of a new figure of fitting size.
        fold: Greatest width of a row in distances between wires; `None` never folds.
        angles: Whether angles are written.
        max_angle_length: Angles longer than this (as text) end in an ellipsis.
        legend: Whether to explain the colours; default where there is more than one.
        scale: Size of a new figure relative to the normal one (about 14 mm between wires). Only
            for a new figure.

    Returns:
        The figure; save it with `figure.savefig(path)`. Notebooks display it.

    Raises:
        InvalidArgumentError: If a number is not positive, or `scale` is given with `ax`.
    """
    from circuits.drawing.mpl.figure import render

    return render(circuit, ax, fold, angles, max_angle_length, legend, scale)


_OUTPUTS: dict[str, Callable[..., Any]] = {"text": draw_text, "mpl": draw_figure}


def draw(circuit: Circuit, output: str = "text", **options: Any) -> Any:
    """A drawing of the circuit.

    Args:
        circuit: The circuit.
        output: `"text"` for a string, `"mpl"` for a matplotlib figure.
        **options: Those of `draw_text` or `draw_figure`.

    Raises:
        InvalidArgumentError: If the output or an option's value is not valid.
    """
    return _OUTPUTS[one_of(output, tuple(_OUTPUTS), "output")](circuit, **options)
