"""Probabilistic error cancellation: exact when enumerated, unbiased when sampled."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch

from circuits import Circuit, Op, inputs, weights
from circuits import gates as g
from circuits.errors import InvalidArgumentError, ResourceLimitError
from circuits.errors import UnsupportedOperationError as Unsupported
from noise.mitigation.pec import PEC, invert
from noise.mitigation.pec.noisy import implementable, products, transfer_of
from noise.mitigation.pec.quasi import QuasiProbabilities
from noise.mitigation.pec.weighting import draw, enumerate_all
from noise.mitigation.pulses import native_paulis
from noise.mitigation.twirling import PauliTwirling
from qml import QuantumLayer
from tests.noise.mitigation.gate_noise import BASIS, GateNoise
from tests.support.strategies import random_channel

OBSERVED = ("Z0", "Z1", "X0 X1", "Y0 Z1", "X1")


def relaxation(seconds: float, qubit: int) -> Op:
    return g.thermal_relaxation(1e-4, 7e-5, seconds, qubit, population=0.05)


def device() -> GateNoise:
    """Depolarizing noise, then relaxation, behind x and cx, different for each qubit."""

    def behind_cx(op: Op) -> list[Op]:
        rates = {"XX": 0.004, "ZI": 0.01 + 0.01 * op.qubits[0], "YZ": 0.003}
        return [g.pauli_lindblad(rates, *op.qubits), *(relaxation(4e-7, q) for q in op.qubits)]

    def behind_x(op: Op) -> list[Op]:
        return [g.depolarizing(0.01 * (1 + op.qubits[0]), *op.qubits), relaxation(9e-8, *op.qubits)]

    return GateNoise({"cx": behind_cx, "x": behind_x}, BASIS)


def circuit() -> Circuit:
    x, w = inputs(2), weights(1)
    return Circuit(
        2,
        [g.sx(0), g.rz(x[0], 0), g.sx(0), g.sx(1), g.rz(w[0], 1), g.x(1), g.sx(1), g.cx(1, 0),
         g.rz(x[1], 0), g.sx(0)],
    )  # fmt: skip


def table(points: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    x = torch.rand(points, 2, dtype=torch.float64, generator=generator) * 3
    return x, torch.rand(1, dtype=torch.float64, generator=generator)


class TestInverse:
    def test_of_depolarizing_noise(self):
        """Closed form: gamma = (1 + p/2) / (1 - p) for rho -> (1 - p) rho + p I/2."""
        for p in (0.01, 0.1, 0.4):
            noise = np.diag([1.0, 1 - p, 1 - p, 1 - p])
            paulis = [transfer_of([op], [0]) for op in (g.id(0), g.x(0), g.y(0), g.z(0))]
            found = invert(noise, np.stack(paulis))
            assert math.isclose(found.gamma, (1 + p / 2) / (1 - p), rel_tol=1e-12)
            assert math.isclose(sum(found.coefficients), 1, rel_tol=1e-12)

    def test_of_amplitude_damping(self):
        """The cheapest mixture with Paulis and resets: gamma = (1 + gamma_ad) / (1 - gamma_ad)."""
        strength = 0.15
        noise = transfer_of([g.amplitude_damping(strength, 0)], [0])
        _, matrices = implementable(GateNoise({}), native_paulis(GateNoise({}), 1), 0, resets=True)
        found = invert(noise, matrices)
        total = sum(c * matrices[k] for k, c in zip(found.numbers, found.coefficients, strict=True))
        np.testing.assert_allclose(total @ noise, np.eye(4), atol=1e-12)
        assert found.gamma == pytest.approx((1 + strength) / (1 - strength), rel=1e-9)
        assert invert(noise, matrices[:4]) is None

    def test_what_cannot_be_inverted(self):
        paulis = np.stack([transfer_of([op], [0]) for op in (g.id(0), g.x(0), g.y(0), g.z(0))])
        assert invert(np.diag([1.0, 0.0, 0.0, 0.0]), paulis) is None
        assert invert(transfer_of([g.rx(0.1, 0)], [0]), paulis) is None

    def test_order_of_qubits(self):
        ops = [g.rx(0.3, 5), g.kraus(random_channel(1, 4), 2, 5), g.amplitude_damping(0.2, 2)]
        found = transfer_of(ops, [5, 2])
        swap = transfer_of([g.swap(0, 1)], [0, 1])
        np.testing.assert_allclose(swap @ found @ swap, transfer_of(ops, [2, 5]), atol=1e-12)
        alone = [np.eye(4)[None], transfer_of([g.x(0)], [0])[None]]
        np.testing.assert_allclose(
            products(alone)[0], transfer_of([g.x(1)], [0, 1]), atol=1e-12
        )  # the first table is for the first qubit


class TestDraw:
    def test_weights_estimate_the_coefficients(self):
        sites = [
            QuasiProbabilities((0, 1, 2), (0.8, 0.5, -0.3)),
            QuasiProbabilities((0, 3), (-0.4, 1.4)),
            QuasiProbabilities((0, 1, 2, 5), (0.7, 0.6, -0.2, -0.1)),
        ]
        exact = enumerate_all(sites, 100)
        expected = {tuple(row): w for row, w in zip(exact.choices, exact.weights, strict=True)}
        assert math.isclose(sum(exact.weights), 1, rel_tol=1e-12)
        n = 100_000
        drawn = draw(sites, n, torch.Generator().manual_seed(8))
        found = {tuple(row): w for row, w in zip(drawn.choices, drawn.weights, strict=True)}
        others = math.prod(s.gamma for s in sites) - abs(expected[0, 1, 0])
        assert math.isclose(found[0, 1, 0], expected[0, 1, 0], rel_tol=1e-12)
        assert sum(drawn.counts) == n
        for row, weight in expected.items():
            share = abs(weight) / others
            error = others * math.sqrt(share * (1 - min(share, 1)) / n)
            # 24 coefficients within 5.5 sigma: false alarm below 1e-6.
            assert row == (0, 1, 0) or abs(found.get(row, 0.0) - weight) < 5.5 * error


class TestValues:
    def test_all_samples_give_the_noiseless_values(self):
        x, w = table()
        machine = device()
        exact = circuit().expectation(OBSERVED, x, w)
        noisy = circuit().expectation(OBSERVED, x, w, backend=machine)
        assert float((noisy - exact).abs().max()) > 0.02
        result = circuit().estimate(OBSERVED, x, w, backend=PEC(machine, machine, n_samples="all"))
        torch.testing.assert_close(result.values, exact, rtol=0, atol=1e-12)
        assert result.variances is None
        assert result.metadata["overhead"] == result.metadata["gamma"] ** 2 > 1.05
        assert any("kraus" in ran.count_ops() for ran in machine.ran)

    def test_the_noise_of_inserted_gates_is_part_of_the_inverse(self):
        machine = device()
        careless = GateNoise({"cx": machine.rules["cx"]}, BASIS)  # believes that x is perfect
        small = Circuit(2, [g.sx(0), g.cx(0, 1)])
        exact = small.expectation(OBSERVED)

        def error(model: GateNoise) -> float:
            backend = PEC(machine, model, n_samples="all")
            return float((small.expectation(OBSERVED, backend=backend) - exact).abs().max())

        assert error(machine) < 1e-12
        assert error(careless) > 1e-6

    @pytest.mark.parametrize("shots", [None, 200_000])
    def test_samples_are_unbiased(self, shots):
        x, w = table()
        machine = device()
        exact = circuit().expectation(OBSERVED, x, w)
        backend = PEC(machine, machine, n_samples=2000, seed=3)
        result = circuit().estimate(OBSERVED, x, w, shots=shots, generator=5, backend=backend)
        # 15 values within 5.5 standard errors: false alarm below 1e-6.
        deviation = (result.values - exact).abs() / result.standard_errors.clamp(min=1e-12)
        assert 0.3 < float(deviation.max()) < 5.5
        assert float(result.standard_errors.max()) < 0.01
        noisy = circuit().expectation(OBSERVED, x, w, backend=machine)
        assert float(((noisy - exact).abs() / result.standard_errors).max()) > 8
        assert result.metadata["shots"] == shots
        assert result.metadata["samples"] == 2000
        assert result.metadata["circuits"] < 400

    def test_standard_errors_are_those_of_repetitions(self):
        machine = device()
        x, w = table(1)
        results = [
            circuit().estimate(
                ["Z0"], x, w, shots=4000, generator=k,
                backend=PEC(machine, machine, n_samples=50, seed=k),
            )
            for k in range(40)
        ]  # fmt: skip
        spread = torch.cat([r.values for r in results]).std()
        stated = torch.cat([r.variances for r in results]).mean().sqrt()
        # 40 repetitions know the spread to 11 %: 5 sigma, and it is a little too large by design.
        assert 0.4 < float(spread / stated) < 1.55

    def test_gradients(self):
        machine = device()
        x, _ = table()
        backend = PEC(machine, machine, n_samples="all")
        layer = QuantumLayer(circuit(), OBSERVED, dtype=torch.float64)
        mitigated = layer.with_backend(backend)
        x.requires_grad_()
        found = torch.autograd.grad(mitigated(x).square().sum(), (x, mitigated.weight))
        expected = torch.autograd.grad(layer(x).square().sum(), (x, layer.weight))
        for a, b in zip(found, expected, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-11)

    def test_twirled_coherent_noise(self):
        wrong = GateNoise({"cx": lambda op: [g.rzz(0.2, *op.qubits), g.rx(0.1, op.qubits[1])]})
        small = Circuit(2, [g.ry(0.4, 0), g.ry(1.1, 1), g.cx(0, 1), g.ry(0.3, 0)])
        exact = small.expectation(OBSERVED)
        with pytest.raises(Unsupported, match=r"operation 2 \(`cx.*PauliTwirling"):
            small.expectation(OBSERVED, backend=PEC(wrong, wrong))
        twirled = PauliTwirling(wrong, n_twirls="all")
        assert float((small.expectation(OBSERVED, backend=twirled) - exact).abs().max()) > 0.005
        found = small.expectation(OBSERVED, backend=PEC(twirled, wrong, n_samples="all"))
        torch.testing.assert_close(found, exact, rtol=0, atol=1e-12)

    def test_nothing_to_cancel(self):
        machine = GateNoise({"cx": lambda op: [g.depolarizing(0.0, *op.qubits)]})
        small = Circuit(2, [g.h(0), g.cx(0, 1)])
        result = small.estimate(["X0 X1"], backend=PEC(machine, machine))
        assert result.values.tolist() == [pytest.approx(1.0)]
        assert (result.metadata["circuits"], result.metadata["gamma"]) == (1, 1.0)
        assert result.variances is None


class TestInput:
    def test_randomness(self):
        machine = device()
        x, w = table()

        def run(seed=None, generator=None):
            backend = PEC(machine, machine, n_samples=20, seed=seed)
            found = circuit().estimate(["Z0"], x, w, backend=backend, generator=generator)
            copied = copy.deepcopy(backend)
            assert repr(copied) == repr(backend).replace(repr(machine), repr(copied.backend))
            return found.values

        assert torch.equal(run(seed=1), run(seed=1))
        assert torch.equal(run(generator=5), run(generator=5))
        assert not torch.equal(run(seed=1), run(seed=2))
        before = torch.get_rng_state()
        run(seed=3)
        assert torch.equal(torch.get_rng_state(), before)

    def test_overhead(self):
        machine = GateNoise({"cx": lambda op: [g.depolarizing(0.2, *op.qubits)]})
        gamma = (1 + 7 / 8 * 0.2) / (1 - 0.2)  # closed form on two qubits
        long = Circuit(2, [g.cx(0, 1)] * 10)
        with pytest.raises(ResourceLimitError, match=f"gamma = {gamma**10:.4g}"):
            long.expectation("Z0", backend=PEC(machine, machine))
        enough = PEC(machine, machine, n_samples=10, max_overhead=1e4, seed=0)
        result = long.estimate("Z0", backend=enough)
        assert math.isclose(result.metadata["gamma"], gamma**10, rel_tol=1e-9)

    def test_bad_input(self):
        machine = device()
        small = Circuit(2, [g.cx(0, 1)] * 4)
        with pytest.raises(InvalidArgumentError, match="has no noise model"):
            PEC(machine)
        with pytest.raises(InvalidArgumentError, match="channels_for"):
            PEC(machine, 0.1)
        with pytest.raises(InvalidArgumentError, match="n_samples"):
            PEC(machine, machine, n_samples=1)
        with pytest.raises(InvalidArgumentError, match="max_overhead"):
            PEC(machine, machine, max_overhead=0.5)
        with pytest.raises(InvalidArgumentError, match="4096"):
            small.expectation("Z0", backend=PEC(machine, machine, n_samples="all"))
        with pytest.raises(InvalidArgumentError, match="at least 2 each"):
            small.estimate("Z0", shots=9, backend=PEC(machine, machine, seed=0))
        with pytest.raises(Unsupported, match="samples"):
            small.sample(10, backend=PEC(machine, machine))
        with pytest.raises(Unsupported, match="resets=False"):
            small.expectation("Z0", backend=PEC(machine, machine, resets=False))
        symbol = weights(1, name="strength")[0]
        free = GateNoise({"cx": lambda op: [g.depolarizing(symbol, *op.qubits)]})
        with pytest.raises(Unsupported, match="symbol"):
            small.expectation("Z0", backend=PEC(free, free))
        wide = GateNoise({"cx": lambda op: [g.depolarizing(0.1, 0, 1, 2)]})
        with pytest.raises(Unsupported, match="one or two qubits"):
            Circuit(3, [g.cx(0, 1)]).expectation("Z0", backend=PEC(wide, wide))

    def test_the_noise_model_of_an_inner_backend_is_found(self):
        class Outer(GateNoise):
            noise_model = device()

        machine = Outer(device().rules)
        assert PEC(PauliTwirling(machine)).noise_model is machine.noise_model
