"""A token stream with look-ahead, shared by both parsers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from circuits.errors import QasmError
from circuits.interop.qasm.lexer import Token, tokens
from circuits.interop.qasm.limits import Budget
from circuits.interop.qasm.source import Source, show

Item = TypeVar("Item")


class Stream:
    """The tokens of a program, read one after the other.

    Args:
        source: The text.
        version: 2 or 3.
        budget: Limits and what has been used of them.
        start: Offset at which to begin.
    """

    def __init__(self, source: Source, version: int, budget: Budget, start: int = 0) -> None:
        self.source = source
        self.version = version
        self.budget = budget
        self._tokens = tokens(source, version, budget.limits, start)
        self._end = Token("end", "", len(source.text))
        self._token = next(self._tokens, self._end)
        self._behind: Token | None = None

    def peek(self) -> Token:
        """The next token, without reading it."""
        return self._token

    def peek_behind(self) -> Token:
        """The token after the next one, without reading it."""
        if self._behind is None:
            self._behind = next(self._tokens, self._end)
        return self._behind

    def next(self) -> Token:
        """Read one token."""
        token = self._token
        if self._behind is None:
            self._token = next(self._tokens, self._end)
        else:
            self._token, self._behind = self._behind, None
        return token

    def at(self, text: str) -> bool:
        """Whether the next token is this symbol or keyword."""
        return self._token.text == text

    def take(self, text: str) -> bool:
        """Read the next token if it is this symbol or keyword."""
        if self._token.text == text:
            self.next()
            return True
        return False

    def expect(self, text: str, where: str) -> Token:
        """Read this symbol or keyword, or raise."""
        if not self.at(text):
            raise self.unexpected(f"'{text}' {where}")
        return self.next()

    def name(self, what: str) -> Token:
        """Read an identifier, or raise."""
        if self.peek().kind != "name":
            raise self.unexpected(what)
        return self.next()

    def separated(self, item: Callable[[], Item], *, closed_by: str = "") -> list[Item]:
        """Read items separated by commas; none if `closed_by` follows at once."""
        if closed_by and self.at(closed_by):
            return []
        items = [item()]
        while self._token.text == ",":
            offset = self.next().offset
            self.budget.check("list_length", len(items) + 1, "entries of a list", offset)
            items.append(item())
        return items

    def error(self, message: str, at: Token | int, kind: type[QasmError] = QasmError) -> QasmError:
        """An error placed at a token or offset."""
        return self.source.error(message, at if isinstance(at, int) else at.offset, kind)

    def unexpected(self, expected: str) -> QasmError:
        """An error that says what should have come next."""
        token = self.peek()
        found = "the end of the text" if token.kind == "end" else show(token.text)
        return self.error(f"expected {expected}, found {found}", token)
