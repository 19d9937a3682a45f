"""SPSA and Adam-SPSA: their formulas, presets, stages, and resuming."""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest
import torch

from circuits.errors import InvalidArgumentError
from optim.optimizers import PRESETS, QNSPSA, SPSA, AdamSPSA, Rotosolve, Stage
from optim.optimizers.base import drawn_seed, signs
from optim.optimizers.presets import Moments
from optim.optimizers.spsa import Gains, estimate
from tests.optim.optimizers.circuits_to_optimize import energy_of, plain, start, tied


def test_a_step_by_hand():
    x = torch.nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    optimizer = SPSA([x], a=0.5, c=0.2, alpha=1.0, gamma=0.5, stability=3.0, generator=4)
    slope = np.array([3.0, -1.0])

    def closure():
        return x @ torch.from_numpy(slope)

    point = np.array([1.0, -2.0])
    for k in range(3):
        direction = signs(4, k, (2,))
        gradient = slope @ direction * direction  # of a linear function, whatever c
        point = point - 0.5 / (k + 1 + 3) * gradient
        optimizer.step(closure)
        np.testing.assert_allclose(x.detach().numpy(), point, atol=1e-12)


def test_points_of_a_step():
    """Two points, c / (k + 1)^gamma away on either side, and the first one's loss returned."""
    x = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
    optimizer = SPSA([x], c=0.4, gamma=0.5, generator=0)
    seen = []

    def closure():
        seen.append(x.detach().clone())
        return 7.0 + len(seen)

    assert optimizer.step(closure) == 8.0
    assert len(seen) == 2
    torch.testing.assert_close(seen[0].abs(), torch.full((3,), 0.4, dtype=torch.float64))
    torch.testing.assert_close(seen[0], -seen[1])
    x.data.zero_()
    optimizer.step(closure)
    expected = torch.full((3,), 0.4 / 2**0.5, dtype=torch.float64)
    torch.testing.assert_close(seen[2].abs(), expected)


def test_the_estimate_is_the_gradient_on_average():
    """Over all 8 sign vectors of three parameters of a quadratic function it is exact."""
    point, matrix = np.array([0.3, -0.2, 0.5]), np.diag([1.0, 2.0, 3.0])
    drawn = {tuple(signs(9, k, (1, 3))[0]): k for k in range(200)}
    assert len(drawn) == 8
    found = []
    for k in drawn.values():
        steps = estimate(point, k, 0.1, 9)
        points = next(steps)
        with pytest.raises(StopIteration) as done:
            steps.send(np.einsum("ki,ij,kj->k", points, matrix, points))
        found.append(done.value.value)
    np.testing.assert_allclose(np.mean(found, axis=0), 2 * matrix @ point, atol=1e-12)


def test_adam_spsa_by_hand():
    x = torch.nn.Parameter(torch.tensor([0.5, 0.5], dtype=torch.float64))
    numbers = {"a": 0.3, "alpha": 0.9, "c": 0.1, "gamma": 0.2}
    moments = {"beta1": 0.8, "beta2": 0.6, "decay": 0.7}
    optimizer = AdamSPSA([x], **numbers, **moments, generator=1)
    slope = np.array([2.0, -0.5])
    point, m, v, kept_m, kept_v = np.array([0.5, 0.5]), 0.0, 0.0, 1.0, 1.0
    for k in range(4):
        direction = signs(1, k, (2,))
        gradient = slope @ direction * direction
        beta1 = 0.8 / (k + 1) ** 0.7
        m, v = beta1 * m + (1 - beta1) * gradient, 0.6 * v + 0.4 * gradient**2
        kept_m, kept_v = kept_m * beta1, kept_v * 0.6
        scaled = m / (1 - kept_m) / (np.sqrt(v / (1 - kept_v)) + 1e-8)
        point = point - 0.3 / (k + 1) ** 0.9 * scaled
        optimizer.step(lambda: x @ torch.from_numpy(slope))
        np.testing.assert_allclose(x.detach().numpy(), point, atol=1e-12)


def test_shots_rise_from_stage_to_stage():
    x = torch.nn.Parameter(torch.zeros(2))
    stages = [Stage(4, 10), Stage(2, 100), Stage(2)]
    optimizer = AdamSPSA([x], stages=stages, generator=0)
    seen = []
    while not optimizer.finished:
        seen.append(optimizer.shots)
        optimizer.step(lambda: (x**2).sum())
    assert seen == [10, 10, 100, None]
    assert optimizer.shots is None


@pytest.mark.parametrize(
    ("name", "schedule", "expected"),
    [
        ("h2-2q", "code", [(500, 10**3)]),
        ("h2-3q", "paper", [(500, 10**4)]),
        ("lih-4q", "code", [(1191, 10**5), (357, 10**6), (119, 10**7)]),
        ("lih-4q", "paper", [(1191, 10**6), (357, 10**7), (119, 10**8)]),
        ("lih-6q", "code", [(1430, 10**6), (429, 10**7), (143, 10**8)]),
    ],
)
def test_presets(name, schedule, expected):
    stages = PRESETS[name].stages(schedule)
    assert [(stage.evaluations, stage.shots) for stage in stages] == expected
    x = torch.nn.Parameter(torch.zeros(2))
    optimizer = AdamSPSA.from_preset([x], name, schedule=schedule, generator=0)
    assert optimizer.shots == expected[0][1]
    assert optimizer.options["a"] == PRESETS[name].gains.a
    assert optimizer.options["decay"] == PRESETS[name].moments.decay


def test_published_numbers():
    preset = PRESETS["lih-6q"]
    assert preset.gains == Gains(1.7564, 0.8365, 0.1068, 0.1549)
    assert preset.moments == Moments(0.6841, 0.9048, 0.1223)
    assert preset.gains.step(3) == pytest.approx(1.7564 / 4**0.8365)
    assert preset.gains.radius(3) == pytest.approx(0.1068 / 4**0.1549)
    assert preset.moments.first(3) == pytest.approx(0.6841 / 4**0.1223)


MAKERS = {
    "spsa": lambda x, c: SPSA([x], samples=2, generator=5),
    "adam-spsa": lambda x, c: AdamSPSA([x], stages=[Stage(6, 3), Stage(6, 9)], generator=5),
    "qn-spsa": lambda x, c: QNSPSA([x], c, generator=5),
    "rotosolve": lambda x, c: Rotosolve([x], circuit=c),
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_resumed_run_goes_on_as_the_uninterrupted_one(name, dtype):
    circuit = tied()

    def run(optimizer, parameter, steps):
        return [optimizer.step(lambda: energy_of(circuit, parameter)) for _ in range(steps)]

    whole = start(circuit, dtype=dtype)
    expected = run(MAKERS[name](whole, circuit), whole, 7)

    first = start(circuit, dtype=dtype)
    optimizer = MAKERS[name](first, circuit)
    losses = run(optimizer, first, 3)
    file = io.BytesIO()
    torch.save({"x": first, "optimizer": optimizer.state_dict()}, file)
    run(optimizer, first, 1)  # what was saved does not change with the run
    saved = torch.load(io.BytesIO(file.getvalue()), weights_only=True)
    second = torch.nn.Parameter(saved["x"].detach().clone())
    resumed = MAKERS[name](second, circuit)
    resumed.load_state_dict(copy.deepcopy(saved["optimizer"]))
    losses += run(resumed, second, 4)
    if "adam" not in name and name != "spsa":
        # matrix products may round differently by address in memory
        tolerance = 1e-4 if dtype == torch.float32 else 1e-8
        np.testing.assert_allclose(losses, expected, atol=tolerance)
        torch.testing.assert_close(second, whole, atol=tolerance, rtol=0)
        return
    assert losses == expected
    assert torch.equal(second, whole)


@pytest.mark.parametrize("name", ["spsa", "adam-spsa", "qn-spsa"])
def test_seeds(name):
    def moved(make):
        parameter = start(plain())
        optimizer = make(parameter)
        optimizer.step(lambda: energy_of(plain(), parameter))
        return parameter.detach()

    makers = {
        "spsa": SPSA,
        "adam-spsa": AdamSPSA,
        "qn-spsa": lambda p, **k: QNSPSA(p, plain(), **k),
    }
    make = makers[name]
    same = [moved(lambda x: make([x], generator=3)) for _ in range(2)]
    torch.testing.assert_close(*same)
    assert (same[0] - moved(lambda x: make([x], generator=4))).abs().max() > 1e-3
    drawn = [
        moved(lambda x: make([x], generator=torch.Generator().manual_seed(1))) for _ in range(2)
    ]
    torch.testing.assert_close(*drawn)


def test_seeds_are_checked():
    assert drawn_seed(-1) >= 0
    with pytest.raises(InvalidArgumentError, match="generator"):
        drawn_seed("seed")  # type: ignore[arg-type]


def test_schedulers_change_the_step():
    x = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
    optimizer = SPSA([x], generator=0)
    optimizer.param_groups[0]["a"] = 1e-9
    optimizer.step(lambda: (x**2).sum())
    torch.testing.assert_close(x.detach(), torch.ones(2, dtype=torch.float64), atol=1e-7, rtol=0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: SPSA([x], a=0.0), "`a`"),
        (lambda x: SPSA([x], c=-1.0), "`c`"),
        (lambda x: SPSA([x], alpha=float("nan")), "`alpha`"),
        (lambda x: SPSA([x], samples=0), "`samples`"),
        (lambda x: AdamSPSA([x], beta1=1.0), "beta1"),
        (lambda x: AdamSPSA([x], stages=[Stage(0)]), "evaluations"),
        (lambda x: AdamSPSA([x], stages=[Stage(2, 0)]), "shots"),
        (lambda x: AdamSPSA.from_preset([x], "water"), "preset"),
        (lambda x: AdamSPSA.from_preset([x], "lih-4q", schedule="long"), "schedule"),
        (lambda x: QNSPSA([x], plain(), damping=0.0), "damping"),
        (lambda x: SPSA([x]).step(), "closure"),
    ],
)
def test_refused(make, words):
    with pytest.raises(InvalidArgumentError, match=words):
        make(torch.nn.Parameter(torch.zeros(3, 3)))
