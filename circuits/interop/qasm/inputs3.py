"""`input` declarations as groups of symbols, and the annotation by which our exports keep them.

A plain declaration `input float[64] a;` or `input array[float[64], 2, 3] w;` makes a group of
weights of that name and shape. Our exports declare one scalar for each entry of a group, since
few readers know arrays, and annotate it so that the group comes back:

    @ketwork.entry weight w[0, 1] of (2, 3)
    input float[64] w_0_1;
"""

from __future__ import annotations

import math
import re
from typing import Any

from circuits.interop.qasm.lexer import Token
from circuits.interop.qasm.limits import Budget
from circuits.interop.qasm.source import Source, show
from circuits.symbols import inputs, weights

KEYWORD = "@ketwork.entry"
_ENTRY = re.compile(
    r"@ketwork\.entry (input|weight) ([^\W\d]\w*)\[((?:\d{1,9}(?:, )?)*)\] "
    r"of \(((?:\d{1,9}(?:, )?)*)\)"
)


def entry_annotation(kind: str, name: str, index: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """The annotation of one entry of a group."""
    where, extents = ", ".join(map(str, index)), ", ".join(map(str, shape))
    return f"{KEYWORD} {kind} {name}[{where}] of ({extents})"


class Inputs:
    """The groups that a program declares.

    Args:
        source: The text, for errors.
        budget: Limits and what has been used of them.
        as_inputs: Names of groups that become inputs instead of weights.
    """

    def __init__(self, source: Source, budget: Budget, as_inputs: frozenset[str]) -> None:
        self._source = source
        self._budget = budget
        self._as_inputs = as_inputs
        self._groups: dict[str, tuple[bool, tuple[int, ...], Any]] = {}

    @property
    def names(self) -> frozenset[str]:
        """Names of the groups declared so far."""
        return frozenset(self._groups)

    def declare(self, name: Token, shape: tuple[int, ...], annotations: tuple[Token, ...]) -> Any:
        """The symbol, or array of symbols, of one declaration."""
        entries = [note for note in annotations if note.text.startswith(KEYWORD)]
        if not entries:
            return self._group("weight", name.text, shape, False, name)
        note = entries[-1]
        found = _ENTRY.fullmatch(note.text.rstrip())
        if found is None or shape or len(entries) > 1:
            raise self._source.error(f"malformed annotation {show(note.text)}", note.offset)
        kind, group = found.group(1), found.group(2)
        index, extents = (
            tuple(int(part) for part in text.split(", ") if part) for text in found.group(3, 4)
        )
        array = self._group(kind, group, extents, True, note)
        if len(index) != len(extents) or any(i >= n for i, n in zip(index, extents, strict=True)):
            raise self._source.error(f"malformed annotation {show(note.text)}", note.offset)
        return array[index] if index else array

    def _group(self, kind: str, name: str, shape: tuple[int, ...], shared: bool, at: Token) -> Any:
        key = f"{kind} {name}" if shared else name
        if key in self._groups:
            was_shared, extents, array = self._groups[key]
            if not (shared and was_shared and extents == shape):
                raise self._source.error(f"{show(name)} is declared in two ways", at.offset)
            return array
        if any(extent < 1 for extent in shape):
            raise self._source.error(f"the extents {shape} of an array must be >= 1", at.offset)
        self._budget.spend("parameters", math.prod(shape), "input parameters", at.offset)
        if not name.isidentifier():
            raise self._source.error(f"{show(name)} is no valid name of parameters", at.offset)
        declare = inputs if kind == "input" or name in self._as_inputs else weights
        array = declare(*shape, name=name)
        self._groups[key] = (shared, shape, array)
        return array
