"""The parser of OpenQASM 3: text to statements (Cross et al., ACM TQC 3, 12 (2022))."""

from __future__ import annotations

from collections.abc import Callable

from circuits.interop.qasm.expression import Expression, parse
from circuits.interop.qasm.lexer import Token
from circuits.interop.qasm.source import show
from circuits.interop.qasm.stream import Stream
from circuits.interop.qasm.syntax3 import (
    Alias,
    Apply,
    Barrier,
    Box,
    Constant,
    Declare,
    DefineGate,
    Delay,
    For,
    GateModifier,
    Include,
    Index,
    Input,
    Measure,
    Operand,
    Range,
    Set,
    Statement,
)
from circuits.interop.qasm.words3 import MODIFIERS, RESERVED, UNSUPPORTED

_CONSTANT_TYPES = ("int", "uint", "float", "angle", "duration")


class Parser3:
    """Reads the statements of one OpenQASM 3 program, without evaluating anything.

    Args:
        stream: The tokens behind the version line.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._depth = 0
        self._statements: dict[str, Callable[[Token], Statement]] = {
            "include": self._include,
            "qubit": self._register,
            "bit": self._register,
            "qreg": self._old_register,
            "creg": self._old_register,
            "const": self._constant,
            "let": self._alias,
            "gate": self._gate,
            "for": self._for,
            "box": self._box,
            "barrier": self._barrier,
            "delay": self._delay,
            "measure": self._measure,
        }
        self._trailing: list[Statement] = []

    def program(self) -> list[Statement]:
        """All statements up to the end of the text."""
        statements: list[Statement] = []
        while self._stream.peek().kind != "end":
            self._append_to(statements)
        return statements

    def _append_to(self, statements: list[Statement]) -> None:
        """Read one statement; a declaration with `= measure` gives two."""
        stream = self._stream
        if stream.take(";"):
            return
        annotations: list[Token] = []
        while stream.peek().kind == "annotation":
            annotations.append(stream.next())
        token = stream.peek()
        if token.kind == "pragma" or token.text in UNSUPPORTED:
            word = "pragma" if token.kind == "pragma" else token.text
            raise stream.error(f"'{word}' is not supported: {UNSUPPORTED[word]}", token)
        stream.budget.spend("statements", 1, "statements", token.offset)
        if stream.take("input"):
            statements.append(self._input(token, tuple(annotations)))
            return
        reader = self._statements.get(token.text)
        if reader is not None:
            statements.append(reader(stream.next()))
        elif stream.peek_behind().text in ("=", "[") and token.text not in MODIFIERS:
            statements.append(self._assignment())
        else:
            statements.append(self._application())
        statements.extend(self._trailing)
        self._trailing.clear()

    def _block(self) -> tuple[Statement, ...]:
        stream = self._stream
        opening = stream.expect("{", "and a block")
        self._depth += 1
        stream.budget.check("nesting", self._depth, "depth of blocks", opening.offset)
        statements: list[Statement] = []
        while not stream.take("}"):
            if stream.peek().kind == "end":
                raise stream.error("a block opened by '{' is never closed", opening)
            self._append_to(statements)
        self._depth -= 1
        return tuple(statements)

    def _new_name(self, what: str) -> Token:
        token = self._stream.name(what)
        if token.text in RESERVED or token.text.startswith("$"):
            raise self._stream.error(f"{show(token.text)} is a reserved word", token)
        return token

    def _end(self, after: str) -> None:
        self._stream.expect(";", f"after {after}")

    def _include(self, token: Token) -> Statement:
        file = self._stream.next()
        if file.kind != "string" or file.text[1:-1] != "stdgates.inc":
            raise self._stream.error(
                f'cannot include {show(file.text)}: only the standard header "stdgates.inc" is '
                "available, and no file is ever opened",
                file,
            )
        self._end("include")
        return Include(token)

    def _designator(self) -> Expression | None:
        """Read `[size]` if there is one."""
        if not self._stream.take("["):
            return None
        size = parse(self._stream)
        self._stream.expect("]", "after the size")
        return size

    def _register(self, token: Token) -> Statement:
        size = self._designator()
        return self._declared(token, self._new_name("the name of a register"), size)

    def _old_register(self, token: Token) -> Statement:
        name = self._new_name("the name of a register")
        return self._declared(token, name, self._designator())

    def _declared(self, token: Token, name: Token, size: Expression | None) -> Statement:
        is_quantum = token.text in ("qubit", "qreg")
        if not is_quantum and self._stream.take("="):
            if not self._stream.take("measure"):
                raise self._stream.error(
                    "a bit can only be initialised by 'measure': classical values do not exist in "
                    "a circuit",
                    self._stream.peek(),
                )
            self._trailing.append(Measure(token, self._operand(), Operand(name)))
        self._end("the declaration")
        return Declare(token, name, size, is_quantum)

    def _type(self, allowed: tuple[str, ...], where: str) -> str:
        """Read the name of a type and its size in bits, which has no meaning for us."""
        token = self._stream.name(f"a type {where}")
        if token.text not in allowed:
            raise self._stream.error(
                f"the type {show(token.text)} is not supported {where}; supported: "
                f"{', '.join(allowed)}",
                token,
            )
        self._designator()
        return token.text

    def _constant(self, token: Token) -> Statement:
        kind = self._type(_CONSTANT_TYPES, "of a constant")
        name = self._new_name("the name of the constant")
        self._stream.expect("=", "and the value of the constant")
        value = parse(self._stream)
        self._end("the constant")
        return Constant(token, kind, name, value)

    def _alias(self, token: Token) -> Statement:
        name = self._new_name("the name of the alias")
        self._stream.expect("=", "and the register")
        parts = [self._operand()]
        while self._stream.take("++"):
            parts.append(self._operand())
        self._end("the alias")
        return Alias(token, name, tuple(parts))

    def _input(self, token: Token, annotations: tuple[Token, ...]) -> Statement:
        stream = self._stream
        shape: list[Expression] = []
        if stream.take("array"):
            stream.expect("[", "and the type of the entries")
            self._type(("float", "angle"), "of an input")
            while stream.take(","):
                shape.append(parse(stream))
            if not shape:
                raise stream.unexpected("',' and the extents of the array")
            stream.expect("]", "after the extents of the array")
        else:
            self._type(("float", "angle", "array"), "of an input")
        name = self._new_name("the name of the input")
        self._end("the input")
        return Input(token, name, tuple(shape), annotations)

    def _operand(self) -> Operand:
        name = self._stream.name("a register or qubit")
        if name.text in RESERVED:
            raise self._stream.error(f"'{name.text}' cannot be used here", name)
        indices: list[Index] = []
        while self._stream.take("["):
            indices.append(self._set() if self._stream.at("{") else self._range())
            self._stream.expect("]", "after the index")
        return Operand(name, tuple(indices))

    def _set(self) -> Set:
        opening = self._stream.expect("{", "and a set")
        items = self._stream.separated(lambda: parse(self._stream), closed_by="}")
        self._stream.expect("}", "after the set")
        return Set(tuple(items), opening.offset)

    def _range(self) -> Expression | Range:
        """Read `a`, `a:b` or `a:step:b`, where each part may be left out."""
        offset = self._stream.peek().offset
        parts: list[Expression | None] = [None if self._stream.at(":") else parse(self._stream)]
        while len(parts) < 3 and self._stream.take(":"):
            at_end = self._stream.at(":") or self._stream.at("]")
            parts.append(None if at_end else parse(self._stream))
        if len(parts) == 1:
            assert parts[0] is not None
            return parts[0]
        start, *step, stop = parts
        return Range(start, step[0] if step else None, stop, offset)

    def _operands(self) -> tuple[Operand, ...]:
        operands = tuple(self._stream.separated(self._operand, closed_by=";"))
        self._end("the operands")
        return operands

    def _application(self) -> Statement:
        stream = self._stream
        modifiers: list[GateModifier] = []
        while stream.peek().text in MODIFIERS and stream.peek().kind == "name":
            token, argument = stream.next(), None
            if stream.take("("):
                argument = parse(stream)
                stream.expect(")", "after the argument of the modifier")
            stream.expect("@", f"after the modifier {token.text}")
            modifiers.append(GateModifier(token, argument))
            stream.budget.check("nesting", len(modifiers), "modifiers of a gate", token.offset)
        name = stream.name("a statement or a gate")
        angles: list[Expression] = []
        if stream.take("("):
            angles = stream.separated(lambda: parse(stream), closed_by=")")
            stream.expect(")", "after the angles")
        return Apply(name, tuple(modifiers), tuple(angles), self._operands())

    def _assignment(self) -> Statement:
        token = self._stream.peek()
        target = self._operand()
        self._stream.expect("=", "and 'measure'")
        if not self._stream.take("measure"):
            raise self._stream.error(
                "only the result of 'measure' can be assigned: classical computation does not "
                "exist in a circuit",
                token,
            )
        source = self._operand()
        self._end("measure")
        return Measure(token, source, target)

    def _measure(self, token: Token) -> Statement:
        source = self._operand()
        if not self._stream.take("->"):
            raise self._stream.error(
                "the result of measure is not stored: write c = measure q;", token
            )
        target = self._operand()
        self._end("measure")
        return Measure(token, source, target)

    def _barrier(self, token: Token) -> Statement:
        return Barrier(token, self._operands())

    def _delay(self, token: Token) -> Statement:
        duration = self._designator()
        if duration is None:
            raise self._stream.unexpected("'[' and the length of the delay")
        return Delay(token, duration, self._operands())

    def _box(self, token: Token) -> Statement:
        if self._stream.at("["):
            raise self._stream.error(
                "a box with a duration is not supported: write delays for idle times", token
            )
        return Box(token, self._block())

    def _for(self, token: Token) -> Statement:
        kind = self._type(("int", "uint", "float", "angle"), "of a loop variable")
        name = self._new_name("the loop variable")
        self._stream.expect("in", "and what to loop over")
        values: Range | Set
        if self._stream.at("{"):
            values = self._set()
        else:
            opening = self._stream.expect("[", "and a range, or a set in braces")
            found = self._range()
            self._stream.expect("]", "after the range")
            if not isinstance(found, Range):
                raise self._stream.error("a loop needs a range [start:stop] or a set", opening)
            values = found
        if self._stream.at("{"):
            return For(token, kind, name, values, self._block())
        body: list[Statement] = []
        self._depth += 1
        self._stream.budget.check("nesting", self._depth, "depth of blocks", token.offset)
        self._append_to(body)
        self._depth -= 1
        return For(token, kind, name, values, tuple(body))

    def _gate(self, token: Token) -> Statement:
        name = self._new_name("the name of the gate")
        parameters: list[Token] = []
        if self._stream.take("("):
            parameters = self._stream.separated(
                lambda: self._new_name("a parameter"), closed_by=")"
            )
            self._stream.expect(")", "after the parameters")
        qubits = self._stream.separated(lambda: self._new_name("a qubit"))
        return DefineGate(token, name, tuple(parameters), tuple(qubits), self._block())
