"""The import table of CONTRIBUTING.md, enforced over every import statement of the packages."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

_NUMERICS = frozenset({"torch", "numpy", "scipy", "networkx", "ketwork"})

# Path prefix -> top-level modules that may be imported there. A file is judged by its longest
# matching prefix, and may always import the standard library and its own package.
TABLE = {
    "circuits/": _NUMERICS,
    "circuits/interop/qiskit/": _NUMERICS | {"qiskit", "sympy"},
    "circuits/interop/pennylane/": _NUMERICS | {"pennylane"},
    "circuits/backends/pennylane/": _NUMERICS | {"pennylane"},
    "circuits/backends/ibm/": _NUMERICS
    | {"qiskit", "qiskit_aer", "qiskit_ibm_runtime", "pydantic", "requests", "urllib3"},
    "circuits/backends/qiskit/": _NUMERICS | {"qiskit", "qiskit_aer"},
    "circuits/machines/transpile.py": _NUMERICS | {"qiskit"},
    "circuits/pauli/qiskit_operators.py": _NUMERICS | {"qiskit"},
    "circuits/drawing/": _NUMERICS | {"matplotlib"},
    "noise/": _NUMERICS | {"circuits"},
    "noise/model/aer/": _NUMERICS | {"circuits", "qiskit", "qiskit_aer"},
    "noise/model/likelihood.py": _NUMERICS | {"circuits", "tqdm"},
    "optim/": _NUMERICS | {"circuits"},
    "optim/executors/ray_tasks.py": _NUMERICS | {"circuits", "ray"},
    "optim/executors/slurm_jobs.py": _NUMERICS | {"circuits", "submitit"},
    "optim/search/environment/gym.py": _NUMERICS | {"circuits", "gymnasium"},
    "optim/search/plots.py": _NUMERICS | {"circuits", "matplotlib"},
    "optim/search/ppo.py": _NUMERICS | {"circuits", "sb3_contrib", "stable_baselines3"},
    "optim/problems/chemistry.py": _NUMERICS | {"circuits", "pyscf"},
    "qml/": _NUMERICS | {"circuits", "sklearn", "matplotlib", "tqdm"},
    "qml/data/": _NUMERICS | {"circuits", "sklearn", "PIL", "tqdm"},
    "qml/bench/": _NUMERICS | {"circuits", "matplotlib"},
    "qml/bench/peers/": _NUMERICS
    | {
        *("circuits", "pennylane", "jax", "tensorcircuit", "pyqtorch", "qulacs"),
        *("qiskit", "qiskit_machine_learning"),
    },
    "qml/cli/": _NUMERICS
    | {"circuits", "noise", "optim", "sklearn", "matplotlib", "tqdm", "typer", "rich"},
    "qml/cli/noise_source.py": _NUMERICS | {"circuits", "noise", "qiskit_ibm_runtime"},
    "ketwork.py": frozenset({"torch", "qml"}),
}


@dataclass(frozen=True)
class Import:
    """One imported module, and where the import stands."""

    path: str
    line: int
    module: str
    only_for_types: bool

    @property
    def top(self) -> str:
        """The top-level package."""
        return self.module.partition(".")[0]


def imports_of(source: str, path: str) -> Iterator[Import]:
    """Yield every absolute import of a file, also within functions and by `import_module`."""
    tree = ast.parse(source, path)
    type_lines = {
        child.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for child in ast.walk(statement)
        if isinstance(child, ast.stmt)
    }
    for node in ast.walk(tree):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            modules = [node.module]
        elif isinstance(node, ast.Call) and _is_import_call(node):
            modules = [str(node.args[0].value)]  # type: ignore[attr-defined]
        for module in modules:
            yield Import(path, node.lineno, module, node.lineno in type_lines)


def _is_import_call(node: ast.Call) -> bool:
    name = ast.unparse(node.func).rpartition(".")[2]
    return (
        name in {"import_module", "__import__"}
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    )


def violations(source: str, path: str) -> list[str]:
    """Return a sentence for each import that the table forbids."""
    prefix = max((p for p in TABLE if path.startswith(p)), key=len)
    own = path.partition("/")[0]
    first_party = {"circuits", "noise", "optim", "qml"}
    return [
        f"{found.path}:{found.line} imports {found.module}"
        for found in imports_of(source, path)
        if found.top not in TABLE[prefix] | sys.stdlib_module_names | {own}
        and not (found.only_for_types and found.top not in first_party)
    ]


def _files() -> list[Path]:
    folders = ("circuits", "noise", "optim", "qml")
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    return [ROOT / "ketwork.py", *files]


def test_every_import_is_in_the_table() -> None:
    found = [
        sentence
        for file in _files()
        for sentence in violations(file.read_text(), file.relative_to(ROOT).as_posix())
    ]
    assert not found, "\n".join(found)


def test_every_row_of_the_table_is_used() -> None:
    names = [file.relative_to(ROOT).as_posix() for file in _files()]
    unused = [prefix for prefix in TABLE if not any(name.startswith(prefix) for name in names)]
    assert not unused


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("circuits/ops.py", "import qml"),
        ("circuits/ops.py", "from noise.channels import Kraus"),
        ("circuits/ops.py", "def f():\n    import qiskit"),
        ("circuits/ops.py", "import numpy, matplotlib.pyplot"),
        ("circuits/ops.py", "from importlib import import_module\nimport_module('qiskit.circuit')"),
        ("circuits/drawing/text.py", "import qiskit"),
        ("circuits/interop/pennylane/reader.py", "import qiskit"),
        ("noise/model.py", "import qml"),
        ("noise/model.py", "import optim"),
        ("optim/search.py", "from noise import NoiseModel"),
        ("optim/search.py", "if TYPE_CHECKING:\n    from noise import NoiseModel"),
        ("qml/layer.py", "def f():\n    from optim import search"),
        ("qml/layer.py", "import typer"),
    ],
)
def test_forbidden_imports_are_found(path: str, source: str) -> None:
    assert len(violations(source, path)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("circuits/ops.py", "import math, torch\nfrom circuits import gates\nfrom . import x"),
        ("circuits/ops.py", "if TYPE_CHECKING:\n    from qiskit import QuantumCircuit"),
        ("circuits/interop/qiskit/reader.py", "import qiskit"),
        ("circuits/drawing/picture.py", "def f():\n    import matplotlib.pyplot"),
        ("qml/layer.py", "from circuits import Circuit"),
        ("qml/cli/mitigate.py", "import noise, optim, typer, rich"),
    ],
)
def test_allowed_imports_pass(path: str, source: str) -> None:
    assert violations(source, path) == []
