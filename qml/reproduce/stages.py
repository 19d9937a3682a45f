"""Trainings in stages, for entries that `qml.training.fit` does not train."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from torch import nn

from circuits.errors import CheckpointError
from qml.training import load_checkpoint, save_checkpoint

from .record import Job, Outcome


@final
@dataclass(frozen=True)
class Stage:
    """One stage: the model may grow, then it is trained.

    Args:
        name: For people.
        train: Trains a model in place.
        grow: Function of a model to the larger one to train; None keeps it.
    """

    name: str
    train: Callable[[nn.Module], None]
    grow: Callable[[nn.Module], nn.Module] | None = None


def in_stages(
    model: nn.Module,
    stages: Sequence[Stage],
    test: Callable[[nn.Module], float],
    job: Job,
    facts: Mapping[str, Any],
) -> Outcome:
    """Runs stages one after the other; a killed run goes on after its last finished stage.

    Args:
        model: The model to begin with.
        stages: The stages.
        test: The table's metric of a model.
        job: Folder and so on.
        facts: Facts of the outcome.
    """
    path = job.folder / "last.ckpt"
    curve: list[float] = []
    seconds = 0.0
    if path.is_file():
        model, curve, seconds = _restored(path, model, stages)
    for stage in stages[len(curve) :]:
        begin = time.perf_counter()
        model = model if stage.grow is None else stage.grow(model)
        stage.train(model)
        seconds += time.perf_counter() - begin
        curve.append(test(model))
        save_checkpoint(path, model, metadata={"curve": curve, "seconds": seconds})
        job.say(f"{job.label}, {stage.name}: {curve[-1]:.3g}, {seconds:.0f} s")
    return Outcome(
        value=curve[-1],
        parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        seconds=seconds,
        curve=tuple(curve),
        facts=facts,
    )


def _restored(
    path: Path, model: nn.Module, stages: Sequence[Stage]
) -> tuple[nn.Module, list[float], float]:
    checkpoint = load_checkpoint(path)
    curve, seconds = checkpoint.metadata.get("curve"), checkpoint.metadata.get("seconds")
    if not isinstance(curve, list) or not isinstance(seconds, float) or len(curve) > len(stages):
        raise CheckpointError(f"{path} is no checkpoint of this training in stages. Delete it.")
    for stage in stages[: len(curve)]:
        model = model if stage.grow is None else stage.grow(model)
    return checkpoint.load_into(model), curve, seconds
