from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits import Circuit
from circuits import gates as g
from circuits.drawing.layout import columns, covered, rows
from tests.circuits.drawing.circuits_to_draw import random_circuits


@given(random_circuits())
def test_nothing_lies_on_top_of_anything_else(circuit):
    for column in columns(circuit):
        taken = [q for glyph in column for q in covered(glyph)]
        assert len(taken) == len(set(taken))


@given(random_circuits())
def test_every_op_on_a_wire_is_drawn_once_and_in_order(circuit):
    drawn = [glyph for column in columns(circuit) for glyph in column if glyph.kind != "measure"]
    for q in range(circuit.n_qubits):
        on_wire = [op.qubits for op in circuit.ops if q in op.qubits]
        assert [glyph.qubits for glyph in drawn if q in glyph.qubits] == on_wire


def test_gates_keep_out_of_the_way_of_vertical_lines():
    circuit = Circuit(3, [g.cx(0, 2), g.h(1)])
    assert [[glyph.qubits for glyph in column] for column in columns(circuit)] == [[(0, 2)], [(1,)]]


@given(st.lists(st.floats(0.5, 9.0), max_size=30), st.floats(5.0, 40.0))
def test_rows_are_the_fewest_within_the_limit(widths, limit):
    split = rows(widths, limit)
    assert list(itertools.chain.from_iterable(split)) == list(range(len(widths)))
    for row in split:
        assert len(row) <= 1 or sum(widths[k] for k in row) <= limit
    for row, after in itertools.pairwise(split):
        assert row
        assert after
    greedy, total = 1, 0.0
    for k, width in enumerate(widths):
        if k and total + width > limit:
            greedy, total = greedy + 1, 0.0
        total += width
    assert len(split) == greedy


def test_rows_are_even():
    assert [len(row) for row in rows([1.0] * 12, 10.0)] == [6, 6]


@pytest.mark.parametrize("widths", [[], [3.0]])
def test_there_is_always_a_row(widths):
    assert rows(widths, None) == rows(widths, 5.0) == [range(len(widths))]
