"""Pauli labels as text, in both forms, to and from bit masks.

* full-width: one letter per qubit, rightmost letter on qubit 0 (`"IZ"` is Z on qubit 0);
* indexed: letters with their qubit, optionally separated by blanks (`"X0 Z3"`, `"X0Z3"`).

A label that contains a digit is indexed; any other label is full-width, except the empty string,
which is the identity. Nothing is guessed: signs, lower case, separators other than blanks, leading
zeros and repeated qubits are errors.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from circuits.errors import ArgumentTypeError, ObservableError

MAX_QUBIT = 65_535
"""Largest qubit index a label may name; masks are integers with one bit per qubit."""

_FULL_WIDTH = re.compile(r"[IXYZ]+")
_INDEXED = re.compile(r"\s*(?:[IXYZ](?:0|[1-9][0-9]{0,8})\s*)+")
_TOKEN = re.compile(r"([IXYZ])([0-9]+)")
_HAS_DIGIT = re.compile(r"[0-9]")
_FORMS = 'a full-width label such as "ZZII" or an indexed label such as "X0 Z3"'
_X_BITS = str.maketrans("IXYZ", "0110")
_Z_BITS = str.maketrans("IXYZ", "0011")


class ParsedLabel(NamedTuple):
    """Bit masks of a label, and the width it fixes (`None` for the indexed form)."""

    x_mask: int
    z_mask: int
    width: int | None


def parse_label(label: str) -> ParsedLabel:
    """Read a Pauli label of either form.

    Args:
        label: `"ZZII"` (rightmost letter is qubit 0), `"X0 Z3"`, or `""` for the identity.

    Returns:
        The masks (bit q is qubit q; Y sets both) and the width, `None` unless full-width.

    Raises:
        ArgumentTypeError: If the label is not a string.
        ObservableError: If the label is of neither form, repeats a qubit, or names a qubit above
            `MAX_QUBIT`.
    """
    if not isinstance(label, str):
        raise ArgumentTypeError(
            f"A Pauli label must be a string, {_FORMS}, but got {type(label).__name__}."
        )
    if label == "":
        return ParsedLabel(0, 0, None)
    if _HAS_DIGIT.search(label):
        return ParsedLabel(*_parse_indexed(label), None)
    if not _FULL_WIDTH.fullmatch(label):
        raise ObservableError(_explain(label))
    if len(label) > MAX_QUBIT + 1:
        raise ObservableError(
            f"A Pauli label may have at most {MAX_QUBIT + 1} letters, but got {len(label)}."
        )
    return ParsedLabel(*parse_letters(label), len(label))


def parse_letters(letters: str) -> tuple[int, int]:
    """Masks of a string that is known to hold only I, X, Y, Z; rightmost letter is qubit 0."""
    return int(letters.translate(_X_BITS), 2), int(letters.translate(_Z_BITS), 2)


def format_label(x_mask: int, z_mask: int, width: int) -> str:
    """Full-width label of a Pauli string, rightmost letter on qubit 0."""
    x_bits, z_bits = f"{x_mask:0{width}b}", f"{z_mask:0{width}b}"
    if width == 0:
        return ""
    return "".join("IXZY"[int(x) + 2 * int(z)] for x, z in zip(x_bits, z_bits, strict=True))


def format_indexed(x_mask: int, z_mask: int) -> str:
    """Indexed label of a Pauli string, lowest qubit first; `""` for the identity."""
    letters = format_label(x_mask, z_mask, (x_mask | z_mask).bit_length())
    return " ".join(f"{a}{q}" for q, a in enumerate(reversed(letters)) if a != "I")


def _parse_indexed(label: str) -> tuple[int, int]:
    if not _INDEXED.fullmatch(label):
        raise ObservableError(_explain(label))
    x_mask = z_mask = seen = 0
    for letter, digits in _TOKEN.findall(label):
        qubit = int(digits)
        if qubit > MAX_QUBIT:
            raise ObservableError(
                f"A Pauli label may name qubits 0 to {MAX_QUBIT}, but {_shown(label)} names "
                f"qubit {qubit}."
            )
        bit = 1 << qubit
        if seen & bit:
            raise ObservableError(
                f"A Pauli label must name each qubit once, but {_shown(label)} names qubit "
                f"{qubit} more than once. Multiply observables instead: "
                f"PauliSum('X{qubit}') * PauliSum('Z{qubit}')."
            )
        seen |= bit
        x_mask |= bit if letter in "XY" else 0
        z_mask |= bit if letter in "ZY" else 0
    return x_mask, z_mask


def _explain(label: str) -> str:
    """Error message for a label of neither form, with the remedy where the cause is clear."""
    remedies = (
        (r"\s*[+-]|\s*i[IXYZ]", "Write signs and phases as coefficients: PauliSum({'Z0': -1.0})."),
        (r"[IXYZixyz0-9\s]*[ixyz]", "Use upper-case letters."),
        (r".*[IXYZ]-[0-9]", "Qubit indices are not negative."),
        (r".*[IXYZ]0[0-9]", "Write qubit indices without leading zeros: 'Z0 Z1' or 'Z1'."),
        (r"[IXYZ\s]+$", "A full-width label has no blanks; write one letter per qubit."),
        (r"[IXYZ0-9\s]+$", "Do not mix the forms; give every letter its qubit: 'X0 Z3'."),
    )
    remedy = next((text for pattern, text in remedies if re.match(pattern, label)), "")
    return f"A Pauli label must be {_FORMS}, but got {_shown(label)}. {remedy}".rstrip()


def _shown(label: str) -> str:
    """The label as it appears in messages, cut to a readable length."""
    return repr(label if len(label) <= 60 else label[:57] + "...")
