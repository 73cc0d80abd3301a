"""The interface of all containers: how one is read into columns, and how new rows are built in it.

A container is an object that holds a table or a target: a list, an array, a frame. The original rows are never
converted. New rows are built in the container's own dtypes and put below the original ones.
"""

from __future__ import annotations

import abc
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.tables.columns import Cells, plain_repr


@dataclass(frozen=True)
class Table:
    """A table that has been read.

    Parameters
    ----------
    rows : ndarray, sparse matrix, list or frame
        The caller's rows.
    cells : tuple of NumericCells or CategoricalCells
        The same table, column by column.
    format : TableFormat
        Builds new rows of the same container.
    """

    rows: Any
    cells: tuple[Cells, ...]
    format: TableFormat

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.cells[0])


class ChooseCategorical(Protocol):
    """Chooses the categorical columns of a table, as the caller wants it."""

    def __call__(self, n_columns: int, names: Sequence[Any] | None = None, auto: Sequence[int] = ()) -> frozenset[int]:
        """Return the positions of the categorical columns.

        Parameters
        ----------
        n_columns : int
            Number of columns of the table.
        names : sequence or None, default=None
            Names of the columns, if they have names.
        auto : sequence of int, default=()
            Positions of the columns that are categorical if the caller leaves the choice to the container.
        """


class TableFormat(abc.ABC):
    """A container. The class reads tables and targets; an object of it remembers the columns of one table.

    An object holds dtypes, names and categories, but no rows, so it can be saved with a model.

    Attributes
    ----------
    kind : str
        The name of the container in saved files.
    column_type : type
        The dataclass of an element of `columns`. Files hold its fields, and those of the container.
    columns : tuple
        One object per column, with the attribute `categories`: what the codes stand for, or None for numbers.
    """

    kind: ClassVar[str]
    column_type: ClassVar[type]
    columns: tuple[Any, ...]

    @staticmethod
    @abc.abstractmethod
    def holds(value: Any) -> bool:
        """Whether a table or a target is in this container. This must not import the container's library."""

    @classmethod
    @abc.abstractmethod
    def read(cls, rows: Any, choose: ChooseCategorical) -> Table:
        """Read a table.

        Parameters
        ----------
        rows : Any
            A table that the container holds.
        choose : ChooseCategorical
            Called once, with the columns of the table.

        Returns
        -------
        Table

        Raises
        ------
        InvalidDataError
            If the table is empty, or a column holds neither numbers nor categories.
        """

    def label(self, column: int) -> str:
        """Return the name of a column for messages. If the container has no names, this is the position."""
        return str(column)

    @abc.abstractmethod
    def build(self, cells: Sequence[Cells]) -> Any:
        """Return new rows in the container, from one object of cells per column."""

    @staticmethod
    @abc.abstractmethod
    def stack(rows: Any, new: Any) -> Any:
        """Return `rows`, unchanged, with `new` below. The result has its own memory."""

    @staticmethod
    @abc.abstractmethod
    def take(rows: Any, positions: NDArray[np.integer]) -> Any:
        """Return the rows, or labels, at these positions. The result has its own memory."""

    @staticmethod
    def label_array(target: Any) -> NDArray[Any]:
        """Return a target as a numpy array of labels, with None or NaN for missing labels."""
        check_no_frame(target, "y")
        mask = np.ma.getmaskarray(target) if isinstance(target, np.ma.MaskedArray) else np.zeros(0)
        if mask.any():
            raise InvalidDataError(
                f"Input y is masked: {int(mask.sum())} label(s) have a mask, the first in row "
                f"{int(np.argwhere(mask)[0, 0])}. Drop these rows, or make them a class of their own with "
                "y.filled(label)."
            )
        values = array_of_labels(target)
        # numpy's StringDType cannot be saved, and few functions accept it.
        return values.astype(object) if values.dtype.kind == "T" else values

    @staticmethod
    def as_target(target: Any, *, one_hot: bool) -> Any:
        """Return a target in the shape in which it is given back: a column vector becomes one-dimensional."""
        return target


@dataclass(frozen=True)
class FrameFormat(TableFormat):
    """A frame: its columns have names.

    Parameters
    ----------
    names : pandas.Index or tuple of str
        Names of the columns.
    columns : tuple
        The columns.
    """

    names: Any
    columns: tuple[Any, ...]

    def label(self, column: int) -> str:
        """Return the column's name."""
        return plain_repr(self.names[column])


def check_no_frame(value: Any, name: str) -> None:
    """Raise InvalidDataError for a frame of a library that is not known here. As an array, it would lose its dtypes."""
    if hasattr(value, "__arrow_c_stream__") or (hasattr(value, "columns") and hasattr(value, "dtypes")):
        kind = type(value)
        raise InvalidDataError(
            f"{name} is a {kind.__module__.partition('.')[0]} {kind.__name__}, which cannot be read. Convert it to a "
            f"frame of pandas or polars, for example with {name}.to_pandas() or {name}.compute()."
        )


def array_of_labels(target: Any) -> NDArray[Any]:
    """Return labels as an array in which no label has changed.

    If one label is a string, numpy converts all labels to strings. It also removes a null character at the end of a
    string, so two different labels could become equal.
    """
    values = np.asarray(target)
    if not isinstance(target, (list, tuple)) or values.dtype.kind not in "US":
        return values
    objects = np.array(target, dtype=object)
    same = values.astype(object) == objects
    return values if set(map(type, objects.flat)) <= {str, bytes, np.str_, np.bytes_} and same.all() else objects


def check_not_empty(frame: Any) -> None:
    """Raise InvalidDataError if a frame has no rows or no columns."""
    if min(frame.shape) == 0:
        raise InvalidDataError(
            f"Found array with {frame.shape[0]} sample(s) and {frame.shape[1]} feature(s) (shape={frame.shape}) "
            "while a minimum of 1 is required by WGANGPOverSampler."
        )


def is_of(library: str, value: object, *names: str) -> bool:
    """Whether `value` is of one of these classes of a library. The library is not imported to find out."""
    module = sys.modules.get(library)
    return module is not None and isinstance(value, tuple(getattr(module, name) for name in names))
