"""Every gate entry of many devices against Aer's channel."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

pytest.importorskip("qiskit_aer")
pytest.importorskip("qiskit_ibm_runtime")

from qiskit_aer.noise import NoiseModel as AerNoiseModel

from circuits import Op, errors
from circuits.gates import gate_named
from noise import NoiseModel
from tests.noise.model.devices import device, product, transfer_of_aer

SMALL = (
    *("FakeManilaV2", "FakeBelemV2", "FakePerth", "FakeLagosV2", "FakeNairobiV2", "FakeJakartaV2"),
    *("FakeGuadalupeV2", "FakeCairoV2", "FakeQuitoV2", "FakeYorktownV2"),
)
LARGE = (
    *("FakeMumbaiV2", "FakeHanoiV2", "FakeTorontoV2", "FakeNighthawk", "FakeSherbrooke"),
    *("FakeBrisbane", "FakeWashingtonV2", "FakeTorino", "FakeFez", "FakeKingston", "FakeBoston"),
)
NOT_GATES = {"reset", "reset_2", "measure", "measure_2"}
ATOL = 1e-12


def check_every_entry(name: str) -> None:
    """Each channel that Aer has, and that it has none where we have none."""
    backend = device(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.NoiseNotAppliedWarning)
        model = NoiseModel.from_backend(backend)
    theirs = AerNoiseModel.from_backend(backend)._local_quantum_errors
    present, compared = dict(model._machine.places or ()), 0
    for gate in set(theirs) - NOT_GATES | set(present):
        places = present[gate]
        assert places is not None
        for qubits in places:
            error = theirs.get(gate, {}).get(qubits)
            expected = np.eye(4 ** len(qubits)) if error is None else transfer_of_aer(error)
            ours = product(model.channels_for(Op(gate_named(gate), qubits)), qubits)
            assert np.abs(ours - expected).max() < ATOL, (gate, qubits)
            compared += error is not None
        left_out = {q for q in theirs.get(gate, {}) if q not in places}
        lines = [line for line in model.report if "error exactly 1" in line or "coupled" in line]
        assert all(f"{gate}{q}".replace(",)", ")") in lines[0] or lines[1:] for q in left_out)
    assert compared > 3 * backend.num_qubits


@pytest.mark.parametrize("name", SMALL)
def test_every_gate_entry_is_aers(name: str) -> None:
    check_every_entry(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_every_gate_entry_of_large_devices_is_aers(name: str) -> None:
    check_every_entry(name)
