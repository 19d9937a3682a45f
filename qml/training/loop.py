"""`fit`: a small training loop that is deterministic, resumes exactly, and stays readable."""

from __future__ import annotations

import dataclasses
import difflib
import math
from pathlib import Path
from typing import Any

import torch
from torch import nn

from circuits import errors

from .arrays import Arrays, Pair, Splits, gather_arrays
from .batches import steps_per_epoch
from .checkpoint import load_checkpoint, save_checkpoint
from .config import FitConfig
from .distributed import Group, current_group, unwrap
from .epoch import train_epoch
from .history import Stopped, TrainResult
from .losses import Objective, objective
from .observers import AbstractObserver, MetricsFile, ProgressBar, TensorBoard
from .optimizers import build_optimizer, build_scheduler
from .run import Run


def fit(
    model: nn.Module,
    train: Pair | Splits,
    validation: Pair | None = None,
    config: FitConfig | None = None,
    **options: Any,
) -> TrainResult:
    """Trains a model in place.

    Two runs with equal arguments, weights and state of torch's default generator (which
    dropout draws from) give equal weights, bit for bit; so does a run that was interrupted,
    killed even, and resumed.

    Args:
        model: Any module `(n, ...) -> (n, outputs)`. A classifier returns logits `(n, classes)`,
            or `(n, 1)` for two classes.
        train: Samples `(n, ...)` and targets: integer classes `(n,)` train a classifier, floating
            point targets `(n,)` or `(n, outputs)` a regression. Or a data set with `x_train`,
            `y_train`, `x_val` and `y_val`.
        validation: Samples and targets that are never trained on, scored after each epoch.
        config: Options as a record.
        **options: Options by name, see `FitConfig`; they take precedence over `config`.

    Returns:
        Losses and accuracies per epoch, and a summary.

    Raises:
        InvalidArgumentError: If arguments are invalid, do not fit each other, or have no effect.
        CheckpointError: If `resume` finds a checkpoint that is damaged or of another run.
        TrainingError: If the loss becomes NaN or infinite, or ranks cannot train together.
        MissingDependencyError: If TensorBoard is asked for and not installed.

    Examples:
        >>> import torch
        >>> x = torch.linspace(-1, 1, 64).reshape(-1, 1)
        >>> result = fit(torch.nn.Linear(1, 1), (x, 2 * x + 1), epochs=100, lr=0.1, seed=0,
        ...              progress=False)
        >>> result.losses[-1] < 1e-4
        True
    """
    config = _config(config, options)
    group = current_group(model)
    arrays = gather_arrays(train, validation, config.dtype)
    task = objective(config.loss, arrays.train[1])
    _check_monitoring(config, arrays, task)
    _move(model, config)
    run = _start(model, config, group, arrays)

    observers: list[AbstractObserver] = []
    try:
        observers += _observers(run, len(arrays.train[0]))
        stopped = _train(run, arrays, task, observers)
    finally:
        for observer in observers:
            observer.close()
    if config.keeps_best:
        run.restore_best()
    if config.out is not None and group.rank == 0:
        path = Path(config.out) / "model.ckpt"
        save_checkpoint(path, run.module, metadata=config.metadata)
    return TrainResult(
        history=tuple(run.history),
        best_epoch=run.best_epoch,
        stopped=stopped,
        restored=config.keeps_best,
        seconds=math.fsum(record.seconds for record in run.history),
        seed=run.settings["seed"],
        parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
    )


def _config(config: FitConfig | None, options: dict[str, Any]) -> FitConfig:
    names = [f.name for f in dataclasses.fields(FitConfig)]
    for name in options:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise errors.ArgumentTypeError(
                f"`fit` has no option `{name}`.{hint} Options: {', '.join(names)}."
            )
    return dataclasses.replace(config or FitConfig(), **options)


def _check_monitoring(config: FitConfig, arrays: Arrays, task: Objective) -> None:
    if arrays.validation is None and config.keeps_best:
        raise errors.InvalidArgumentError(
            "Arguments `patience` and `restore_best` need validation data, but none were passed. "
            "Pass `validation=(x, y)`."
        )
    if config.monitor == "accuracy" and not task.classification:
        raise errors.InvalidArgumentError(
            "monitor='accuracy' needs classes, but the targets are floating point; use 'loss'."
        )


def _move(model: nn.Module, config: FitConfig) -> None:
    if unwrap(model) is not model and (config.device is not None or config.dtype is not None):
        raise errors.InvalidArgumentError(
            "A DistributedDataParallel model cannot be moved by `device` or `dtype`; move the "
            "inner model before wrapping it."
        )
    if config.device is not None or config.dtype is not None:
        model.to(device=config.device, dtype=config.dtype)


def _start(model: nn.Module, config: FitConfig, group: Group, arrays: Arrays) -> Run:
    """Builds the run, and brings it to where its checkpoint left off if it is resumed."""
    if config.checkpoint_seconds is not None and group.size > 1:
        raise errors.InvalidArgumentError(
            "Argument `checkpoint_seconds` is for one process; ranks that train together write "
            "checkpoints between epochs (`checkpoint_every`)."
        )
    last = None if config.out is None else Path(config.out) / "last.ckpt"
    resume = config.resume is True or (
        config.resume == "auto" and group.agree(last is not None and last.is_file())
    )
    checkpoint = load_checkpoint(last) if last is not None and resume else None
    saved = (checkpoint.training or {}) if checkpoint is not None else {}
    seed = config.seed
    if seed is None:
        settings = saved.get("settings")
        seed = settings["seed"] if isinstance(settings, dict) and "seed" in settings else None
    if seed is None:
        seed = group.agree(int(torch.randint(2**31, ())))

    optimizer = build_optimizer(config.optimizer, config.lr, model)
    run = Run(
        config=config,
        group=group,
        model=model,
        optimizer=optimizer,
        scheduler=build_scheduler(config.scheduler, optimizer, config.epochs),
        shuffler=torch.Generator().manual_seed(seed),
        settings=_settings(config, group, seed, arrays if last is not None else None),
    )
    if checkpoint is not None:
        run.load(checkpoint)
    elif last is not None:
        run.save(last)
    return run


def _settings(config: FitConfig, group: Group, seed: int, arrays: Arrays | None) -> dict[str, Any]:
    """Returns what must not change between the parts of a resumed run."""
    settings: dict[str, Any] = {
        name: _describe(getattr(config, name))
        for name in (
            "batch_size", "optimizer", "lr", "loss", "scheduler", "clip_norm", "shuffle", "dtype",
            "monitor", "min_delta", "keeps_best",
        )
    }  # fmt: skip
    settings |= {"seed": seed, "ranks": group.size}
    if config.scheduler == "cosine":
        settings["epochs"] = config.epochs
    if arrays is not None:
        settings["data"] = arrays.digest()
    return settings


def _describe(value: Any) -> Any:
    """Returns a plain value that is equal for equal options; functions go by their name."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return getattr(value, "__qualname__", None) or str(value).split(" at 0x")[0]


def _observers(run: Run, n: int) -> list[AbstractObserver]:
    if run.group.rank != 0:
        return []
    config, done = run.config, len(run.history)
    observers: list[AbstractObserver] = []
    if config.out is not None:
        observers.append(MetricsFile(Path(config.out) / "metrics.jsonl", run.history))
        if config.tensorboard:
            observers.append(TensorBoard(Path(config.out) / "tensorboard", done))
    if config.progress:
        steps = steps_per_epoch(n, config.batch_size, run.group)
        observers.append(ProgressBar(config.epochs, steps, done))
    return observers


def _train(run: Run, arrays: Arrays, task: Objective, observers: list[AbstractObserver]) -> Stopped:
    """Runs the remaining epochs; returns why it ended."""
    config = run.config
    modes = {module: module.training for module in run.model.modules()}
    if not run.model.training:
        run.model.train()
    try:
        while len(run.history) < config.epochs:
            if run.out_of_patience:
                return "patience"
            record = train_epoch(run, arrays, task, observers)
            run.add(record)
            for observer in observers:
                observer.epoch(record)
            last_one = record.epoch == config.epochs or run.out_of_patience
            due = record.epoch % config.checkpoint_every == 0 or last_one
            if config.out is not None and due:
                run.save(Path(config.out) / "last.ckpt")
            answers = [callback(record, run.module) for callback in config.callbacks]
            if any(run.group.gather(any(answers))):
                if config.out is not None and not due:
                    run.save(Path(config.out) / "last.ckpt")
                return "callback"
        return "patience" if run.out_of_patience else "epochs"
    finally:
        for module, mode in modes.items():
            module.training = mode
