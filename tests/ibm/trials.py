"""Trials in a process of their own, which forks before it has threads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


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
