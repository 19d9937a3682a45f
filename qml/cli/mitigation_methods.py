"""The mitigation methods by the names that `ketwork mitigate` knows them by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from circuits.errors import InvalidArgumentError
from circuits.execution import Backend
from noise import mitigation as m
from noise.mitigation.schedule import durations_of

from .names import known_name
from .noise_source import NoiseSource

NONE = "none"


@dataclass(frozen=True)
class Choices:
    """Options of methods.

    Args:
        factors: Noise factors of zero-noise extrapolation.
        fold: How it makes noise stronger.
        extrapolator: Its extrapolators, in order of preference.
        seed: Seed of whatever a method draws.
        n_qubits: Number of qubits of the circuit.
    """

    factors: tuple[float, ...] = (1.0, 3.0, 5.0)
    fold: str = "global"
    extrapolator: tuple[str, ...] = ("richardson",)
    seed: int = 0
    n_qubits: int = 1


Build = Callable[[Backend, NoiseSource, Choices], Backend]


@dataclass(frozen=True)
class Method:
    """One method.

    Args:
        build: Wraps a backend in it.
        text: What it does, in a line.
    """

    build: Build
    text: str


def _zne(backend: Backend, noise: NoiseSource, own: Choices) -> Backend:
    seed = own.seed if own.fold == "random" else None
    return m.ZNE(backend, own.factors, own.fold, list(own.extrapolator), seed=seed)


def _readout(backend: Backend, noise: NoiseSource, own: Choices) -> Backend:
    if not noise.model.readout:
        raise InvalidArgumentError(
            f"--method readout: the noise {noise.text} reads qubits without error, so there is "
            "nothing to invert. Leave it out, or add readout error such as +readout:0.02."
        )
    calibration = m.ReadoutCalibration.from_model(noise.model, noise.model.n_qubits or own.n_qubits)
    return m.ReadoutInverse(backend, calibration)


def _decoupling(backend: Backend, noise: NoiseSource, own: Choices) -> Backend:
    if noise.device is None:
        raise InvalidArgumentError(
            f"--method decoupling needs to know how long gates take, which the noise {noise.text} "
            "does not say. Take a fake device, or `noise.DynamicalDecoupling` in Python."
        )
    return m.DynamicalDecoupling(backend, durations=durations_of(noise.device))


METHODS: dict[str, Method] = {
    "zne": Method(_zne, "zero-noise extrapolation"),
    "readout": Method(_readout, "inverse of the readout confusion"),
    "trex": Method(
        lambda backend, _, own: m.TREX(backend, seed=own.seed), "twirled readout error extinction"
    ),
    "twirling": Method(
        lambda backend, _, own: m.PauliTwirling(backend, seed=own.seed), "Pauli twirling"
    ),
    "pec": Method(
        lambda backend, noise, own: m.PEC(backend, noise.model, seed=own.seed),
        "probabilistic error cancellation",
    ),
    "cdr": Method(
        lambda backend, _, own: m.CDR(backend, seed=own.seed), "Clifford data regression"
    ),
    "qcluster": Method(lambda backend, *_: m.QCluster(backend), "Q-Cluster, with --shots"),
    "decoupling": Method(_decoupling, "dynamical decoupling"),
}


def wrapped(chain: str, backend: Backend, noise: NoiseSource, own: Choices) -> Backend:
    """A backend within a chain of methods.

    Args:
        chain: Names joined by `+`; the first is nearest to the machine, so that `readout+zne`
            extrapolates values whose readout error is removed.
        backend: The backend.
        noise: Its noise.
        own: Options of the methods.

    Raises:
        InvalidArgumentError: If a name is unknown.
    """
    return reduce(
        lambda inner, name: METHODS[name].build(inner, noise, own), names_of(chain), backend
    )


def names_of(chain: str) -> list[str]:
    """The names in a chain.

    >>> names_of("Readout + ZNE")
    ['readout', 'zne']
    """
    return [known_name(name.strip(), METHODS, "method") for name in chain.split("+")]
