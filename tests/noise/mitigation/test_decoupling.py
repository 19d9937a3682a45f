"""Dynamical decoupling: schedules, windows, refocusing."""

from __future__ import annotations

import copy
import math
import pickle

import pytest
import torch

from circuits import Circuit, StateVector, inputs, weights
from circuits import gates as g
from circuits.errors import ArgumentTypeError, InvalidArgumentError
from noise.mitigation.decoupling import SEQUENCES, DynamicalDecoupling
from noise.mitigation.schedule import Window, durations_of, schedule
from tests.noise.mitigation.gate_noise import BASIS, GateNoise

TIMES = {"x": 40e-9, "sx": 40e-9, "cx": 400e-9, ("cx", (1, 2)): 600e-9}
OBSERVED = ("X0 X1 X2", "Y0 X1 X2", "Z0 Z1", "X1", "Z1 Z2")


def drift(rate: float = 4e5) -> GateNoise:
    """A slow field along Z on waiting qubits, different for each: rz(rate * t)."""
    return GateNoise(
        {"delay": lambda op: [g.rz(rate * (1 + op.qubits[0]) * op.angles[0], op.qubits[0])]},
        BASIS,
    )


def waiting() -> Circuit:
    """Qubit 0 waits in a superposition while 1 and 2 work."""
    x = inputs(1)
    h = [g.rz(math.pi / 2, 0), g.sx(0), g.rz(x[0], 0)]
    return Circuit(3, [*h, g.cx(0, 1), g.cx(1, 2), g.cx(1, 2), g.cx(1, 2), g.sx(2)])


def point() -> torch.Tensor:
    return torch.tensor([[0.4], [1.3]], dtype=torch.float64)


class TestSchedule:
    def test_windows(self):
        steps = schedule(waiting(), TIMES)
        windows = [s for s in steps if isinstance(s, Window)]
        assert [s for s in steps if not isinstance(s, Window)] == list(waiting().ops)
        behind = [w for w in windows if not w.leading]
        # Qubit 0 waits for three cx(1, 2) and sx(2); qubit 1 for sx(2).
        assert sorted((w.qubit, round(w.seconds * 1e9)) for w in behind) == [(0, 1840), (1, 40)]

    def test_as_late_as_possible(self):
        circuit = Circuit(2, [g.sx(0), g.sx(1), g.cx(0, 1), g.sx(1), g.cx(0, 1)])
        windows = [s for s in schedule(circuit, TIMES) if isinstance(s, Window)]
        assert windows == [Window(0, pytest.approx(40e-9))]
        late = Circuit(2, [g.sx(0), g.cx(0, 1)])  # the first gate waits, not the qubit behind it
        assert not [s for s in schedule(late, TIMES) if isinstance(s, Window)]

    def test_barriers_and_delays(self):
        circuit = Circuit(
            2, [g.sx(0), g.sx(1), g.sx(1), g.barrier(0, 1), g.delay(1e-7, 0), g.sx(0)]
        )
        found = [(s.qubit, round(s.seconds * 1e9)) for s in schedule(circuit, TIMES)
                 if isinstance(s, Window)]  # fmt: skip
        # Behind the barrier 0 waits for its delay, 1 for the delay and the gate of 0.
        assert sorted(found) == [(0, 100), (1, 140)]

    def test_delays_are_part_of_their_window(self):
        circuit = Circuit(2, [g.sx(0), g.delay(2e-7, 0), g.cx(0, 1)])
        assert [s for s in schedule(circuit, TIMES) if isinstance(s, Window)] == [Window(0, 2e-7)]
        first = Circuit(1, [g.delay(2e-7, 0), g.sx(0)])
        assert schedule(first, TIMES)[0] == Window(0, 2e-7, leading=True)

    def test_sums_of_durations_are_not_exact(self):
        """0.1 + 0.1 + 0.1 is more than 0.3: no window; and pulses of 0.3 fit 0.1 + 0.1 + 0.1."""
        times = {"sx": 0.1, "x": 0.15, "cx": 0.3, "h": 0.3}
        same = Circuit(2, [g.cx(0, 1), g.h(0), *[g.sx(1)] * 3])
        assert not [s for s in schedule(same, times) if isinstance(s, Window)]
        machine = GateNoise({}, (*BASIS, "h"))
        tight = Circuit(2, [g.cx(0, 1), *[g.sx(1)] * 3, g.cx(0, 1)])
        for seconds in (0.15, 0.15 + 1e-13, 0.15 - 1e-13):
            backend = DynamicalDecoupling(machine, durations={**times, "x": seconds})
            tight.expectation(["Z0"], backend=backend)
            ops = [op.name for op in machine.ran[-1].ops]
            assert (ops.count("x"), ops.count("delay")) == (2, 0)
        backend = DynamicalDecoupling(machine, durations={**times, "x": 0.151})
        with pytest.warns(RuntimeWarning, match="inserted nothing"):
            tight.expectation(["Z0"], backend=backend)

    def test_durations_of_a_device(self):
        fakes = pytest.importorskip("qiskit_ibm_runtime.fake_provider")
        found = durations_of(fakes.FakeManilaV2())
        assert found["rz", (0,)] == 0.0
        assert 1e-8 < found["sx", (1,)] < found["cx", (0, 1)] < 1e-6


class TestRefocusing:
    @pytest.mark.parametrize("sequence", [*SEQUENCES, ("Y", "Ym"), ("X", "Y", "Xm", "Ym")])
    def test_a_slow_field_is_undone(self, sequence):
        machine = drift()
        exact = waiting().expectation(OBSERVED, point())
        noisy = waiting().expectation(OBSERVED, point(), backend=_delayed(machine))
        assert float((noisy - exact).abs().max()) > 0.2
        backend = DynamicalDecoupling(machine, sequence, durations=TIMES)
        found = waiting().estimate(OBSERVED, point(), backend=backend)
        # Qubit 1 waits for 40 ns, shorter than the pulses: its own error is what remains.
        short = Circuit(3, [*waiting().ops, g.rz(4e5 * 2 * 40e-9, 1)])
        expected = short.expectation(OBSERVED, point())
        torch.testing.assert_close(found.values, expected, rtol=0, atol=1e-12)
        n = len(SEQUENCES.get(sequence, sequence))
        assert found.metadata["pulses"] == n
        assert found.metadata["windows"] == 2

    def test_an_asymmetric_spacing_does_not_refocus(self):
        machine, exact = drift(), waiting().expectation(OBSERVED, point())
        backend = DynamicalDecoupling(machine, durations=TIMES, spacing=(0.6, 0.3, 0.1))
        found = waiting().expectation(OBSERVED, point(), backend=backend)
        assert float((found - exact).abs().max()) > 0.05

    def test_pulses_fill_the_window(self):
        machine = GateNoise({}, BASIS)
        for sequence, repetitions in (("XX", 1), ("XY4", 3)):
            machine.ran.clear()
            backend = DynamicalDecoupling(
                machine, sequence, durations=TIMES, repetitions=repetitions
            )
            waiting().expectation(OBSERVED, point(), backend=backend)
            (ran,) = machine.ran
            mine = [op for op in ran if op.qubits == (0,) and op.name in ("delay", "x")]
            total = sum(40e-9 if op.name == "x" else op.angles[0].constant for op in mine)
            assert total == pytest.approx(1840e-9)
            names = [op.name for op in mine]
            assert names == ["delay", "x"] * (len(names) // 2) + ["delay"]
            assert names.count("x") == repetitions * len(SEQUENCES[sequence])

    def test_opposite_pulses_cancel_their_own_errors(self):
        """With pulses that rotate too far, XpXm is right where XX is wrong."""
        wrong = GateNoise({"x": lambda op: [g.rx(0.2, *op.qubits)]}, BASIS)
        exact = waiting().expectation(OBSERVED, point())

        def error(sequence: str) -> float:
            backend = DynamicalDecoupling(wrong, sequence, durations=TIMES)
            found = waiting().expectation(OBSERVED, point(), backend=backend)
            return float((found - exact).abs().max())

        assert error("XX") > 0.05
        assert error("XpXm") < 1e-12

    def test_a_qubit_that_has_not_been_used_only_waits(self):
        machine = GateNoise({}, BASIS)
        circuit = Circuit(2, [g.delay(1e-6, 1), g.sx(0), g.cx(0, 1)])
        circuit.expectation("Z0", backend=DynamicalDecoupling(machine, durations=TIMES))
        assert [op.name for op in machine.ran[0] if op.qubits == (1,)] == ["delay"]


class TestBackend:
    def test_noiseless_values_and_gradients_stay(self):
        w = weights(2)
        circuit = Circuit(3, [g.h(0), g.ry(w[0], 1), g.cx(0, 1), g.rx(w[1], 2), g.cx(1, 2)])
        times = {"h": 1e-7, "ry": 1e-7, "rx": 2e-7, "cx": 4e-7, "x": 1e-7}
        backend = DynamicalDecoupling(StateVector(), "XY4", durations=times)
        values = torch.tensor([0.3, 0.9], dtype=torch.float64, requires_grad=True)
        found = circuit.expectation(OBSERVED, w=values, backend=backend)
        expected = circuit.expectation(OBSERVED, w=values)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
        (slope,) = torch.autograd.grad(found.sum(), values, retain_graph=True)
        (true,) = torch.autograd.grad(expected.sum(), values)
        torch.testing.assert_close(slope, true, rtol=0, atol=1e-12)

    def test_samples_and_shots(self):
        backend = DynamicalDecoupling(StateVector(), durations=TIMES)
        drawn = waiting().sample(50, point(), backend=backend, generator=1)
        assert drawn.shape == (2, 50, 3)
        result = waiting().estimate(["Z0"], point(), shots=100, generator=1, backend=backend)
        assert (result.metadata["shots"], result.metadata["circuits"]) == (100, 1)

    def test_copies(self):
        backend = DynamicalDecoupling(StateVector(), "XY4", durations=TIMES)
        expected = waiting().expectation(OBSERVED, point(), backend=backend)
        for copied in (copy.deepcopy(backend), pickle.loads(pickle.dumps(backend))):
            assert torch.equal(waiting().expectation(OBSERVED, point(), backend=copied), expected)

    def test_short_windows_are_left_and_said(self):
        machine = GateNoise({}, BASIS)
        circuit = Circuit(2, [g.cx(0, 1), g.sx(1)])
        backend = DynamicalDecoupling(machine, durations=TIMES)
        with pytest.warns(RuntimeWarning, match="inserted nothing"):
            result = circuit.estimate("Z0", backend=backend)
        assert machine.ran[0].count_ops() == {"cx": 1, "sx": 1, "delay": 1}
        assert (result.metadata["windows"], result.metadata["pulses"]) == (1, 0)
        nobody_waits = Circuit(2, [g.cx(0, 1)]).estimate("Z0", backend=backend)
        assert (nobody_waits.metadata["windows"], nobody_waits.metadata["pulses"]) == (0, 0)

    def test_bad_input(self):
        machine = StateVector()
        with pytest.raises(InvalidArgumentError, match="sequence"):
            DynamicalDecoupling(machine, "XYZ", durations=TIMES)
        with pytest.raises(InvalidArgumentError, match="identity"):
            DynamicalDecoupling(machine, ("X", "Y"), durations=TIMES)
        with pytest.raises(InvalidArgumentError, match="made of the pulses"):
            DynamicalDecoupling(machine, (), durations=TIMES)
        with pytest.raises(InvalidArgumentError, match="must be >= 0"):
            DynamicalDecoupling(machine, durations={"x": -1.0})
        with pytest.raises(InvalidArgumentError, match="no gate that takes time"):
            DynamicalDecoupling(machine, durations={"x": 0.0})
        with pytest.raises(ArgumentTypeError, match="durations"):
            DynamicalDecoupling(machine, durations=4e-8)
        with pytest.raises(InvalidArgumentError, match="3 numbers"):
            DynamicalDecoupling(machine, durations=TIMES, spacing=(0.5, 0.5))
        with pytest.raises(InvalidArgumentError, match="sum to 1"):
            DynamicalDecoupling(machine, durations=TIMES, spacing=(0.5, 0.5, 0.5))
        with pytest.raises(InvalidArgumentError, match="repetitions"):
            DynamicalDecoupling(machine, durations=TIMES, repetitions=0)
        with pytest.raises(InvalidArgumentError, match="no entry for"):
            Circuit(1, [g.h(0)]).expectation(
                "Z0", backend=DynamicalDecoupling(machine, durations=TIMES)
            )
        with pytest.raises(ArgumentTypeError, match="BackendV2"):
            durations_of(machine)


def _delayed(machine: GateNoise) -> GateNoise:
    """The same machine, waiting as the schedule says, without pulses."""

    class Delays(GateNoise):
        def noisy(self, circuit: Circuit) -> Circuit:
            ops = [
                g.delay(step.seconds, step.qubit) if isinstance(step, Window) else step
                for step in schedule(circuit, TIMES)
            ]
            return super().noisy(Circuit(circuit.n_qubits, ops))

    return Delays(machine.rules, machine.basis)
