"""Every setting in pyproject.toml is one that its tool reads.

Ruff and pytest (`--strict-config`) refuse unknown settings by themselves; mypy only prints a line
and goes on.
"""

from __future__ import annotations

import io
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("mypy")

from mypy.config_parser import parse_config_file
from mypy.options import Options

from tests.test_layers import ROOT

SETTINGS = ROOT / "pyproject.toml"


def mypy_complaints(file: Path) -> str:
    """Return what mypy prints while it reads a configuration file."""
    options, out, err = Options(), io.StringIO(), io.StringIO()
    parse_config_file(options, lambda: None, str(file), out, err)
    return out.getvalue() + err.getvalue()


def test_mypy_knows_every_setting() -> None:
    assert mypy_complaints(SETTINGS) == ""


def test_an_unknown_setting_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.mypy]\nwarn_unused_ignore = true\n")
    assert "warn_unused_ignore" in mypy_complaints(file)


def test_only_tools_that_run_are_configured() -> None:
    tools = set(tomllib.loads(SETTINGS.read_text())["tool"])
    assert tools == {"scikit-build", "pytest", "ruff", "mypy"}


@pytest.mark.parametrize("file", ["pyproject.toml", "constraints.txt", "Makefile", ".ci/run"])
def test_no_file_names_a_package_index(file: str) -> None:
    text = (ROOT / file).read_text()
    assert "index-url" not in text
    assert "://" not in text
