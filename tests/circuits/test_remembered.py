"""`Remembered`: by identity, most recent first, empty copies."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.remembered import Remembered


class Box:
    """Equal to every other box: only identity tells them apart."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


@given(st.integers(1, 4), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), max_size=40))
def test_least_recently_used_goes_first(size: int, visits: list[tuple[int, int]]) -> None:
    boxes = [Box() for _ in range(6)]
    remembered = Remembered[tuple[int, int]](size)
    expected: OrderedDict[tuple[int, int], None] = OrderedDict()
    for visit in visits:
        made: list[tuple[int, int]] = []

        def make(visit: tuple[int, int] = visit, made: list[tuple[int, int]] = made) -> tuple:
            made.append(visit)
            return visit

        assert remembered.of([boxes[visit[0]]], visit[1], make) == visit
        assert bool(made) == (visit not in expected)
        expected[visit] = None
        expected.move_to_end(visit)
        if len(expected) > size:
            expected.popitem(last=False)
        assert len(remembered) == len(expected)


def test_ids_stay_theirs_while_results_are_kept() -> None:
    remembered = Remembered[int](1000)
    found = [remembered.of([Box()], None, lambda k=k: k) for k in range(500)]
    assert found == list(range(500))


def test_what_raises_is_not_remembered() -> None:
    remembered = Remembered[float](2)
    with pytest.raises(ZeroDivisionError):
        remembered.of([], "key", lambda: 1 / 0)
    assert remembered.of([], "key", lambda: 2.0) == 2.0


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_copies_are_empty(copied) -> None:
    remembered = Remembered[object](1)
    remembered.of([], "key", lambda: lambda: None)  # cannot be pickled
    twin = copied(remembered)
    assert len(twin) == 0
    assert len(remembered) == 1
    twin.of([], 1, lambda: 1)
    twin.of([], 2, lambda: 2)
    assert len(twin) == 1
