"""Leaving out idle qubits changes nothing that is measured."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given

from circuits import Circuit, DensityMatrix, PauliSum, Request, errors, weights
from circuits import gates as g
from circuits.compact import compact, compact_request
from tests.support import strategies


def test_idle_qubits_go_and_kept_ones_stay() -> None:
    circuit = Circuit(6, [g.h(4), g.barrier(), g.delay(1e-6, 5), g.id(3), g.cx(4, 1)],
                      measured={4: 0, 5: 1})  # fmt: skip
    small, new = compact(circuit, keep=[0])
    assert new == {0: 0, 1: 1, 4: 2}
    assert small.ops == (g.h(2), g.barrier(0, 1, 2), g.cx(2, 1))
    assert small.measured == {2: 0}


def test_a_circuit_without_idle_qubits_is_returned_itself() -> None:
    circuit = Circuit(2, [g.cx(0, 1)])
    assert compact(circuit)[0] is circuit
    assert compact(Circuit(5))[0].n_qubits == 1


def test_a_noisy_delay_is_not_idle() -> None:
    circuit = Circuit(3, [g.delay(1e-6, 2), g.bit_flip(0.1, 2)])
    assert compact(circuit)[1] == {2: 0}


@given(strategies.circuits(max_qubits=3, symbolic=False, channels=True))
def test_expectation_values_do_not_change(circuit: Circuit) -> None:
    wide = circuit.map_qubits(lambda q: 2 * q + 1, 2 * circuit.n_qubits + 1)
    small, new = compact(wide, keep=[0])
    observable = PauliSum({f"X0 Z{2 * circuit.n_qubits - 1}": 1.0, "Z0 Y1": 0.5, "Z1": 0.3})
    kept = compact(wide, keep=observable.qubits)
    backend = DensityMatrix("torch")
    expected = wide.expectation(observable, backend=backend)
    found = kept[0].expectation(observable.map_qubits(kept[1]), backend=backend)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    assert set(new) <= set(range(wide.n_qubits))
    assert small.n_qubits == len(new)


def test_requests_are_renumbered_with_all_their_fields() -> None:
    w = weights(1)
    circuit = Circuit(5, [g.ry(w[0], 3)])
    values = torch.tensor([[0.4]], dtype=torch.float64)
    request = Request(circuit, values, qubits=[3, 1], bases="XZ", shots=7, generator=3,
                      tags={"a": 1})  # fmt: skip
    small = compact_request(request)
    assert (small.circuit.n_qubits, small.qubits, small.bases) == (2, (1, 0), "XZ")
    assert (small.shots, small.generator, small.tags) == (7, 3, {"a": 1})
    seen = compact_request(Request(circuit, values, [PauliSum("Z3")]))
    assert seen.observables == (PauliSum("Z0"),)
    assert torch.equal(seen.values, values)


def test_qubits_that_are_not_there() -> None:
    with pytest.raises(errors.QubitError, match="names qubit 2"):
        compact(Circuit(2), keep=[2])
