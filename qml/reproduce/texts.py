"""Values, published numbers and times as people write them."""

from __future__ import annotations

from .record import Metric, Published
from .summary import Cell

SMOKE = (
    "Smoke scale shows only that everything runs. Whatever a row is called, it was trained on as "
    "little as is stated for the scale, so its numbers say nothing of the models."
)


def counted(number: int, thing: str) -> str:
    """A number of things.

    >>> counted(1, "epoch"), counted(20_000, "sample")
    ('1 epoch', '20,000 samples')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def value_text(value: float, spread: float | None, metric: Metric) -> str:
    """A value of the metric for people.

    >>> value_text(0.9921, None, "accuracy"), value_text(0.9125, 0.0073, "accuracy")
    ('99.21 %', '91.25 ± 0.73 %')
    >>> value_text(1.24e-7, None, "loss")
    '1.24e-07'
    """
    if metric == "accuracy":
        more = "" if spread is None else f" ± {100 * spread:.2f}"
        return f"{100 * value:.2f}{more} %"
    return f"{value:.2e}" if spread is None else f"{value:.2e} ± {spread:.1e}"


def published_text(published: Published | None, metric: Metric) -> str:
    """A published number, with the number of parameters if that is known."""
    if published is None:
        return ""
    text = value_text(published.value, published.spread, metric)
    return text if published.parameters is None else f"{text} ({published.parameters:,} p.)"


def time_text(seconds: float | None) -> str:
    """A time for people.

    >>> time_text(3.21), time_text(75), time_text(7300)
    ('3.2 s', '75 s', '2.0 h')
    """
    if seconds is None:
        return ""
    for limit, divisor, unit in ((10.0, 1, "s"), (120.0, 1, "s"), (7200.0, 60, "min")):
        if seconds < limit:
            return f"{seconds / divisor:.{1 if limit == 10.0 else 0}f} {unit}"
    return f"{seconds / 3600:.1f} h"


def reached_text(cell: Cell | None, metric: Metric) -> list[str]:
    """Mean over the seeds and number of parameters."""
    if cell is None:
        return ["", ""]
    if cell.mean is None:
        return ["not run", ""]
    return [
        f"{value_text(cell.mean, cell.spread, metric)} ({len(cell.values)})",
        f"{cell.parameters:,}",
    ]


def compared_text(cell: Cell | None, metric: Metric) -> list[str]:
    """The same of a twin, with its published number behind it."""
    reached, parameters = reached_text(cell, metric)
    if cell is None or cell.entry.published is None:
        return [reached, parameters]
    return [f"{reached}; published {published_text(cell.entry.published, metric)}", parameters]
