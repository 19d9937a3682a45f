"""Processes that are killed while they train on a machine: one job per request, nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")
if not hasattr(os, "fork"):
    pytest.skip("the trials fork", allow_module_level=True)


def report(module: str, folder: Path, *arguments: object) -> dict[str, Any]:
    """What the trials print."""
    ran = subprocess.run(
        [sys.executable, "-m", f"tests.ibm.{module}", folder, *map(str, arguments)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_named_points(tmp_path: Path) -> None:
    found = report("crash_points", tmp_path)
    assert {name: faults for name, faults in found["faults"].items() if faults} == {}
    assert len(found["faults"]) == 14
    not_killed = {"POST dropped after storing", "POST 502 after storing"}
    assert set(found["faults"]) - set(found["killed"]) == not_killed
    assert found["results"] == 1


def test_random_moments(tmp_path: Path) -> None:
    found = report("soak", tmp_path, 6)
    assert found["faults"] == []
    assert found["trials"] == 6
    assert found["kills"] >= 1


@pytest.mark.slow
def test_many_random_moments(tmp_path: Path) -> None:
    found = report("soak", tmp_path, 40, 11)
    assert found["faults"] == []
