"""A reproduced table as Markdown, with everything needed to judge it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .record import Entry, Metric
from .summary import Summary
from .texts import SMOKE, compared_text, published_text, reached_text, time_text


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
        line += [*reached_text(ours, metric), time_text(ours.seconds)]
        for found in kept.values():
            line += compared_text(summary.cell(found[k]), metric)
        lines.append(line)
    return headings, lines


def lines(summary: Summary) -> tuple[list[str], list[list[str]]]:
    """Headings and cells with a line of its own for each twin and ablation, for narrow places.

    Rows whose model has not been trained are left out, if there are others.
    """
    found, metric = [], summary.table.metric
    tried = [row for row in summary.table.rows if summary.cells[row.ours.name].outcomes]
    for row in tried or summary.table.rows:
        named = (("", row.ours), ("  twin: ", row.twin), ("  ablation: ", row.ablation))
        for prefix, entry in named:
            if entry is not None:
                cell = summary.cells[entry.name]
                text = [f"{prefix}{entry.label}", published_text(entry.published, metric)]
                found.append([*text, *reached_text(cell, metric), time_text(cell.seconds)])
    return ["row", "published", "reached (seeds)", "parameters", "time"], found


def markdown(summary: Summary) -> str:
    """The table with everything needed to judge it, as Markdown."""
    table = summary.table
    headings, rows = columns(summary)
    lines = [f"## {table.title}", "", table.reference, ""]
    lines.append(
        f"Scale `{summary.scale}` ({table.scales.get(summary.scale, '')}). "  # type: ignore[call-overload]
        f"{_METRICS[table.metric]}. In brackets: number of seeds; ± is the standard deviation over "
        "them. Time: one training, the mean over seeds."
    )
    if summary.scale == "smoke":
        lines += ["", f"**{SMOKE}**"]
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
    if len(groups) == 1:
        return [f"Trained: {'; '.join(how)}." for how in groups]
    return [f"{_together(who)}: {'; '.join(how)}." for how, who in groups.items()]


def _together(labels: Sequence[str]) -> str:
    """Names of a few things; the first and the number of many."""
    few = 4
    if len(labels) <= few:
        return ", ".join(labels)
    return f"{labels[0]} and {len(labels) - 1} more"


def _sources(entries: Iterable[Entry]) -> list[str]:
    """Where the published numbers come from."""
    groups: dict[str, list[str]] = {}
    for entry in entries:
        if entry.published is not None:
            groups.setdefault(entry.published.source, []).append(entry.label)
    if len(groups) == 1:
        return [f"Published numbers: {next(iter(groups))}."]
    return [f"Published for {', '.join(who)}: {source}." for source, who in groups.items()]
