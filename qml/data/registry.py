"""The table of data sets that `load` knows."""

from __future__ import annotations

from circuits import errors

from .sets import bundled, eurosat, generated, german_credit, medmnist, mnist, tables
from .sets.record import Record

REGISTRY: dict[str, Record] = {
    record.name: record
    for family in (bundled, generated, mnist, eurosat, medmnist, tables, german_credit)
    for record in family.RECORDS
}


def available() -> tuple[str, ...]:
    """Names of all data sets, the embedded ones first.

    >>> available()[:4]
    ('digits', 'iris', 'wine', 'breast_cancer')
    """
    return tuple(REGISTRY)


def find(name: str) -> Record:
    """The record of a data set.

    Args:
        name: Its name; dashes count as underscores and upper case as lower case.

    Returns:
        The record.

    Raises:
        InvalidArgumentError: If there is none of that name.
    """
    record = REGISTRY.get(str(name).lower().replace("-", "_"))
    if record is None:
        raise errors.InvalidArgumentError(
            f"name: no data set {name!r}; there are {', '.join(REGISTRY)}"
        )
    return record
