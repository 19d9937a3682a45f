"""Processes that are killed at every step: nothing is sent twice, nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

if not hasattr(os, "fork"):
    pytest.skip("the trials fork", allow_module_level=True)

_POINTS = (
    *("CREATE TABLE", "BEGIN IMMEDIATE", "INSERT INTO", "UPDATE jobs", "COMMIT"),
    *("submit begins", "submit ends", "status ends", "result begins", "result ends"),
)


def trials(folder: Path, *arguments: object) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.circuits.jobs.crash_trials", folder, *map(str, arguments)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    report: dict[str, Any] = json.loads(ran.stdout)
    return report


def test_killed_at_every_step(tmp_path: Path) -> None:
    report = trials(tmp_path, "every", 1)
    assert report["faults"] == []
    assert report["trials"] > 50
    assert report["kills"] > 1.5 * report["trials"]
    assert set(_POINTS) <= set(report["points"])


def test_killed_at_random_moments(tmp_path: Path) -> None:
    report = trials(tmp_path, "random", 2, 12)
    assert report["faults"] == []
    assert report["kills"] >= 4


@pytest.mark.slow
def test_killed_at_every_step_of_several_requests(tmp_path: Path) -> None:
    report = trials(tmp_path, "every", 3)
    assert report["faults"] == []
    assert report["trials"] >= 200


@pytest.mark.slow
def test_killed_at_many_random_moments(tmp_path: Path) -> None:
    assert trials(tmp_path, "random", 3, 200)["faults"] == []
