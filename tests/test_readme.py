"""What the README shows works: its programs print what it says, its links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://)([^)#]+)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
NEEDS = {
    "qiskit_ibm_runtime": "qiskit_ibm_runtime",
    "circuits.IBM": "qiskit_ibm_runtime",
    "circuits.Aer": "qiskit_aer",
}
"""What a program names, and the package that it then needs."""


@dataclass(frozen=True)
class Program:
    """A Python block, and the text block right behind it."""

    source: str
    prints: str | None

    @property
    def missing(self) -> list[str]:
        needed = {package for name, package in NEEDS.items() if name in self.source}
        return sorted(p for p in needed if importlib.util.find_spec(p) is None)


def programs() -> list[Program]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = list(_BLOCK.finditer(text))
    found = []
    for block, behind in zip(blocks, [*blocks[1:], None], strict=True):
        if block[1] != "python":
            continue
        follows = behind is not None and not text[block.end() : behind.start()].strip()
        prints = behind[2] if follows and behind is not None and behind[1] == "text" else None
        found.append(Program(block[2], prints))
    return found


def test_programs_run_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    """Later programs use names of earlier ones, as the text says."""
    names: dict[str, Any] = {}
    ran = 0
    for program in programs():
        if program.missing:
            continue
        exec(compile(program.source, "README.md", "exec"), names)
        out = capsys.readouterr().out
        ran += 1
        if program.prints is not None:
            assert _NUMBER.sub("#", out) == _NUMBER.sub("#", program.prints)
            found = [float(n) for n in _NUMBER.findall(out)]
            shown = [float(n) for n in _NUMBER.findall(program.prints)]
            assert found == pytest.approx(shown, abs=2e-3)
    assert ran >= 4


def test_there_are_programs_with_output() -> None:
    assert sum(program.prints is not None for program in programs()) >= 2


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    links = _LINK.findall((ROOT / page).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_notebook_is_linked() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    notebooks = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert len(notebooks) >= 9
    assert [name for name in notebooks if f"](notebooks/{name})" not in text] == []
