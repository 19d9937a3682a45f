"""Clifford data regression: training circuits, lines, values, gradients, errors."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch

from circuits import Circuit, DensityMatrix, PauliSum, Request, StateVector, inputs, weights
from circuits import gates as g
from circuits.errors import ArgumentTypeError, InvalidArgumentError
from circuits.errors import UnsupportedOperationError as Unsupported
from noise.clifford import clifford_step, conjugation
from noise.mitigation import ZNE
from noise.mitigation.cdr import CDR, fit
from noise.mitigation.cdr.training import angles_of, make_plan, training_angles, values_for
from qml import QuantumLayer
from tests.noise.mitigation.gate_noise import GateNoise

OBSERVED = ("Z0", "X0 Z1", "Y0 Y1")


def global_noise() -> GateNoise:
    """Depolarizing both of two qubits: every noisy value is a fixed share of the exact one."""
    return GateNoise({"cx": lambda op: [g.depolarizing(0.1, 0, 1)]})


def local_noise() -> GateNoise:
    return GateNoise(
        {"cx": lambda op: [g.depolarizing(0.03, *op.qubits), g.phase_damping(0.02, op.qubits[0])]}
    )


def circuit() -> Circuit:
    x, w = inputs(2), weights(2)
    return Circuit(
        2,
        [g.ry(x[0], 0), g.rz(w[0] * x[1], 0), g.ry(0.7, 1), g.cx(0, 1), g.rx(x[1] + w[1], 0),
         g.u(0.3, w[0], 0.2, 1), g.cx(1, 0), g.t(0), g.rzz(w[1], 0, 1), g.ry(math.pi / 2, 1),
         g.cx(0, 1)],
    )  # fmt: skip


def table(points: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(6)
    x = 3 * torch.rand(points, 2, dtype=torch.float64, generator=generator)
    return x, 2 * torch.rand(2, dtype=torch.float64, generator=generator)


def request(points: int = 4) -> Request:
    x, w = table(points)
    return Request(circuit(), torch.cat([x, w.expand(points, 2)], dim=1), qubits=(0, 1))


class TestTraining:
    def test_rotations(self):
        plan = make_plan(circuit())
        # ry, rz, ry(0.7), rx, u (three angles), rzz; not ry(pi/2), t, cx.
        assert plan.n_rotations == 6
        assert plan.owners == (0, 1, 2, 3, 4, 4, 4, 5)
        assert plan.circuit.count_ops() == circuit().count_ops()
        assert [op.qubits for op in plan.circuit] == [op.qubits for op in circuit()]

    @pytest.mark.parametrize("name", ["rx", "ry", "rz", "p", "u", "rzz", "crx", "cp", "cry", "cu"])
    def test_steps_are_clifford(self, name):
        gate = g.TABLE[name]
        op = getattr(g, name)(*[0.1] * gate.n_angles, *range(gate.n_qubits))
        step = clifford_step(op)
        rng = np.random.default_rng(3)
        for _ in range(10):
            angles = torch.tensor(rng.integers(-4, 5, gate.n_angles) * step)
            assert conjugation(gate.matrix(angles).numpy()) is not None
            assert conjugation(gate.matrix(angles + 0.3).numpy()) is None

    def test_angles(self):
        plan, wanted = make_plan(circuit()), request()
        generator = torch.Generator().manual_seed(0)
        own = angles_of(wanted)[list(plan.slots)].T
        found = training_angles(plan, angles_of(wanted), 200, 0.5, generator)
        assert found.shape == (200, 4, 8)
        kept = found == own
        clifford = (found / (math.pi / 2) - torch.round(found / (math.pi / 2))).abs() < 1e-9
        assert bool((kept | clifford).all())
        per_rotation = torch.stack(
            [kept[..., [k for k, o in enumerate(plan.owners) if o == r]].all(-1) for r in range(6)]
        )
        assert bool((per_rotation.sum(0) == 3).all())  # half of six rotations, all of their angles
        moved = (found - own)[~kept].abs()
        assert float(moved.max()) < 3 * math.pi / 4 + 1e-9
        assert float((moved < math.pi / 4).double().mean()) > 0.6
        assert len(found.flatten(1).unique(dim=0)) > 60

    def test_chances(self):
        """Frequencies within 6 standard errors: a false alarm for 2e-7 of the seeds."""
        plan, wanted = make_plan(circuit()), request()
        own = angles_of(wanted)[list(plan.slots)].T
        n = 20_000
        found = training_angles(plan, angles_of(wanted), n, 0.0, torch.Generator().manual_seed(1))
        quarter = math.pi / 2
        options = (torch.round(own / quarter)[..., None] + torch.tensor([-1, 0, 1])) * quarter
        chances = torch.exp(-(((options - own[..., None]) / 0.5) ** 2))
        chances = chances / chances.sum(-1, keepdim=True)
        seen = ((found[..., None] - options).abs() < 1e-9).double().mean(0)
        limit = 6 * (chances * (1 - chances) / n).sqrt() + 3 / n
        assert bool(((seen - chances).abs() < limit).all())

    def test_a_point_does_not_depend_on_the_others(self):
        plan, angles = make_plan(circuit()), angles_of(request())
        together, alone = (
            training_angles(plan, part, 30, 0.5, torch.Generator().manual_seed(2))
            for part in (angles, angles[:, 2:3])
        )
        assert torch.equal(together[:, 2:3], alone)

    def test_fraction_zero_is_clifford(self):
        plan, wanted = make_plan(circuit()), request()
        found = training_angles(plan, angles_of(wanted), 20, 0.0, torch.Generator().manual_seed(0))
        assert float((found / (math.pi / 2) - (found / (math.pi / 2)).round()).abs().max()) < 1e-9

    def test_own_angles_give_the_own_circuit(self):
        plan, wanted = make_plan(circuit()), request()
        own = angles_of(wanted)[list(plan.slots)].T
        values = values_for(plan, wanted, own.expand(2, 4, 8))
        twice = StateVector().run([Request(plan.circuit, values, qubits=(0, 1))])[0].values
        once = StateVector().run([wanted])[0].values
        torch.testing.assert_close(twice, torch.cat([once, once]), rtol=0, atol=1e-12)

    def test_symbols_that_stay(self):
        """Strengths of channels keep their symbols, and a group may have our name."""
        s, x = weights(1, name="strength"), inputs(1, name="clifford_angle")
        noisy = Circuit(1, [g.rx(x[0], 0), g.depolarizing(s[0], 0), g.ry(0.4, 0)])
        wanted = Request(noisy, torch.tensor([[0.3, 0.1], [0.5, 0.2]]).double(), qubits=(0,))
        plan = make_plan(noisy)
        own = angles_of(wanted)[list(plan.slots)].T
        values = values_for(plan, wanted, own.expand(2, *own.shape))
        found = DensityMatrix("torch").run([Request(plan.circuit, values, qubits=(0,))])[0].values
        expected = DensityMatrix("torch").run([wanted])[0].values
        assert float((expected[0] - expected[1]).abs().max()) > 0.01
        torch.testing.assert_close(found, torch.cat([expected] * 2), rtol=0, atol=1e-12)


class TestFit:
    def test_a_line_is_found(self, generator):
        noisy = torch.rand(12, 3, 2, dtype=torch.float64, generator=generator)
        slope, offset = torch.rand(2, 3, 2, dtype=torch.float64, generator=generator)
        found = fit(noisy, slope * noisy + offset)
        torch.testing.assert_close(found.slope, slope)
        torch.testing.assert_close(found.offset, offset)
        assert float(found.residual.max()) < 1e-25

    def test_against_least_squares(self, generator):
        noisy, exact = torch.rand(2, 12, 1, 1, dtype=torch.float64, generator=generator)
        found = fit(noisy, exact)
        slope, offset = np.polyfit(noisy.ravel().numpy(), exact.ravel().numpy(), 1)
        assert float(found.slope) == pytest.approx(slope)
        assert float(found.offset) == pytest.approx(offset)
        # The textbook variance of a prediction at 0.2.
        x = noisy.ravel().numpy()
        rest = exact.ravel().numpy() - slope * x - offset
        sigma2 = (rest**2).sum() / 10
        expected = sigma2 * (1 + 1 / 12 + (0.2 - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum())
        at = torch.full((1, 1), 0.2, dtype=torch.float64)
        assert float(found.variance(at, None)) == pytest.approx(expected)

    def test_shot_noise_does_not_flatten_the_line(self, generator):
        true = torch.rand(2000, 1, 1, dtype=torch.float64, generator=generator)
        noise = 0.3 * torch.randn(true.shape, dtype=torch.float64, generator=generator)
        variances = torch.full_like(true, 0.09)
        assert float(fit(true + noise, 1.5 * true).slope) < 1.0
        assert float(fit(true + noise, 1.5 * true, variances).slope) == pytest.approx(1.5, abs=0.3)

    def test_no_spread(self):
        constant = torch.full((5, 1, 1), 0.8, dtype=torch.float64)
        found = fit(constant, constant / 0.8)
        assert bool(found.degenerate)
        at = torch.full((1, 1), 0.8, dtype=torch.float64)
        assert float(found.predict(at)) == pytest.approx(1.0)
        unchanged = fit(0 * constant, 0 * constant)
        assert (float(unchanged.slope), float(unchanged.offset)) == (1.0, 0.0)


class TestValues:
    def test_global_depolarizing_noise_is_removed(self, dtype):
        x, w = (v.to(dtype) for v in table())
        machine = global_noise()
        exact = circuit().expectation(OBSERVED, x, w)
        noisy = circuit().expectation(OBSERVED, x, w, backend=machine)
        assert float((noisy - exact).abs().max()) > 0.1
        backend = CDR(machine, n_training=10, seed=2)
        result = circuit().estimate(OBSERVED, x, w, backend=backend)
        accuracy = 1e-11 if dtype == torch.float64 else 1e-4
        torch.testing.assert_close(result.values, exact, rtol=0, atol=accuracy)
        assert result.values.dtype == dtype
        torch.testing.assert_close(
            result.metadata["slopes"], torch.full_like(exact, 0.9**-3), rtol=10 * accuracy, atol=0
        )
        assert float(result.standard_errors.max()) < 100 * accuracy
        assert result.metadata["circuits"] == 11
        assert len(machine.ran) == 3  # the noisy run above, then the circuit and its training

    def test_local_noise_is_reduced_and_the_error_is_known(self):
        x, w = table(12)
        machine = local_noise()
        exact = circuit().expectation(OBSERVED, x, w)
        noisy = circuit().expectation(OBSERVED, x, w, backend=machine)
        result = circuit().estimate(OBSERVED, x, w, backend=CDR(machine, n_training=40, seed=2))
        gain = (noisy - exact).abs().mean() / (result.values - exact).abs().mean()
        assert float(gain) > 4
        pulls = (result.values - exact).abs() / result.standard_errors
        assert float((pulls < 3).double().mean()) > 0.8
        assert float(pulls.median()) > 0.1

    def test_shots(self):
        x, w = table(6)
        exact = circuit().expectation(OBSERVED, x, w)
        backend = CDR(global_noise(), n_training=15, seed=2)
        result = circuit().estimate(OBSERVED, x, w, shots=40_000, generator=4, backend=backend)
        assert result.metadata["shots"] == 40_000
        wanted = Request(circuit(), torch.zeros(2, 4).double(), [PauliSum("Z0")], shots=3000)
        own, *others = [part.shots for part in backend.prepare(wanted)]
        assert own + sum(others) == 3000
        assert 1400 < own <= 1500  # half for the circuit itself
        assert result.metadata["circuits"] == 16
        # 18 values within 5.5 standard errors: false alarm below 1e-6 (the errors themselves
        # come from 13 degrees of freedom, hence a little more room).
        pulls = (result.values - exact).abs() / result.standard_errors
        assert 0.2 < float(pulls.max()) < 7
        assert 0.005 < float(result.standard_errors.mean()) < 0.05

    def test_a_clifford_circuit_is_its_own_training(self):
        clifford = Circuit(2, [g.h(0), g.cx(0, 1), g.rz(math.pi / 2, 0), g.cx(0, 1)])
        result = clifford.estimate(["Z0 Z1", "Y0", "Z1"], backend=CDR(global_noise()))
        expected = clifford.expectation(["Z0 Z1", "Y0", "Z1"])
        torch.testing.assert_close(result.values, expected, rtol=0, atol=1e-12)
        assert float(result.standard_errors.max()) < 1e-12

    def test_no_information_is_said(self):
        one = Circuit(2, [g.ry(0.8, 0), g.cx(0, 1)])
        with pytest.warns(RuntimeWarning, match=r"1 of 2 value\(s\) are all equal"):
            result = one.estimate(["Z0", "Y1"], backend=CDR(global_noise(), n_training=5, seed=0))
        assert result.values[1] == 0.0
        assert torch.isnan(result.standard_errors).tolist() == [False, True]
        assert result.metadata["degenerate"] == 1

    def test_probabilities(self):
        x, w = table()
        found = circuit().probabilities(x, w, backend=CDR(global_noise(), seed=1), qubits=[1, 0])
        expected = circuit().probabilities(x, w, qubits=[1, 0])
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)

    def test_gradients_pass_with_constant_lines(self):
        x, _ = table()
        layer = QuantumLayer(circuit(), OBSERVED, dtype=torch.float64)
        mitigated = layer.with_backend(CDR(global_noise(), seed=3))
        found = torch.autograd.grad(mitigated(x).square().sum(), mitigated.weight)
        expected = torch.autograd.grad(layer(x).square().sum(), layer.weight)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)

    def test_around_another_mitigation(self):
        x, w = table(2)
        inner = ZNE(local_noise(), factors=(1, 3), extrapolator="linear")
        backend = CDR(inner, n_training=8, seed=1)
        result = circuit().estimate(OBSERVED, x, w, backend=backend)
        exact = circuit().expectation(OBSERVED, x, w)
        noisy = circuit().expectation(OBSERVED, x, w, backend=local_noise())
        assert float((result.values - exact).abs().mean()) < float((noisy - exact).abs().mean()) / 3
        assert result.metadata["circuits"] == 9 * 2


class TestInput:
    def test_randomness(self):
        x, w = table(2)

        def run(seed=None, generator=None):
            backend = copy.deepcopy(CDR(local_noise(), n_training=4, seed=seed))
            return circuit().estimate(["Z0"], x, w, backend=backend, generator=generator).values

        assert torch.equal(run(seed=1), run(seed=1))
        assert torch.equal(run(generator=5), run(generator=5))
        assert not torch.equal(run(seed=1), run(seed=2))
        before = torch.get_rng_state()
        run(seed=3)
        assert torch.equal(torch.get_rng_state(), before)

    def test_channels_of_the_circuit_need_their_simulator(self):
        noisy = Circuit(1, [g.ry(0.3, 0), g.amplitude_damping(0.1, 0), g.rx(0.4, 0)])
        with pytest.raises(Unsupported, match="amplitude_damping"):
            noisy.expectation("Z0", backend=CDR(DensityMatrix("torch"), seed=0))
        backend = CDR(DensityMatrix("torch"), simulator=DensityMatrix("torch"), seed=0)
        torch.testing.assert_close(
            noisy.expectation("Z0", backend=backend),
            noisy.expectation("Z0", backend=DensityMatrix("torch")),
        )

    def test_bad_input(self):
        machine = local_noise()
        with pytest.raises(InvalidArgumentError, match="n_training"):
            CDR(machine, n_training=2)
        for fraction in (-0.1, 1.0, float("nan")):
            with pytest.raises(InvalidArgumentError, match="fraction_non_clifford"):
                CDR(machine, fraction_non_clifford=fraction)
        with pytest.raises(ArgumentTypeError, match="simulator"):
            CDR(machine, simulator="exact")
        with pytest.raises(ArgumentTypeError, match="backend"):
            CDR("aer")
        x, w = table(1)
        with pytest.raises(InvalidArgumentError, match="shots"):
            circuit().estimate("Z0", x, w, shots=5, backend=CDR(machine, n_training=6))
        with pytest.raises(Unsupported, match="samples"):
            circuit().sample(10, x, w, backend=CDR(machine))
