"""A reproduced table: means over the seeds of everything that was trained for it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any, final

from .record import Entry, Outcome, Row, Table
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
