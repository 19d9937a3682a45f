"""The parser of OpenQASM 2 (Cross et al., arXiv:1707.03429)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from circuits.circuit import Circuit
from circuits.interop.qasm.body import Recogniser, check_call, check_distinct, check_names
from circuits.interop.qasm.builder import Bits, Builder
from circuits.interop.qasm.definitions import Call, Definition
from circuits.interop.qasm.expansion import as_operand
from circuits.interop.qasm.expression import Expression, evaluate, parse
from circuits.interop.qasm.lexer import Token
from circuits.interop.qasm.library import BARRIER, ORIGINAL_QELIB1, builtins, qelib1
from circuits.interop.qasm.limits import Budget
from circuits.interop.qasm.source import Source, show
from circuits.interop.qasm.stream import Stream
from circuits.interop.qasm.values import CONSTANTS, FUNCTIONS
from circuits.symbols import Angle

_RESERVED = frozenset(
    [
        *"OPENQASM include qreg creg gate opaque barrier measure reset if U CX".split(),
        *FUNCTIONS[2],
        *CONSTANTS[2],
    ]
)
_UNSUPPORTED = {
    "reset": "'reset' is not supported: a circuit starts in |0...0> and is measured at its end",
    "if": "'if' is not supported: classical control needs mid-circuit measurement, which ketwork "
    "does not have",
}


class Parser2:
    """Reads one OpenQASM 2 program.

    Args:
        source: The text.
        budget: Limits and what has been used of them.
        start: Offset behind the version line.
        recogniser: Knows the definitions that our exports write.
    """

    def __init__(self, source: Source, budget: Budget, start: int, recogniser: Recogniser) -> None:
        self._source = source
        self._budget = budget
        self._recogniser = recogniser
        self._stream = Stream(source, 2, budget, start)
        self._builder = Builder(source, budget)
        self._names: dict[str, Definition | Bits] = dict(builtins(2))
        self._overridable: set[str] = set()
        self._statements: dict[str, Callable[[Token], None]] = {
            "include": self._include,
            "qreg": self._register,
            "creg": self._register,
            "gate": self._gate,
            "opaque": self._opaque,
            "barrier": self._barrier,
            "measure": self._measure,
        }

    def run(self) -> Circuit:
        """Read the whole program.

        Raises:
            QasmError: If it is malformed, unsupported or exceeds a limit.
        """
        stream = self._stream
        while stream.peek().kind != "end":
            if stream.take(";"):
                continue
            token = stream.name("a statement")
            self._budget.spend("statements", 1, "statements", token.offset)
            if token.text in _UNSUPPORTED:
                raise stream.error(_UNSUPPORTED[token.text], token)
            self._statements.get(token.text, self._application)(token)
        return self._builder.circuit(len(self._source.text))

    def _include(self, token: Token) -> None:
        file = self._stream.next()
        if file.kind != "string" or file.text[1:-1] != "qelib1.inc":
            raise self._stream.error(
                f'cannot include {show(file.text)}: only the standard header "qelib1.inc" is '
                "available, and no file is ever opened",
                file,
            )
        self._stream.expect(";", "after include")
        for name, definition in qelib1().items():
            if name in self._names:
                if name in ORIGINAL_QELIB1:
                    raise self._stream.error(f"qelib1.inc: {show(name)} is already defined", token)
                continue
            self._names[name] = definition
            if name not in ORIGINAL_QELIB1:
                self._overridable.add(name)

    def _declare(self, token: Token, value: Definition | Bits) -> None:
        name = token.text
        if name in _RESERVED:
            raise self._stream.error(f"{show(name)} is a reserved word", token)
        if not name[0].islower():
            raise self._stream.error(
                f"the name {show(name)} must begin with a lowercase letter in OpenQASM 2", token
            )
        if name in self._names and name not in self._overridable:
            raise self._stream.error(f"{show(name)} is already defined", token)
        self._overridable.discard(name)
        self._budget.spend("declarations", 1, "declarations", token.offset)
        self._names[name] = value

    def _register(self, token: Token) -> None:
        stream = self._stream
        name = stream.name("the name of a register")
        stream.expect("[", "and the size of the register")
        size = self._integer("the size of the register")
        stream.expect("]", "after the size of the register")
        stream.expect(";", "after the declaration")
        bits = self._builder.declare(
            size, is_quantum=token.text == "qreg", is_register=True, offset=name.offset
        )
        self._declare(name, bits)

    def _integer(self, what: str) -> int:
        token = self._stream.next()
        if token.kind != "decimal" or len(token.text) > 18:
            raise self._stream.error(
                f"expected {what}, an integer below 10^18, found {show(token.text)}", token
            )
        return int(token.text)

    def _signature(self) -> tuple[Token, list[Token], list[Token]]:
        """Read `name(parameters) qubits` of a gate declaration."""
        stream = self._stream
        name = stream.name("the name of the gate")
        parameters: list[Token] = []
        if stream.take("("):
            parameters = stream.separated(lambda: stream.name("a parameter"), closed_by=")")
            stream.expect(")", "after the parameters")
        qubits = stream.separated(lambda: stream.name("the name of a qubit"))
        check_distinct([*parameters, *qubits], self._source)
        for token in (*parameters, *qubits):
            if token.text in _RESERVED:
                raise stream.error(f"{show(token.text)} is a reserved word", token)
        return name, parameters, qubits

    def _opaque(self, token: Token) -> None:
        name, parameters, qubits = self._signature()
        self._stream.expect(";", "after the declaration")
        texts = tuple(p.text for p in parameters)
        self._declare(name, Definition(name.text, texts, len(qubits), is_opaque=True))

    def _gate(self, token: Token) -> None:
        name, parameters, qubits = self._signature()
        texts = tuple(p.text for p in parameters)
        known = frozenset(texts)
        places = {q.text: k for k, q in enumerate(qubits)}
        self._stream.expect("{", "and the body of the gate")
        body: list[Call] = []
        while not self._stream.take("}"):
            body.append(self._call(name.text, known, places))
        definition = Definition(name.text, texts, len(qubits), body=tuple(body))
        self._declare(name, self._recogniser.finish(definition, self._budget, name.offset))

    def _call(self, gate: str, parameters: frozenset[str], places: dict[str, int]) -> Call:
        """Read one statement of a gate body."""
        stream = self._stream
        token = stream.name("a gate or '}'")
        self._budget.spend("statements", 1, "statements", token.offset)
        target = BARRIER if token.text == "barrier" else self._gate_called(token)
        angles = tuple(check_names(e, parameters, gate, self._source) for e in self._angles())
        qubits = stream.separated(lambda: stream.name("a qubit of the gate"))
        stream.expect(";", "after the gate")
        for qubit in qubits:
            if qubit.text not in places:
                raise stream.error(
                    f"{show(qubit.text)} is not a qubit of the gate {show(gate)}", qubit
                )
        where = tuple(places[qubit.text] for qubit in qubits)
        return check_call(Call(target, angles, where, (), token.offset), self._source)

    def _angles(self) -> list[Expression]:
        if not self._stream.take("("):
            return []
        angles = self._stream.separated(lambda: parse(self._stream), closed_by=")")
        self._stream.expect(")", "after the angles")
        return angles

    def _gate_called(self, token: Token) -> Definition:
        found = self._names.get(token.text)
        if isinstance(found, Definition):
            return found
        if isinstance(found, Bits):
            raise self._stream.error(f"{show(token.text)} is a register, not a gate", token)
        hint = ' (is `include "qelib1.inc";` missing?)' if token.text in qelib1() else ""
        if token.text in _UNSUPPORTED or token.text in _RESERVED:
            raise self._stream.error(f"'{token.text}' cannot be used here", token)
        raise self._stream.error(f"there is no gate called {show(token.text)}{hint}", token)

    def _application(self, token: Token) -> None:
        target = self._gate_called(token)
        angles = tuple(self._value(expression) for expression in self._angles())
        operands = self._stream.separated(self._bits)
        self._stream.expect(";", "after the gate")
        self._builder.apply(target, (), angles, operands, token.offset)

    def _value(self, expression: Expression) -> Angle:
        return as_operand(evaluate(expression, self._source, self._budget, self._no_name))

    def _no_name(self, name: str, offset: int) -> Any:
        raise self._source.error(f"the name {show(name)} has no value here", offset)

    def _bits(self) -> Bits:
        """Read `register` or `register[index]`."""
        token = self._stream.name("a register")
        found = self._names.get(token.text)
        if not isinstance(found, Bits):
            raise self._stream.error(f"there is no register called {show(token.text)}", token)
        if not self._stream.take("["):
            return found
        index = self._integer("an index")
        self._stream.expect("]", "after the index")
        if index >= len(found.indices):
            raise self._stream.error(
                f"index {index} is out of range: {show(token.text)} has {len(found.indices)} "
                f"{found.noun}(s)",
                token,
            )
        return Bits((found.indices[index],), False, found.is_quantum)

    def _barrier(self, token: Token) -> None:
        operands = self._stream.separated(self._bits, closed_by=";")
        self._stream.expect(";", "after barrier")
        self._builder.barrier(operands, token.offset)

    def _measure(self, token: Token) -> None:
        qubits = self._bits()
        self._stream.expect("->", "after the measured qubits")
        bits = self._bits()
        self._stream.expect(";", "after measure")
        self._builder.measure(qubits, bits, token.offset)


def read(source: Source, budget: Budget, start: int, recogniser: Recogniser) -> Circuit:
    """Read an OpenQASM 2 program from the offset behind its version line."""
    return Parser2(source, budget, start, recogniser).run()
