"""`Remembered`: what was made of objects, kept for the next time that the same objects come."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar, final

T = TypeVar("T")


@final
class Remembered(Generic[T]):
    """The most recently used results of a computation.

    A training loop hands over the same circuit and the same observables at every step. Comparing
    them by content would cost as much as some of the computations; comparing them by identity costs
    nothing. The objects are kept with the result, so that their ids stay theirs.

    Copies and pickles are empty: what is remembered can be computed again.

    Args:
        size: How many results are kept.

    >>> lengths = Remembered[int](2)
    >>> words = ["a", "b"]
    >>> lengths.of([words], None, lambda: len(words)), lengths.of([words], None, lambda: 1 / 0)
    (2, 2)
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._found: OrderedDict[Any, tuple[tuple[object, ...], T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def __reduce__(self) -> tuple[Any, ...]:
        return Remembered, (self._size,)

    def of(self, objects: list[Any] | tuple[Any, ...], also: Hashable, make: Callable[[], T]) -> T:
        """The result for objects and a value, made at the first time.

        Args:
            objects: Compared by identity; they must not change.
            also: Compared by equality.
            make: Makes the result; what it raises is not remembered.
        """
        key = *map(id, objects), also
        kept = self._found.get(key)
        if kept is None:
            kept = self._found[key] = tuple(objects), make()
            if len(self._found) > self._size:
                self._drop_oldest()
        else:
            self._refresh(key)
        return kept[1]

    def _refresh(self, key: Any) -> None:
        try:
            self._found.move_to_end(key)
        except KeyError:  # another thread dropped it
            pass

    def _drop_oldest(self) -> None:
        try:
            self._found.popitem(last=False)
        except KeyError:  # another thread was faster
            pass
