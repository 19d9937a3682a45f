"""Every mitigation method around others."""

from __future__ import annotations

import pytest
import torch

from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from noise import CDR, PEC, ZNE, PauliTwirling
from tests.conformance.mitigations import MITIGATIONS
from tests.conformance.noisy_example import MACHINES, exact, noisy, request

INNER = {
    "zne": lambda backend: ZNE(backend, factors=(1, 3), extrapolator="linear"),
    "twirling": lambda backend: PauliTwirling(backend, n_twirls=4),
    "pec": lambda backend: PEC(backend, n_samples=10, max_overhead=1e6),
    "cdr": lambda backend: CDR(backend, n_training=8),
}
OUTER = [claim for claim in MITIGATIONS if claim.exact]


@pytest.mark.filterwarnings("ignore:CDR. the noisy training values")
@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("claim", OUTER, ids=lambda claim: claim.name)
def test_methods_nest(claim, inner):
    wrapped = INNER[inner](MACHINES[claim.reduces])
    if type(wrapped).__name__ in claim.refuses:
        with pytest.raises(InvalidArgumentError, match="Exchange them"):
            claim.make(PauliTwirling(wrapped))
        return
    method = claim.make(wrapped)
    result = method.run([request(2)])[0]
    assert result.values.shape == (2, 2)
    cost = method.cost(request(2))
    assert cost.circuits == result.metadata["circuits"] or not claim.spends
    assert cost.circuits >= wrapped.cost(request(2)).circuits
    noiseless = claim.make(INNER[inner](noisy(0.0))).run([request(2)])[0].values
    torch.testing.assert_close(noiseless, exact(2), rtol=0, atol=claim.neutral)


@pytest.mark.filterwarnings("ignore:CDR. the noisy training values")
@pytest.mark.parametrize("inner", ["zne", "twirling"])
@pytest.mark.parametrize("claim", OUTER, ids=lambda claim: claim.name)
def test_nested_methods_share_the_shots(claim, inner):
    wrapped = INNER[inner](MACHINES[claim.reduces])
    if type(wrapped).__name__ in claim.refuses:
        return
    method, asked = claim.make(wrapped), request(1, shots=50_000)
    if claim.needs_samples and inner == "zne":
        with pytest.raises(UnsupportedOperationError, match="not samples"):
            method.run([asked])
        return
    result = method.run([asked])[0]
    assert result.metadata["shots"] == 50_000 or not claim.spends
    assert bool((result.standard_errors > 0).all())
    assert float((result.values - exact(1)).abs().max()) < 0.3
