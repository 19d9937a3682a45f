"""Entry point of the `ketwork` distribution, and the check that its four packages are its own.

The distribution installs the packages `circuits`, `noise`, `optim` and `qml`. Unrelated projects
of these names exist. If one of them is installed over ours or stands earlier on `sys.path`, then
imports would fail in obscure ways. This module has a name of its own, imports only the standard
library, and reads the marker `__ketwork__` in the *source* of the four packages, so it can name
the culprit without running a line of it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

__version__ = "0.1.0"

PACKAGES = ("circuits", "noise", "optim", "qml")
"""The import names of this distribution, in the order in which they build on each other."""

CORE_PEERS = (
    "torch",
    "numpy",
    "scipy",
    "networkx",
    "matplotlib",
    "pillow",
    "scikit-learn",
    "typer",
    "rich",
    "tqdm",
)
"""Distributions that ketwork always needs."""

OPTIONAL_PEERS = (
    "qiskit",
    "qiskit-aer",
    "qiskit-ibm-runtime",
    "pennylane",
    "gymnasium",
    "stable-baselines3",
    "sb3-contrib",
    "tensorboard",
)
"""Distributions that single features need."""

_MARKER = re.compile(r"^__ketwork__\s*(:[^=\n]*)?=", re.MULTILINE)
_REINSTALL = "pip install --force-reinstall --no-deps ketwork"


class ShadowedPackageError(ImportError):
    """One of the four packages is missing, or another project's package stands in its place."""


@dataclass(frozen=True)
class Package:
    """Where Python finds one of the four import names, and whose it is.

    Args:
        name: The import name.
        status: `"ours"`, `"shadowed"` (another project's) or `"missing"`.
        path: The file (or folder, for one without `__init__.py`) that an import would load.
        distributions: Installed distributions that own this file, as `"name version"`. More than
            `ketwork` alone means that one has overwritten files of the other.
    """

    name: str
    status: Literal["ours", "shadowed", "missing"]
    path: str | None
    distributions: tuple[str, ...]


def find_package(name: str) -> Package:
    """Find out, without importing it, whether the package called `name` is ketwork's.

    Args:
        name: One of `PACKAGES`.

    Returns:
        What an import would load.

    >>> find_package("noise").status
    'ours'
    """
    path, source = _locate(name)
    if path is None:
        return Package(name, "missing", None, ())
    status: Literal["ours", "shadowed"] = "ours" if _MARKER.search(source) else "shadowed"
    return Package(name, status, path, tuple(_owners(name, path)))


def require_ours(*names: str) -> None:
    """Raise unless every named package is ketwork's.

    `qml`, `noise` and `optim` call this before they import `circuits`.

    Args:
        *names: Import names, of `PACKAGES`.

    Raises:
        ShadowedPackageError: The message names the package, its file, the distribution that owns
            it, and the remedy.
    """
    # The marker alone decides; the owners are looked up only for the message.
    strangers = [name for name in names if not _MARKER.search(_locate(name)[1])]
    if strangers:
        problems = (_problem(find_package(name)) for name in strangers)
        raise ShadowedPackageError("\n\n".join(problems))


def info() -> dict[str, Any]:
    """Collect what a bug report needs: versions, packages, devices, threads.

    Works, too, where some of the four packages are shadowed and where torch is broken.

    Returns:
        Plain values only, ready for `json.dumps`. `optional` maps a distribution that is not
        installed to `None`.
    """
    found = [find_package(name) for name in PACKAGES]
    return {
        "ketwork": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": [{**asdict(p), "distributions": list(p.distributions)} for p in found],
        "core": {name: _version(name) for name in CORE_PEERS},
        "optional": {name: _version(name) for name in OPTIONAL_PEERS},
        **_torch_facts(),
        "cpus": os.cpu_count(),
        "data_directory": os.environ.get("KETWORK_DATA"),
        "problems": [_problem(package) for package in found if package.status != "ours"],
    }


def format_info(facts: dict[str, Any]) -> str:
    """Write the result of `info` as text for people.

    Args:
        facts: What `info` returned.

    Returns:
        Several lines, without colour.
    """
    lines = [f"ketwork {facts['ketwork']}", f"python  {facts['python']} on {facts['platform']}", ""]
    for package in facts["packages"]:
        owners = [o for o in package["distributions"] if o.split()[0] != "ketwork"]
        also = f"  (also claimed by {', '.join(owners)})" if owners else ""
        where = package["path"] or "-"
        lines.append(f"{package['name']:<9} {package['status']:<9} {where}{also}")
    lines.append("")
    for group in ("core", "optional"):
        for name, version in facts[group].items():
            lines.append(f"{name:<19} {version or 'not installed'}")
    lines += [
        "",
        f"devices   {', '.join(facts['devices']) or 'none: ' + str(facts['torch_error'])}",
        f"threads   {facts['threads']} (of {facts['cpus']} processors)",
        f"data      {facts['data_directory'] or 'KETWORK_DATA is not set'}",
    ]
    for problem in facts["problems"]:
        lines += ["", problem]
    return "\n".join(lines)


def main() -> NoReturn:
    """Run the command line, after making sure that it is ours that would run."""
    arguments = sys.argv[1:]
    try:
        require_ours(*PACKAGES)
    except ShadowedPackageError as error:
        if arguments[:1] == ["info"]:
            sys.exit(_info_alone(arguments[1:]))
        sys.exit(f"{error}\n\n`ketwork info` shows all that was found.")
    from qml.cli import app

    app(prog_name="ketwork")
    sys.exit(0)


def _info_alone(arguments: list[str]) -> int:
    """Run `ketwork info` without the command line framework, which lives in a shadowed package."""
    parser = argparse.ArgumentParser(prog="ketwork info")
    parser.add_argument("--json", action="store_true", help="print JSON")
    facts = info()
    as_json = parser.parse_args(arguments).json
    print(json.dumps(facts, indent=2) if as_json else format_info(facts))
    return 0


def _locate(name: str) -> tuple[str | None, str]:
    """Return the path and the source text of what `import name` would load."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        return None, ""
    get_source = getattr(spec.loader, "get_source", None)
    if spec.origin is None or get_source is None:  # a folder without __init__.py, or a binary
        folders = list(spec.submodule_search_locations or ())
        return spec.origin or (folders[0] if folders else None), ""
    return spec.origin, get_source(name) or ""


def _owners(name: str, path: str) -> list[str]:
    """Return the installed distributions whose file lists contain `path`."""
    owners = []
    for distribution_name in set(importlib.metadata.packages_distributions().get(name, ())):
        distribution = importlib.metadata.distribution(distribution_name)
        files = (Path(str(distribution.locate_file(file))) for file in distribution.files or ())
        if Path(path) in files:
            owners.append(f"{distribution.name} {distribution.version}")
    return sorted(owners)


def _problem(package: Package) -> str:
    """Describe what is wrong with a package that is not ours, and the remedy."""
    if package.status == "missing":
        return (
            f"ketwork's package `{package.name}` is missing: the installation is damaged (removing "
            f"another distribution of that name deletes our files).\n  remedy:     {_REINSTALL}"
        )
    culprits = [owner for owner in package.distributions if owner.split()[0] != "ketwork"]
    if culprits:
        names = " ".join(owner.split()[0] for owner in culprits)
        owner = f"belongs to: distribution {', '.join(culprits)}"
        remedy = f"pip uninstall {names} && {_REINSTALL}"
    else:
        owner = "belongs to: no installed distribution (found through sys.path)"
        remedy = "run from another directory, or take that place off PYTHONPATH, or rename it"
    return (
        f"The package `{package.name}` that Python finds is not ketwork's.\n"
        f"  found:      {package.path}\n  {owner}\n  remedy:     {remedy}"
    )


def _version(distribution: str) -> str | None:
    """Return the installed version of a distribution, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _torch_facts() -> dict[str, Any]:
    """Return devices and threads as torch sees them."""
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a shared library does not load
        return {"devices": [], "threads": None, "torch_error": str(error)}
    gpus = (torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    devices = ["cpu", *(f"cuda:{i} {name}" for i, name in enumerate(gpus))]
    return {"devices": devices, "threads": torch.get_num_threads(), "torch_error": None}


if __name__ == "__main__":
    main()
