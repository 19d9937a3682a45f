"""Settings and fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

# Before torch loads: every test process is single-threaded, so that runs repeat exactly and two
# workers fit on two cores. Child processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import hypothesis
import pytest
import torch

if TYPE_CHECKING:
    from tests.support.ibm_service import IBMService

torch.set_num_threads(1)

hypothesis.settings.register_profile(
    "ketwork",
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("ketwork")

_TOLERANCES = {
    torch.float32: {"rtol": 1e-4, "atol": 1e-5},
    torch.float64: {"rtol": 1e-10, "atol": 1e-12},
}


@pytest.fixture(scope="session", params=list(_TOLERANCES), ids=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    """Run the test once in each floating-point type."""
    return request.param


@pytest.fixture(scope="session")
def tolerance(dtype: torch.dtype) -> dict[str, float]:
    """Tolerances that fit `dtype`: `torch.testing.assert_close(a, b, **tolerance)`."""
    return _TOLERANCES[dtype]


@pytest.fixture
def generator() -> torch.Generator:
    """A seeded generator of the test's own."""
    return torch.Generator().manual_seed(20240607)


@pytest.fixture(autouse=True)
def _seed_default_generator() -> None:
    """Seed torch's default generator, so that no test depends on the order of the others."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def _ibm_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IBMService]:
    """One process of IBM's service for all tests of this worker."""
    from tests.support.ibm_service import IBMService

    with IBMService(tmp_path_factory.mktemp("ibm")) as service:
        yield service


@pytest.fixture
def ibm_service(_ibm_process: IBMService, monkeypatch: pytest.MonkeyPatch) -> IBMService:
    """IBM's service on loopback, as new; `QiskitRuntimeService()` reaches it."""
    _ibm_process.reset()
    for name, value in _ibm_process.environment.items():
        monkeypatch.setenv(name, value)
    return _ibm_process


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine cannot run."""
    reasons = {}
    if not torch.cuda.is_available():
        reasons["gpu"] = "needs a CUDA device"
    if os.environ.get("KETWORK_HARDWARE") != "1":
        reasons["hardware"] = "needs a quantum computer: set KETWORK_HARDWARE=1"
    for item in items:
        for marker, reason in reasons.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
