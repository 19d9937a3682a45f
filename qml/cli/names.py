"""Names that a user may mistype: the message lists the valid ones and guesses what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from circuits.errors import InvalidArgumentError


def known_name(name: str, names: Iterable[str], what: str) -> str:
    """Returns the valid name that `name` stands for.

    Args:
        name: What the user typed; upper case and dashes count as lower case and underscores.
        names: The valid names.
        what: What is named, e.g. `"model"`.

    Returns:
        One of `names`.

    Raises:
        InvalidArgumentError: If there is none; lists the names and the nearest one.

    >>> known_name("Breast-Cancer", ["iris", "breast_cancer"], "data set")
    'breast_cancer'
    """
    valid = list(names)
    plain = {candidate.lower().replace("-", "_"): candidate for candidate in valid}
    wanted = name.lower().replace("-", "_")
    if wanted in plain:
        return plain[wanted]
    near = difflib.get_close_matches(wanted, plain, n=1)
    hint = f" Did you mean {plain[near[0]]!r}?" if near else ""
    raise InvalidArgumentError(f"There is no {what} {name!r}.{hint} Known: {', '.join(valid)}.")
