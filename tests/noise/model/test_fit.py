"""Fitting strengths and readout to counts: known values are found, errors are honest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from circuits import Circuit, errors, inputs, weights
from circuits import gates as g
from noise import (
    AmplitudeDamping,
    BitFlip,
    Depolarizing,
    NoiseModel,
    OverRotation,
    PauliChannel,
    PauliTransfer,
    ThermalRelaxation,
    fit,
)
from noise.model.binding import template_ops
from noise.model.experiments import Experiments
from noise.model.ranges import Ranges

SHOTS = 20_000
# Largest |z| allowed: a normal variable exceeds 5.6 with probability 2.1e-8; fewer than 40 such
# numbers are tested here, so the false-alarm rate is below 1e-6.
FAR = 5.6


def circuits(seed: int, count: int, n: int = 2) -> list[Circuit]:
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        ops = []
        for _ in range(8):
            q = int(rng.integers(n))
            choice = [g.h(q), g.sx(q), g.x(q), *([g.cx(q, (q + 1) % n)] if n > 1 else [])]
            ops += [choice[rng.integers(len(choice))], g.rz(float(rng.normal()), q)]
        made.append(Circuit(n, ops))
    return made


def measured(model: NoiseModel, of: list[Circuit], seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [c.sample(SHOTS, backend=PauliTransfer(model), generator=generator) for c in of]


def test_known_strengths_and_readout_are_recovered() -> None:
    true = torch.tensor([0.03, 0.05, 0.02, 0.04], dtype=torch.float64)

    def model(s: Any) -> NoiseModel:
        made = NoiseModel().add(Depolarizing(s[0], 2), gates="cx")
        made.add(AmplitudeDamping(s[1]), gates=["h", "x"])
        return made.add(PauliChannel({"X": s[2], "Z": s[3]}), gates="sx")

    confusion = {0: [[0.97, 0.03], [0.06, 0.94]], 1: [[0.98, 0.02], [0.05, 0.95]]}
    real = model(true.tolist())
    for qubit, matrix in confusion.items():
        real.add_readout(matrix, qubit)
    of = circuits(0, 8)
    result = fit(model(weights(4)), of, measured(real, of, 1), readout=True, progress=False)
    assert result.converged
    z = (result.estimates["weight"] - true) / result.standard_errors["weight"]
    assert z.abs().max() < FAR
    assert result.standard_errors["weight"].max() < 0.01
    for qubit, matrix in confusion.items():
        found = result.model.readout[qubit]
        off = np.array([found[0, 1] - matrix[0][1], found[1, 0] - matrix[1][0]])
        assert np.abs(off / result.readout_errors[qubit]).max() < FAR
    # The deviance is chi-squared with k = degrees of freedom, mean k and variance 2k.
    k = result.degrees_of_freedom
    assert k == 8 * 3 - 8
    assert result.deviance < k + 9 * np.sqrt(2 * k)
    assert result.model.parameters == ()
    assert result.covariance.shape == (8, 8)
    assert "degrees of freedom" in repr(result)


def test_one_strength_against_the_closed_form() -> None:
    # x then bit flip p: 1 is read with 1 - p, so the estimate is the observed frequency and its
    # standard error sqrt(p (1 - p) / N).
    w = weights(name="p")
    counts = {"1": 9_300, "0": 700}
    result = fit(NoiseModel().add(BitFlip(w), gates="x"), [Circuit(1, [g.x(0)])], [counts])
    assert float(result.estimates["p"]) == pytest.approx(0.07, abs=1e-6)
    expected = np.sqrt(0.07 * 0.93 / 10_000)
    assert float(result.standard_errors["p"]) == pytest.approx(expected, rel=1e-4)
    assert result.deviance == pytest.approx(0, abs=1e-6)
    likelihood = 9_300 * np.log(0.93) + 700 * np.log(0.07)
    assert result.log_likelihood == pytest.approx(likelihood, rel=1e-9)


def test_relaxation_times_from_delays() -> None:
    t = weights(2, name="times")
    of = [Circuit(1, [g.x(0), g.delay(s, 0)]) for s in (2e-5, 6e-5, 1.5e-4)]
    of += [Circuit(1, [g.sx(0), g.delay(s, 0), g.sx(0)]) for s in (2e-5, 6e-5, 1e-4)]
    real = NoiseModel().add_idle(0, 8e-5, 6e-5)
    result = fit(NoiseModel().add_idle(0, t[0], t[1]), of, measured(real, of, 4))
    z = (result.estimates["times"] - torch.tensor([8e-5, 6e-5])) / result.standard_errors["times"]
    assert z.abs().max() < FAR


def test_derivatives_of_probabilities_are_those_of_finite_differences() -> None:
    w = weights(2)
    model = NoiseModel().add(Depolarizing(w[1], 2), gates="cx").add(BitFlip(w[0]), gates="sx")
    model.add_readout([[0.9, 0.1], [0.2, 0.8]], 1)
    of = circuits(5, 2)
    symbols = Ranges(template_ops(model.rules, model.idle)).symbols
    experiments = Experiments(model, of, [(0, 1), (1,)], symbols, [0])
    values = torch.tensor([0.1, 0.05, 0.03, 0.07], dtype=torch.float64)
    probabilities, slopes = experiments.slopes(values)
    assert experiments.sizes == [4, 2]
    assert probabilities.shape == (6,)
    step = 1e-6
    for k in range(4):
        moved = torch.zeros(4, dtype=torch.float64)
        moved[k] = step
        up, down = (experiments.slopes(values + sign * moved)[0] for sign in (1, -1))
        torch.testing.assert_close(slopes[:, k], (up - down) / (2 * step), atol=1e-9, rtol=0)


def test_only_the_measured_qubits_of_a_large_device_are_simulated() -> None:
    w = weights(2)
    model = NoiseModel().add(BitFlip(w[0]), gates="x", qubits=[100])
    model.add(BitFlip(w[1]), gates="x", qubits=[7])
    circuit = Circuit(127, [g.x(100), g.x(7)], measured={100: 1, 7: 0})
    result = fit(model, circuit, {"1 1": 810, "0 1": 130, "10": 40, "00": 20})
    # Bit 1 is 0 in 150 of 1000 shots, bit 0 in 60.
    assert result.estimates["weight"].tolist() == pytest.approx([0.15, 0.06], abs=1e-6)


def test_a_search_that_was_cut_short_says_so() -> None:
    model = NoiseModel().add(BitFlip(weights(name="p")), gates="x")
    counts = {"1": 7_000, "0": 3_000}
    result = fit(model, Circuit(1, [g.x(0)]), counts, max_iterations=1)
    assert not result.converged
    assert "NOT CONVERGED after 1 steps" in repr(result)


def test_at_the_end_of_a_range_the_error_is_the_reach_of_the_likelihood() -> None:
    # 500 ones after x: L = (1 - a)^500 is largest at a = 0 and falls by a factor e at 1 / 500. The
    # second strength is estimated as without the first.
    w = weights(2)
    model = NoiseModel().add(BitFlip(w[0]), gates="x").add(BitFlip(w[1]), gates="y")
    of = [Circuit(1, [g.x(0)]), Circuit(1, [g.y(0)])]
    result = fit(model, of, [{"1": 500}, {"1": 450, "0": 50}])
    found, off = result.estimates["weight"], result.standard_errors["weight"]
    assert 0 <= float(found[0]) < 1e-5
    assert float(off[0]) == pytest.approx(1 / 500, rel=1e-3)
    assert found[1].item() == pytest.approx(0.1, abs=1e-6)
    assert float(off[1]) == pytest.approx(np.sqrt(0.1 * 0.9 / 500), rel=1e-3)
    assert result.converged


def test_a_search_that_rounding_ends_has_converged() -> None:
    model = NoiseModel().add(OverRotation(weights(name="a"), "X"), gates="sx")
    result = fit(model, Circuit(1, [g.sx(0)]), {"1": 4500, "0": 5500})
    assert float(result.estimates["a"]) == pytest.approx(-np.arcsin(0.1), abs=1e-6)
    assert result.converged


def test_what_the_data_do_not_determine_has_an_infinite_error() -> None:
    # Two flips in a row: only (1 - 2a)(1 - 2b) shows.
    w = weights(3)
    model = NoiseModel().add(BitFlip(w[0]), gates="x").add(BitFlip(w[1]), gates="x")
    result = fit(model, [Circuit(1, [g.x(0)])], [{"1": 900, "0": 100}])
    assert torch.isinf(result.standard_errors["weight"][:2]).all()
    assert torch.isnan(result.estimates["weight"][2])
    p = result.estimates["weight"][:2]
    assert float((1 - 2 * p).prod()) == pytest.approx(0.8, abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_free_parameters_and_values_are_inverse(seed: int) -> None:
    w = weights(9)
    model = NoiseModel().add(Depolarizing(w[0])).add(PauliChannel({"X": w[1], "Y": w[2]}))
    model.add(ThermalRelaxation(w[3], w[4], 1e-7, w[5])).add(AmplitudeDamping(1 - 2 * w[6]))
    model.add(ThermalRelaxation(1.0, w[7], 0.1)).add(PauliChannel(dict.fromkeys("XYZ", w[8])))
    ranges = Ranges(template_ops(model.rules, model.idle))
    rng = np.random.default_rng(seed)
    free = torch.tensor(rng.normal(0, 3, len(ranges.symbols)))
    values = ranges.values(free)
    model.bind(torch.stack([values[[s.index for s in ranges.symbols].index(k)] for k in range(9)]))
    given = dict(zip(ranges.symbols, values.tolist(), strict=True))
    torch.testing.assert_close(ranges.start(given), free, atol=1e-6, rtol=1e-6)


def test_bad_input() -> None:
    w = weights(2)
    circuit, counts = Circuit(1, [g.x(0)]), {"0": 1, "1": 9}
    model = NoiseModel().add(BitFlip(w[0]), gates="x")

    def refuse(error: Any, text: str, *arguments: Any, **options: Any) -> None:
        with pytest.raises(error, match=text):
            fit(*arguments, **options)

    refuse(errors.ArgumentTypeError, "NoiseModel", "model", [circuit], [counts])
    refuse(
        errors.SymbolError, "nothing to fit", NoiseModel().add(BitFlip(0.1)), [circuit], [counts]
    )
    refuse(errors.InvalidArgumentError, "equally long", model, [circuit], [])
    refuse(errors.InvalidArgumentError, "not empty", model, [], [])
    refuse(errors.ShapeError, "bitstrings of the circuit's 1", model, [circuit], [{"00": 1}])
    refuse(errors.ShapeError, "uint8", model, [circuit], [torch.zeros(3, 2)])
    refuse(errors.InvalidArgumentError, "at least 0", model, [circuit], [{"0": -1}])
    refuse(errors.InvalidArgumentError, "no measurement", model, [circuit], [{}])
    refuse(errors.ArgumentTypeError, "dict of counts", model, [circuit], [[1, 9]])
    symbolic = Circuit(1, [g.rx(weights(1, name="mine")[0], 0), g.x(0)])
    refuse(errors.SymbolError, "symbols of its own", model, [symbolic], [counts])
    idle = NoiseModel().add(BitFlip(w[0]), gates="x").add(BitFlip(w[1]), gates="sx")
    refuse(errors.SymbolError, r"No circuit depends on weight\[1\]", idle, [circuit], [counts])
    data = NoiseModel().add(BitFlip(inputs(1)[0]), gates="x")
    refuse(errors.SymbolError, "is an input", data, [circuit], [counts])
    product = NoiseModel().add(BitFlip(w[0] * w[1]), gates="x")
    refuse(errors.SymbolError, "must be one symbol", product, [circuit], [counts])
    tangled = NoiseModel().add(PauliChannel({"X": w[0], "Z": 0.5 * w[1]}))
    refuse(errors.SymbolError, "PauliLindblad", tangled, [circuit], [counts])
    shared = NoiseModel().add(PauliChannel({"X": w[0], "Z": w[1]}))
    shared.add(BitFlip(2 * w[0]), gates="sx")
    refuse(errors.SymbolError, "depend on each other", shared, [circuit], [counts])
    impossible = NoiseModel().add(BitFlip(w[0]), gates="x").add(BitFlip(w[0] - 2), gates="sx")
    refuse(errors.SymbolError, "No value of the symbol", impossible, [circuit], [counts])
    start = {"weight": [1.5, 0.0]}
    refuse(errors.InvalidArgumentError, "out of its range", model, [circuit], [counts], start=start)
    refuse(errors.ArgumentTypeError, "from_qiskit", model, ["circuit"], [counts])
    refuse(errors.InvalidArgumentError, "0 or 1", model, circuit, torch.full((3, 1), 2).byte())
    bits = Circuit(2, [g.x(0)], measured={0: 2})
    refuse(errors.ShapeError, "3 classical bit", model, bits, {"1": 3})
    refuse(errors.ShapeError, "3 classical bit", model, bits, {"0100": 3, "000": 1})
    refuse(errors.InvalidArgumentError, "Bit 0 of '101'", model, bits, {"100": 3, "101": 1})
    refuse(errors.ResourceLimitError, "at most 16", model, Circuit(17, [g.x(0)]), {"0": 3})
    device = NoiseModel(basis_gates=["sx", "cx"], coupling=[(0, 1)]).add(BitFlip(w[0]), gates="sx")
    foreign = Circuit(2, [g.h(0)])
    refuse(errors.InvalidArgumentError, "came between", device, foreign, {"00": 1})
    refuse(errors.InvalidArgumentError, "1 of the outcomes.*impossible", model,
           Circuit(2, [g.x(0)]), {"11": 1, "01": 9})  # fmt: skip
    refuse(errors.QubitError, "not measured", model, [circuit], [counts], readout=[3])
