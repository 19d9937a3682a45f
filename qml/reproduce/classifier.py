"""How entries of a table are trained that are classifiers of a data set: `qml.training.fit`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from torch import nn

from qml.data import DataSet, Pipeline, load
from qml.training import EpochRecord, fit, load_checkpoint
from qml.training.optimizers import OptimizerFactory, SchedulerFactory
from qml.training.randomness import seeded

from .record import Job, Outcome, Scale
from .texts import counted

Build = Callable[[int, int, int], nn.Module]


@final
@dataclass(frozen=True)
class Recipe:
    """How a classifier is trained at one scale.

    Args:
        data: Name of the data set, see `qml.data.load`.
        pipeline: Function of the shape of a sample: the preprocessing to fit.
        epochs: Passes over the training data.
        batch_size: Samples per step.
        lr: Learning rate of a named optimizer.
        optimizer: As for `qml.training.fit`.
        scheduler: As for `qml.training.fit`.
        clip_norm: As for `qml.training.fit`.
        classes: Classes to keep; default all.
        limit: Samples to draw from each part, `{"train": n, "test": n}`; default all.
        remark: What the other fields do not say of the training, such as a function's meaning.
    """

    data: str
    pipeline: Callable[[tuple[int, ...]], Pipeline]
    epochs: int
    batch_size: int
    lr: float | None = None
    optimizer: str | OptimizerFactory = "adam"
    scheduler: str | SchedulerFactory | None = None
    clip_norm: float | None = None
    classes: Sequence[int] | None = None
    limit: Mapping[str, int] | None = None
    remark: str = ""

    def describe(self, samples: int) -> str:
        """One line on the training with so many samples."""
        parts = [f"{counted(self.epochs, 'epoch')} of {counted(samples, 'sample')} of {self.data}"]
        parts.append(f"batches of {self.batch_size}")
        if isinstance(self.optimizer, str):
            parts.append(f"{self.optimizer} {self.lr:g}" if self.lr else self.optimizer)
        if isinstance(self.scheduler, str):
            parts.append(f"{self.scheduler} schedule")
        if self.clip_norm is not None:
            parts.append(f"gradients clipped at {self.clip_norm:g}")
        return ", ".join([*parts, self.remark] if self.remark else parts)


def classifier(build: Build, recipes: Mapping[Scale, Recipe]) -> Callable[[Job], Outcome]:
    """The `train` of an entry.

    All training samples train (no validation part is split off), the test part is scored after
    each epoch, and the value is its accuracy after the last: no choice is made by it.

    Args:
        build: Function `(in_features, n_classes, seed)` to a model `(n, in_features) ->
            (n, n_classes)`; torch's default generator is seeded, too.
        recipes: How to train it at each scale.
    """

    def train(job: Job) -> Outcome:
        recipe = recipes[job.scale]
        samples = load_samples(recipe, job)
        with seeded(job.seed):
            model = build(samples.n_features, samples.n_classes, job.seed)
            return fitted(model, samples, recipe, job)

    return train


def load_samples(recipe: Recipe, job: Job) -> DataSet:
    """The data of a recipe, preprocessed; which samples a limit draws depends on the seed."""
    raw = load(
        recipe.data,
        data_dir=job.data_dir,
        classes=recipe.classes,
        val_fraction=0.0,
        limit=recipe.limit,
        seed=job.seed,
    )
    return raw.preprocess(recipe.pipeline(raw.feature_shape))[0]


def fitted(
    model: nn.Module, samples: DataSet, recipe: Recipe, job: Job, facts: Mapping[str, Any] = {}
) -> Outcome:
    """Trains a model in place, from its checkpoint if there is one.

    Args:
        model: The model.
        samples: Its data.
        recipe: How to train it.
        job: Seed, folder and so on.
        facts: Further facts of the outcome.
    """
    x, y = samples.x_train, samples.y_train
    steps = -(-len(x) // recipe.batch_size)
    done = _epochs_done(job)
    with job.watch(job.label, model, epochs=recipe.epochs, steps=steps, done=done) as callback:
        result = fit(
            model,
            (x, y),
            (samples.x_test, samples.y_test),
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            lr=recipe.lr,
            optimizer=recipe.optimizer,
            scheduler=recipe.scheduler,
            clip_norm=recipe.clip_norm,
            seed=job.seed,
            device=job.device,
            out=job.folder,
            resume="auto",
            callbacks=[callback],
            progress=False,
        )
    return Outcome(
        value=_accuracy(result.history[-1]),
        parameters=result.parameters,
        seconds=result.seconds,
        curve=tuple(_accuracy(record) for record in result.history),
        facts={
            "training": recipe.describe(len(x)),
            "train_samples": len(x),
            "test_samples": len(samples.x_test),
            "train_accuracy": result.history[-1].train_accuracy,
            "epochs": recipe.epochs,
            "batch_size": recipe.batch_size,
            **facts,
        },
    )


def _accuracy(record: EpochRecord) -> float:
    assert record.val_accuracy is not None
    return record.val_accuracy


def _epochs_done(job: Job) -> int:
    """Finished epochs of the checkpoint in the job's folder."""
    last = job.folder / "last.ckpt"
    if not last.is_file():
        return 0
    history = (load_checkpoint(last).training or {}).get("history")
    return len(history) if isinstance(history, list) else 0
