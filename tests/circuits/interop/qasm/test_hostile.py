"""Hostile and malformed programs end in one of our errors, soon and without side effects."""

from __future__ import annotations

import builtins
import os
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import Circuit
from circuits.errors import (
    ArgumentTypeError,
    DataNotFoundError,
    InvalidArgumentError,
    QasmError,
    QasmLimitError,
)
from circuits.interop.qasm import Limits, load_file, loads
from tests.circuits.interop.qasm.hostile import VERSION_2, VERSION_3
from tests.circuits.interop.qasm.programs import PROGRAMS

HOSTILE = {
    **{f"2: {name}": text for name, text in VERSION_2.items()},
    **{f"3: {name}": text for name, text in VERSION_3.items()},
}
_HANG_SECONDS = 30


@contextmanager
def hang_guard() -> Iterator[None]:
    """Turn a hang into a failure instead of a stuck test run."""

    def stop(*_: object) -> None:
        raise AssertionError("the reader hangs")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_HANG_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_program_raises_one_of_our_errors(name, monkeypatch):
    def no_file(*arguments: object, **_: object) -> None:
        raise AssertionError(f"a file is opened: {arguments}")

    monkeypatch.setattr(builtins, "open", no_file)
    monkeypatch.setattr(os, "open", no_file)
    with hang_guard(), pytest.raises(QasmError) as caught:
        loads(HOSTILE[name])
    monkeypatch.undo()
    assert len(str(caught.value)) < 500
    assert "characters" in str(caught.value) or caught.value.line is not None


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nreset q[0];', 4, "reset"),
        ("OPENQASM 2.0;\nqreg q[1];\ncreg c[1];\n  if (c == 0) U(0,0,0) q[0];", 4, "if"),
        (
            "OPENQASM 2.0;\nqreg q[1];\ncreg c[1];\nmeasure q -> c;\nU(0,0,0) q[0];",
            5,
            "mid-circuit",
        ),
        ("OPENQASM 2.0;\nqreg q[1];\nopaque magic a;\nmagic q[0];", 4, "magic"),
        ("OPENQASM 3.0;\nqubit q;\nwhile (true) { }", 3, "while"),
        ("OPENQASM 3.0;\nqubit q;\nreset q;", 3, "reset"),
        ("OPENQASM 3.0;\nqubit q;\ndef f() { }", 3, "def"),
        ("OPENQASM 3.0;\nqubit q;\nbit c;\nc = measure q;\nU(0,0,0) q;", 5, "mid-circuit"),
        ("OPENQASM 3.0;\nqubit q;\n\n   x q;", 4, "stdgates.inc"),
    ],
)
def test_error_names_construct_and_line(text, line, word):
    with pytest.raises(QasmError, match=word) as caught:
        loads(text)
    assert caught.value.line == line
    assert (
        caught.value.column
        == len(text.split("\n")[line - 1]) - len(text.split("\n")[line - 1].lstrip()) + 1
    )


def test_no_error_quotes_a_foreign_file(tmp_path):
    secret = tmp_path / "secret.inc"
    secret.write_text("hunter2 is the password")
    with pytest.raises(QasmError) as caught:
        loads(f'OPENQASM 2.0; include "{secret}"; qreg q[1];')
    assert "hunter2" not in str(caught.value)


def test_limits_are_adjustable():
    text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; x q; x q;'
    assert len(loads(text, limits=Limits(gates=6))) == 6
    with pytest.raises(QasmLimitError, match=r"exceeds the limit of 5.*gates=") as caught:
        loads(text, limits=Limits(gates=5))
    assert caught.value.line == 1
    with pytest.raises(QasmLimitError, match="qubits"):
        loads(text, limits=Limits(qubits=2))
    with pytest.raises(QasmLimitError, match="tokens"):
        loads(text, limits=Limits(tokens=10))
    defined = text + "gate f a { x a; x a; x a; } f q;"
    assert len(loads(defined, limits=Limits(gates=15))) == 15
    with pytest.raises(QasmLimitError, match="15 exceeds the limit of 14"):
        loads(defined, limits=Limits(gates=14))
    wide = "OPENQASM 2.0; qreg q[5000];"
    assert loads(wide, limits=Limits(qubits=5000)).n_qubits == 5000


@pytest.mark.parametrize("value", [0, -1, 1.5, True, None])
def test_limits_must_be_positive_integers(value):
    with pytest.raises(InvalidArgumentError, match="gates"):
        Limits(gates=value)


def test_arguments_are_checked():
    with pytest.raises(ArgumentTypeError, match="text"):
        loads(b"OPENQASM 2.0;")
    with pytest.raises(ArgumentTypeError, match="limits"):
        loads("OPENQASM 2.0; qreg q[1];", limits=5)
    with pytest.raises(InvalidArgumentError, match="no effect"):
        loads("OPENQASM 2.0; qreg q[1];", input_params=["a"])
    with pytest.raises(InvalidArgumentError, match="does not declare"):
        loads("OPENQASM 3.0; input float a; qubit q;", input_params=["b"])


def test_files(tmp_path):
    with pytest.raises(DataNotFoundError, match="no OpenQASM file"):
        load_file(tmp_path / "missing.qasm")
    with pytest.raises(DataNotFoundError):
        load_file(tmp_path)
    bad = tmp_path / "bad.qasm"
    bad.write_bytes(b"OPENQASM 2.0; \xff\xfe")
    with pytest.raises(QasmError, match="UTF-8"):
        load_file(bad)
    bad.write_bytes(b"/" * 100)
    with pytest.raises(QasmLimitError, match="longer"):
        load_file(bad, limits=Limits(characters=10))
    good = tmp_path / "good.qasm"
    good.write_bytes(b"\xef\xbb\xbfOPENQASM 2.0;\r\nqreg q[2];\r\nCX q[0],q[1];\r\n")
    assert load_file(good).count_ops() == {"cx": 1}


def test_nearly_exhausted_stack_is_no_recursion_error():
    text = (
        'OPENQASM 3.0; include "stdgates.inc"; qubit q; '
        + "for int i in [0:0] { " * 30
        + "x q;"
        + "}" * 30
    )

    def descend(depth: int) -> Circuit:
        return loads(text) if depth == 0 else descend(depth - 1)

    frames = len(__import__("inspect").stack(0))
    outcomes = set()
    for spare in range(40, 220, 20):
        try:
            descend(sys.getrecursionlimit() - frames - spare)
            outcomes.add("read")
        except QasmLimitError:
            outcomes.add("limit")
        except RecursionError:
            outcomes.add("before")
    assert "limit" in outcomes


_PIECES = [*'();,[]{}"@+-*/^:=.$', "\0", "\u202e", "é", "gate", "ctrl @", "pow(3) @", "inv @"]
_PIECES += ["9" * 30, "1e400", "q", "qreg", "qubit", "input float", "for int i in [0:3]", "measure"]
_PIECES += ["->", "/*", "//", "\n", "pi", "include", "x", "rx(", "opaque", "let", "const int", "-1"]


def mutated(text: str, random_: random.Random) -> str:
    """The text with a few pieces deleted, doubled, swapped or put in."""
    for _ in range(random_.randint(1, 4)):
        start = random_.randrange(len(text) + 1)
        stop = min(len(text), start + random_.randint(0, 12))
        target = random_.randrange(len(text) + 1)
        change = random_.randrange(4)
        if change == 0:
            text = text[:start] + text[stop:]
        elif change == 1:
            text = text[:start] + random_.choice(_PIECES) + text[start:]
        elif change == 2:
            text = text[:target] + text[start:stop] + text[target:]
        else:
            text = text[:start] + random_.choice(_PIECES) + text[stop:]
    return text


@settings(max_examples=400)
@given(st.sampled_from(sorted(PROGRAMS)), st.integers(0, 2**32))
def test_mutated_program_gives_a_circuit_or_our_error(name, seed):
    text = mutated(PROGRAMS[name], random.Random(seed))
    try:
        with hang_guard():
            circuit = loads(text, limits=Limits(gates=2_000, steps=20_000))
    except QasmError:
        return
    assert isinstance(circuit, Circuit)
    for op in circuit.ops:
        assert max(op.qubits, default=0) < circuit.n_qubits


@settings(max_examples=200)
@given(st.sampled_from(["OPENQASM 2.0;", "OPENQASM 3.0;", ""]), st.text(max_size=60))
def test_random_text_gives_a_circuit_or_our_error(header, text):
    try:
        assert isinstance(loads(header + text), Circuit)
    except QasmError:
        pass
