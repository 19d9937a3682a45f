"""The list that new mitigation methods are added to."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from circuits import Backend
from noise import CDR, PEC, ZNE, DynamicalDecoupling, PauliTwirling
from noise.mitigation import Mitigation
from noise.mitigation.extrapolation import NeuralExtrapolator
from noise.mitigation.qcluster import QCluster
from noise.mitigation.readout import TREX, ReadoutCalibration, ReadoutInverse
from noise.mitigation.scaling import noise_model_of

DURATIONS = {"sx": 35e-9, "ry": 35e-9, "x": 35e-9, "cx": 300e-9}

Make = Callable[..., Mitigation]


@dataclass(frozen=True)
class MitigationClaim:
    """A mitigation method and what it promises beyond the laws of `Mitigation`.

    Attributes:
        name: Shown in the tests.
        make: Wraps a backend.
        refused: Arguments that `make` must refuse, each alone.
        reduces: The kind of noise, `"gates"` or `"readout"`, whose error it halves in the example
            circuit; `None` if its own tests say what it does.
        neutral: How far values of a noiseless backend may be moved.
        alone: Whether the values of a point do not depend on the other points.
        gradients: Whether gradients are those of the mitigated values. `False`: they pass, with the
            method's own estimates held constant.
        shifts: Whether parameter shifts of a machine without gradients are exact: mitigated values
            are linear in measured ones, and angles stay in one noisy gate.
        refuses: Methods that it does not wrap.
        random: Whether circuits are drawn, so that exact requests too have standard errors.
        spends: Whether all shots that were asked for are spent.
        exact: Whether it answers exact requests.
        samples: Whether it answers requests for samples.
        needs_samples: Whether estimates need an inner backend that gives samples.
        honest: Whether the reported variance is that of repeated runs; otherwise it may be larger,
            since it holds more than their scatter.
    """

    name: str
    make: Make
    refused: tuple[dict[str, Any], ...] = ()
    reduces: str | None = "gates"
    neutral: float = 1e-10
    alone: bool = True
    gradients: bool = True
    shifts: bool = True
    refuses: tuple[str, ...] = ()
    random: bool = False
    spends: bool = True
    exact: bool = True
    samples: bool = False
    needs_samples: bool = False
    honest: bool = True


def _zne(**options: Any) -> Make:
    return functools.partial(ZNE, **options)


def _readout(method: str) -> Make:
    return lambda backend, **options: ReadoutInverse(
        backend, **{"calibration": _calibration(backend), "method": method, **options}
    )


def _calibration(backend: Backend) -> ReadoutCalibration:
    model = noise_model_of(backend)
    if model is None:
        return ReadoutCalibration({0: [[1, 0], [0, 1]], 1: [[1, 0], [0, 1]]})
    return ReadoutCalibration.from_model(model, 2)


@functools.cache
def _trained() -> NeuralExtrapolator:
    """A network that has seen exponential decays."""
    source = torch.Generator().manual_seed(4)
    exact = 2 * torch.rand(400, generator=source, dtype=torch.float64) - 1
    rates = 0.1 * torch.rand(400, generator=source, dtype=torch.float64)
    factors = torch.tensor([1.0, 3.0, 5.0], dtype=torch.float64)
    values = exact * (-rates * factors[:, None]).exp()
    return NeuralExtrapolator((1.0, 3.0, 5.0)).fit(values, exact, steps=150)


MITIGATIONS: Sequence[MitigationClaim] = (
    MitigationClaim(
        "zne",
        _zne(),
        shifts=False,
        refused=(
            {"factors": (1, 3), "extrapolator": "quadratic"},
            {"factors": (1, 1, 3), "extrapolator": "linear"},
            {"factors": (0.5, 1, 3)},
            {"factors": ()},
            {"factors": (1, 3, float("nan"))},
            {"fold": "local"},
            {"extrapolator": "cubic-spline"},
            {"gates": ("cx",)},
            {"seed": 3},
            {"fold": "gates", "gates": ("cxx",)},
        ),
    ),
    MitigationClaim("zne-gates-linear", _zne(fold="gates", extrapolator="linear")),
    MitigationClaim("zne-random", _zne(factors=(1, 2, 3), fold="random", seed=3)),
    MitigationClaim("zne-identity", _zne(factors=(1, 1.5), fold="identity", extrapolator="linear"),
                    reduces=None),
    MitigationClaim(
        "zne-exponential", _zne(extrapolator=["exponential", "linear"]), shifts=False, honest=False
    ),
    MitigationClaim("zne-free", _zne(extrapolator="exponential-free"), shifts=False, honest=False),
    MitigationClaim(
        "zne-poly-exponential", _zne(extrapolator="poly-exponential"), shifts=False, honest=False
    ),
    MitigationClaim("zne-scale", _zne(fold="scale"), refused=({"gates": ("cx",)},)),
    MitigationClaim(
        "zne-adaptive",
        _zne(factors=(1, 2), extrapolator="adaptive-exponential"),
        alone=False, gradients=False, shifts=False, spends=False, honest=False,
    ),
    MitigationClaim(
        "zne-neural",
        lambda backend: ZNE(backend, extrapolator=_trained()),
        neutral=0.05, shifts=False,
    ),
    MitigationClaim(
        "twirling",
        functools.partial(PauliTwirling, n_twirls=8),
        refused=({"n_twirls": 0}, {"n_twirls": 2.5}, {"gates": ()}, {"gates": ("x",)},
                 {"gates": ("cxx",)}, {"seed": "a"}),
        reduces=None, random=True, samples=True,
    ),
    MitigationClaim(
        "pec",
        functools.partial(PEC, n_samples=60),
        refused=({"n_samples": 1}, {"n_samples": "some"}, {"max_overhead": 0.5},
                 {"noise_model": "depolarizing"}, {"seed": 1.5}),
        refuses=("ZNE", "PEC", "CDR"), random=True,
    ),
    MitigationClaim(
        "cdr",
        functools.partial(CDR, n_training=20),
        refused=({"n_training": 2}, {"fraction_non_clifford": 1.0},
                 {"fraction_non_clifford": -0.1}, {"simulator": "statevector"}, {"seed": "a"}),
        gradients=False, shifts=False, random=True, honest=False,
    ),
    MitigationClaim(
        "decoupling",
        functools.partial(DynamicalDecoupling, durations=DURATIONS),
        refused=({"sequence": "XYZ"}, {"sequence": ("X", "Y")}, {"sequence": ()},
                 {"durations": {"cx": -1.0}}, {"durations": {}}, {"spacing": (0.5, 0.5)},
                 {"spacing": (1.0, 1.0, -1.0)}, {"repetitions": 0}),
        reduces=None, samples=True,
    ),
    MitigationClaim(
        "readout-tensored",
        _readout("tensored"),
        refused=({"method": "inverse"}, {"calibration": {0: [[1, 0], [0, 1]]}}),
        reduces="readout", samples=True,
    ),
    MitigationClaim("readout-full", _readout("full"), reduces="readout", samples=True,
                    needs_samples=True),
    MitigationClaim("readout-subspace", _readout("subspace"), reduces="readout", samples=True,
                    needs_samples=True),
    MitigationClaim(
        "trex",
        functools.partial(TREX, n_twirls=8),
        refused=({"n_twirls": 1}, {"calibration_share": 0.0}, {"calibration_share": 1.0},
                 {"seed": "a"}),
        reduces="readout", shifts=False, needs_samples=True,
    ),
    MitigationClaim(
        "q-cluster",
        functools.partial(QCluster, p=0.05),
        refused=({"p": 0.5}, {"p": -0.1}, {"p": (0.1, 0.6)}, {"max_clusters": 0}),
        reduces=None, exact=False, samples=True, needs_samples=True,
    ),
)  # fmt: skip
