"""Compare a table's columns with those that a generator makes, and build new rows in the table's own dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.training_data import DataDescription, Label
from wgan_resampler.tables import (
    CategoricalColumn,
    Cells,
    Column,
    NumericCells,
    NumericColumn,
    PandasFormat,
    SeriesFormat,
    TableSchema,
    check_table,
)

if TYPE_CHECKING:
    import pandas as pd


def matching_format(path: str, frame: pd.DataFrame, data: DataDescription, schema: TableSchema) -> PandasFormat:
    """Return the format by which rows of a generator become rows of a frame.

    Parameters
    ----------
    path : str
        The file of the frame, for messages.
    frame : DataFrame
        The features.
    data : DataDescription
        Description of the generator's rows.
    schema : TableSchema
        The columns of its encoder.

    Returns
    -------
    PandasFormat
        With the frame's dtypes and the generator's categories.

    Raises
    ------
    DataFileError
        If names, order or kinds of the columns differ, or a dtype cannot hold what the generator makes.
    InvalidDataError
        If a column holds neither numbers nor categories.

    Examples
    --------
    >>> import pandas as pd
    >>> from wgan_resampler.tables.columns import CategoricalCells
    >>> from wgan_resampler.records.augmentation.column_matching import matching_format
    >>> from wgan_resampler.records.training_data import DataDescription
    >>> from wgan_resampler.tables.encoding.schema import CategoricalColumn, TableSchema
    >>> moods = pd.DataFrame({"mood": ["sad", "sad"]})
    >>> made = DataDescription("table", columns=("mood",), categories=(("happy", "sad"),))
    >>> form = matching_format("songs.csv", moods, made, TableSchema((CategoricalColumn(2),)))
    >>> form.build([CategoricalCells(np.array([0, 1]), 2)])["mood"].tolist()
    ['happy', 'sad']
    """
    _check_names(path, [str(name) for name in frame.columns], data.columns)
    table = check_table(frame)
    form = table.format
    if not isinstance(form, PandasFormat):
        raise TypeError(f"A pandas frame is needed; got {type(frame).__name__}.")
    columns = [
        _matching_column(f"{path}: column {form.label(j)}", form.columns[j], table.cells[j], labels, schema.columns[j])
        for j, labels in enumerate(data.categories)
    ]
    return PandasFormat(form.names, tuple(columns))


def own_format(data: DataDescription, schema: TableSchema) -> PandasFormat:
    """Return the format of rows without an original table: numbers as trained on, categories as objects."""
    import pandas as pd

    columns = [_own_column(labels, column) for labels, column in zip(data.categories, schema.columns, strict=True)]
    return PandasFormat(pd.Index(data.columns), tuple(columns))


def _own_column(labels: Sequence[Label] | None, column: Column) -> SeriesFormat:
    if labels is not None:
        return SeriesFormat(np.dtype(object), _objects(labels))
    if not isinstance(column, NumericColumn):
        raise TypeError("Categories without labels.")
    # An integer cannot represent a missing value, so the column becomes float64.
    return SeriesFormat(np.dtype(np.float64) if column.has_missing and column.dtype.kind != "f" else column.dtype)


def _check_names(path: str, found: Sequence[str], made: Sequence[str]) -> None:
    """Raise unless the columns of a table are those that a generator makes, in their order."""
    missing = [name for name in made if name not in found]
    if missing:
        raise DataFileError(
            f"{path} has no column {missing[0]!r}, which the generator makes. Columns: {shown_names(found)}; those of "
            f"the generator: {shown_names(made)}."
        )
    other = [name for name in found if name not in made]
    if other:
        raise DataFileError(
            f"{path} has a column {other[0]!r} that the generator does not make. Columns: {shown_names(found)}; those "
            f"of the generator: {shown_names(made)}."
        )
    if list(found) != list(made):
        raise DataFileError(
            f"{path} has its columns in another order, {shown_names(found)}, than the generator was trained on, "
            f"{shown_names(made)}. Put them into that order."
        )


def shown_names(names: Sequence[str], limit: int = 12) -> str:
    """Return names for a message, cut short.

    Examples
    --------
    >>> from wgan_resampler.records.augmentation.column_matching import shown_names
    >>> shown_names(["blues", "rock"])
    "'blues', 'rock'"
    """
    shown = ", ".join(repr(str(name)[:40]) for name in names[:limit])
    return f"{shown}, ..." if len(names) > limit else shown or "none"


def _matching_column(
    where: str, form: SeriesFormat, cells: Cells, labels: Sequence[Label] | None, column: Column
) -> SeriesFormat:
    if column.has_missing and isinstance(form.dtype, np.dtype) and form.dtype.kind in "biu":
        raise DataFileError(
            f"{where} is of dtype {form.dtype}, which cannot hold missing values, but the generator was trained on "
            "missing values and makes them. Convert the column, or train on this file."
        )
    if isinstance(column, CategoricalColumn) and labels is not None:
        if isinstance(cells, NumericCells):
            raise DataFileError(
                f"{where} holds numbers, but the generator makes categories there: {shown_labels(labels)}."
            )
        return _with_categories(where, form, labels)
    if not isinstance(cells, NumericCells) or not isinstance(column, NumericColumn):
        raise DataFileError(
            f"{where} holds categories, such as {shown_labels(list(form.categories))}, but the generator makes numbers "
            "there."
        )
    made, own = column.dtype, cells.values.dtype
    if not (np.can_cast(made, own, "safe") or (made.kind == own.kind == "f")):
        raise DataFileError(
            f"{where} holds numbers of dtype {own}, but the generator makes {made}: convert the column."
        )
    return form


def _with_categories(where: str, form: SeriesFormat, labels: Sequence[Label]) -> SeriesFormat:
    """Return the format of a column with the generator's categories in place of its own."""
    import pandas as pd

    own = [label.item() if isinstance(label, np.generic) else label for label in form.categories]
    if own and labels and not {type(label) for label in own} & {type(label) for label in labels}:
        raise DataFileError(f"{where} holds {shown_labels(own)}, but the generator makes {shown_labels(labels)}.")
    known = getattr(form.dtype, "categories", None)
    unknown = [label for label in labels if known is not None and label not in known]
    if known is not None and unknown:
        raise DataFileError(
            f"{where} has a dtype with the categories {shown_labels(list(known))}, without {unknown[0]!r}, which the "
            "generator makes. Add it to the dtype, or convert the column to strings."
        )
    if isinstance(form.categories, np.ndarray):
        return replace(form, categories=_objects(labels))
    try:
        return replace(form, categories=pd.array(list(labels), dtype=form.dtype))
    except (TypeError, ValueError) as error:
        raise DataFileError(
            f"{where} is of dtype {form.dtype}, which cannot hold what the generator makes: {shown_labels(labels)}."
        ) from error


def shown_labels(labels: Sequence[Any], limit: int = 5) -> str:
    """Return some categories for a message."""
    shown = ", ".join(repr(label)[:40] for label in labels[:limit])
    return f"{shown}, ..." if len(labels) > limit else shown or "none"


def _objects(labels: Sequence[Label]) -> Any:
    objects = np.empty(len(labels), dtype=object)
    objects[:] = labels
    return objects
