"""The progress of a training run: a bar on a terminal, a few lines of text elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn

from qml.training import EpochRecord

from .console import percent

Callback = Callable[[EpochRecord, nn.Module], None]

_LINES = 10
"""About how many lines a whole run prints where there is no terminal."""


@contextmanager
def watched(
    console: Console,
    label: str,
    model: nn.Module,
    *,
    epochs: int,
    steps: int,
    done: int = 0,
    part: str = "validation",
) -> Iterator[Callback]:
    """Shows the progress of training within the block.

    Args:
        console: Where to; a quiet console shows nothing.
        label: What is trained.
        model: The model; each call in training mode counts as a step.
        epochs: Epochs of the whole run.
        steps: Steps per epoch.
        done: Epochs that a resumed run has behind it.
        part: What the data are called that are scored after each epoch.

    Yields:
        The callback to pass to `qml.training.fit`.
    """
    if console.quiet:
        yield lambda record, model: None
    elif not console.is_terminal:
        yield _lines(console, label, epochs, part)
    else:
        with _bar(console, label, model, epochs, steps, done, part) as callback:
            yield callback


def _lines(console: Console, label: str, epochs: int, part: str) -> Callback:
    every = max(1, round(epochs / _LINES))

    def show(record: EpochRecord, model: nn.Module) -> None:
        if record.epoch == 1 or record.epoch % every == 0 or record.epoch == epochs:
            text = f"{label.strip()}: epoch {record.epoch}/{epochs}, {_numbers(record, part)}"
            console.print(text, markup=False, soft_wrap=True)

    return show


@contextmanager
def _bar(
    console: Console, label: str, model: nn.Module, epochs: int, steps: int, done: int, part: str
) -> Iterator[Callback]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[epoch]}/{task.fields[epochs]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("[dim]{task.fields[numbers]}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(
            label, total=epochs * steps, completed=done * steps, epoch=done, epochs=epochs,
            numbers="",
        )  # fmt: skip

        def step(module: nn.Module, _: object) -> None:
            if module.training:
                progress.advance(task)

        def show(record: EpochRecord, model: nn.Module) -> None:
            progress.update(
                task,
                completed=record.epoch * steps,
                epoch=record.epoch,
                numbers=_numbers(record, part),
            )

        hook = model.register_forward_pre_hook(step)
        try:
            yield show
        finally:
            hook.remove()


def _numbers(record: EpochRecord, part: str) -> str:
    parts = [f"loss {record.train_loss:.3f}"]
    if record.val_accuracy is not None:
        parts.append(f"{part} {percent(record.val_accuracy)}")
    elif record.train_accuracy is not None:
        parts.append(f"accuracy {percent(record.train_accuracy)}")
    return ", ".join(parts)
