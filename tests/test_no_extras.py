"""With the core dependencies alone: everything imports, the first page runs, errors help.

`make test-no-extras` runs the whole suite in such an environment; these tests are the part that
concerns only the missing packages.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import core_env
from tests.test_layers import ROOT, TABLE

_OPTIONAL = ("qiskit", "qiskit_aer", "qiskit_ibm_runtime", "pennylane", "gymnasium", "tensorboard")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment without any optional package."""
    return core_env.create(tmp_path_factory.mktemp("core") / "venv")


def run(python: Path, script: str) -> str:
    """Run a script in the environment; return what it printed."""
    result = subprocess.run(
        [python, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def _modules() -> list[str]:
    """All modules except those that the import table marks as tied to an optional package."""
    optional = [p for p, allowed in TABLE.items() if allowed & set(_OPTIONAL)]
    names = []
    for package in ("circuits", "noise", "optim", "qml"):
        for file in sorted((ROOT / package).rglob("*.py")):
            path = file.relative_to(ROOT)
            if not any(path.as_posix().startswith(prefix) for prefix in optional):
                names.append(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    return [name for name in names if not name.endswith("__main__")]


def test_the_environment_has_no_optional_package(python: Path) -> None:
    script = (
        f"from importlib.util import find_spec\nprint([n for n in {_OPTIONAL} if find_spec(n)])"
    )
    assert run(python, script).strip() == "[]"


def test_every_other_module_imports(python: Path) -> None:
    run(python, f"import importlib\nfor name in {_modules()}: importlib.import_module(name)")


def test_the_first_page_trains(python: Path) -> None:
    script = """
import torch
from circuits import Circuit, gates as g, inputs, weights
from qml import QuantumLayer
x, w = inputs(2), weights(2)
circuit = Circuit(2) + [g.rx(x[q], q) for q in range(2)] + [g.cx(0, 1)]
circuit += [g.ry(w[q], q) for q in range(2)]
layer = QuantumLayer(circuit)
layer(torch.rand(3, 2)).sum().backward()
print(layer.weight.grad.abs().sum() > 0)
"""
    assert run(python, script).strip() == "tensor(True)"


@pytest.mark.parametrize(
    ("call", "extra"),
    [
        ("Circuit.from_qiskit(None)", "qiskit"),
        ("Circuit(1).to_qiskit()", "qiskit"),
        ("Circuit.from_pennylane(None)", "pennylane"),
        ("Circuit(1).to_pennylane()", "pennylane"),
        ("import circuits; circuits.Aer()", "qiskit"),
        ("import circuits; circuits.Primitives()", "qiskit"),
        ("import circuits; circuits.PennyLane('default.qubit')", "pennylane"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(python: Path, call: str, extra: str) -> None:
    script = f"""
from circuits import Circuit
from circuits.errors import MissingDependencyError
try:
    {call}
except MissingDependencyError as error:
    print(error)
"""
    assert f"ketwork[{extra}]" in run(python, script)
