"""Twirled readout: exact for balanced flips, unbiased otherwise, errors as reported.

Sampled checks have fixed seeds; for a fresh seed a false alarm has a chance below 1e-6.
"""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest
import torch

from circuits import Circuit, DensityMatrix, PauliSum, Request, Result, StateVector, weights
from circuits import gates as g
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from noise.channels import Depolarizing
from noise.mitigation.readout import TREX
from noise.mitigation.readout.groups import groups_of
from noise.mitigation.readout.masks import twirl_masks
from noise.mitigation.readout.trex_means import FLIPS, STRENGTH, reference_group, sampled_means
from noise.model import NoiseModel
from noise.pauli_transfer import PauliTransfer
from noise.trajectories import Trajectories
from tests.noise.mitigation.correlated_readout import CorrelatedReadout
from tests.noise.mitigation.gate_noise import BASIS, GateNoise
from tests.support.properties import assert_gradients_match, assert_plausible

ERRORS = ((0.02, 0.08), (0.05, 0.01), (0.1, 0.15))
OBSERVED = (
    PauliSum("Z0"),
    PauliSum({"X1 Y2": 0.5, "Z1 Z2": -0.3, "": 0.2}),
    PauliSum("Z0 Z1 Z2"),
    PauliSum("Y2"),
)


def noisy(engine: str = "torch") -> PauliTransfer:
    model = NoiseModel()
    for qubit, (a, b) in enumerate(ERRORS):
        model.add_readout([[1 - a, a], [b, 1 - b]], qubit)
    return PauliTransfer(model, engine=engine)


def circuit() -> Circuit:
    w = weights(4)
    return Circuit(
        3,
        [g.ry(w[0], 0), g.rx(w[1], 1), g.cx(0, 1), g.ry(w[2], 2), g.cx(1, 2), g.rz(w[3], 2),
         g.rx(0.3, 2)],
    )  # fmt: skip


def request(observables=OBSERVED, dtype=torch.float64, **options) -> Request:
    generator = torch.Generator().manual_seed(2)
    table = 3 * torch.rand(3, 4, generator=generator, dtype=torch.float64)
    return Request(circuit(), table.to(dtype), observables, **options)


def exact(observables=OBSERVED) -> torch.Tensor:
    return StateVector("torch").run([request(observables)])[0].values


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("n_twirls", [8, 16])
def test_all_flips_restore_exact_values(n_twirls, dtype):
    found = TREX(noisy(), n_twirls=n_twirls).run([request(dtype=dtype)])[0]
    assert found.values.dtype == dtype
    assert found.variances is None
    atol = 1e-12 if dtype == torch.float64 else 1e-5
    torch.testing.assert_close(found.values.double(), exact(), rtol=0, atol=atol)
    assert found.metadata["circuits"] == 3 * n_twirls  # two groups and the calibration


@pytest.mark.parametrize("seed", range(5))
def test_four_twirls_are_exact_for_pairs(seed):
    pairs = (OBSERVED[0], OBSERVED[1], OBSERVED[3])
    found = TREX(noisy(), n_twirls=4, seed=seed).run([request(pairs)])[0]
    torch.testing.assert_close(found.values, exact(pairs), rtol=0, atol=1e-12)
    assert found.metadata["twirl_strength"] == 2


def test_random_twirls_converge():
    """Seven random flips, over 50 seeds: an unbiased mean to first order."""
    runs = [TREX(noisy(), n_twirls=7, seed=seed).run([request()])[0] for seed in range(50)]
    values = torch.stack([run.values for run in runs])
    assert float(values.std(0).max()) > 1e-3
    off = (values.mean(0) - exact()).abs()
    raw = (noisy().run([request()])[0].values - exact()).abs()
    assert float(off.max()) < 0.15 * float(raw.max())


def test_errors_hold_the_spread_of_random_twirls():
    """Without shots too: over 60 seeds the errors have the size of the deviations."""
    runs = [TREX(noisy("auto"), n_twirls=6, seed=seed).run([request()])[0] for seed in range(60)]
    spread = torch.stack([run.values for run in runs]).var(0).mean(0)
    reported = torch.stack([run.variances for run in runs]).mean((0, 1))
    assert bool((reported > 0.5 * spread).all()), reported / spread
    assert bool((reported < 2 * spread).all()), reported / spread


def test_errors_of_estimates_propagate():
    """A backend without shots may estimate: one letter exactly, sums of strings by a bound."""
    model = NoiseModel(missing="ignore").add(Depolarizing(0.1), gates=["rx", "ry", "rz", "x"])
    for qubit, (a, b) in enumerate(ERRORS):
        model.add_readout([[1 - a, a], [b, 1 - b]], qubit)
    runs = [
        TREX(Trajectories(model, 60), n_twirls=8).run([request(generator=seed)])[0]
        for seed in range(25)
    ]
    values = torch.stack([run.values for run in runs])
    reported = torch.stack([run.variances for run in runs]).mean((0, 1))
    spread = values.var(0).mean(0)
    assert bool((reported > 0.6 * spread).all()), reported / spread
    assert bool((reported[[0, 2, 3]] < 2 * spread[[0, 2, 3]]).all()), reported / spread


def test_gradients_pass():
    def function(values):
        return TREX(noisy(), n_twirls=8).run([Request(circuit(), values, OBSERVED)])[0].values

    assert_gradients_match(function, [request().values])


@pytest.mark.parametrize("n_twirls", [4, 6, 32])
def test_sampled_values_are_plausible(n_twirls):
    asked = request(shots=24_000, generator=3)
    found = TREX(noisy(), n_twirls=n_twirls, calibration_share=0.3).run([asked])[0]
    assert_plausible(found.values, exact(), found.standard_errors)
    plain = noisy().run([request(shots=24_000, generator=3)])[0]
    assert bool((found.standard_errors > plain.standard_errors).all())
    cost = TREX(noisy(), n_twirls=n_twirls).cost(asked)
    assert found.metadata["shots"] == cost.shots == 24_000
    assert found.metadata["circuits"] == cost.circuits == 3 * n_twirls


def test_standard_errors_are_the_spread():
    """200 runs with few calibration shots: mean squared errors within 6 sigma of chi^2."""
    pair = Circuit(2, [g.ry(0.7, 0), g.cx(0, 1)])
    observed = [PauliSum("Z0"), PauliSum({"Z0 Z1": 0.5, "Z1": -0.4}), PauliSum("X0 X1")]
    nothing, seeds = torch.zeros(1, 0, dtype=torch.float64), range(200)
    backend = TREX(noisy(), n_twirls=4, calibration_share=0.2)
    results = backend.run([Request(pair, nothing, observed, shots=800, generator=s) for s in seeds])
    ratio = torch.stack([r.values for r in results]).var(0)
    ratio = ratio / torch.stack([r.variances for r in results]).mean(0)
    # balanced flips remove some of the variance of the reported, pooled one
    assert float(ratio.max()) < 1 + 6 * (2 / 199) ** 0.5
    assert float(ratio.min()) > 0.9 - 6 * (2 / 199) ** 0.5


def test_variances_are_those_of_a_ratio():
    """Two strings over one calibration: the delta method, written out for two flips."""
    generator = torch.Generator().manual_seed(1)
    groups, _ = groups_of([PauliSum({"Z0": 0.7, "Z1": -0.4})])
    reference = reference_group(groups)
    flips = ([0, 0], [1, 1])

    def runs(shots: int, ones: float) -> list[Result]:
        facts = [{FLIPS: list(flip), STRENGTH: 2} for flip in flips]
        drawn = [torch.rand(1, shots, 2, generator=generator) < ones for _ in flips]
        masks = [torch.tensor(flip, dtype=torch.uint8) for flip in flips]
        return [
            Result(samples=bits.to(torch.uint8) ^ mask, metadata=fact)
            for bits, mask, fact in zip(drawn, masks, facts, strict=True)
        ]

    data, calibration = runs(300, 0.3), runs(100, 0.1)
    value, variance = sampled_means(groups, [data], reference, calibration)

    def signs(part: list[Result]) -> np.ndarray:
        rows = [r.samples[0] ^ torch.tensor(r.metadata[FLIPS], dtype=torch.uint8) for r in part]
        return 1.0 - 2.0 * torch.cat(rows).double().numpy()

    z, reference_z, c = signs(data), signs(calibration), np.array([0.7, -0.4])
    d, f = z.mean(0), reference_z.mean(0)
    assert float(value) == pytest.approx(c @ (d / f), abs=1e-12)
    expected = (z @ (c / f)).var(ddof=1) / 600 + (reference_z @ (c * d / f**2)).var(ddof=1) / 200
    assert float(variance) == pytest.approx(expected, rel=1e-9)


def test_correlated_errors_need_no_model():
    flips = Circuit(2, [g.rx(0.7, 0), g.ry(0.4, 1), g.cx(0, 1)])
    ask = Request(
        flips, torch.zeros(1, 0, dtype=torch.float64), [PauliSum("Z0 Z1"), PauliSum("Z0")]
    )
    truth = StateVector("torch").run([ask])[0].values
    backend = CorrelatedReadout(DensityMatrix("torch"), 0.2)
    assert not torch.allclose(backend.run([ask])[0].values, truth, rtol=0, atol=1e-3)
    found = TREX(backend, n_twirls=4).run([ask])[0].values
    torch.testing.assert_close(found, truth, rtol=0, atol=1e-12)


def test_flips_are_native():
    """A machine without x: flips are written as it has them, and nothing else is added."""
    basis = tuple(name for name in BASIS if name != "x")
    machine = GateNoise({}, basis)
    native = Circuit(2, [g.sx(0), g.cx(0, 1)])
    ask = Request(native, torch.zeros(1, 0, dtype=torch.float64), [PauliSum("Z0 Y1")])
    found = TREX(machine, n_twirls=4).run([ask])[0]
    truth = StateVector("torch").run([ask])[0].values
    torch.testing.assert_close(found.values, truth, rtol=0, atol=1e-12)
    names = {op.name for ran in machine.ran for op in ran.ops}
    assert names == {"sx", "cx"}


@pytest.mark.parametrize(("n_qubits", "n_twirls"), [(1, 2), (3, 8), (4, 8), (7, 8), (16, 32)])
def test_masks_are_balanced_up_to_their_strength(n_qubits, n_twirls):
    masks = twirl_masks(n_qubits, n_twirls, torch.Generator().manual_seed(1))
    assert masks.flips.shape == (n_twirls, n_qubits)
    assert masks.strength >= 1
    for columns in itertools.combinations(range(n_qubits), min(masks.strength, n_qubits)):
        signs = (1 - 2.0 * masks.flips[:, list(columns)]).prod(1)
        assert signs.sum() == 0


def test_masks_in_other_numbers_are_random():
    generator = torch.Generator().manual_seed(1)
    for n_qubits, n_twirls in ((3, 6), (9, 8)):
        masks = twirl_masks(n_qubits, n_twirls, generator)
        assert masks.strength == 0
        assert set(np.unique(masks.flips)) == {0, 1}
        assert len(np.unique(masks.flips, axis=0)) > 1
    assert (twirl_masks(4, 8, generator).flips != twirl_masks(4, 8, generator).flips).any()


def test_seeds_and_copies():
    backend = TREX(noisy(), n_twirls=6, seed=5)
    for twin in (copy.deepcopy(backend), pickle.loads(pickle.dumps(backend))):
        assert repr(twin) == repr(backend)
        assert torch.equal(twin.run([request()])[0].values, backend.run([request()])[0].values)
    free = TREX(noisy(), n_twirls=6)
    first, again, other = (free.run([request(generator=s)])[0].values for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_constants_and_empty_runs():
    backend = TREX(noisy(), n_twirls=4)
    constant = request((PauliSum({"": 0.5}),))
    values = backend.run([constant])[0].values
    torch.testing.assert_close(values, torch.full_like(values, 0.5), rtol=0, atol=1e-12)
    spent = request((PauliSum({"": 0.5}),), shots=100)
    assert backend.run([spent])[0].metadata["shots"] == backend.cost(spent).shots == 100
    assert backend.run([]) == []


def test_bad_input():
    with pytest.raises(InvalidArgumentError, match="n_twirls"):
        TREX(noisy(), n_twirls=1)
    for share in (0.0, 1.0):
        with pytest.raises(InvalidArgumentError, match="calibration_share"):
            TREX(noisy(), calibration_share=share)
    with pytest.raises(UnsupportedOperationError, match="not distributions"):
        TREX(noisy()).run([Request(circuit(), request().values, qubits=(0,), shots=10)])
    with pytest.raises(InvalidArgumentError, match="32 twirls"):
        TREX(noisy()).run([request(shots=40)])
    blind = NoiseModel().add_readout([[0.5, 0.5], [0.5, 0.5]], [0, 1, 2])
    backend = TREX(PauliTransfer(blind, engine="torch"), n_twirls=4)
    for shots in (None, 400):
        with pytest.raises(InvalidArgumentError, match=r"readout of qubits \[0\]"):
            backend.run([request((PauliSum("Z0"),), shots=shots, generator=1)])
