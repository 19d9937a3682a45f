"""The text of a program: turns offsets into lines and columns, and makes errors."""

from __future__ import annotations

import bisect

from circuits.errors import QasmError

_SHOWN = 40


class Source:
    """An OpenQASM text that can say where an offset is.

    Args:
        text: The program.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: list[int] | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        if self._starts is None:
            self._starts = [0]
            position = self.text.find("\n")
            while position >= 0:
                self._starts.append(position + 1)
                position = self.text.find("\n", position + 1)
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def error(self, message: str, offset: int, kind: type[QasmError] = QasmError) -> QasmError:
        """An error that names the place of `offset`."""
        return kind(message, *self.place(offset))


def show(text: str) -> str:
    """A piece of foreign text for an error message: quoted, escaped and short."""
    if len(text) > _SHOWN:
        text = text[:_SHOWN] + "..."
    return "'" + text.encode("unicode_escape").decode("ascii") + "'"
