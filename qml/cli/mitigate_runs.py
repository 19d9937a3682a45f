"""Runs one job without noise, with noise, and with each chain of mitigation methods."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from rich.console import Console
from torch import Tensor

from circuits import StateVector
from circuits.errors import InvalidArgumentError, KetworkError
from circuits.execution import Backend, Result
from noise import PauliTransfer, Trajectories
from qml.training import classes

from .mitigate_sources import Classifier, Job
from .mitigation_methods import Choices, wrapped
from .noise_source import NoiseSource

RAW = "unmitigated"
_EXACT_QUBITS, _TRAJECTORIES = 10, 200


@dataclass(frozen=True)
class Outcome:
    """What one way of running gave.

    Args:
        name: `RAW`, or the chain of methods.
        result: Values `(points, m)` and what they cost.
        seconds: How long it took.
        error: Mean absolute error of the values.
        accuracy: Accuracy of the classifier with these values, if there is one.
    """

    name: str
    result: Result
    seconds: float
    error: float
    accuracy: float | None

    @property
    def values(self) -> Tensor:
        """Expectation values, `(points, m)`."""
        assert self.result.values is not None
        return self.result.values

    @property
    def standard_errors(self) -> Tensor | None:
        """Their standard errors, `(points, m)`; `None` for exact values."""
        return None if self.result.variances is None else self.result.standard_errors


@dataclass(frozen=True)
class Comparison:
    """All outcomes of one job.

    Args:
        exact: Values without noise, `(points, m)`.
        accuracy: Accuracy without noise, if the job is a classifier.
        outcomes: Unmitigated first, then one per chain.
        backends: The backend of each outcome.
    """

    exact: Tensor
    accuracy: float | None
    outcomes: tuple[Outcome, ...]
    backends: tuple[Backend, ...]

    @property
    def best(self) -> Outcome:
        """The mitigated outcome with the least error."""
        return min(self.outcomes[1:], key=lambda outcome: outcome.error)


def compare(
    job: Job,
    machine: Backend,
    noise: NoiseSource,
    chains: Sequence[str],
    own: Choices,
    shots: int | None,
    console: Console,
) -> Comparison:
    """Runs a job in all ways.

    Args:
        job: The job.
        machine: What simulates the noise.
        noise: The noise, for methods that need to know it.
        chains: Chains of methods, names joined by `+`.
        own: Options of the methods.
        shots: Shots in total per value; `None` for exact noisy values.
        console: Where progress is shown.

    Raises:
        KetworkError: If a method cannot run the job; the message names the method.
    """
    exact = StateVector().run([job.request(None, torch.Generator())])[0].values
    assert exact is not None
    outcomes, backends = [], []
    for chain in (RAW, *chains):
        backend = machine if chain == RAW else wrapped(chain, machine, noise, own)
        with console.status(chain):
            outcomes.append(_outcome(chain, job, backend, exact, own.seed, shots))
        backends.append(backend)
        console.print(f"{chain}: {outcomes[-1].seconds:.1f} s", markup=False, soft_wrap=True)
    clean = None if job.classifier is None else accuracy(job.classifier, exact)
    return Comparison(exact, clean, tuple(outcomes), tuple(backends))


def simulator(
    job: Job, noise: NoiseSource, trajectories: int | None, seed: int
) -> PauliTransfer | Trajectories:
    """What simulates the noise: exactly on few qubits, by random trajectories on more.

    Args:
        job: What is run.
        noise: The noise.
        trajectories: Trajectories per value; `None` takes the exact simulator up to 10 qubits, and
            200 trajectories beyond.
        seed: Seed of the trajectories.
    """
    if trajectories is None:
        lowered = noise.model.lower(job.request(None, torch.Generator()))
        if len({qubit for op in lowered.circuit.ops for qubit in op.qubits}) <= _EXACT_QUBITS:
            return PauliTransfer(noise.model)
    return Trajectories(noise.model, trajectories or _TRAJECTORIES, generator=seed)


def _outcome(
    chain: str, job: Job, backend: Backend, exact: Tensor, seed: int, shots: int | None
) -> Outcome:
    begin = time.perf_counter()
    request = job.request(shots, torch.Generator().manual_seed(seed))
    try:
        with torch.no_grad():
            result = backend.run([request])[0]
    except KetworkError as error:
        raise InvalidArgumentError(f"{chain}: {error}") from error
    assert result.values is not None
    score = None if job.classifier is None else accuracy(job.classifier, result.values)
    distance = float((result.values - exact).abs().mean())
    return Outcome(chain, result, time.perf_counter() - begin, distance, score)


def accuracy(classifier: Classifier, values: Tensor) -> float:
    """Accuracy of a model whose circuit gives these values.

    Args:
        classifier: Model and labelled samples.
        values: What its circuit gives for each sample, `(n, m)`.
    """
    hook = classifier.model.layer.register_forward_hook(lambda *_: values.to(classifier.x))
    with torch.no_grad(), hook:
        logits = classifier.model(classifier.x)
    return float((classes(logits) == classifier.y).double().mean())
