"""The cells of one column as numpy arrays, for all containers."""

from __future__ import annotations

import decimal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import InvalidDataError

_NUMBERS = (int, float, np.bool_, np.integer, np.floating)
_INTEGERS = (int, np.bool_, np.integer)
_COMPARABLE = {str, bytes, bool, int, float, type(None)}
_WIDE = decimal.Context(prec=80)  # independent of the precision that the caller has set


class UnreadableCellError(InvalidDataError, TypeError):
    """A cell is neither a number nor a string. It is also a TypeError, because scikit-learn's checks ask for one."""


@dataclass(frozen=True)
class NumericCells:
    """Cells that are numbers. Dates and durations are integers, counted in their unit.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Floating, integer or boolean. Where a cell is missing, the value is finite and has no meaning.
    missing : ndarray of shape (n,) and dtype bool, or None, default=None
        Which cells are missing; None if no cell is.
    """

    values: NDArray[Any]
    missing: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.values)

    @property
    def present(self) -> NDArray[Any]:
        """The values of the cells that are not missing."""
        return self.values if self.missing is None else self.values[~self.missing]

    def take(self, rows: NDArray[np.integer]) -> NumericCells:
        """Return the cells at these positions."""
        return numeric_cells(self.values[rows], None if self.missing is None else self.missing[rows])


@dataclass(frozen=True)
class CategoricalCells:
    """Cells that are categories, as codes. The container's format knows what a code stands for.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        0 .. n_categories - 1, or -1 for a missing value.
    n_categories : int
        Number of categories in the training table.
    """

    codes: NDArray[np.integer]
    n_categories: int

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.codes)

    @property
    def missing(self) -> NDArray[np.bool_] | None:
        """Which cells are missing; None if no cell is."""
        missing: NDArray[np.bool_] = self.codes < 0
        return missing if missing.any() else None

    def take(self, rows: NDArray[np.integer]) -> CategoricalCells:
        """Return the cells at these positions."""
        return CategoricalCells(self.codes[rows], self.n_categories)


Cells = NumericCells | CategoricalCells


def numeric_cells(values: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> NumericCells:
    """Return cells of numbers. NaN counts as missing, and the values of missing values become zero."""
    if values.dtype.kind == "f":
        nan = np.isnan(values)
        missing = nan if missing is None else missing | nan
    if missing is None or not missing.any():
        return NumericCells(values)
    return NumericCells(np.where(missing, values.dtype.type(0), values), missing)


def empty_cells(n: int) -> NumericCells:
    """Return the cells of a column that has only missing values, as numbers."""
    return NumericCells(np.zeros(n), np.ones(n, dtype=np.bool_))


def object_cells(values: NDArray[np.object_], missing: NDArray[np.bool_], label: str) -> NumericCells:
    """Return the cells of a column of objects that are all numbers, or raise InvalidDataError."""
    present = values[~missing].tolist()
    kinds = set(map(type, present))
    if not all(issubclass(kind, _NUMBERS) for kind in kinds):
        is_bad = [not isinstance(cell, _NUMBERS) for cell in values] & ~missing
        raise_not_numeric(label, values, is_bad)
    numbers = np.array(present) if present else np.zeros(0)
    is_whole = bool(present) and all(issubclass(kind, _INTEGERS) for kind in kinds)
    if is_whole and numbers.dtype.kind == "f":  # numpy's own integers, of different signs
        numbers = np.array([int(cell) for cell in present])
    if numbers.dtype.kind == "O" or (is_whole and numbers.dtype.kind == "f"):
        row = int(
            np.argmax([not is_gone and abs(cell) >= 2**63 for cell, is_gone in zip(values, missing, strict=True)])
        )
        raise_too_long(label, row, values[row])
    filled = np.zeros(len(values), dtype=numbers.dtype)
    filled[~missing] = numbers
    return numeric_cells(filled, missing)


def decimal_cells(values: Iterable[decimal.Decimal | None], scale: int, label: str) -> NumericCells:
    """Return decimals with `scale` digits behind the point as integers, counted in the last digit; None is missing."""
    wholes = [None if value is None else int(_WIDE.scaleb(value, scale)) for value in values]
    for row, whole in enumerate(wholes):
        if whole is not None and abs(whole) >= 2**63:
            raise_too_long(label, row, whole)
    missing = np.array([whole is None for whole in wholes], dtype=bool)
    return numeric_cells(np.array([whole or 0 for whole in wholes], dtype=np.int64), missing)


def decimals(cells: NumericCells, scale: int) -> list[decimal.Decimal | None]:
    """Undo `decimal_cells`."""
    found = [_WIDE.scaleb(decimal.Decimal(whole), -scale) for whole in cells.values.tolist()]
    missing = np.zeros(len(cells), dtype=bool) if cells.missing is None else cells.missing
    return [None if is_gone else value for value, is_gone in zip(found, missing, strict=True)]


def objects_with_missing(values: NDArray[Any], missing: NDArray[np.bool_] | None, marker: Any) -> NDArray[np.object_]:
    """Return values as Python objects, with the marker in place of missing values."""
    objects = values.astype(object)
    if missing is not None:
        objects[missing] = marker
    return objects


def is_missing_cell(cell: Any) -> bool:
    """Whether a cell is None, NaN, NaT or pandas.NA."""
    if isinstance(cell, (float, np.floating, np.datetime64, np.timedelta64)):
        return bool(cell != cell)
    # pandas.NA knows no truth value, so it is recognized by the name of its type.
    return cell is None or type(cell).__name__ in ("NAType", "NaTType")


def is_missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which cells of an array are None, NaN, NaT or pandas.NA."""
    if values.dtype.kind == "O":
        if set(map(type, values)) <= _COMPARABLE:  # the usual case, which is several times as fast
            none = np.array(None, dtype=object)
            return np.asarray(np.not_equal(values, values) | np.equal(values, none))
        return np.array([is_missing_cell(cell) for cell in values], dtype=bool)
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    if values.dtype.kind in "mM":
        return np.asarray(np.isnat(values))
    return np.zeros(len(values), dtype=bool)


def plain_repr(value: Any) -> str:
    """Return a cell or the name of a column as messages show it: 3 rather than np.int64(3)."""
    if isinstance(value, np.generic) and not isinstance(value, (np.datetime64, np.timedelta64, np.longdouble)):
        value = value.item()
    return repr(value)


def shown(cell: Any) -> str:
    """Return a cell as messages show it, no longer than half a line."""
    text = plain_repr(cell)
    return text if len(text) <= 60 else f"{text[:57]}..."


def raise_not_numeric(label: str, cells: Any, is_bad: NDArray[np.bool_] | None = None, dtype: Any = None) -> NoReturn:
    """Raise the error for a column that should hold numbers. The first cell in `is_bad` is shown."""
    row = 0 if is_bad is None else int(is_bad.argmax())
    cell = cells[row]
    if isinstance(cell, (complex, np.complexfloating)):
        raise InvalidDataError(
            f"Complex data not supported: column {label} holds {shown(cell)} in row {row}. Make one column "
            "of the real parts and one of the imaginary parts."
        )
    if dtype is None and not isinstance(cell, (str, bytes)):
        raise UnreadableCellError(
            f"Column {label} does not hold numbers: row {row} holds {shown(cell)}, a {type(cell).__name__}. Each "
            "argument must be a string or a real number. Convert it first, or name the column in categorical_features "
            "if it holds categories."
        )
    of_dtype = "" if dtype is None else f" but is of dtype {dtype}"
    raise InvalidDataError(
        f"Column {label} does not hold numbers{of_dtype}: row {row} holds {shown(cell)}. If it holds categories, name "
        "it in categorical_features; if it holds numbers, convert it first."
    )


def raise_too_long(label: str, row: int, cell: Any) -> NoReturn:
    """Raise the error for an integer of more than 64 bits."""
    raise InvalidDataError(
        f"Column {label} holds integers of more than 64 bits: row {row} holds {shown(cell)}. Convert the column "
        "to floats; if the numbers are codes, name it in categorical_features."
    )


def raise_no_category(label: str, cells: Iterable[Any], error: TypeError) -> NoReturn:
    """Raise the error for a column of categories that cannot be compared with each other."""
    for row, cell in enumerate(cells):
        try:
            hash(cell)
        except TypeError:
            raise InvalidDataError(
                f"Column {label} does not hold categories: row {row} holds {shown(cell)}, and a {type(cell).__name__} "
                "cannot be compared with others. Divide it into several columns, or convert it to a string."
            ) from error
    raise InvalidDataError(f"Column {label} does not hold categories: {error}.") from error
