"""Trains the entries of a table, one seed after the other, and writes the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from circuits.arguments import integer, one_of
from qml.training import atomic_write, write_result
from qml.training.config import Callback

from .markdown import markdown
from .plots import save_curves, save_table
from .record import SCALES, Job, Scale, Table, Watch
from .store import Store
from .summary import Summary, summarise
from .texts import value_text


def reproduce(
    table: Table,
    out: Path,
    *,
    scale: Scale = "small",
    seeds: Sequence[int] = (0,),
    rows: Sequence[str] | None = None,
    data_dir: Path | None = None,
    device: torch.device | None = None,
    watch: Watch | None = None,
    say: Callable[[str], None] | None = None,
) -> Summary:
    """Trains what a table compares, and writes it beside the published numbers.

    Each finished training is stored at once, and an unfinished one goes on from its checkpoint:
    the same call continues what was interrupted, and more seeds or rows add to what is there.
    Several processes may share a folder: none does what another is doing.

    Args:
        table: The table, see `qml.reproduce.TABLES`.
        out: Folder for `table.md`, `result.json`, `table.png`, `curves.png` and `runs/`.
        scale: `"smoke"`, `"small"` or `"paper"`.
        seeds: Seeds to train each entry with.
        rows: Names of the rows to train; default all.
        data_dir: Folder with the files of the data sets.
        device: Where to train; default the CPU.
        watch: Shows the progress of a training.
        say: Shows lines of text.

    Returns:
        The table with all that `out` holds of it.

    Raises:
        InvalidArgumentError: If there is no such scale or row, a seed is negative, or `out` holds
            something else.
        DataNotFoundError: If the files of a data set are missing.
    """
    one_of(scale, tuple(SCALES), "scale")
    entries = table.entries(rows)
    checked = [integer(seed, f"seeds[{k}]", 0) for k, seed in enumerate(seeds)]
    store = Store(out, table, scale)
    speak = say or (lambda text: None)
    for seed in checked:
        for entry in entries:
            label = f"{entry.label}, seed {seed}"
            with store.claim(entry, seed) as free:
                if store.find(entry, seed) is not None:
                    speak(f"{label}: there already")
                    continue
                if not free:
                    speak(f"{label}: another process is at it")
                    continue
                folder = store.folder(entry, seed)
                folder.mkdir(parents=True, exist_ok=True)
                job = Job(label, scale, seed, folder, data_dir, device, watch or _unseen, speak)
                outcome = entry.train(job)
                store.add(entry, seed, outcome)
            reached = value_text(outcome.value, None, table.metric)
            speak(f"{label}: {reached}, {outcome.seconds:.0f} s")
            write_texts(store)
    return write_texts(store, pictures=True)


def write_texts(store: Store, *, pictures: bool = False) -> Summary:
    """Writes all that a folder holds of its table, as Markdown and as JSON, perhaps as pictures."""
    with store.writing():
        summary = summarise(store)
        with atomic_write(store.out / "table.md") as file:
            file.write(markdown(summary).encode())
        write_result(store.out, **summary.as_dict())
        if pictures:
            save_table(summary, store.out / "table.png")
            save_curves(summary, store.out / "curves.png")
    return summary


@contextmanager
def _unseen(label: str, model: nn.Module, **sizes: Any) -> Iterator[Callback]:
    yield lambda record, module: None
