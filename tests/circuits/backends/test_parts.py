"""Basis changes, packed outcomes and cut-out devices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("qiskit")

from circuits import Circuit, PauliSum
from circuits import gates as g
from circuits.backends.qiskit import outcomes
from circuits.backends.qiskit.bases import CHANGES, basis_change
from circuits.backends.qiskit.device import cut_out
from circuits.errors import ArgumentTypeError, ConversionError, InvalidArgumentError, QubitError
from circuits.gates import gate_named
from circuits.machines.machine import make_machine
from circuits.machines.target import machine_of
from circuits.ops import Op
from circuits.simulators.sampling import measurement_groups
from circuits.symbols import as_angle
from noise import NoiseModel
from tests.circuits.backends.devices import Asymmetric, Device


@pytest.mark.parametrize("letter", "XY")
def test_every_basis_change_measures_its_letter(letter):
    states = [Circuit(1, [g.u(*angles, 0)]) for angles in ((0.4, 1.1, 0.3), (2.0, -0.7, 0.1))]
    for sequence in CHANGES[letter]:
        ops = [
            Op(gate_named(name), (0,), tuple(as_angle(a, name) for a in angles))
            for name, angles in sequence
        ]
        for state in states:
            torch.testing.assert_close(
                (state + ops).expectation("Z0"), state.expectation(f"{letter}0")
            )


def test_basis_changes_are_made_of_the_machines_gates():
    device = machine_of(Device().target)
    assert [op.name for op in basis_change("X", 2, device)] == ["rz", "sx"]
    assert [op.name for op in basis_change("Y", 2, device)] == ["sx"]
    assert basis_change("Z", 2, device) == ()
    assert [op.name for op in basis_change("Y", 0, None)] == ["sdg", "h"]
    with pytest.raises(ConversionError, match="measure X"):
        basis_change("X", 0, make_machine(["cz", "x"], None, None))


@pytest.mark.parametrize("width", [1, 8, 9, 70])
def test_packed_outcomes(width):
    rng = np.random.default_rng(width)
    bits = rng.integers(0, 2, (5, width), dtype=np.uint8)
    words = [hex(sum(int(b) << k for k, b in enumerate(row))) for row in bits]
    np.testing.assert_array_equal(outcomes.bits_of(words, width), bits)
    from qiskit.primitives import BitArray

    packed = BitArray.from_bool_array(bits.astype(bool), order="little")
    np.testing.assert_array_equal(outcomes.bits_of_array(packed.array, width), bits)


def test_counts_give_the_sample_variance():
    groups, constants = measurement_groups([PauliSum({"Z0 Z2": 2.0, "Z0": -1.0, "": 0.5})])
    rng = np.random.default_rng(3)
    bits = rng.integers(0, 2, (50, 2), dtype=np.uint8)
    value = 2.0 * (-1.0) ** bits.sum(1) - (-1.0) ** bits[:, 0]
    rows, number = np.unique(bits, axis=0, return_counts=True)
    means, variances = outcomes.constants_of(constants, 1)
    outcomes.add_group(groups[0], 0, rows, number.astype(float), means, variances)
    assert means[0, 0] == pytest.approx(value.mean() + 0.5, abs=1e-12)
    assert variances[0, 0] == pytest.approx(value.var(ddof=1) / 50, abs=1e-12)


# === cut-out devices ===


def test_the_best_connected_qubits_are_found():
    assert set(cut_out(Device(), n_qubits=2).qubits) == {3, 4}
    assert set(cut_out(Device(), n_qubits=3).qubits) == {1, 3, 4}
    assert set(cut_out(Device(broken=(3, 4)), n_qubits=2).qubits) == {3, 4}
    assert len(cut_out(Device()).qubits) == 4
    assert cut_out(Device(), n_qubits=1).qubits == (4,)


def test_a_cut_out_device_has_the_noise_of_its_qubits():
    device = cut_out(Device(), [4, 1, 2])
    assert device.num_qubits == 3
    found = NoiseModel.from_backend(device)
    expected = NoiseModel.from_backend(Device(), qubits=[4, 1, 2])
    circuit = Circuit(3, [g.sx(0), g.cx(0, 1), g.sx(2), g.cx(1, 2)])
    assert found.apply(circuit).ops == expected.apply(circuit).ops
    assert set(found.readout) == set(expected.readout) == {0, 1, 2}
    for q in range(3):
        np.testing.assert_array_equal(found.readout[q], expected.readout[q])
    assert set(found.coupling or ()) == {(0, 1), (1, 0), (1, 2), (2, 1)}


def test_broken_gates_are_left_out():
    device = cut_out(Device(broken=(0, 1)), [0, 1])
    assert set(device.target["cx"]) == {(1, 0)}


def test_a_cut_out_device_runs_on_aer():
    pytest.importorskip("qiskit_aer")
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(2, 2)
    circuit.sx(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    found = cut_out(Device(), [4, 3]).run(circuit, shots=300, seed_simulator=1).result()
    assert sum(found.get_counts().values()) == 300


def test_both_flips_of_the_readout_are_kept():
    found = NoiseModel.from_backend(cut_out(Asymmetric(), [3, 1]))
    expected = NoiseModel.from_backend(Asymmetric())
    for new, old in enumerate((3, 1)):
        np.testing.assert_array_equal(found.readout[new], expected.readout[old])
    assert found.readout[0][0, 1] != found.readout[0][1, 0]


def test_refusals():
    with pytest.raises(ArgumentTypeError, match="BackendV2"):
        cut_out("ibm_fez")
    with pytest.raises(QubitError, match="0 to 4"):
        cut_out(Device(), [4, 5])
    with pytest.raises(QubitError, match="6 connected"):
        cut_out(Device(), n_qubits=6)
    with pytest.raises(InvalidArgumentError, match="exclude"):
        cut_out(Device(), [0, 1], n_qubits=2)
