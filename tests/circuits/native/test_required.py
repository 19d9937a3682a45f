"""Where the native engine is required, a build that fell back to torch is an error."""

from __future__ import annotations

import os

import pytest

from circuits import Circuit, StateVector, _native
from circuits import gates as g


@pytest.mark.skipif(
    os.environ.get("KETWORK_REQUIRE_NATIVE") != "1", reason="KETWORK_REQUIRE_NATIVE is not 1"
)
def test_the_engine_is_native() -> None:
    assert _native.kernels() is not None, _native.reason()
    backend = StateVector()
    assert repr(backend) == "StateVector(engine=native)"
    assert backend.native_engine(Circuit(2, [g.h(0), g.cx(0, 1)])) is not None
