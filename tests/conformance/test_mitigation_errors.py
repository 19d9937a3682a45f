"""Standard errors of every mitigation method against the scatter of repeated runs."""

from __future__ import annotations

import pytest
import torch

from tests.conformance.mitigations import MITIGATIONS
from tests.conformance.noisy_example import MACHINES, request

RUNS = 40


@pytest.mark.parametrize("claim", MITIGATIONS, ids=lambda claim: claim.name)
def test_reported_errors_are_those_of_repeated_runs(claim):
    """Chi-square with 39 degrees: false alarms below 1e-7 at each bound, for these fixed seeds."""
    method = claim.make(MACHINES[claim.reduces])
    results = method.run([request(1, shots=6000, generator=k) for k in range(RUNS)])
    values = torch.cat([r.values for r in results])
    reported = torch.cat([r.variances for r in results]).mean(dim=0)
    ratio = values.var(dim=0) / reported
    assert float(ratio.max()) < 3.0
    if claim.honest:
        assert float(ratio.min()) > 0.22
