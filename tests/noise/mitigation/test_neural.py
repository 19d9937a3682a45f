"""The network learns the map from noisy to exact values of a family of circuits."""

from __future__ import annotations

import math

import pytest
import torch

from circuits import Circuit, PauliSum, weights
from circuits import gates as g
from circuits.errors import CheckpointError, InvalidArgumentError, ShapeError
from circuits.errors import UnsupportedOperationError as Unsupported
from noise import ZNE
from noise.mitigation.extrapolation import NeuralExtrapolator
from noise.mitigation.neural import family, train, training_values
from tests.noise.mitigation.gate_noise import GateNoise
from tests.support.properties import assert_gradients_match

FACTORS = torch.tensor([1.0, 3.0, 5.0], dtype=torch.float64)


def curves(number: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Values that decay faster the larger they are: a map that is not linear."""
    generator = torch.Generator().manual_seed(seed)
    exact = torch.rand(number, dtype=torch.float64, generator=generator) * 2 - 1
    rate = 0.05 + 0.2 * exact**2
    return exact * torch.exp(-rate * FACTORS[:, None]), exact


def trained(**options) -> NeuralExtrapolator:
    return NeuralExtrapolator((1, 3, 5)).fit(*curves(200, 1), **options)


def circuit() -> Circuit:
    return Circuit(
        2, [g.ry(0.7, 0), g.cx(0, 1), g.rx(1.1, 1), g.ry(0.4, 0), g.cx(1, 0), g.rz(0.2, 1)]
    )


def noisy() -> GateNoise:
    return GateNoise({"cx": lambda op: [g.depolarizing(0.05, *op.qubits),
                                        g.amplitude_damping(0.03, op.qubits[1])]})  # fmt: skip


class TestNetwork:
    def test_it_learns_what_no_line_can(self):
        values, exact = curves(300, 2)
        found = trained().extrapolate(FACTORS, values).values
        linear = torch.linalg.lstsq(values.T, exact[:, None]).solution[:, 0] @ values
        assert float((found - exact).abs().mean()) < 0.3 * float((linear - exact).abs().mean())

    def test_it_is_odd(self):
        values, _ = curves(20, 3)
        network = trained(steps=20)
        torch.testing.assert_close(
            network.extrapolate(FACTORS, -values).values,
            -network.extrapolate(FACTORS, values).values,
        )
        assert float(network.extrapolate(FACTORS, torch.zeros(3, 1).double()).values) == 0

    def test_training_repeats_with_its_seed_and_leaves_the_global_one(self):
        before = torch.get_rng_state()
        first, second, other = (trained(seed=seed, steps=5).parameters for seed in (1, 1, 2))
        torch.testing.assert_close(first, second, rtol=1e-9, atol=1e-12)
        assert float((first[1] - other[1]).abs().max()) > 0.1
        assert torch.equal(torch.get_rng_state(), before)

    def test_gradients_batches_and_variances(self):
        network = trained(steps=30)
        values = curves(6, 4)[0].reshape(3, 2, 3)

        def function(v):
            return network.extrapolate(FACTORS, v).values

        assert function(values).shape == (2, 3)
        assert_gradients_match(function, [values])
        point = values.clone().requires_grad_()
        (slope,) = torch.autograd.grad(function(point).sum(), point)
        variances = torch.full_like(values, 1e-4)
        found = network.extrapolate(FACTORS, values, variances)
        torch.testing.assert_close(found.variances, (slope**2).sum(0) * 1e-4)
        assert bool(found.valid.all())

    def test_saving(self, tmp_path):
        network = trained(steps=5)
        network.save(tmp_path / "net.pt")
        loaded = NeuralExtrapolator.load(tmp_path / "net.pt")
        assert loaded == network
        assert hash(loaded) == hash(network)
        values, _ = curves(5, 5)
        assert torch.equal(
            loaded.extrapolate(FACTORS, values).values, network.extrapolate(FACTORS, values).values
        )

    def test_files_that_hold_something_else(self, tmp_path):
        (tmp_path / "text").write_text("no network")
        torch.save({"weight": torch.zeros(2)}, tmp_path / "other")
        for name in ("text", "other"):
            with pytest.raises(CheckpointError, match="does not hold a NeuralExtrapolator"):
                NeuralExtrapolator.load(tmp_path / name)
        with pytest.raises(FileNotFoundError):
            NeuralExtrapolator.load(tmp_path / "missing")

    def test_refusals(self, tmp_path):
        network, (values, exact) = NeuralExtrapolator((1, 3, 5)), curves(9, 6)
        with pytest.raises(Unsupported, match="not trained"):
            network.extrapolate(FACTORS, values)
        with pytest.raises(Unsupported, match="cannot be saved"):
            network.save(tmp_path / "net.pt")
        with pytest.raises(ShapeError, match=r"\(3, n\)"):
            network.fit(values.T, exact)
        with pytest.raises(InvalidArgumentError, match="at least as many samples"):
            network.fit(values[:, :2], exact[:2])
        with pytest.raises(InvalidArgumentError, match="finite"):
            network.fit(values * math.nan, exact)
        with pytest.raises(InvalidArgumentError, match="hidden"):
            NeuralExtrapolator((1, 3), hidden=(0,))
        with pytest.raises(InvalidArgumentError, match="trained at the factors"):
            trained(steps=1).extrapolate(torch.tensor([1.0, 2.0, 3.0]), values)


class TestFamilies:
    def test_the_gates_stay_and_the_angles_move(self):
        for kind in ("perturbed", "near-clifford"):
            made = family(circuit(), 5, kind=kind, generator=1)
            assert len({str([op.angles for op in c.ops]) for c in made}) == 5
            assert all([op.name for op in c.ops] == [op.name for op in circuit().ops] for c in made)
            assert family(circuit(), 5, kind=kind, generator=1) == made

    def test_angles_of_clifford_circuits(self):
        (made,) = family(circuit(), 1, kind="near-clifford", strength=0, generator=2)
        quarters = [float(a) / (math.pi / 2) for op in made.ops for a in op.angles]
        assert quarters == pytest.approx([round(q) for q in quarters])

    def test_refusals(self):
        w = weights(1)
        with pytest.raises(InvalidArgumentError, match="has symbols"):
            family(Circuit(1, [g.rx(w[0], 0)]), 1)
        with pytest.raises(InvalidArgumentError, match="no angles"):
            family(Circuit(1, [g.h(0)]), 1)
        with pytest.raises(InvalidArgumentError, match="`kind` must be one of"):
            family(circuit(), 1, kind="clifford")


class TestTraining:
    def test_it_helps_on_other_circuits_of_the_family(self):
        """Trained on 25 circuits, judged on 10 others; the best that lines do is the yardstick."""
        observed = ("Z0", "Z1", "X0 X1")
        zne = ZNE(noisy(), extrapolator="linear")
        network = train(zne, family(circuit(), 25, strength=1.0, generator=1), observed)
        mitigated = ZNE(noisy(), extrapolator=network)
        gaps = {"raw": [], "linear": [], "neural": []}
        for other in family(circuit(), 10, strength=1.0, generator=9):
            exact = other.expectation(observed)
            for name, backend in (("raw", noisy()), ("linear", zne), ("neural", mitigated)):
                gaps[name].append(
                    (other.expectation(observed, backend=backend) - exact).abs().mean()
                )
        means = {name: float(torch.stack(found).mean()) for name, found in gaps.items()}
        assert means["neural"] < means["linear"] < means["raw"]

    def test_training_values(self):
        zne = ZNE(noisy(), (1, 3), extrapolator="linear")
        values, exact = training_values(zne, [circuit()] * 2, ["Z0", PauliSum("Z1")])
        assert values.shape == (2, 4)
        torch.testing.assert_close(exact[:2], circuit().expectation(["Z0", "Z1"]))
        raw = circuit().expectation(["Z0", "Z1"], backend=noisy())
        torch.testing.assert_close(values[0], raw.repeat(2))
