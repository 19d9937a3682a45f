"""Pauli twirling: equal circuits, Pauli noise on average, native gates."""

from __future__ import annotations

import copy
import math
import pickle
import random

import numpy as np
import pytest
import torch

from circuits import Circuit, PauliSum, Request, StateVector, inputs, weights
from circuits import gates as g
from circuits.errors import InvalidArgumentError, KetworkError, UnknownGateError
from circuits.errors import UnsupportedOperationError as Unsupported
from circuits.gates.transfer import pauli_basis
from noise.channels import OverRotation
from noise.clifford import conjugation, conjugation_of
from noise.mitigation.pulses import native_paulis
from noise.mitigation.twirling import PauliTwirling, find_sites, twirl
from noise.model import NoiseModel
from noise.pauli_transfer import PauliTransfer
from tests.noise.mitigation.gate_noise import BASIS, GateNoise
from tests.support.strategies import random_channel, random_unitary

OBSERVED = ("Z0", "X0 Y1", "Y2 Z0")
CLIFFORD = ("cx", "cy", "cz", "ecr", "iswap", "swap")


def random_circuit(seed: int, native: bool = False) -> Circuit:
    """Three qubits, symbols in some angles, two-qubit gates of many kinds."""
    rng = random.Random(seed)
    x, w = inputs(2), weights(3)
    ops = [g.sx(q) for q in range(3)]
    for _ in range(20):
        a, b = rng.sample(range(3), 2)
        angle = [0.3 + x[0] * w[1], w[0], x[1], w[2] - 1, 0.7][rng.randrange(5)]
        choices = [g.rz(angle, a), g.sx(a), g.rz(angle, a), g.sx(a), g.x(a), g.cx(a, b)]
        if not native:
            choices += [g.u(0.1, angle, 0.3, a), g.h(a), g.rx(angle, a), g.rzz(angle, a, b),
                        g.delay(1e-7, a), g.t(b), g.p(angle, a), g.s(a),
                        *(getattr(g, name)(a, b) for name in CLIFFORD)]  # fmt: skip
        ops.append(rng.choice(choices))
    ops += [g.cx(0, 1), g.rz(x[0] + x[1], 1), g.sx(1), g.rz(w[0] + w[1] + w[2], 1), g.cx(2, 1)]
    return Circuit(3, ops)


def table(points: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(points, 2, dtype=torch.float64, generator=generator)
    return x, torch.rand(3, dtype=torch.float64, generator=generator)


class TestConjugation:
    @pytest.mark.parametrize("name", [*CLIFFORD, "h", "s", "sx", "sdg"])
    def test_equation(self, name):
        gate = g.TABLE[name]
        op = getattr(g, name)(*range(gate.n_qubits))
        found = conjugation_of(op)
        matrix = gate.matrix(torch.zeros(0, dtype=torch.float64)).numpy()
        basis = pauli_basis(gate.n_qubits)
        for k, pauli in enumerate(basis):
            image = found.signs[k] * basis[found.images[k]]
            np.testing.assert_allclose(matrix @ pauli @ matrix.conj().T, image, atol=1e-12)

    def test_number_of_a_pauli(self):
        label = np.kron([[0, 1], [1, 0]], [[1, 0], [0, -1]])  # X on qubit 1, Z on qubit 0
        np.testing.assert_array_equal(pauli_basis(2)[3 + 4 * 1], label)

    def test_not_clifford(self):
        assert conjugation(random_unitary(3, 4)) is None
        assert conjugation_of(g.t(0)) is None
        assert conjugation_of(g.rzz(weights(1)[0], 0, 1)) is None
        assert conjugation_of(g.rzz(0.3, 0, 1)) is None
        assert conjugation_of(g.rzz(math.pi / 2, 0, 1)) is not None
        assert conjugation_of(g.kraus(random_channel(0, 2), 0)) is None


class TestEqualCircuits:
    @pytest.mark.parametrize("merge", [True, False])
    @pytest.mark.parametrize("seed", range(12))
    def test_each_twirl_has_the_same_values(self, seed, merge):
        circuit = random_circuit(seed)
        (x, w), sites = table(), find_sites(circuit)
        expected = circuit.expectation(OBSERVED, x, w)
        chooser, ideal = random.Random(seed), native_paulis(StateVector(), 3)
        for _ in range(6):
            choice = [chooser.randrange(16) for _ in sites]
            twirled = twirl(circuit, sites, choice, ideal, merge=merge)
            assert twirled.parameters == circuit.parameters
            found = twirled.expectation(OBSERVED, x, w)
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)

    def test_sites(self):
        circuit = Circuit(3, [g.cx(0, 1), g.rzz(weights(1)[0], 0, 2), g.iswap(1, 2), g.h(0),
                              g.ccx(0, 1, 2), g.barrier(0, 1),
                              g.depolarizing(0.1, 0, 1), g.rzz(math.pi / 2, 0, 1)])  # fmt: skip
        assert [site.position for site in find_sites(circuit)] == [0, 2, 7]
        assert [site.position for site in find_sites(circuit, ("cx",))] == [0]

    def test_native_gates_and_two_qubit_count(self):
        circuit, machine = random_circuit(5, native=True), GateNoise({}, BASIS)
        x, w = table()
        backend = PauliTwirling(machine, n_twirls=10, seed=2)
        found = circuit.expectation(OBSERVED, x, w, backend=backend)
        torch.testing.assert_close(found, circuit.expectation(OBSERVED, x, w), rtol=0, atol=1e-12)
        assert len(machine.ran) == 10
        assert len({str(ran.ops) for ran in machine.ran}) == 10
        for ran in machine.ran:
            assert set(ran.count_ops()) <= set(BASIS)
            assert ran.count_ops()["cx"] == circuit.count_ops()["cx"]

    def test_a_pulse_next_to_sx_is_absorbed(self):
        block = [op for q in range(2) for op in (g.sx(q), g.rz(0.4, q), g.sx(q), g.rz(0.2, q))]
        circuit = Circuit(2, [*block, g.cx(0, 1), *block, g.cx(1, 0), *block])
        sites, native = find_sites(circuit), native_paulis(GateNoise({}, BASIS), 2)
        chooser = random.Random(0)
        for _ in range(20):
            choice = [chooser.randrange(16) for _ in sites]
            counts = twirl(circuit, sites, choice, native).count_ops()
            assert "x" not in counts
            assert counts["sx"] == circuit.count_ops()["sx"]

    def test_native_forms(self):
        assert [op.name for op in native_paulis(StateVector(), 1).ops(2, 0)] == ["rz", "x"]
        forms = native_paulis(GateNoise({}, ("rx", "ry", "cz")), 2)
        assert [op.name for op in forms.ops(2, 1)] == ["rx", "ry", "rx"]
        with pytest.raises(Unsupported, match="no native form of the Pauli X"):
            native_paulis(GateNoise({}, ("rz", "cz")), 2)


def noisy_cx() -> GateNoise:
    """A coherent error and a random channel, neither Pauli nor unital, behind each cx."""
    wrong = random_channel(8, 4, m=2)
    mixed = [math.sqrt(0.7) * np.eye(4), *(math.sqrt(0.3) * k for k in wrong)]
    return GateNoise(
        {"cx": lambda op: [g.rzz(0.3, *op.qubits), g.rx(0.2, op.qubits[1]),
                           g.kraus(np.array(mixed), *op.qubits)]}
    )  # fmt: skip


_LABELS = [PauliSum({a + b: 1.0}) for a in "IXYZ" for b in "IXYZ"]  # qubit 0 is the last character


def transfer_matrix(backend) -> np.ndarray:
    """Of one cx on the backend, by process tomography with noiseless preparations."""
    x = inputs(2, 2)
    circuit = Circuit(2, [g.u(x[q, 0], x[q, 1], 0, q) for q in range(2)] + [g.cx(0, 1)])
    one = [(0.0, 0.0), (math.pi, 0.0), (math.pi / 2, 0.0), (math.pi / 2, math.pi / 2)]
    points = torch.tensor([[a, b] for b in one for a in one], dtype=torch.float64)
    before = Circuit(2, circuit.ops[:2]).expectation(_LABELS, points).numpy()
    after = circuit.expectation(_LABELS, points, backend=backend).numpy()
    return np.linalg.solve(before, after).T


class TestNoise:
    def test_all_twirls_give_the_diagonal_of_the_noise(self):
        machine, ideal = noisy_cx(), transfer_matrix(StateVector())
        raw = transfer_matrix(machine) @ ideal.T
        assert np.abs(raw - np.diag(np.diag(raw))).max() > 0.05
        for merge in (True, False):
            backend = PauliTwirling(machine, n_twirls="all", merge=merge)
            twirled = transfer_matrix(backend) @ ideal.T
            np.testing.assert_allclose(twirled, np.diag(np.diag(raw)), atol=1e-12)

    def test_sampled_twirls_scatter_around_the_exact_average(self):
        circuit = Circuit(2, [g.h(0), g.cx(0, 1), g.ry(0.4, 1), g.cx(1, 0)])
        machine = noisy_cx()
        exact = circuit.estimate(_LABELS[1:], backend=PauliTwirling(machine, n_twirls="all"))
        assert exact.variances is None
        assert exact.metadata["circuits"] == 256
        found = circuit.estimate(_LABELS[1:], backend=PauliTwirling(machine, n_twirls=150, seed=4))
        # 15 values, 6 standard errors of 150 twirls each: a false alarm below 1e-6.
        deviation = (found.values - exact.values).abs() / found.standard_errors
        assert 0.1 < float(deviation.max()) < 6
        raw = circuit.expectation(_LABELS[1:], backend=machine)
        assert float((found.values - raw).abs().max()) > 0.01

    def test_variance_of_shots(self):
        circuit = Circuit(2, [g.h(0), g.cx(0, 1), g.ry(0.4, 1)])
        backend = PauliTwirling(StateVector(), n_twirls=200, seed=1)
        result = circuit.estimate(["Z0 Z1", "Z0"], shots=20000, generator=3, backend=backend)
        exact = circuit.expectation(["Z0 Z1", "Z0"])
        assert result.metadata["shots"] == 20000
        expected = ((1 - exact**2) / 20000).sqrt()
        # The spread of 200 twirls is known to 5 %; 6 sigma.
        torch.testing.assert_close(result.standard_errors, expected, rtol=0.31, atol=0)
        assert float(((result.values - exact) / expected).abs().max()) < 5.1
        single = PauliTwirling(StateVector(), n_twirls=1)
        one = circuit.estimate(["Z0"], shots=2000, generator=3, backend=single)
        assert 0.01 < float(one.standard_errors) < 0.03
        everything = PauliTwirling(StateVector(), n_twirls="all")
        whole = circuit.estimate(["Z0"], shots=16000, generator=3, backend=everything)
        torch.testing.assert_close(whole.standard_errors, torch.full((1,), 16000**-0.5).double(),
                                   rtol=0.01, atol=0)  # fmt: skip


class TestBackend:
    def test_gradients_pass(self):
        circuit = random_circuit(2)
        x, w = table()
        x.requires_grad_()
        w.requires_grad_()
        backend = PauliTwirling(StateVector("torch"), n_twirls=3, seed=0)
        found = torch.autograd.grad(
            circuit.expectation(OBSERVED, x, w, backend=backend).sum(), (x, w)
        )
        expected = torch.autograd.grad(circuit.expectation(OBSERVED, x, w).sum(), (x, w))
        for a, b in zip(found, expected, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-12)

    def test_randomness(self):
        circuit, machine = random_circuit(0), noisy_cx()
        x, w = table()

        def run(seed=None, generator=None):
            backend = PauliTwirling(machine, n_twirls=2, seed=seed)
            request_values = circuit.estimate(["Z1"], x, w, backend=backend, generator=generator)
            return request_values.values

        assert torch.equal(run(seed=1), run(seed=1))
        assert torch.equal(run(generator=5), run(generator=5))
        assert not torch.equal(run(seed=1), run(seed=2))
        own = torch.Generator().manual_seed(1)
        assert not torch.equal(run(seed=own), run(seed=own))
        before = torch.get_rng_state()
        run(seed=3)
        assert torch.equal(torch.get_rng_state(), before)
        backend = PauliTwirling(machine, n_twirls=2, seed=1)
        for copied in (copy.deepcopy(backend),):
            assert torch.equal(circuit.expectation(["Z1"], x, w, backend=copied), run(seed=1))
        plain = PauliTwirling(StateVector(), seed=1)
        assert pickle.loads(pickle.dumps(plain)).seed == 1

    def test_nothing_to_twirl(self):
        result = Circuit(1, [g.x(0)]).estimate(["Z0"], backend=PauliTwirling(StateVector()))
        assert result.values.tolist() == [-1.0]
        assert (result.metadata["circuits"], result.metadata["twirled_gates"]) == (1, 0)

    def test_bad_input(self):
        machine = StateVector()
        with pytest.raises(InvalidArgumentError, match="n_twirls"):
            PauliTwirling(machine, n_twirls=0)
        with pytest.raises(KetworkError, match="n_twirls"):
            PauliTwirling(machine, n_twirls="some")
        with pytest.raises(UnknownGateError):
            PauliTwirling(machine, gates=["cnotx"])
        with pytest.raises(InvalidArgumentError, match="two qubits"):
            PauliTwirling(machine, gates=["h"])
        with pytest.raises(InvalidArgumentError, match="at least one"):
            PauliTwirling(machine, gates=[])
        with pytest.raises(InvalidArgumentError, match="generator"):
            PauliTwirling(machine, seed="x")
        circuit = Circuit(2, [g.cx(0, 1), g.rzz(weights(1)[0], 0, 1)])
        w = torch.zeros(1, dtype=torch.float64)
        with pytest.raises(Unsupported, match="rzz"):
            circuit.expectation("Z0", w=w, backend=PauliTwirling(machine, gates=["rzz"]))
        with pytest.raises(Unsupported, match="nothing would be twirled"):
            circuit.expectation("Z0", w=w, backend=PauliTwirling(machine, gates=["cz"]))
        many = Circuit(2, [g.cx(0, 1)] * 4)
        with pytest.raises(InvalidArgumentError, match="4096"):
            many.expectation("Z0", backend=PauliTwirling(machine, n_twirls="all"))
        with pytest.raises(InvalidArgumentError, match="at least 32"):
            many.estimate("Z0", shots=5, backend=PauliTwirling(machine))

    def test_samples_are_those_of_all_twirls(self):
        """A coherent error of cx: samples follow the twirled probabilities within 6 sigma."""
        circuit = Circuit(2, [g.ry(0.6, 0), g.cx(0, 1), g.h(0), g.cx(0, 1), g.ry(0.4, 1)])
        machine = PauliTransfer(
            NoiseModel().add(OverRotation(1.4, "XX"), gates="cx"), engine="torch"
        )
        point, shots = torch.zeros(1, 0, dtype=torch.float64), 20_000
        twirling = PauliTwirling(machine, n_twirls=20, seed=4)
        ask = {"qubits": (1, 0), "bases": "ZZ"}
        expected = twirling.run([Request(circuit, point, **ask)])[0].values[0]
        found = twirling.run([Request(circuit, point, **ask, shots=shots, generator=2)])[0]
        assert found.samples.shape == (1, shots, 2)
        assert found.metadata["twirled_gates"] == 2
        index = found.samples[0].long() @ torch.tensor([1, 2])
        for part in (index, index[: shots // 20]):
            shares = torch.bincount(part, minlength=4) / len(part)
            assert float((shares - expected).abs().max()) < 6 * 0.5 / len(part) ** 0.5
        raw = machine.run([Request(circuit, point, **ask)])[0].values[0]
        assert float((raw - expected).abs().max()) > 0.05

    def test_request_bases_survive(self):
        circuit = Circuit(2, [g.h(0), g.cx(0, 1)])
        values = torch.zeros(1, 0, dtype=torch.float64)
        request = Request(circuit, values, qubits=(0, 1), bases="XX")
        plain = StateVector().run([request])[0].values
        found = PauliTwirling(StateVector(), n_twirls=3).run([request])[0].values
        torch.testing.assert_close(found, plain, rtol=0, atol=1e-12)
