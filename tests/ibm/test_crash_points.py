"""Processes that are killed at named points of a job's life: one job per request, nothing lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")
if not hasattr(os, "fork"):
    pytest.skip("the trials fork", allow_module_level=True)

from tests.ibm.trials import report


def test_named_points(tmp_path: Path) -> None:
    found = report("crash_points", tmp_path)
    assert {name: faults for name, faults in found["faults"].items() if faults} == {}
    assert len(found["faults"]) == 14
    not_killed = {"POST dropped after storing", "POST 502 after storing"}
    assert set(found["faults"]) - set(found["killed"]) == not_killed
    assert found["results"] == 1
