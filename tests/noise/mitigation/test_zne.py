"""Zero-noise extrapolation around noisy simulators with known decay."""

from __future__ import annotations

import copy
import math
import pickle
from dataclasses import dataclass

import pytest
import torch

from circuits import (
    Backend,
    Circuit,
    DensityMatrix,
    PauliSum,
    Probabilities,
    Request,
    StateVector,
    inputs,
    weights,
)
from circuits import gates as g
from circuits.errors import InvalidArgumentError, NonFiniteError, UnsupportedOperationError
from noise import ZNE
from noise.mitigation.extrapolation import Linear, NeuralExtrapolator, Richardson
from qml import QuantumLayer
from tests.noise.mitigation.gate_noise import BASIS, GateNoise
from tests.support.properties import assert_gradients_match, assert_plausible

OBSERVED = ("Z0", "Z1", "X0 X1")
P = 0.04


@dataclass(frozen=True)
class Strength:
    """A noise model of one number: depolarizing noise behind cx, exactly exponential."""

    p: float

    def scaled(self, factor: float) -> Strength:
        return Strength(1 - (1 - self.p) ** factor)


class Depolarized(Backend):
    """Two-qubit depolarizing noise behind every cx; whatever is not native is refused."""

    differentiable = True

    def __init__(self, p: float = P):
        self.noise_model = Strength(p)
        self.ran: list[Request] = []

    def __repr__(self):
        return f"Depolarized({self.noise_model.p})"

    def lower(self, request):
        foreign = set(request.circuit.count_ops()) - {*BASIS, "ry", "depolarizing"}
        if foreign:
            raise UnsupportedOperationError(f"Not native: {foreign}")
        return request

    def run(self, requests):
        self.ran += requests
        return DensityMatrix("torch").run([self.noisy(self.lower(request)) for request in requests])

    def noisy(self, request):
        ops = []
        for op in request.circuit.ops:
            ops.append(op)
            if op.name == "cx":
                ops.append(g.depolarizing(self.noise_model.p, *op.qubits))
        return request.with_circuit(Circuit(request.circuit.n_qubits, ops))


def circuit() -> Circuit:
    x, w = inputs(2), weights(2)
    return Circuit(
        2,
        [g.ry(x[0], 0), g.sx(1), g.rz(x[1], 1), g.cx(0, 1), g.ry(w[0], 0), g.sx(1), g.cx(1, 0),
         g.ry(w[1] * x[0], 1), g.cx(0, 1), g.cx(1, 0)],
    )  # fmt: skip


def table(points: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    x = torch.rand(points, 2, dtype=torch.float64, generator=generator) * 3
    return x, torch.rand(2, dtype=torch.float64, generator=generator)


def run(backend, **options):
    return circuit().expectation(OBSERVED, *table(), backend=backend, **options)


def gap(backend) -> float:
    return float((run(backend) - run(StateVector())).abs().max())


class TestAccuracy:
    """Depolarizing noise on all qubits: v(f) = v exp(-c f) with c = -4 log(1 - p), in all folds."""

    @pytest.mark.parametrize("fold", ["global", "gates", "scale"])
    @pytest.mark.parametrize("factors", [(1, 3, 5), (1, 2), (3, 1)])
    def test_the_right_family_is_exact(self, fold, factors):
        backend = Depolarized()
        assert gap(backend) > 0.05
        assert gap(ZNE(backend, factors, fold, "exponential")) < 1e-12

    @pytest.mark.parametrize("fold", ["global", "gates", "random", "scale"])
    def test_richardson_leaves_the_third_order(self, fold):
        """Its error is v sum_j c_j exp(-c f_j) - v; for factors 1, 3, 5 about 15 c^3 / 6."""
        rate = -4 * math.log(1 - P)
        coefficients = zip((15 / 8, -10 / 8, 3 / 8), (1, 3, 5), strict=True)
        left = sum(c * math.exp(-rate * f) for c, f in coefficients)
        torch.testing.assert_close(
            run(ZNE(Depolarized(), fold=fold)), left * run(StateVector()), rtol=0, atol=1e-12
        )
        assert left == pytest.approx(1 - 15 * rate**3 / 6, abs=0.01)

    def test_default_settings_help(self):
        raw, mitigated = gap(Depolarized()), gap(ZNE(Depolarized()))
        assert mitigated < raw / 8

    def test_without_noise_nothing_changes(self):
        for fold in ("global", "gates", "random", "identity"):
            assert gap(ZNE(StateVector(), fold=fold)) < 1e-12

    def test_identities_scale_what_happens_in_time(self):
        """Depolarizing noise on every layer: exponential in the depth."""
        backend = GateNoise({name: lambda op: [g.depolarizing(0.02, q) for q in op.qubits]
                             for name in ("sx", "id")}, BASIS)  # fmt: skip
        noisy = Circuit(1, [g.sx(0), g.rz(0.4, 0), g.sx(0), g.id(0), g.id(0)])
        exact = noisy.expectation("X0")
        zne = ZNE(backend, (1, 2, 3), "identity", "exponential")
        result = noisy.estimate("X0", backend=zne)
        assert result.metadata["factors"] == (1, 2, 3)
        torch.testing.assert_close(result.values, exact, rtol=0, atol=1e-12)
        raw = noisy.expectation("X0", backend=backend)
        torch.testing.assert_close(raw, exact * 0.98**4, rtol=0, atol=1e-12)


class TestWhatRuns:
    def test_two_qubit_gates_are_exactly_multiplied(self):
        for fold in ("global", "gates", "random"):
            backend = Depolarized()
            run(ZNE(backend, (1, 3, 5, 7), fold))
            counts = [r.circuit.count_ops()["cx"] for r in backend.ran]
            assert counts == [4, 12, 20, 28]
            assert [r.circuit.count_ops()["sx"] for r in backend.ran] == [2, 6, 10, 14]

    def test_achieved_factors_are_reported_and_used(self):
        result = circuit().estimate(
            OBSERVED,
            *table(),
            backend=ZNE(Depolarized(), (1, 1.4, 2.2), extrapolator="exponential"),
        )
        assert result.metadata["factors"] == (1, 1.5, 2)
        torch.testing.assert_close(result.values, run(StateVector()), rtol=0, atol=1e-12)

    def test_only_named_gates(self):
        backend = Depolarized()
        run(ZNE(backend, (1, 3), "gates", "linear", gates="cx"))
        assert backend.ran[1].circuit.count_ops()["sx"] == 2
        assert backend.ran[1].circuit.count_ops()["cx"] == 12

    def test_random_folds_repeat_with_a_seed(self):
        def ran(seed):
            backend = Depolarized()
            run(ZNE(backend, (1, 1.5, 2), "random", "linear", seed=seed))
            return [r.circuit for r in backend.ran]

        assert [c.count_ops() for c in ran(1)] == [c.count_ops() for c in ran(1)]
        assert len({str([op.name for op in ran(seed)[1].ops]) for seed in range(6)}) > 1

    def test_one_call_for_all(self):
        backend = Depolarized()
        results = ZNE(backend).run([Request(circuit(), torch.rand(k, 4).double(), [PauliSum("Z0")])
                                    for k in (2, 3)])  # fmt: skip
        assert [r.values.shape for r in results] == [(2, 1), (3, 1)]
        assert len(backend.ran) == 6

    def test_adaptive_rounds(self):
        backend = Depolarized()
        zne = ZNE(backend, (1, 2), extrapolator="adaptive-exponential")
        result = circuit().estimate(OBSERVED, *table(), backend=zne, shots=4000, generator=1)
        factors = result.metadata["factors"]
        assert factors[:2] == (1, 2)
        assert 2 < len(factors) <= 4
        assert result.metadata["circuits"] == len(factors)
        assert result.metadata["shots"] == 1000 * len(factors)
        exact = circuit().estimate(OBSERVED, *table(), backend=zne)
        torch.testing.assert_close(exact.values, run(StateVector()), rtol=0, atol=1e-12)
        assert exact.metadata["factors"][2] == pytest.approx(
            1 + 1.27846 / (-4 * math.log(1 - P)), abs=0.26
        )


class TestScaling:
    def test_the_model_is_scaled_and_the_backend_left_alone(self):
        backend = Depolarized()
        run(ZNE(backend, (1, 1.25, 3.7), "scale", "exponential"))
        assert backend.noise_model == Strength(P)
        nested = ZNE(ZNE(backend, (1, 3), extrapolator="linear"), (1, 2, 3), "scale")
        kept = (1 - P) ** 4
        inner = {f: 1.5 * kept**f - 0.5 * kept ** (3 * f) for f in (1, 2, 3)}
        left = 3 * inner[1] - 3 * inner[2] + inner[3]
        torch.testing.assert_close(run(nested), left * run(StateVector()), rtol=0, atol=1e-12)
        assert nested.backend.backend.backend is backend

    def test_a_backend_without_a_model_is_refused(self):
        for backend in (StateVector(), DensityMatrix("torch")):
            with pytest.raises(UnsupportedOperationError, match="no noise model"):
                ZNE(backend, fold="scale")

    def test_channels_in_the_circuit_are_refused(self):
        noisy = Circuit(2, [g.cx(0, 1), g.depolarizing(0.1, 0)])
        for fold in ("scale", "global"):
            with pytest.raises(UnsupportedOperationError, match=r"Operation 1 .`depolarizing`"):
                noisy.expectation("Z0", backend=ZNE(Depolarized(), fold=fold))


class TestGradientsAndBatches:
    @pytest.mark.parametrize("extrapolator", ["richardson", "exponential", "exponential-free"])
    @pytest.mark.parametrize("fold", ["global", "scale"])
    def test_gradients(self, extrapolator, fold):
        backend = ZNE(Depolarized(), fold=fold, extrapolator=extrapolator)
        assert backend.differentiable
        x, w = table(2)

        def function(x, w):
            return circuit().expectation(OBSERVED, x, w, backend=backend)

        assert_gradients_match(function, [x, w])

    def test_the_exact_gradient_comes_back(self):
        x, w = (t.requires_grad_() for t in table())
        mitigated = circuit().expectation(
            OBSERVED, x, w, backend=ZNE(Depolarized(), extrapolator="exponential")
        )
        exact = circuit().expectation(OBSERVED, x, w)
        for found, expected in zip(
            torch.autograd.grad(mitigated.sum(), [x, w]),
            torch.autograd.grad(exact.sum(), [x, w]), strict=True,
        ):  # fmt: skip
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)

    def test_in_a_layer(self):
        layer = QuantumLayer(circuit(), list(OBSERVED))
        backend = ZNE(Depolarized(), extrapolator="exponential")
        noisy = layer.with_backend(backend)
        assert list(noisy.state_dict()) == list(layer.state_dict())
        assert noisy.weight is layer.weight
        x = torch.rand(3, 2, dtype=torch.float64)
        torch.testing.assert_close(noisy(x), layer(x), rtol=0, atol=1e-6)
        noisy(x).sum().backward()
        assert bool(layer.weight.grad.abs().sum() > 0)
        shifted = layer.with_backend(ZNE(Depolarized()), diff_method="parameter-shift")
        direct = layer.with_backend(ZNE(Depolarized()))
        grads = [torch.autograd.grad(m(x).sum(), layer.weight)[0] for m in (shifted, direct)]
        torch.testing.assert_close(grads[0], grads[1], rtol=0, atol=1e-6)

    def test_exact_probabilities(self):
        backend = ZNE(Depolarized(), extrapolator="richardson")
        layer = QuantumLayer(circuit(), Probabilities([1, 0]), backend=backend)
        x = torch.rand(3, 2)
        found = layer(x)
        torch.testing.assert_close(found.sum(1), torch.ones(3))
        exact = layer.with_backend(StateVector())(x)
        assert float((found - exact).detach().abs().max()) < 0.02

    def test_float32(self):
        x, w = (t.float() for t in table())
        found = circuit().expectation(OBSERVED, x, w, backend=ZNE(Depolarized()))
        assert found.dtype == torch.float32
        torch.testing.assert_close(found.double(), run(ZNE(Depolarized())), rtol=0, atol=1e-5)


class TestShots:
    def test_standard_errors(self):
        """400 repetitions of a point agree with the value of infinite shots (5 sigma each)."""
        x, w = table(1)
        for extrapolator in ("linear", "richardson"):
            zne = ZNE(Depolarized(), extrapolator=extrapolator)
            many = circuit().estimate(
                OBSERVED, x.expand(400, 2), w, backend=zne, shots=3000, generator=4
            )
            expected = circuit().expectation(OBSERVED, x, w, backend=zne)
            assert many.metadata["shots"] == 3000
            if extrapolator == "richardson":
                assert_plausible(many.values, expected, many.standard_errors)
                spread = many.values.var(0)
                # The variance of 400 draws has a relative error of 7 percent; 5.5 of them.
                torch.testing.assert_close(many.variances.mean(0), spread, rtol=0.4, atol=0)
            assert float((many.values.mean(0) - expected).abs().max()) < 0.02

    def test_shots_go_where_they_count(self):
        backend = Depolarized()
        run(ZNE(backend), shots=2803, generator=1)
        assert [r.shots for r in backend.ran] == [1501, 1001, 301]
        assert backend.ran[0].generator is backend.ran[2].generator

    def test_too_few_shots(self):
        with pytest.raises(InvalidArgumentError, match="total over 3 noise factors"):
            run(ZNE(Depolarized()), shots=2)

    def test_cost(self):
        request = Request(circuit(), torch.zeros(1, 4), [PauliSum("Z0")], shots=900)
        cost = ZNE(Depolarized()).cost(request)
        assert (cost.circuits, cost.shots, cost.two_qubit_ops) == (3, 900, 4 * 9)

    def test_samples_are_refused(self):
        with pytest.raises(UnsupportedOperationError, match="not samples"):
            circuit().sample(5, *table(), backend=ZNE(Depolarized()))


class TestSettings:
    @pytest.mark.parametrize(
        ("options", "error", "words"),
        [
            ({"factors": (1,)}, InvalidArgumentError, "at least 2 different factors"),
            ({"factors": (1, 3), "extrapolator": "quadratic"}, InvalidArgumentError, "at least 3"),
            ({"factors": (1, 3, 3)}, InvalidArgumentError, "must not repeat"),
            ({"factors": (0.5, 1, 3)}, InvalidArgumentError, "at least 1"),
            ({"factors": (1, math.nan)}, NonFiniteError, "finite"),
            ({"fold": "local"}, InvalidArgumentError, "`fold` must be one of"),
            ({"extrapolator": "cubic"}, InvalidArgumentError, "`extrapolator` must be one of"),
            ({"seed": 1}, InvalidArgumentError, "`seed` has no effect"),
            ({"gates": ["cx"]}, InvalidArgumentError, "`gates` has no effect"),
            ({"gates": ["cxx"], "fold": "gates"}, LookupError, "cxx"),
        ],
    )
    def test_refused_before_anything_runs(self, options, error, words):
        with pytest.raises(error, match=words):
            ZNE(StateVector(), **options)

    def test_factors_that_fall_together(self):
        small = Circuit(2, [g.cx(0, 1)])
        with pytest.raises(InvalidArgumentError, match=r"only the factors .1.0, 3.0. are reached"):
            small.expectation("Z0", backend=ZNE(StateVector(), (1, 1.2, 3)))

    def test_untrained_networks_are_refused(self):
        with pytest.raises(UnsupportedOperationError, match="not trained"):
            run(ZNE(Depolarized(), extrapolator=NeuralExtrapolator((1, 3, 5))))

    def test_representation(self):
        zne = ZNE(Depolarized(), (1, 3), "random", ["exponential", "linear"], gates="cx", seed=4)
        assert repr(zne) == (
            "ZNE(Depolarized(0.04), factors=(1.0, 3.0), fold='random', "
            "extrapolator=Fallback([Exponential(asymptote=0.0), Linear()]), gates=('cx',), seed=4)"
        )
        assert "Depolarized(0.04), factors" in repr(ZNE(Depolarized(), fold="scale"))

    def test_copies(self):
        zne = ZNE(StateVector(), (1, 3), "random", Linear(), seed=3)
        for twin in (copy.deepcopy(zne), pickle.loads(pickle.dumps(zne))):
            assert repr(twin) == repr(zne)
            assert torch.equal(run(twin), run(zne))
        assert ZNE(StateVector()).extrapolator == Richardson()

    def test_invalid_fits_are_counted(self):
        circuit = Circuit(2, [g.cx(0, 1)])
        result = circuit.estimate(
            ["Z0", "X0"], backend=ZNE(Depolarized(), extrapolator="exponential")
        )
        assert result.metadata["invalid"] == 1
        assert result.metadata["raw"].shape == (3, 1, 2)
        assert not result.metadata["raw"].requires_grad
