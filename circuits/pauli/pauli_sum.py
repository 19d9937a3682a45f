"""The observable: an immutable weighted sum of Pauli strings.

This file is the whole public face of the type, hence its length; every method only checks its
arguments and calls a function of a sibling module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from circuits.errors import ArgumentTypeError, InvalidArgumentError, ObservableError
from circuits.pauli import construct, matrices, qiskit_operators, render
from circuits.pauli import terms as algebra
from circuits.pauli.coefficients import Coefficient, as_coefficient, checked, is_number
from circuits.pauli.grouping import group_masks
from circuits.pauli.labels import format_indexed, format_label
from circuits.pauli.packing import CommutationKind
from circuits.pauli.pauli_group import PauliGroup
from circuits.pauli.qubit_maps import moved_terms
from circuits.pauli.terms import PauliTerm, Terms

if TYPE_CHECKING:
    import scipy.sparse

Source = str | Mapping[str, Any] | Iterable[tuple[str, Any]]


@final
class PauliSum:
    """Observable sum_k c_k P_k with Pauli strings P_k, an immutable and hashable value.

    Strings are bit masks (bit q is qubit q; Y sets both bits), so any number of qubits works.
    Equal strings are merged, exact zeros dropped, and terms sorted by (x_mask, z_mask).

    Labels have two forms. Full-width `"ZZII"`: the rightmost letter is qubit 0, and the length
    fixes the width of the observable. Indexed `"X0 Z3"`: only the named qubits, no fixed width.
    A label that contains a digit is indexed; `""` is the identity. An observable with a fixed
    width fits only circuits of exactly that many qubits (`with_width(None)` lifts this).

    Args:
        source: A label, a dict label -> coefficient, or a list of pairs (label, coefficient).
            Coefficients are real or complex numbers.
        n_qubits: Width to fix; default: that of the full-width labels, if there are any.

    Raises:
        ObservableError: If a label is malformed, widths differ, or there is no string.
        ArgumentTypeError: If a label or a coefficient has the wrong type, or a coefficient is a
            tensor that requires grad.
        NonFiniteError: If a coefficient is NaN or infinite.

    >>> energy = PauliSum({"ZZII": 0.5, "X0 X1": 1.0})
    >>> energy.labels()
    ('ZZII', 'IIXX')
    >>> energy.n_qubits, energy.is_hermitian
    (4, True)
    >>> (PauliSum("X0") + 2) * PauliSum("Y0")
    PauliSum({'Z0': 1j, 'Y0': 2.0})
    """

    __slots__ = ("_terms", "_width")
    __array_ufunc__ = None  # numpy scalars leave `number * observable` to `__rmul__`

    _terms: Terms
    _width: int | None

    def __init__(self, source: Source, *, n_qubits: int | None = None) -> None:
        triples, width = construct.read_labels(source, n_qubits)
        self._fill(algebra.merge(triples), width)

    # === other ways in ===

    @classmethod
    def from_masks(
        cls, masks: Iterable[tuple[int, int, Any]], *, n_qubits: int | None = None
    ) -> PauliSum:
        """Observable from triples (x_mask, z_mask, coefficient); none at all is the zero sum."""
        triples, width = construct.read_masks(masks, n_qubits)
        return cls._new(algebra.merge(triples), width)

    @classmethod
    def from_strings(
        cls, pairs: Iterable[tuple[str, Any]], *, first_qubit: Literal["left", "right"]
    ) -> PauliSum:
        """Observable from pairs (full-width string, coefficient) of either reading direction.

        Args:
            pairs: Strings of one length with their coefficients.
            first_qubit: `"left"` if the first character is qubit 0 (OpenFermion and most
                chemistry files), `"right"` if the last one is (Qiskit).

        Raises:
            ObservableError: If a string is not full-width, or the lengths differ.

        >>> PauliSum.from_strings([("XZI", 0.5)], first_qubit="left")
        PauliSum({'IZX': 0.5})
        """
        triples, width = construct.read_strings(pairs, first_qubit)
        return cls._new(algebra.merge(triples), width)

    @classmethod
    def from_matrix(cls, matrix: Any, *, tolerance: float = 1e-12) -> PauliSum:
        """Observable of a dense matrix: c(P) = Tr(P M) / 2**n, in O(n 4**n) operations.

        Args:
            matrix: Array (2**n, 2**n), real or complex, qubit 0 least significant.
            tolerance: Real and imaginary parts of coefficients up to `tolerance` times the
                largest magnitude in the matrix are rounding and become zero.

        Raises:
            ShapeError: If the shape is not (2**n, 2**n).
            NonFiniteError: If the matrix holds NaN or infinity.
        """
        triples, width = matrices.decompose(matrix, _checked_tolerance(tolerance))
        return cls._new(algebra.merge(triples), width)

    @classmethod
    def from_qiskit(cls, operator: Any) -> PauliSum:
        """Observable of a Qiskit `SparsePauliOp` or `Pauli`; its number of qubits is the width.

        Raises:
            ArgumentTypeError: If the operator is of another type or has unbound parameters.
        """
        triples, width = qiskit_operators.terms_from_qiskit(operator)
        return cls._new(algebra.merge(triples), width)

    # === what it is ===

    @property
    def terms(self) -> Terms:
        """Triples (x_mask, z_mask, coefficient), sorted by the masks."""
        return self._terms

    @property
    def width(self) -> int | None:
        """Number of qubits that full-width labels (or an argument) fixed, else `None`."""
        return self._width

    @property
    def n_qubits(self) -> int:
        """The fixed width, else the smallest number of qubits that holds all strings."""
        if self._width is not None:
            return self._width
        return max(((x | z).bit_length() for x, z, _ in self._terms), default=0)

    @property
    def num_qubits(self) -> int:
        """Alias of `n_qubits`."""
        return self.n_qubits

    @property
    def qubits(self) -> tuple[int, ...]:
        """Qubits that at least one string acts on, ascending."""
        union = 0
        for x_mask, z_mask, _ in self._terms:
            union |= x_mask | z_mask
        return tuple(q for q, bit in enumerate(reversed(f"{union:b}")) if bit == "1")

    @property
    def coefficients(self) -> NDArray[Any]:
        """Coefficients in the order of `terms`, shape (T,); float64 if all are real."""
        dtype = np.float64 if self.is_hermitian else np.complex128
        return np.array([c for _, _, c in self._terms], dtype=dtype)

    @property
    def is_hermitian(self) -> bool:
        """Whether all coefficients are real (exactly; see `simplify` for rounding residues)."""
        return all(isinstance(c, float) for _, _, c in self._terms)

    @property
    def is_diagonal(self) -> bool:
        """Whether all strings consist of I and Z."""
        return all(x == 0 for x, _, _ in self._terms)

    def labels(self, n_qubits: int | None = None) -> tuple[str, ...]:
        """Full-width labels in the order of `terms`, rightmost letter on qubit 0."""
        width = self._on(n_qubits)
        return tuple(format_label(x, z, width) for x, z, _ in self._terms)

    def indexed_labels(self) -> tuple[str, ...]:
        """Indexed labels in the order of `terms`; `""` is the identity."""
        return tuple(format_indexed(x, z) for x, z, _ in self._terms)

    # === checks ===

    def check_fits(self, n_qubits: int) -> None:
        """Raise `ObservableError` unless the observable is defined on `n_qubits` qubits."""
        self._on(n_qubits)

    def check_hermitian(self, argument: str = "observable") -> None:
        """Raise `ObservableError` unless all coefficients are real."""
        for x_mask, z_mask, coefficient in self._terms:
            if not isinstance(coefficient, float):
                raise ObservableError(
                    f"The argument `{argument}` must be Hermitian (real coefficients), but "
                    f"{format_indexed(x_mask, z_mask)!r} has the coefficient {coefficient}. "
                    "Remove rounding residues with `simplify(tolerance)`, or measure the Hermitian "
                    "parts (A + A.adjoint()) / 2 and (A - A.adjoint()) / 2j."
                )

    # === arithmetic ===

    def __add__(self, other: Any) -> PauliSum:
        right = _operand(other)
        if right is None:
            return NotImplemented
        return self._new(algebra.merge((*self._terms, *right._terms)), self._joined(right))

    __radd__ = __add__

    def __neg__(self) -> PauliSum:
        return self._new(algebra.merge((x, z, -c) for x, z, c in self._terms), self._width)

    def __pos__(self) -> PauliSum:
        return self

    def __sub__(self, other: Any) -> PauliSum:
        right = _operand(other)
        return NotImplemented if right is None else self + (-right)

    def __rsub__(self, other: Any) -> PauliSum:
        left = _operand(other)
        return NotImplemented if left is None else left + (-self)

    def __mul__(self, other: Any) -> PauliSum:
        right = _operand(other)
        if right is None:
            return NotImplemented
        return self._new(algebra.multiply(self._terms, right._terms), self._joined(right))

    __rmul__ = __mul__  # reached with numbers only, which commute

    def __truediv__(self, other: Any) -> PauliSum:
        if not is_number(other):
            return NotImplemented
        divisor = as_coefficient(other, "divisor")
        if divisor == 0:
            raise InvalidArgumentError("An observable cannot be divided by zero.")
        return self._new(algebra.merge((x, z, c / divisor) for x, z, c in self._terms), self._width)

    def __pow__(self, exponent: int) -> PauliSum:
        if not isinstance(exponent, int) or isinstance(exponent, bool):
            return NotImplemented
        if exponent < 0:
            raise InvalidArgumentError(
                f"The exponent of an observable must be 0 or more, but got {exponent}."
            )
        power = self._new((PauliTerm(0, 0, 1.0),), self._width)
        for _ in range(exponent):
            power = power * self
        return power

    def adjoint(self) -> PauliSum:
        """Hermitian conjugate: the coefficients are conjugated."""
        return self._new(
            algebra.merge((x, z, c.conjugate()) for x, z, c in self._terms), self._width
        )

    def commutator(self, other: PauliSum) -> PauliSum:
        """`self * other - other * self`, from the anticommuting pairs only."""
        width = self._joined(other)
        return self._new(algebra.commutator(self._terms, other._terms), width)

    def simplify(self, tolerance: float = 1e-12) -> PauliSum:
        """Drop real and imaginary parts of coefficients of magnitude at most `tolerance`."""
        return self._new(algebra.chop(self._terms, _checked_tolerance(tolerance)), self._width)

    def trace(self, n_qubits: int | None = None) -> Coefficient:
        """Trace on `n_qubits` qubits (default: `self.n_qubits`): 2**n times c(identity)."""
        dimension = 2 ** self._on(n_qubits)
        identity = next((c for x, z, c in self._terms if x == z == 0), 0.0)
        try:
            return checked(identity * float(dimension), "trace")
        except OverflowError:
            raise InvalidArgumentError(
                "The trace must fit a float, so `n_qubits` must be below 1024, but got "
                f"{self._on(n_qubits)}. Use the coefficient of the identity instead."
            ) from None

    def one_norm(self) -> float:
        """Sum of the magnitudes of all coefficients, an upper bound of the operator norm."""
        return float(sum(abs(c) for _, _, c in self._terms))

    # === commutation and grouping ===

    def commutes_with(self, other: PauliSum, *, tolerance: float = 1e-12) -> bool:
        """Whether the commutator vanishes, up to `tolerance` times the product of one-norms."""
        residue = self.commutator(other)
        limit = _checked_tolerance(tolerance) * self.one_norm() * other.one_norm()
        return all(abs(c) <= limit for _, _, c in residue._terms)

    def qubit_wise_commutes_with(self, other: PauliSum) -> bool:
        """Whether every string of one commutes with every string of the other on each qubit."""
        self._joined(other)
        return all(
            algebra.strings_commute_qubit_wise(ax, az, bx, bz)
            for ax, az, _ in self._terms
            for bx, bz, _ in other._terms
        )

    def group_commuting(self, kind: CommutationKind = "qubit-wise") -> tuple[PauliGroup, ...]:
        """Partition the terms into groups that can be measured together.

        Args:
            kind: `"qubit-wise"` (a product basis per group, given as `basis`) or `"general"`.

        Returns:
            Groups by greedy colouring, largest degree first; see `group_masks`.

        >>> [g.basis for g in PauliSum({"Z0 Z1": 1.0, "Z0": 1.0, "X0": 0.5}).group_commuting()]
        [((0, 'Z'), (1, 'Z')), ((0, 'X'),)]
        """
        x_masks, z_masks = [x for x, _, _ in self._terms], [z for _, z, _ in self._terms]
        groups = []
        for indices in group_masks(x_masks, z_masks, kind):
            part = self._new(tuple(self._terms[k] for k in indices), self._width)
            basis = render.measurement_basis(part._terms) if kind == "qubit-wise" else None
            groups.append(PauliGroup(part, tuple(indices), basis))
        return tuple(groups)

    # === other qubits ===

    def with_width(self, n_qubits: int | None) -> PauliSum:
        """The same operator with another fixed width, or none; raises if the strings do not fit."""
        return self._new(self._terms, construct.checked_width(n_qubits))

    def tensor(self, other: PauliSum) -> PauliSum:
        """Tensor product with `other` on the low qubits, as in Qiskit.

        Returns:
            `self` shifted by `other.n_qubits`, times `other`. The width is fixed if both were.
        """
        shift = _expected_sum(other).n_qubits
        high = tuple(PauliTerm(x << shift, z << shift, c) for x, z, c in self._terms)
        width = None
        if self._width is not None and other._width is not None:
            width = self._width + other._width
        return self._new(algebra.multiply(high, other._terms), width)

    def map_qubits(
        self, mapping: Mapping[int, int] | Sequence[int], n_qubits: int | None = None
    ) -> PauliSum:
        """Move each qubit q to `mapping[q]`.

        Args:
            mapping: New index of every qubit that a string acts on, as a dict or a sequence.
            n_qubits: Width to fix on the result; default: none.

        Raises:
            ObservableError: If a qubit is missing or two would land on the same one.
        """
        moved = moved_terms(self._terms, self.qubits, mapping)
        return self._new(algebra.merge(moved), construct.checked_width(n_qubits))

    # === ways out ===

    def to_sparse(self, n_qubits: int | None = None) -> scipy.sparse.csr_matrix:
        """Sparse matrix (2**n, 2**n), complex128, qubit 0 least significant."""
        return matrices.sparse_matrix(self._terms, self._on(n_qubits))

    def to_matrix(self, n_qubits: int | None = None) -> NDArray[np.complex128]:
        """Dense matrix (2**n, 2**n), complex128, qubit 0 least significant."""
        return matrices.dense_matrix(self._terms, self._on(n_qubits))

    def diagonal(self, n_qubits: int | None = None) -> NDArray[Any]:
        """Eigenvalues (2**n,) of a diagonal observable by basis index; float64 if Hermitian.

        Raises:
            ObservableError: If a string contains X or Y.
        """
        if not self.is_diagonal:
            raise ObservableError(
                "Only observables of I and Z have a diagonal in the computational basis, but got "
                f"{self}. Use `to_sparse` or `to_matrix`."
            )
        values = matrices.diagonal(self._terms, self._on(n_qubits))
        return values.real.copy() if self.is_hermitian else values

    def to_qiskit(self, n_qubits: int | None = None) -> Any:
        """Qiskit `SparsePauliOp` on `n_qubits` qubits (default: `self.n_qubits`).

        Raises:
            MissingDependencyError: If Qiskit is not installed.
        """
        return qiskit_operators.qiskit_from_terms(self._terms, self._on(n_qubits))

    # === value semantics ===

    def __len__(self) -> int:
        return len(self._terms)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PauliSum):
            return NotImplemented
        return self._width == other._width and self._terms == other._terms

    def __hash__(self) -> int:
        return hash((self._terms, self._width))

    def __repr__(self) -> str:
        return render.as_code(self._terms, self._width)

    def __str__(self) -> str:
        return render.as_formula(self._terms, self._width)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"PauliSum is immutable, so `{name}` cannot be set.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"PauliSum is immutable, so `{name}` cannot be deleted.")

    def __reduce__(self) -> tuple[Any, tuple[Terms, int | None]]:
        return PauliSum._new, (self._terms, self._width)

    # === inside ===

    @classmethod
    def _new(cls, terms: Terms, width: int | None) -> PauliSum:
        """Observable of merged terms."""
        self = cls.__new__(cls)
        self._fill(terms, width)
        return self

    def _fill(self, terms: Terms, width: int | None) -> None:
        if width is not None:
            for x_mask, z_mask, _ in terms:
                if (x_mask | z_mask) >> width:
                    raise ObservableError(
                        f"The Pauli string {format_indexed(x_mask, z_mask)!r} acts on qubit "
                        f"{(x_mask | z_mask).bit_length() - 1}, but the observable has {width} "
                        "qubits (numbered from 0)."
                    )
        object.__setattr__(self, "_terms", terms)
        object.__setattr__(self, "_width", width)

    def _joined(self, other: PauliSum) -> int | None:
        return construct.joined_width(self._width, _expected_sum(other)._width)

    def _on(self, n_qubits: int | None) -> int:
        """The number of qubits to work on, checked."""
        width = construct.checked_width(n_qubits)
        if width is None or width == self._width:
            return self.n_qubits
        if self._width is not None:
            raise ObservableError(
                f"The observable {self} has the fixed width of {self._width} qubits (from a "
                f"full-width label), but is used on {width} qubits. Use indexed labels such as "
                "'Z0 Z3', or `with_width(None)`."
            )
        if self.n_qubits > width:
            raise ObservableError(
                f"The observable {self} acts on qubit {self.n_qubits - 1}, but there are only "
                f"{width} qubits (numbered from 0)."
            )
        return width


def _operand(value: Any) -> PauliSum | None:
    """The other operand of + - *: a number stands for that multiple of the identity."""
    if isinstance(value, PauliSum):
        return value
    if is_number(value):
        return PauliSum.from_masks([(0, 0, value)])
    return None


def _expected_sum(value: Any) -> PauliSum:
    if not isinstance(value, PauliSum):
        raise ArgumentTypeError(
            f"The argument `other` must be a PauliSum, but got {type(value).__name__}. "
            "Convert it first: PauliSum('Z0') or as_observable(...)."
        )
    return value


def _checked_tolerance(tolerance: float) -> float:
    if not 0 <= tolerance < float("inf"):
        raise InvalidArgumentError(
            f"The argument `tolerance` must be 0 or a positive number, but got {tolerance}."
        )
    return float(tolerance)
