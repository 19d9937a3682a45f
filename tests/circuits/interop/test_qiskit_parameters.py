"""Which Qiskit parameter becomes which symbol, and which expressions become angles."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("qiskit")

from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector

from circuits import Circuit, inputs, weights
from circuits import gates as g
from circuits.errors import ArgumentTypeError, ConversionError
from circuits.interop.qiskit.expressions import to_angle, to_expression
from circuits.symbols import Angle, Symbol
from tests.circuits.interop.dense import random_expression

a, b = Parameter("a"), Parameter("b")
v = ParameterVector("v", 12)


def rotations(*angles):
    circuit = QuantumCircuit(1)
    for angle in angles:
        circuit.rx(angle, 0)
    return circuit


def angles_of(circuit, **options):
    return [str(op.angles[0]) for op in Circuit.from_qiskit(circuit, **options).ops]


def test_all_parameters_become_weights_in_order():
    circuit = rotations(v[10], v[2], b, a)
    assert [p.name for p in circuit.parameters] == ["a", "b", "v[2]", "v[10]"]
    assert angles_of(circuit) == ["weight[3]", "weight[2]", "weight[1]", "weight[0]"]


@pytest.mark.parametrize("named", [[b, "a"], ["b", a], iter([b, a])])
def test_named_inputs_in_the_given_order(named):
    circuit = rotations(a, b, v[0])
    assert angles_of(circuit, input_params=named) == ["x[1]", "x[0]", "weight[0]"]


def test_a_vector_counts_with_its_unused_entries():
    circuit = rotations(v[3], a)
    for named in (v, "v", [v], ["v"]):
        converted = Circuit.from_qiskit(circuit, input_params=named, weight_params=[a])
        assert converted.input_groups[0].shape == (12,)
        assert str(converted.ops[0].angles[0]) == "x[3]"


def test_groups_by_name():
    circuit = rotations(a, b, v[0], v[1])
    converted = Circuit.from_qiskit(circuit, {"data": [a], "t": b}, {"theta": [v[1], v[0]]})
    assert [(k.kind, k.name, k.shape) for k in converted.parameters] == [
        ("input", "data", (1,)),
        ("input", "t", ()),
        ("weight", "theta", (2,)),
    ]
    assert [str(op.angles[0]) for op in converted.ops] == ["data[0]", "t", "theta[1]", "theta[0]"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_params": ["alpha"]}, "names 'alpha', which is not a parameter"),
        ({"input_params": ["vv"]}, "Did you mean v"),
        ({"input_params": [Parameter("a")]}, "another parameter of that name"),
        ({"input_params": ParameterVector("z", 2)}, "names 'z'"),
        ({"input_params": [a], "weight_params": ["a", b, v]}, "'a' is named twice"),
        ({"input_params": [a], "weight_params": [b]}, r"neither .*: v\[0\]"),
    ],
)
def test_wrong_names(options, message):
    with pytest.raises(ConversionError, match=message):
        Circuit.from_qiskit(rotations(a, b, v[0]), **options)


def test_wrong_types():
    with pytest.raises(ArgumentTypeError, match=r"`input_params` must hold .* got int"):
        Circuit.from_qiskit(rotations(a), input_params=[0])
    with pytest.raises(ArgumentTypeError, match=r"must be a qiskit.QuantumCircuit, got str"):
        Circuit.from_qiskit("OPENQASM 2.0;")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (2 * a, "2*weight[0]"),
        (a / 4 - 1, "0.25*weight[0] - 1"),
        (a * b + a, "weight[0] + weight[0]*weight[1]"),
        ((a - b) ** 2, "weight[0]*weight[0] - 2*weight[0]*weight[1] + weight[1]*weight[1]"),
        ((math.pi - a) * (1 - b) * 3, None),
        (a - a + 0.5, "0.5"),
        (Parameter("pi") * 2 + Parameter("I"), "weight[0] + 2*weight[1]"),
    ],
)
def test_expressions(expression, expected):
    circuit = rotations(expression)
    angle = Circuit.from_qiskit(circuit).ops[0].angles[0]
    if expected is not None:
        assert str(angle) == expected
    numbers = np.random.default_rng(0).normal(size=circuit.num_parameters)
    values = {s: numbers[s.index] for s in angle.symbols}
    bound = (
        expression.bind(
            dict(zip(circuit.parameters, numbers, strict=True)), allow_unknown_parameters=True
        )
        if circuit.num_parameters
        else expression
    )
    assert angle.evaluate(values) == pytest.approx(float(bound), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(-12, 12))
def test_expressions_come_back_exactly(seed, exponent):
    w = weights(4)
    rng = np.random.default_rng(seed)
    angle = random_expression(rng, list(w)) * (float(rng.normal()) * 10.0**exponent)
    group = w[0].symbols[0].group
    parameters = {Symbol(group, k): p for k, p in enumerate(ParameterVector("weight", 4))}
    symbols = {p.name: Angle(0.0, ((1.0, (s,)),)) for s, p in parameters.items()}
    assert to_angle(to_expression(angle, parameters), symbols, "test") == angle


@pytest.mark.parametrize(
    ("expression", "culprit"),
    [
        (a.sin(), r"sin\(a\)"),
        (1 / a, "1/a"),
        (a**0.5, r"a\*\*0.5"),
        (a * b.exp(), r"exp\(b\)"),
        (a.abs(), r"Abs\(a\)"),
        (1j * a * b, "not a finite real number"),
    ],
)
def test_expressions_that_are_no_polynomials(expression, culprit):
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.crz(expression, 0, 1)
    with pytest.raises(ConversionError, match=rf"instruction 1 `crz`.*{culprit}"):
        Circuit.from_qiskit(circuit)


def test_symbolic_global_phase_and_composite_gates():
    inner = QuantumCircuit(1, global_phase=2 * a)
    inner.ry(a * b, 0)
    circuit = QuantumCircuit(2)
    circuit.append(inner.to_gate(), [1])
    circuit.append(inner.to_gate().control(1, annotated=True), [0, 1])
    x, w = inputs(1), weights(1)
    converted = Circuit.from_qiskit(circuit, input_params=["b"])
    assert [str(op) for op in converted.ops] == [
        str(op)
        for op in (
            g.global_phase(2 * w[0]),
            g.ry(w[0] * x[0], 1),
            g.p(2 * w[0], 0),
            g.cry(w[0] * x[0], 0, 1),
        )
    ]
