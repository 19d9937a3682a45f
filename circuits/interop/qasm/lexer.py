"""Splits OpenQASM 2 and 3 text into tokens, lazily and in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from circuits.errors import QasmError, QasmLimitError
from circuits.interop.qasm.limits import Limits
from circuits.interop.qasm.source import Source, show

_NUMBER = r"""
    (?P<duration>(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?
        [ \t]*(?:dt|ns|us|µs|μs|ms|s)(?![\w]))
  | (?P<integer>0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)
  | (?P<real>(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?
        |[0-9][0-9_]*[eE][+-]?[0-9]+)
  | (?P<decimal>[0-9][0-9_]*)
"""
_TOKEN_3 = re.compile(
    r"""
    \s*(?:
    (?P<space>//[^\n]*)
  | (?P<name>\$[0-9]+|[^\W\d]\w*)
  | """
    + _NUMBER
    + r"""
  | (?P<string>"[^"\r\n]*"|'[^'\r\n]*')
  | (?P<symbol>->|\+\+|\*\*|<<|>>|==|!=|<=|>=|&&|\|\||/(?!\*)|[-+*%^=<>!~&|;:,.@\#(){}\[\]]))
    """,
    re.VERBOSE,
)
_TOKEN_2 = re.compile(
    r"""
    \s*(?:
    (?P<space>//[^\n]*)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<real>(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
  | (?P<decimal>[0-9]+)
  | (?P<string>"[^"\r\n]*"|'[^'\r\n]*')
  | (?P<symbol>->|==|[-+*/^;,(){}\[\]]))
    """,
    re.VERBOSE,
)
_PATTERNS = {2: _TOKEN_2, 3: _TOKEN_3}
_LINE = re.compile(r"[^\n]*")
_WHITE = re.compile(r"\s*")
_STATEMENT_ENDS = frozenset({"", ";", "{", "}"})


class Token(NamedTuple):
    """A piece of the text.

    Attributes:
        kind: name, decimal, integer, real, duration, string, symbol, annotation, pragma or end.
        text: The characters.
        offset: Where it begins.
    """

    kind: str
    text: str
    offset: int


def tokens(source: Source, version: int, limits: Limits, start: int = 0) -> Iterator[Token]:
    """Yield the tokens of a program.

    Args:
        source: The text.
        version: 2 or 3.
        limits: Bounds the length of a name or number.
        start: Offset at which to begin.

    Raises:
        QasmError: At a character that begins no token.
    """
    text = source.text
    end = len(text.rstrip())
    match = _PATTERNS[version].match
    longest = limits.name_length
    position, previous, left = start, "", limits.tokens
    while position < end:
        found = match(text, position)
        if found is None:
            position = _WHITE.match(text, position).end()  # type: ignore[union-attr]
            if version == 3 and text.startswith("/*", position):
                position = _behind_comment(source, position)
                continue
            raise _unexpected(source, position)
        kind: str = found.lastgroup  # type: ignore[assignment]
        offset, position = found.span(kind)
        if kind == "space":
            continue
        word = text[offset:position]
        left -= 1
        if left < 0:
            raise source.error(
                f"the text has more than {limits.tokens} tokens. If you trust it, pass "
                "limits=QasmLimits(tokens=...) with a larger number.",
                offset,
                QasmLimitError,
            )
        if version == 3 and previous in _STATEMENT_ENDS and word in ("@", "#", "pragma"):
            position = _LINE.match(text, offset).end()  # type: ignore[union-attr]
            yield Token("annotation" if word == "@" else "pragma", text[offset:position], offset)
            previous = ""
            continue
        if position - offset > longest and kind != "string":
            raise source.error(
                f"a {kind} of {len(word)} characters exceeds the limit of {longest}: {show(word)}",
                offset,
            )
        previous = word
        yield Token(kind, word, offset)


def _unexpected(source: Source, offset: int) -> QasmError:
    character = source.text[offset]
    if character in "\"'":
        return source.error("a string is not closed on its line", offset)
    code = f"U+{ord(character):04X}"
    return source.error(f"unexpected character {show(character)} ({code})", offset)


def _behind_comment(source: Source, offset: int) -> int:
    end = source.text.find("*/", offset + 2)
    if end < 0:
        raise source.error("a comment opened by /* is never closed", offset)
    return end + 2


_HEADER = re.compile(r"OPENQASM\s+(\d{1,4})(?:\.(\d{1,4}))?\s*;")
_BLANK = re.compile(r"\s*(?://[^\n]*)?")


def read_header(source: Source) -> tuple[int, int]:
    """Find the version line.

    Returns:
        The version, 2 or 3, and the offset behind the line.

    Raises:
        QasmError: If the text does not begin with a version line, or with another version.
    """
    start, behind = -1, 0
    while behind != start:
        start = behind
        behind = _BLANK.match(source.text, start).end()  # type: ignore[union-attr]
        if source.text.startswith("/*", behind):
            behind = _behind_comment(source, behind)
    found = _HEADER.match(source.text, start)
    if found is None:
        raise source.error(
            "the first statement must be the version: OPENQASM 2.0; or OPENQASM 3.0;", start
        )
    version, minor = int(found.group(1)), int(found.group(2) or 0)
    if (version, minor) not in ((2, 0), (3, 0), (3, 1)):
        raise source.error(
            f"OpenQASM {version}.{minor} is not supported: use version 2.0, 3.0 or 3.1", start
        )
    return version, found.end()
