"""What programs mean, against Qiskit's importers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import Circuit
from circuits import gates as g
from circuits.errors import QasmError
from circuits.interop.qasm import loads
from tests.circuits.interop.qasm.programs import NOT_IN_QISKIT, VERSION_2, VERSION_3
from tests.circuits.interop.qasm.reference import assert_same_unitary, qiskit_unitary, unitary

IN_QISKIT = {
    **{f"2: {k}": t for k, t in VERSION_2.items()},
    **{f"3: {k}": t for k, t in VERSION_3.items()},
}


@pytest.mark.parametrize("name", IN_QISKIT)
def test_program_agrees_with_qiskit(name):
    text = IN_QISKIT[name]
    assert_same_unitary(unitary(loads(text)), qiskit_unitary(text))


@pytest.mark.parametrize("name", NOT_IN_QISKIT)
def test_program_agrees_with_its_plain_form(name):
    text, plain = NOT_IN_QISKIT[name]
    assert_same_unitary(unitary(loads(text)), qiskit_unitary(plain))


def test_own_body_wins_over_a_header_that_is_not_included():
    circuit = loads("OPENQASM 2.0; gate h a { U(0,0,0.5) a; } qreg q[1]; h q[0];")
    assert circuit.ops == (g.u(0, 0, 0.5, 0),)


def test_own_body_wins_over_the_longer_header():
    text = 'OPENQASM 2.0; include "qelib1.inc"; gate sx a { x a; } qreg p[1]; sx p[0];'
    assert loads(text).ops == (g.x(0),)


def test_published_header_cannot_be_redefined():
    with pytest.raises(QasmError, match="already defined"):
        loads('OPENQASM 2.0; include "qelib1.inc"; gate h a { } qreg q[1];')


def test_missing_include_is_named():
    with pytest.raises(QasmError, match=r"qelib1\.inc"):
        loads("OPENQASM 2.0; qreg q[1]; h q[0];")


def test_measurements_are_recorded_over_all_registers():
    circuit = loads(VERSION_2["measurements"])
    assert circuit.measured == {0: 3, 2: 0}
    assert loads(VERSION_3["registers"]).measured == {1: 0, 6: 2}


def test_measuring_twice_into_one_bit_raises():
    with pytest.raises(QasmError, match="written by two"):
        loads("OPENQASM 3.0; qubit[2] q; bit c; c = measure q[0]; c = measure q[1];")
    with pytest.raises(QasmError, match="mid-circuit"):
        loads("OPENQASM 3.0; qubit q; bit[2] c; c[0] = measure q; c[1] = measure q;")


def test_inputs_become_groups():
    text = """OPENQASM 3.0; include "stdgates.inc";
    input array[float[64], 2, 3] w; input float x0; input angle[32] b; qubit q;
    rx(w[1, 2]*x0 - 2*b + 1) q;"""
    circuit = loads(text)
    assert {(p.kind, p.name, p.shape) for p in circuit.parameters} == {
        ("weight", "w", (2, 3)),
        ("weight", "x0", ()),
        ("weight", "b", ()),
    }
    circuit = loads(text, input_params=["x0"])
    assert [(p.kind, p.name) for p in circuit.input_groups] == [("input", "x0")]
    w = np.arange(6.0).reshape(2, 3) / 10
    bound = circuit.bind(x=0.7, w={"w": w, "b": 0.2})
    assert float(bound.ops[0].angles[0]) == pytest.approx(0.5 * 0.7 - 0.4 + 1, abs=1e-15)


def test_inputs_agree_with_qiskit():
    text = """OPENQASM 3.0; include "stdgates.inc";
    input float[64] a; input float[64] b; qubit[2] q;
    gate f(t) x { rx(2*t) x; gphase(t); }
    rx(a*b - 0.5*a) q[0]; ctrl @ gphase(b) q[1]; f(a) q[1]; ctrl @ f(b + 1.0) q[0], q[1];"""
    loaders = pytest.importorskip("qiskit.qasm3")
    pytest.importorskip("qiskit_qasm3_import")
    theirs = loaders.loads(text)
    values = {"a": 0.37, "b": -1.2}
    theirs = theirs.assign_parameters({p: values[p.name] for p in theirs.parameters})
    operator = pytest.importorskip("qiskit.quantum_info").Operator(theirs).data
    assert_same_unitary(unitary(loads(text).bind(w=values)), operator)


def test_delays_keep_their_length():
    circuit = loads(NOT_IN_QISKIT["timing"][0])
    lengths = [op.angles[0].constant for op in circuit.ops if op.kind == "delay"]
    assert lengths == pytest.approx([1.2e-6, 1.2e-6, 5e-4], rel=1e-14)


def test_box_becomes_barriers():
    circuit = loads('OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; box { x q[0]; h q[2]; }')
    assert circuit.ops == (g.barrier(0, 2), g.x(0), g.h(2), g.barrier(0, 2))


def test_inexact_negative_integer_division_raises():
    with pytest.raises(QasmError, match="inexact"):
        loads('OPENQASM 3.0; include "stdgates.inc"; qubit q; rx(-1/2) q;')


_NUMBERS = st.floats(-10, 10).map(lambda v: f"{abs(v):.6f}") | st.integers(0, 9).map(str)
_EXPRESSIONS = st.recursive(
    _NUMBERS | st.just("pi"),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map("".join),
        inner.map(lambda e: f"({e})"),
        inner.map(lambda e: f"-{e}"),
        st.tuples(st.sampled_from(["sin", "cos", "exp", "sqrt", "ln"]), inner).map(
            lambda pair: f"{pair[0]}({pair[1]})"
        ),
        inner.map(lambda e: f"({e})^2"),
    ),
    max_leaves=8,
)


@settings(max_examples=150)
@given(_EXPRESSIONS)
def test_expression_agrees_with_qiskit(expression):
    qasm2 = pytest.importorskip("qiskit.qasm2")
    text = f'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; rx({expression}) q[0];'
    try:
        theirs = float(qasm2.loads(text).data[0].params[0])
    except qasm2.QASM2ParseError:
        theirs = math.nan
    if math.isfinite(theirs):
        assert float(loads(text).ops[0].angles[0]) == pytest.approx(theirs, rel=1e-12, abs=1e-12)
    else:
        with pytest.raises(QasmError):
            loads(text)


_ANGLES = st.floats(-7, 7).map(lambda v: repr(round(v, 4)))
_CALLS_2 = [("h", 0, 1), ("u3", 3, 1), ("cx", 0, 2), ("crx", 1, 2), ("f", 2, 2), ("ccx", 0, 3)]
_CALLS_3 = [("h", 0, 1), ("U", 3, 1), ("cx", 0, 2), ("u2", 2, 1), ("f", 2, 2), ("ccx", 0, 3)]
_MODIFIERS = ["", "inv @ ", "ctrl @ ", "negctrl @ ", "pow(2) @ ", "pow(-1) @ ", "inv @ ctrl @ "]


@st.composite
def programs(draw, version):
    """A program of random calls on five qubits."""
    lines = ['OPENQASM 2.0; include "qelib1.inc";', "qreg q[5];"]
    if version == 3:
        lines = ['OPENQASM 3.0; include "stdgates.inc";', "qubit[5] q;"]
    lines.append("gate f(a, b) x, y { rx(a) x; cx x, y; u3(b, -a, 2*b) y; }")
    for _ in range(draw(st.integers(1, 8))):
        name, n_angles, n_qubits = draw(st.sampled_from(_CALLS_2 if version == 2 else _CALLS_3))
        modifier = draw(st.sampled_from(_MODIFIERS)) if version == 3 else ""
        order = draw(st.permutations(range(5)))[: n_qubits + modifier.count("ctrl")]
        angles = ", ".join(draw(_ANGLES) for _ in range(n_angles))
        head = f"{name}({angles})" if n_angles else name
        lines.append(f"{modifier}{head} {', '.join(f'q[{k}]' for k in order)};")
    return "\n".join(lines)


@settings(max_examples=20)
@given(st.data(), st.sampled_from([2, 3]))
def test_generated_program_agrees_with_qiskit(data, version):
    text = data.draw(programs(version))
    circuit = loads(text)
    assert isinstance(circuit, Circuit)
    assert_same_unitary(unitary(circuit), qiskit_unitary(text), 1e-9)
