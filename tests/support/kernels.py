"""A pytest plugin that puts another build of the native kernels in place of the installed one.

    KETWORK_KERNELS=build/sanitize/module pytest -p tests.support.kernels tests/circuits/native

`make sanitize` uses it. The folder holds the module; nothing may have imported it before.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

NAME = "circuits._native._kernels"


def load(folder: Path) -> None:
    """Load the module from a folder under its usual name."""
    (file,) = folder.glob("_kernels.*.so")
    spec = importlib.util.spec_from_file_location(NAME, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[NAME] = module


if "KETWORK_KERNELS" in os.environ:
    load(Path(os.environ["KETWORK_KERNELS"]))
