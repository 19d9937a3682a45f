"""Plots of `ketwork mitigate`: values against the noise factor, and all values side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from noise.mitigation import ZNE
from noise.mitigation.extrapolation import Extrapolator

from .mitigate_runs import RAW, Comparison, Outcome
from .mitigate_sources import Job
from .pictures import figure_of, save_figure

_NOISY, _METHODS = "#b0b0b0", ("#2a6fbb", "#d1602b", "#3a9a5b", "#8757a8", "#c9a227", "#1d9a9a")
_PANELS = 6
_VALUES = 40


@dataclass(frozen=True)
class Fit:
    """An extrapolation.

    Args:
        outcome: The mitigated outcome.
        factors: Noise factors, `(k,)`.
        raw: Values at the factors, `(k, points, m)`.
        extrapolator: What was fitted to them.
    """

    outcome: Outcome
    factors: Tensor
    raw: Tensor
    extrapolator: Extrapolator

    def curve(self, at: Tensor, column: int) -> Tensor:
        """The fit at other factors, `(len(at),)`, for the first point.

        A fit that is moved along the axis of factors is the fit of moved data, so its value at f is
        the extrapolation to 0 of the data at factors reduced by f.
        """
        values = self.raw[:, 0, column]
        return torch.stack(
            [self.extrapolator.extrapolate(self.factors - f, values).values for f in at]
        )


def extrapolations(comparison: Comparison) -> list[Fit]:
    """The outcomes whose last step is an extrapolation."""
    found = []
    for outcome, backend in zip(comparison.outcomes, comparison.backends, strict=True):
        if isinstance(backend, ZNE):
            facts = outcome.result.metadata
            factors = torch.tensor(facts["factors"], dtype=torch.float64)
            found.append(Fit(outcome, factors, facts["raw"].double(), backend.extrapolator))
    return found


def save_extrapolation(job: Job, comparison: Comparison, fits: list[Fit], path: Path) -> None:
    """Draws measured values and fits against the noise factor; of a classifier the first sample.

    Args:
        job: What was run.
        comparison: What came out.
        fits: The extrapolations.
        path: The PNG file to write.
    """
    shown = job.names[:_PANELS]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure = figure_of(3.5 * columns, 2.7 * rows + 0.3)
    for k, name in enumerate(shown):
        axes = figure.add_subplot(rows, columns, k + 1)
        exact = float(comparison.exact[0, k])
        axes.axhline(exact, color="#777777", linestyle=":", label="exact")
        for colour, fit in zip(_METHODS, fits, strict=False):
            axes.plot(fit.factors, fit.raw[:, 0, k], "o", color=colour, markersize=4)
            at = torch.linspace(0.0, float(fit.factors.max()), 60, dtype=torch.float64)
            axes.plot(at, fit.curve(at, k), color=colour, linewidth=1.2, label=fit.outcome.name)
            errors = fit.outcome.standard_errors
            bar = None if errors is None else float(errors[0, k])
            axes.errorbar(
                0.0, float(fit.outcome.values[0, k]), yerr=bar, fmt="*", color=colour, markersize=10
            )
        axes.set_title(f"<{name}>", fontsize=10)
        axes.set_xlabel("noise factor")
        axes.grid(alpha=0.25)
        if k == 0:
            axes.legend(frameon=False, fontsize=8)
    figure.suptitle(f"{job.name}: points measured, star extrapolated", fontsize=11)
    save_figure(figure, path)


def save_values(job: Job, comparison: Comparison, path: Path) -> None:
    """Draws the values of one circuit side by side, or those of all samples against exact ones.

    Args:
        job: What was run.
        comparison: What came out.
        path: The PNG file to write.
    """
    figure = figure_of(7.2, 4.2)
    axes = figure.add_subplot()
    colours = dict(zip([o.name for o in comparison.outcomes], (_NOISY, *_METHODS), strict=False))
    if job.classifier is not None:
        exact = comparison.exact.flatten()
        axes.plot([-1, 1], [-1, 1], color="black", linewidth=0.8, label="exact")
        for outcome in comparison.outcomes:
            axes.plot(
                exact, outcome.values.flatten(), ".", markersize=3, alpha=0.6,
                color=colours.get(outcome.name), label=_label(outcome),
            )  # fmt: skip
        axes.set(xlabel="value without noise", ylabel="value")
    else:
        _columns(axes, job, comparison, colours)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=9)
    axes.set_title(job.name, fontsize=11)
    save_figure(figure, path)


def _columns(axes: object, job: Job, comparison: Comparison, colours: dict[str, str]) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    names = job.names[:_VALUES]
    places = torch.arange(len(names), dtype=torch.float64)
    for k in range(len(names)):
        label = "" if k else "exact"
        axes.hlines(
            float(comparison.exact[0, k]), k - 0.4, k + 0.4, color="black", linewidth=1.2,
            label=label,
        )  # fmt: skip
    count = len(comparison.outcomes)
    for j, outcome in enumerate(comparison.outcomes):
        errors = outcome.standard_errors
        axes.errorbar(
            places + 0.6 * ((j + 0.5) / count - 0.5),
            outcome.values[0, : len(names)],
            yerr=None if errors is None else errors[0, : len(names)],
            fmt="o", markersize=4, color=colours.get(outcome.name), label=_label(outcome),
        )  # fmt: skip
    axes.set_xticks(range(len(names)), names, rotation=45 if len(names) > 6 else 0)
    axes.set_ylabel("expectation value")


def _label(outcome: Outcome) -> str:
    kind = "noisy" if outcome.name == RAW else outcome.name
    return f"{kind}, mean |error| {outcome.error:.4f}"
