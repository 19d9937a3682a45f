"""Rewriting keeps the state, and finds what it should."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.flat.table import GATES, N_ANGLES, N_QUBITS
from optim.search import Candidate, Placed
from optim.search.simplification import commute, is_redundant, simplified

N = 4
ANGLES = [0.0, 0.3, -0.3, math.pi / 2, -math.pi / 2, math.pi, 2 * math.pi, 1.1]


@st.composite
def gates(draw: st.DrawFn, names: tuple[str, ...] = GATES) -> Placed:
    name = draw(st.sampled_from(names))
    code = GATES.index(name)
    qubits = draw(st.permutations(range(N)))[: N_QUBITS[code]]
    angle = draw(st.sampled_from(ANGLES)) if N_ANGLES[code] else None
    return Placed(name, tuple(qubits), angle)


def fidelity(first: Candidate, second: Candidate, start: Candidate) -> float:
    states = [(start + part).to_circuit().statevector().numpy() for part in (first, second)]
    return float(abs(np.vdot(*states)) ** 2)


COMMON = ("rx", "ry", "rz", "cx", "cx", "cz", "cp", "rzz", "rzx", "s", "x", "h")


@pytest.mark.parametrize("names", [GATES, COMMON], ids=["all gates", "common gates"])
def test_the_state_is_kept(names: tuple[str, ...]) -> None:
    @given(st.lists(gates(names), max_size=25), st.sets(st.integers(0, N - 1)))
    def check(listed: list[Placed], touched: set[int]) -> None:
        candidate = Candidate(N, listed)
        idle = tuple(set(range(N)) - touched)
        rng = np.random.default_rng(len(listed))
        start = Candidate(
            N, [(axis, (q,), float(rng.normal())) for q in touched for axis in ("ry", "rz", "rx")]
        )
        shorter = simplified(candidate, idle=idle, tolerance=0.0)
        assert len(shorter) <= len(candidate)
        assert shorter.cnots <= candidate.cnots
        assert fidelity(candidate, shorter, start) == pytest.approx(1, abs=1e-9)
        assert simplified(shorter, idle=idle) == shorter

    check()


@given(gates(), gates())
def test_gates_said_to_commute_do(first: Placed, second: Placed) -> None:
    if commute(first, second):
        rng = np.random.default_rng(0)
        start = Candidate(N, [("ry", (q,), float(rng.normal())) for q in range(N)])
        start += Candidate(N, [("cx", (q, (q + 1) % N)) for q in range(N)])
        start += Candidate(N, [("rx", (q,), float(rng.normal())) for q in range(N)])
        both = Candidate(N, [first, second]), Candidate(N, [second, first])
        assert fidelity(*both, start) == pytest.approx(1, abs=1e-9)


CX, RY = Placed("cx", (0, 1)), Placed("ry", (0,), 0.4)


@pytest.mark.parametrize(
    ("listed", "left"),
    [
        pytest.param([CX, CX], 0, id="a pair of CNOTs cancels"),
        pytest.param([CX, Placed("rz", (0,), 0.2), Placed("rx", (1,), 0.1), CX], 2, id="commute"),
        pytest.param([CX, Placed("ry", (1,), 0.2), CX], 3, id="does not commute"),
        pytest.param([CX, Placed("cx", (0, 2)), CX], 1, id="common control"),
        pytest.param([CX, Placed("cx", (2, 1)), CX], 1, id="common target"),
        pytest.param([CX, Placed("cx", (1, 2)), CX], 3, id="target is a control"),
        pytest.param([RY, Placed("ry", (0,), -0.4)], 0, id="rotations merge to none"),
        pytest.param([RY, Placed("ry", (0,), 2 * math.pi - 0.4)], 0, id="up to a full turn"),
        pytest.param([RY, Placed("ry", (0,), 0.4)], 1, id="rotations merge"),
        pytest.param([Placed("rz", (0,), 0.4), CX], 2, id="these do nothing to |0> only"),
        pytest.param([Placed("cz", (0, 1)), Placed("cz", (1, 0))], 0, id="symmetric gates"),
        pytest.param([CX, Placed("cx", (1, 0))], 2, id="turned CNOTs do not cancel"),
    ],
)
def test_what_it_finds(listed: list[Placed], left: int) -> None:
    assert len(simplified(Candidate(N, listed))) == left


def test_idle_qubits() -> None:
    listed = [Placed("rz", (0,), 0.4), CX, Placed("cx", (2, 0)), RY, Placed("cx", (0, 3))]
    assert simplified(Candidate(N, listed), idle=range(N)).gates == (RY, Placed("cx", (0, 3)))
    assert simplified(Candidate(N, listed), idle=[2]).gates == (*listed[:2], RY, listed[-1])


def test_tolerance() -> None:
    candidate = Candidate(N, [Placed("ry", (0,), 1e-4), Placed("rx", (1,), 2e-4)])
    assert simplified(candidate).rotations == 2
    assert simplified(candidate, tolerance=1.5e-4).gates == (Placed("rx", (1,), 2e-4),)


def test_redundant_gates_are_those_that_simplify_away() -> None:
    rng = np.random.default_rng(5)
    choices = [Placed("cx", (a, b)) for a in range(3) for b in range(3) if a != b]
    choices += [Placed(axis, (q,), 0.7) for axis in ("rx", "ry", "rz") for q in range(3)]
    found = set()
    for _ in range(40):
        before: list[Placed] = []
        for place in rng.integers(len(choices), size=8):
            gate = choices[place]
            longer = simplified(Candidate(3, [*before, gate]), idle=[0, 1, 2])
            redundant = is_redundant(before, gate, idle=[0, 1, 2])
            assert redundant == (len(longer) <= len(before))
            found.add(redundant)
            if not redundant:
                before.append(gate)
    assert found == {True, False}
