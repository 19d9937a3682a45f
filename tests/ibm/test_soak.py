"""Processes that are killed at random moments of trainings: nothing sent twice, nothing lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")
if not hasattr(os, "fork"):
    pytest.skip("the trials fork", allow_module_level=True)

from tests.ibm.trials import report


def test_random_moments(tmp_path: Path) -> None:
    found = report("soak", tmp_path, 5)
    assert found["faults"] == []
    assert found["trials"] == 5
    assert found["kills"] >= 1
    assert found["jobs"] == 5 + 5 + 9 + 5 + 5
