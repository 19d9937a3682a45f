from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import Circuit, ansatz, encodings, errors, inputs, weights
from circuits import gates as g
from circuits.drawing import draw_text
from tests.circuits.drawing.circuits_to_draw import op_of_every_kind, random_circuits


def lines_of(drawing: str) -> list[str]:
    return str(drawing).split("\n")


def test_controls_targets_and_angles():
    x, w = inputs(2), weights(2, name="w")
    circuit = Circuit(
        3, [g.h(0), g.rx(x[0], 1), g.cx(0, 2), g.cry(w[1] * x[1], 2, 0), g.swap(0, 1)]
    )
    assert lines_of(circuit.draw()) == [
        "q0: ─────┤H├────●─┤RY(x[1]·w[1])├─×──",
        "                │        │        │",
        "q1: ─┤RX(x[0])├─┼────────┼────────×──",
        "                │        │",
        "q2: ────────────⊕────────●───────────",
    ]


def test_boxes_of_several_qubits():
    three = g.unitary(np.eye(8), 2, 0, 1)
    pauli = g.pauli_rotation(0.5, "XZ", 3, 2)
    circuit = Circuit(4, [three, pauli, g.rzx(0.1, 0, 3), g.ccz(0, 1, 3)])
    assert lines_of(circuit.draw()) == [
        "q0: ─┤1        ├────────────┤Z RZX(0.1)├─●──",
        "     │         │                  │      │",
        "q1: ─┤2 Unitary├──────────────────┼──────●──",
        "     │         │                  │      │",
        "q2: ─┤0        ├─┤Z       ├───────┼──────┼──",
        "                 │  R(0.5)│       │      │",
        "q3: ─────────────┤X       ├─┤X RZX(0.1)├─●──",
    ]


def test_barriers_measurements_and_global_phase():
    start = [g.global_phase(np.pi / 4), g.h(0), g.barrier(), g.sdg(1)]
    circuit = Circuit(3, [*start, g.barrier(0, 2), g.delay(1e-7, 2)], measured={0: 2, 2: 0})
    assert lines_of(circuit.draw()) == [
        "global phase: π/4",
        "q0: ─┤H├─░───░──────────────────┤M→c2├──",
        "         ░",
        "q1: ─────░─┤S†├─────────────────────────",
        "         ░",
        "q2: ─────░───░──┤Delay(100 ns)├─┤M→c0├──",
    ]


def test_folding():
    circuit = encodings.angle(2) + ansatz.real_amplitudes(2, 2, name="w")
    assert lines_of(circuit.draw(width=40)) == [
        "q0: ─┤RY(x[0])├─┤RY(w[0,0,0])├─●─»",
        "                               │",
        "q1: ─┤RY(x[1])├─┤RY(w[0,0,1])├─⊕─»",
        "",
        "",
        "q0: »┤RY(w[1,0,0])├─●─┤RY(w[2,0,0])├──",
        "                    │",
        "q1: »┤RY(w[1,0,1])├─⊕─┤RY(w[2,0,1])├──",
    ]


@pytest.mark.parametrize("name", g.TABLE)
def test_every_gate_of_the_table(name):
    op = op_of_every_kind(name)
    text = str(Circuit(5, [op]).draw())
    if name == "global_phase":
        assert text.startswith("global phase: 0.3\n")
    else:
        assert any(mark in text for mark in ("┤", "●", "⊕", "×", "░"))
    assert ("0.3" in text) == (bool(op.angles) and name != "delay")


@given(circuit=random_circuits(), width=st.sampled_from([20, 45, 100, None]))
def test_drawings_are_aligned_and_complete(circuit, width):
    text = str(draw_text(circuit, width=width))
    blocks = [b.split("\n") for b in text.removeprefix("global phase: ").split("\n\n\n")]
    for block in blocks:
        wires = [line for line in block if line.lstrip().startswith("q")]
        assert len(wires) == circuit.n_qubits
        assert len({len(line) for line in wires}) == 1
    controls = sum(op.n_controls for op in circuit.ops)
    plain_z = sum(op.name in ("ccz", "cz") for op in circuit.ops)
    assert text.count("●") >= controls + plain_z


@given(circuit=random_circuits(max_qubits=3))
@settings(max_examples=20)
def test_no_line_is_wider_than_asked_unless_one_column_is(circuit):
    widest = max((len(line) for line in lines_of(draw_text(circuit, width=None))), default=0)
    for line in lines_of(draw_text(circuit, width=80)):
        assert len(line) <= 80 or line.count("┤") <= 1 or widest > 80


def test_angles_can_be_left_out():
    text = str(encodings.angle(2).draw(angles=False))
    assert "┤RY├" in text
    assert "x" not in text


def test_a_drawing_is_a_string_that_shows_itself():
    drawing = Circuit(1, [g.h(0)]).draw()
    assert isinstance(drawing, str)
    assert repr(drawing) == str(drawing) == "q0: ─┤H├──"
    assert "<pre" in drawing._repr_html_()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"width": 10}, "width"), ({"max_angle_length": 0}, "max_angle_length")],
)
def test_bad_options(options, message):
    with pytest.raises(errors.InvalidArgumentError, match=message):
        Circuit(1).draw(**options)


def test_unknown_output():
    with pytest.raises(errors.InvalidArgumentError, match="'text', 'mpl'"):
        Circuit(1).draw("latex")
