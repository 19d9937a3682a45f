"""Pictures of a search: the error and the rewards as it went on, and the circuit it found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from circuits.errors import InvalidArgumentError
from optim.search.result import SearchResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FLOOR = 1e-12  # errors below it are drawn there


def plot_energy(results: SearchResult | Sequence[SearchResult]) -> Figure:
    """Error of the best circuit so far over the candidates that were tried.

    Args:
        results: One or several results, of one problem.

    Returns:
        A figure; the dashed line is chemical accuracy, 1.6e-3.
    """
    shown = _listed(results)
    figure, axes = _figure()
    for result in shown:
        rows = result.history.get("best", [])
        steps = [row["candidates"] for row in rows] + [result.candidates]
        errors = [row["error"] for row in rows] + [rows[-1]["error"] if rows else result.error]
        label = f"{result.method}, seed {result.seed}"
        axes.step(steps, np.maximum(errors, _FLOOR), where="post", label=label)
    axes.axhline(1.6e-3, linestyle="--", linewidth=0.8, color="gray")
    axes.set(xscale="log", yscale="log", xlabel="candidates", ylabel="error of the best (Ha)")
    axes.set_title(shown[0].problem)
    axes.legend(fontsize="small")
    return figure


def plot_rewards(result: SearchResult, *, window: int = 25) -> Figure:
    """Reward, gates and lowest energy of the episodes of an agent.

    Args:
        result: A result of a method with episodes.
        window: Episodes in the running mean.

    Raises:
        InvalidArgumentError: If the method has no episodes.
    """
    rows = result.history.get("episodes", [])
    if not rows:
        raise InvalidArgumentError(
            f"The method {result.method!r} has no episodes: plot_energy shows its progress."
        )
    figure, axes = _figure(rows=3, height=7.0)
    episodes = np.array([row["episode"] for row in rows])
    for place, (name, label) in zip(axes, _SERIES.items(), strict=True):
        values = np.array([float(row[name]) for row in rows])
        place.plot(episodes, values, ".", markersize=2, alpha=0.4)
        width = min(window, len(values))
        mean = np.convolve(values, np.ones(width) / width, mode="valid")
        place.plot(episodes[width - 1 :], mean, label=f"mean of {width}")
        tests = result.history.get("tests", [])
        if tests:
            place.plot(
                [row["episode"] for row in tests], [float(row[name]) for row in tests], "x",
                markersize=4, label="greedy test",
            )  # fmt: skip
        place.set_ylabel(label)
    axes[0].set_title(f"{result.problem}, {result.method}, seed {result.seed}")
    axes[0].legend(fontsize="small")
    axes[-1].set_xlabel("episode")
    return figure


def plot_circuit(result: SearchResult) -> Figure:
    """The whole circuit of a result, with the problem's initial gates."""
    drawn: Figure = result.circuit.draw("mpl")
    return drawn


_SERIES = {"reward": "reward", "gates": "gates", "energy": "final energy (Ha)"}


def _figure(rows: int = 1, height: float = 4.0) -> tuple[Figure, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, 1, sharex=True)


def _listed(results: SearchResult | Sequence[SearchResult]) -> list[SearchResult]:
    shown = [results] if isinstance(results, SearchResult) else list(results)
    if not shown or len({result.problem for result in shown}) > 1:
        raise InvalidArgumentError(
            "Argument `results` must hold results of one problem, got those of "
            f"{sorted({result.problem for result in shown})}."
        )
    return shown
