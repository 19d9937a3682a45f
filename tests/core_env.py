"""Make a virtual environment in which no optional package exists, in about a second.

    python -m tests.core_env .venv-core

The environment holds links to the files of the *installed* distributions that a plain
`pip install ketwork` would bring, plus the test tools, and nothing else. So it is a real
environment (imports, `importlib.util.find_spec` and version look-ups all behave as on a machine
without the extras), but needs no download and no second copy of torch.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TEST_TOOLS = ("pytest", "pytest-timeout", "pytest-xdist", "hypothesis")


def closure(*names: str) -> dict[str, importlib.metadata.Distribution]:
    """Return the named distributions and all they need, extras left out, by canonical name."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [Requirement(name) for name in names]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name not in found:
            found[name] = importlib.metadata.distribution(requirement.name)
        extras = requirement.extras or {""}
        for text in found[name].requires or ():
            needed = Requirement(text)
            marker = needed.marker
            if marker and not any(marker.evaluate({"extra": extra}) for extra in extras):
                continue
            if canonicalize_name(needed.name) not in found:
                waiting.append(needed)
    return found


def create(folder: Path) -> Path:
    """Create the environment and return its Python."""
    venv.EnvBuilder(clear=True, symlinks=True).create(folder)
    source = Path(sysconfig.get_path("purelib"))
    scheme = {"base": str(folder), "platbase": str(folder)}
    target = Path(sysconfig.get_path("purelib", "venv", scheme))
    for distribution in closure("ketwork", *TEST_TOOLS).values():
        tops = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
        for top in tops:
            link = target / top
            if not link.is_symlink():
                link.symlink_to(source / top)
    return folder / "bin" / "python"


if __name__ == "__main__":
    python = create(Path(sys.argv[1]))
    subprocess.run([python, "-c", "import ketwork, torch, pytest"], check=True)
