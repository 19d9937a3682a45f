"""Expressions: parsed to postfix code without recursion, evaluated with a stack.

Neither parsing nor evaluation recurses, so nesting cannot exhaust the Python stack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from circuits.interop.qasm.lexer import Token
from circuits.interop.qasm.limits import Budget
from circuits.interop.qasm.source import Source, show
from circuits.interop.qasm.stream import Stream
from circuits.interop.qasm.values import (
    CONSTANTS,
    FUNCTIONS,
    ArithmeticProblem,
    Duration,
    binary,
    call,
    finite,
    negative,
    type_name,
)

_BINARY = {
    2: {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4},
    3: {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "**": 4},
}
_UNARY_PRECEDENCE = 3
_RIGHT = ("^", "**")
_UNSUPPORTED = frozenset(("<<", ">>", "==", "!=", "<=", ">=", "<", ">", "&", "|", "&&", "||", "^"))


class Step(NamedTuple):
    """One instruction of postfix code: push a value or name, or apply something to the stack."""

    action: str
    argument: Any
    arity: int
    offset: int


@dataclass(frozen=True, slots=True)
class Expression:
    """Postfix code of an expression.

    Attributes:
        code: The steps.
        offset: Where the expression begins.
    """

    code: tuple[Step, ...]
    offset: int

    def substitute(self, values: Mapping[str, Any]) -> Expression:
        """The expression with some names replaced by values."""
        code = tuple(
            Step("push", values[step.argument], 0, step.offset)
            if step.action == "name" and step.argument in values
            else step
            for step in self.code
        )
        return Expression(code, self.offset)


@dataclass(slots=True)
class _Open:
    """An open bracket: of a group, a function call or an index."""

    closing: str
    token: Token
    name: str = ""
    count: int = 1


def parse(stream: Stream) -> Expression:
    """Read an expression; stops before the first token that cannot continue it.

    Raises:
        QasmError: If there is no well-formed expression.
    """
    version = stream.version
    precedence = _BINARY[version]
    start = stream.peek()
    code: list[Step] = []
    pending: list[tuple[str, int, Token] | _Open] = []

    def reduce_to(level: int, right: bool = False) -> None:
        while pending and not isinstance(pending[-1], _Open):
            symbol, own, token = pending[-1]
            if own < level or (own == level and right):
                return
            pending.pop()
            action = ("negate", "", 1) if symbol == "negate" else ("binary", symbol, 2)
            code.append(Step(*action, token.offset))

    operand = True
    size = 0
    while True:
        token = stream.peek()
        size += 1
        stream.budget.check("expression", size, "tokens of an expression", token.offset)
        if operand:
            if token.text == "-" and token.kind == "symbol":
                pending.append(("negate", _UNARY_PRECEDENCE, stream.next()))
            elif token.text == "(" and token.kind == "symbol":
                pending.append(_Open(")", stream.next()))
            elif token.kind == "name" and stream.peek_behind().text in ("(", "["):
                pending.append(_open_call(stream))
            else:
                code.append(_operand(stream))
                operand = False
            continue
        opened = next((p for p in reversed(pending) if isinstance(p, _Open)), None)
        if token.kind != "symbol":
            break
        if token.text in precedence:
            level = precedence[token.text]
            reduce_to(level, token.text in _RIGHT)
            pending.append((token.text, level, stream.next()))
            operand = True
        elif opened is not None and opened.name and token.text == ",":
            reduce_to(0)
            opened.count += 1
            stream.next()
            operand = True
        elif opened is not None and token.text == opened.closing:
            reduce_to(0)
            pending.pop()
            stream.next()
            if opened.name:
                call_of = opened.closing == ")"
                argument = (version, opened.name) if call_of else opened.name
                action = "call" if call_of else "index"
                code.append(Step(action, argument, opened.count, opened.token.offset))
            if opened.closing == "]" and stream.at("["):
                raise stream.error("write w[i, j] for an entry of an array", stream.peek())
        elif version == 3 and token.text in _UNSUPPORTED:
            hint = " ('^' is a bitwise operator in OpenQASM 3; a power is '**')"
            raise stream.error(
                f"the operator '{token.text}' is not supported here"
                + (hint if token.text == "^" else ""),
                token,
            )
        else:
            break
    reduce_to(0)
    if pending:
        last = pending[-1]
        assert isinstance(last, _Open)
        raise stream.error(f"'{last.token.text}' is never closed by '{last.closing}'", last.token)
    return Expression(tuple(code), start.offset)


def _open_call(stream: Stream) -> _Open:
    """Read `name(` or `name[`."""
    token = stream.next()
    bracket = stream.next()
    if bracket.text == "[":
        if stream.version == 2:
            raise stream.error("an expression cannot hold '['", bracket)
        return _Open("]", token, token.text)
    if token.text not in FUNCTIONS[stream.version]:
        raise stream.error(
            f"there is no function called {show(token.text)} in OpenQASM {stream.version}; "
            f"known: {', '.join(FUNCTIONS[stream.version])}",
            token,
        )
    return _Open(")", token, token.text)


def _operand(stream: Stream) -> Step:
    """Read a number, a duration or a name."""
    token = stream.peek()
    if token.kind not in ("name", "decimal", "integer", "real", "duration"):
        raise stream.unexpected("a number, a name or an expression")
    stream.next()
    if token.kind == "name":
        constant = CONSTANTS[stream.version].get(token.text)
        if constant is not None:
            return Step("push", constant, 0, token.offset)
        return Step("name", token.text, 0, token.offset)
    try:
        return Step("push", _number(token, stream.version), 0, token.offset)
    except (ArithmeticProblem, ValueError):
        raise stream.error(
            f"the number {show(token.text)} is malformed or too large", token
        ) from None


_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "dt": 1.0, "s": 1.0}


def _number(token: Token, version: int) -> Any:
    if token.kind == "duration":
        unit = next(unit for unit in _UNITS if token.text.endswith(unit))
        value = float(token.text[: -len(unit)].rstrip())
        return Duration(finite(value * _UNITS[unit]), unit == "dt")
    if token.kind == "real" or version == 2:
        return finite(float(token.text))
    return finite(int(token.text, 10 if token.kind == "decimal" else 0))


def evaluate(
    expression: Expression, source: Source, budget: Budget, look_up: Callable[[str, int], Any]
) -> Any:
    """The value of an expression.

    Args:
        expression: What to evaluate.
        source: The text, for errors.
        budget: Charged for symbolic work.
        look_up: Function from a name and its offset to a value; raises if there is none.

    Raises:
        QasmError: If a name is unknown or the value is not finite.
    """
    code = expression.code
    if len(code) == 1 and code[0].action == "push":
        return code[0].argument
    stack: list[Any] = []
    for action, argument, arity, offset in code:
        try:
            if action == "push":
                stack.append(argument)
            elif action == "name":
                stack.append(look_up(argument, offset))
            elif action == "negate":
                stack.append(negative(stack.pop()))
            elif action == "binary":
                right = stack.pop()
                stack.append(binary(argument, stack.pop(), right, budget, offset))
            else:
                arguments = stack[-arity:]
                del stack[-arity:]
                if action == "call":
                    stack.append(call(argument[0], argument[1], arguments))
                else:
                    stack.append(_entry(look_up(argument, offset), argument, arguments))
        except ArithmeticProblem as problem:
            raise source.error(str(problem), offset) from None
    return stack[0]


def _entry(array: Any, name: str, indices: list[Any]) -> Any:
    """One entry of an input array."""
    if not isinstance(array, np.ndarray):
        raise ArithmeticProblem(f"{show(name)} is {type_name(array)}, not an array")
    if len(indices) != array.ndim or not all(type(i) is int for i in indices):
        raise ArithmeticProblem(f"the array {show(name)} needs {array.ndim} integer index(es)")
    for index, extent in zip(indices, array.shape, strict=True):
        if not -extent <= index < extent:
            raise ArithmeticProblem(f"index {index} of {show(name)} is not in 0..{extent - 1}")
    return array[tuple(indices)]
