"""What `import circuits` and `import qml` may load. How long it takes is a benchmark's matter."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

NEVER_AT_IMPORT = (
    "qiskit",
    "qiskit_aer",
    "qiskit_ibm_runtime",
    "pennylane",
    "ray",
    "gymnasium",
    "stable_baselines3",
    "tensorboard",
    "matplotlib",
    "sklearn",
    "networkx",
    "typer",
    "rich",
)


def loaded_by(statement: str) -> set[str]:
    """Run the statement in a new process and return the top-level modules it has loaded."""
    script = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return {name.partition(".")[0] for name in json.loads(run.stdout)}


@pytest.mark.parametrize("package", ["circuits", "qml", "noise", "optim", "ketwork"])
def test_import_loads_no_heavy_package(package: str) -> None:
    assert loaded_by(f"import {package}").isdisjoint(NEVER_AT_IMPORT)


def test_the_check_sees_what_is_loaded() -> None:
    assert "networkx" in loaded_by("import circuits, networkx")


def test_the_root_module_loads_only_the_standard_library() -> None:
    loaded = loaded_by("import ketwork")
    assert loaded.isdisjoint({"torch", "numpy", "circuits", "noise", "optim", "qml"})
