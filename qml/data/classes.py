"""Choose classes and number them anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from circuits import errors

from .raw import Index, Labels


def choose_classes(
    labels: Labels, class_names: Sequence[str], classes: Sequence[int | str]
) -> tuple[Index, Labels, tuple[str, ...]]:
    """Keep the rows of some classes; the k-th chosen class gets label k.

    Args:
        labels: Class numbers, shape ``(n,)``.
        class_names: Name of each class.
        classes: Class numbers or names, in the order of the new labels. Text that is no class name
            but a number is taken as the number.

    Returns:
        Indices of the kept rows (ascending), their new labels, and the names of the new labels.

    Raises:
        ArgumentTypeError: If `classes` is one string or holds something else than int and str.
        InvalidArgumentError: If it names fewer than two classes, one twice, or an unknown one.
    """
    numbers = class_numbers(class_names, classes)
    new_label = np.full(len(class_names), -1, dtype=np.int64)
    new_label[list(numbers)] = np.arange(len(numbers))
    index = np.nonzero(new_label[labels] >= 0)[0]
    return index, new_label[labels[index]], tuple(class_names[number] for number in numbers)


def class_numbers(class_names: Sequence[str], classes: Sequence[int | str]) -> tuple[int, ...]:
    """Resolve class numbers and names, see `choose_classes`."""
    if isinstance(classes, str) or not isinstance(classes, Sequence):
        raise errors.ArgumentTypeError(
            f"classes: expected a list such as [0, 1], received {classes!r}"
        )
    numbers = tuple(_number(class_names, wanted) for wanted in classes)
    if len(numbers) < 2 or len(set(numbers)) < len(numbers):
        raise errors.InvalidArgumentError(
            f"classes: expected at least two different classes, received {list(classes)}"
        )
    return numbers


def _number(class_names: Sequence[str], wanted: int | str) -> int:
    if isinstance(wanted, bool) or not isinstance(wanted, int | np.integer | str):
        raise errors.ArgumentTypeError(
            f"classes: expected int or str entries, received {type(wanted).__name__}"
        )
    if wanted in class_names:
        return list(class_names).index(str(wanted))
    number = int(wanted) if not isinstance(wanted, str) or wanted.isdecimal() else -1
    if not 0 <= number < len(class_names):
        known = ", ".join(f"{k} {name}" for k, name in enumerate(class_names))
        raise errors.InvalidArgumentError(
            f"classes: no class {wanted!r} in this data set; its classes are: {known}"
        )
    return number
