"""Every installed peer gives our values and gradients, on small relatives of the workloads."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from qml.bench import workloads
from qml.bench.contestants import PEERS, Contestant, ours
from qml.bench.measure import deviation
from qml.bench.peers.base import Results
from qml.bench.peers.ours import Ours
from qml.bench.workloads import Workload

WORKS = {
    "reuploading": workloads.reuploading(3, 2, 3, key="small"),
    "single": workloads.reuploading(3, 2, 1, key="small"),
    "ising": workloads.ising_energy(3, 1, key="small"),
    "qcnn": workloads.qcnn_step(2, key="small", n=2),
}


def results(adapter: Any, work: Workload) -> Results:
    return adapter.results(adapter.prepare(work, work.data())())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
@pytest.mark.parametrize("peer", PEERS.values(), ids=PEERS)
def test_a_peer_agrees(peer: Contestant, work: Workload) -> None:
    if peer.missing:
        pytest.skip(f"{', '.join(peer.missing)} not installed")
    adapter = peer.load()
    if adapter.unsupported(work):
        pytest.skip(adapter.unsupported(work))
    found, reference = results(adapter, work), results(Ours("torch"), work)
    assert found.keys() == reference.keys()
    assert deviation(found, reference, part=False) < 1e-6


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "limit"),
    [("default.qubit", "KEEP_STATES_UP_TO"), ("pyqtorch", "physical_memory")],
)
def test_the_adjoint_configuration_for_many_qubits_agrees(
    name: str, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = PEERS[name]
    if peer.missing:
        pytest.skip(f"{', '.join(peer.missing)} not installed")
    adapter, work = peer.load(), WORKS["single"]
    module = importlib.import_module(f"qml.bench.peers.{peer.module}")
    monkeypatch.setattr(module, limit, 0 if limit.isupper() else lambda: 0)
    assert "adjoint" in adapter.settings(work).lower()
    assert deviation(results(adapter, work), results(Ours("torch"), work), part=False) < 1e-6


def test_single_precision_agrees() -> None:
    single = next(c for c in ours("torch", "both", "cpu") if not c.exact)
    work = WORKS["reuploading"]
    assert 0 < deviation(results(single.load(), work), results(Ours(), work), part=False) < 1e-4


def test_what_a_peer_cannot_do_is_said() -> None:
    from qml.bench.peers.base import Peer

    assert "initial state" in Peer.unsupported(_Plain(), WORKS["qcnn"])
    assert Peer.unsupported(_Plain(), WORKS["ising"]) == ""


class _Plain:
    gates = frozenset({"rx", "ry", "rz", "cx"})
    amplitude = False
