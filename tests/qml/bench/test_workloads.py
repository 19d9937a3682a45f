from __future__ import annotations

import numpy as np
import pytest
import torch

from circuits import StateVector
from qml.bench import workloads
from qml.bench.peers.ours import Ours
from qml.bench.workloads import WORKLOADS, Workload, big_endian, reuploading, workload

SMALL = [
    reuploading(3, 2, 4, key="small"),
    workloads.qcnn_step(2, key="small"),
    workloads.ising_energy(4, 2, key="small"),
]


@pytest.mark.parametrize("work", list(WORKLOADS.values()), ids=list(WORKLOADS))
def test_weights_and_inputs_are_all_used(work: Workload) -> None:
    slots = {slot for instruction in work.instructions() for slot in instruction.angles}
    assert {s.position for s in slots if s.kind == "w"} == set(range(work.n_weights))
    features = set() if work.amplitude else set(range(work.n_inputs))
    assert {s.position for s in slots if s.kind == "x"} == features


def test_sizes_are_those_of_the_issue() -> None:
    sizes = {key: (w.n_qubits, w.repeats, w.batch) for key, w in WORKLOADS.items()}
    assert sizes["r12"] == (12, 4, 32)
    assert sizes["vqe"] == (12, 8, 1)
    assert sizes["qcnn"] == (8, 0, 256)


def test_fewer_samples_are_the_first_ones() -> None:
    whole, part = workload("r4").data(), workload("r4", batch=3).data()
    assert np.array_equal(whole.weights, part.weights)
    assert np.array_equal(whole.x[:3], part.x)
    assert np.array_equal(whole.cotangents[:3], part.cotangents)


def test_variants_are_different_circuits() -> None:
    layers = [Ours().layer(workload("first", variant)) for variant in range(5)]
    assert len({layer.circuit.content_hash for layer in layers}) == 5


def test_big_endian_reverses_the_bits() -> None:
    x = np.arange(8.0)[None]
    assert big_endian(x)[0].tolist() == [0, 4, 2, 6, 1, 5, 3, 7]


@pytest.mark.parametrize("work", SMALL, ids=["reuploading", "qcnn", "ising"])
def test_our_step_gives_the_gradient_of_finite_differences(work: Workload) -> None:
    data, adapter = work.data(), Ours("torch")
    found = adapter.results(adapter.prepare(work, data)())
    layer = Ours("torch").layer(work).double()
    index, h = work.n_weights // 2, 1e-5

    def loss(weights: np.ndarray) -> float:
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(weights))
            values = layer(torch.tensor(data.x)) if work.n_inputs else layer().reshape(1, -1)
        if not work.training:
            return float((values.numpy() * data.cotangents).sum())
        p = (1 + values[:, 0].numpy()) / 2
        return float(-(data.labels * np.log(p) + (1 - data.labels) * np.log(1 - p)).mean())

    step = h * np.eye(work.n_weights)[index]
    slope = (loss(data.weights + step) - loss(data.weights - step)) / (2 * h)
    assert found["weights"][index] == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_the_engine_is_passed_on() -> None:
    assert repr(Ours("torch").backend) == repr(StateVector(engine="torch"))
