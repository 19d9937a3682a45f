"""A reproduced table: means over seeds beside the published numbers, as Markdown and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, final

from .record import Entry, Metric, Outcome, Published, Row, Table
from .store import Store


@final
@dataclass(frozen=True)
class Cell:
    """Everything that is known of one entry.

    Args:
        entry: The entry.
        outcomes: Its outcomes by seed; perhaps none.
    """

    entry: Entry
    outcomes: dict[int, Outcome]

    @property
    def values(self) -> list[float]:
        """The metric of each seed."""
        return [outcome.value for outcome in self.outcomes.values()]

    @property
    def mean(self) -> float | None:
        """Mean over the seeds; None without any."""
        return statistics.fmean(self.values) if self.values else None

    @property
    def spread(self) -> float | None:
        """Standard deviation over the seeds (n - 1 in the denominator); None below two."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    @property
    def parameters(self) -> int | None:
        """Number of trainable numbers."""
        return next((outcome.parameters for outcome in self.outcomes.values()), None)

    @property
    def seconds(self) -> float | None:
        """Mean time of a training."""
        times = [outcome.seconds for outcome in self.outcomes.values()]
        return statistics.fmean(times) if times else None

    @property
    def trainings(self) -> tuple[str, ...]:
        """The different lines that say how it was trained."""
        lines = (str(o.facts.get("training", "")) for o in self.outcomes.values())
        return tuple(dict.fromkeys(line for line in lines if line))

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers."""
        published = self.entry.published
        return {
            "name": self.entry.name,
            "label": self.entry.label,
            "published": None if published is None else vars(published),
            "value": self.mean,
            "spread": self.spread,
            "values": self.values,
            "seeds": list(self.outcomes),
            "parameters": self.parameters,
            "seconds": self.seconds,
            "facts": [dict(outcome.facts) for outcome in self.outcomes.values()],
        }


@final
@dataclass(frozen=True)
class Summary:
    """A table with what has been reached so far.

    Args:
        table: The table.
        scale: The scale.
        cells: What is known of each entry, by name.
    """

    table: Table
    scale: str
    cells: dict[str, Cell]

    def cell(self, entry: Entry | None) -> Cell | None:
        """What is known of an entry."""
        return None if entry is None else self.cells[entry.name]

    def as_dict(self) -> dict[str, Any]:
        """What `result.json` holds; the first row's number stands under the metric's name, too."""
        first = self.cells[self.table.rows[0].ours.name]
        times = [o.seconds for cell in self.cells.values() for o in cell.outcomes.values()]
        return {
            "command": "reproduce",
            "table": self.table.name,
            "title": self.table.title,
            "reference": self.table.reference,
            "scale": self.scale,
            "metric": self.table.metric,
            self.table.metric: first.mean,
            "parameters": first.parameters,
            "seconds": sum(times),
            "rows": [self._row(row) for row in self.table.rows],
        }

    def _row(self, row: Row) -> dict[str, Any]:
        named = {"ours": row.ours, "twin": row.twin, "ablation": row.ablation}
        cells = {name: self.cell(entry) for name, entry in named.items()}
        plain = {name: None if c is None else c.as_dict() for name, c in cells.items()}
        return {"name": row.name, **plain}


def summarise(store: Store) -> Summary:
    """Everything that a folder holds of its table."""
    entries = store.table.entries()
    cells = {entry.name: Cell(entry, store.all(entry)) for entry in entries}
    return Summary(store.table, store.scale, cells)


def columns(summary: Summary) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the table as text."""
    rows, metric = summary.table.rows, summary.table.metric
    optional = {
        "classical twin": [row.twin for row in rows],
        "without circuit": [row.ablation for row in rows],
    }
    kept = {name: found for name, found in optional.items() if any(found)}
    headings = ["row", "published", "ours", "parameters", "time"]
    for name in kept:
        headings += [name, "parameters"]
    lines = []
    for k, row in enumerate(rows):
        ours = summary.cells[row.ours.name]
        line = [row.ours.label, published_text(row.ours.published, metric)]
        line += [*_reached(ours, metric), time_text(ours.seconds)]
        for found in kept.values():
            line += _compared(summary.cell(found[k]), metric)
        lines.append(line)
    return headings, lines


def lines(summary: Summary) -> tuple[list[str], list[list[str]]]:
    """Headings and cells with a line of its own for each twin and ablation, for narrow places."""
    found, metric = [], summary.table.metric
    for row in summary.table.rows:
        named = (("", row.ours), ("  twin: ", row.twin), ("  ablation: ", row.ablation))
        for prefix, entry in named:
            if entry is not None:
                cell = summary.cells[entry.name]
                text = [f"{prefix}{entry.label}", published_text(entry.published, metric)]
                found.append([*text, *_reached(cell, metric), time_text(cell.seconds)])
    return ["row", "published", "reached (seeds)", "parameters", "time"], found


def markdown(summary: Summary) -> str:
    """The table with everything needed to judge it, as Markdown."""
    table = summary.table
    headings, rows = columns(summary)
    lines = [f"## {table.title}", "", table.reference, ""]
    lines.append(
        f"Scale `{summary.scale}` ({table.scales.get(summary.scale, '')}). "  # type: ignore[call-overload]
        f"{_METRICS[table.metric]}. In brackets: number of seeds; ± is the standard deviation over "
        "them. Time: one training."
    )
    lines += ["", _line(headings), _line(["---"] + ["--:"] * (len(headings) - 1))]
    lines += [_line(row) for row in rows]
    lines += ["", *_bullets(table.notes), *_bullets(_comparisons(summary))]
    lines += [*_bullets(_trainings(summary)), *_bullets(_sources(table.entries()))]
    return "\n".join(lines).rstrip() + "\n"


_METRICS: dict[Metric, str] = {
    "accuracy": "Accuracy on the test samples after the last epoch",
    "loss": "Mean squared error on test points; less is better",
}


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _bullets(sentences: Iterable[str]) -> list[str]:
    return [f"* {sentence}" for sentence in sentences]


def _comparisons(summary: Summary) -> list[str]:
    """Where the classical twin or the ablation is ahead of, or level with, the quantum model."""
    sign = 1 if summary.table.metric == "accuracy" else -1
    found = []
    for row in summary.table.rows:
        ours = summary.cells[row.ours.name].mean
        for name, entry in (
            ("classical twin", row.twin),
            ("network without circuit", row.ablation),
        ):
            other = summary.cell(entry)
            if ours is None or other is None or other.mean is None:
                continue
            if sign * (other.mean - ours) >= -1e-9 * abs(ours):
                found.append(f"{row.ours.label}: the {name} ({other.entry.label}) is not behind.")
    return found


def _trainings(summary: Summary) -> list[str]:
    """How the entries were trained; those that were trained alike share a line."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for cell in summary.cells.values():
        if cell.trainings:
            groups.setdefault(cell.trainings, []).append(cell.entry.label)
    everyone = len(groups) == 1
    return [
        f"Trained: {'; '.join(how)}." if everyone else f"{', '.join(who)}: {'; '.join(how)}."
        for how, who in groups.items()
    ]


def _sources(entries: Iterable[Entry]) -> list[str]:
    """Where the published numbers come from."""
    groups: dict[str, list[str]] = {}
    for entry in entries:
        if entry.published is not None:
            groups.setdefault(entry.published.source, []).append(entry.label)
    if len(groups) == 1:
        return [f"Published numbers: {next(iter(groups))}."]
    return [f"Published for {', '.join(who)}: {source}." for source, who in groups.items()]


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


def _reached(cell: Cell | None, metric: Metric) -> list[str]:
    """Mean over the seeds and number of parameters."""
    if cell is None:
        return ["", ""]
    if cell.mean is None:
        return ["not run", ""]
    return [
        f"{value_text(cell.mean, cell.spread, metric)} ({len(cell.values)})",
        f"{cell.parameters:,}",
    ]


def _compared(cell: Cell | None, metric: Metric) -> list[str]:
    """The same of a twin, with its published number behind it."""
    reached, parameters = _reached(cell, metric)
    if cell is None or cell.entry.published is None:
        return [reached, parameters]
    return [f"{reached}; published {published_text(cell.entry.published, metric)}", parameters]
