"""Names that a user may mistype: the message lists the valid ones and guesses what was meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

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


def flag(name: str) -> str:
    """The command-line option of an argument.

    >>> flag("batch_size")
    '--batch-size'
    """
    return "--" + name.replace("_", "-")


def with_flags(message: str, options: Collection[str]) -> str:
    """Writes the arguments that an error message of the library names as command-line options.

    Args:
        message: The message.
        options: Arguments that are options of the command.

    >>> with_flags("Argument `batch_size` must be positive.", ["batch_size"])
    '--batch-size must be positive.'
    >>> with_flags("classes: no class 7", ["classes"])
    '--classes: no class 7'
    """

    def named(match: re.Match[str]) -> str:
        return flag(match[1]) if match[1] in options else match[0]

    return re.sub(r"\bArgument `(\w+)`", named, re.sub(r"^(\w+)(?=: )", named, message))
