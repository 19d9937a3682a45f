"""IBM's machines through the whole path: client, HTTP, ledger, on a machine without noise."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("qiskit_aer")
pytest.importorskip("qiskit_ibm_runtime")

import circuits
from tests.conformance.parity import SHOTS, Way
from tests.conformance.test_parity import check_measured


@pytest.mark.parametrize(("kind", "jobs"), [("estimator", 2), ("sampler", 1)])
def test_ibm_through_its_service(kind, jobs, ibm_service, tmp_path):
    backend = circuits.IBM(
        "ibm_quiet", SHOTS, primitive=kind, ledger=tmp_path / "jobs.sqlite", per_minute=None
    )
    way = Way(kind, lambda: backend, exact=None, seeded=False)
    check_measured(way, torch.float64, backend)
    assert len(ibm_service.jobs) == jobs
