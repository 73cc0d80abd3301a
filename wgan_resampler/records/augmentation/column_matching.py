"""Compare a table's columns with those that a generator makes, and build new rows in the table's own dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

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
    plain_label,
)

if TYPE_CHECKING:
    import pandas as pd


def matching_format(path: str, frame: pd.DataFrame, data: DataDescription, schema: TableSchema) -> PandasFormat:
    """Return the format that makes rows of a frame from what a generator makes.

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
    found, made = [str(name) for name in frame.columns], list(data.columns)
    if found != made:
        missing, other = [name for name in made if name not in found], [name for name in found if name not in made]
        raise DataFileError(
            f"{path} and the generator have different columns, or another order of columns. Only the generator makes: "
            f"{shown(missing)}. Only the file has: {shown(other)}. The generator's columns in order: {shown(made)}."
        )
    table = check_table(frame)
    form = cast(PandasFormat, table.format)
    columns = [
        _matching_column(f"{path}: column {form.label(j)}", form.columns[j], table.cells[j], labels, schema.columns[j])
        for j, labels in enumerate(data.categories)
    ]
    return PandasFormat(form.names, tuple(columns))


def own_format(data: DataDescription, schema: TableSchema) -> PandasFormat:
    """Return the format of new rows if there is no table. Numbers have the dtypes of the training table."""
    import pandas as pd

    columns = []
    for labels, column in zip(data.categories, schema.columns, strict=True):
        if not isinstance(column, NumericColumn):
            columns.append(SeriesFormat(np.dtype(object), np.array(labels, dtype=object)))
        else:
            # An integer cannot represent a missing value, so the column becomes float64.
            to_float = column.has_missing and column.dtype.kind != "f"
            columns.append(SeriesFormat(np.dtype(np.float64) if to_float else column.dtype))
    return PandasFormat(pd.Index(data.columns), tuple(columns))


def shown(values: Sequence[Any], limit: int = 12) -> str:
    """Return names or categories for a message, cut short.

    Examples
    --------
    >>> from wgan_resampler.records.augmentation.column_matching import shown
    >>> shown(["blues", "rock", "jazz"], limit=2)
    "'blues', 'rock', ..."
    """
    first = [repr(value)[:40] for value in values[:limit]]
    return ", ".join([*first, *(["..."] if len(values) > limit else [])]) or "none"


def _matching_column(
    where: str, form: SeriesFormat, cells: Cells, labels: Sequence[Label] | None, column: Column
) -> SeriesFormat:
    if column.has_missing and isinstance(form.dtype, np.dtype) and form.dtype.kind in "biu":
        raise DataFileError(
            f"{where} is of dtype {form.dtype}, which cannot hold the missing values that the generator makes. Convert "
            "the column, or train on this file."
        )
    if isinstance(column, CategoricalColumn) and labels is not None:
        if isinstance(cells, NumericCells):
            raise DataFileError(f"{where} holds numbers, but the generator makes categories there: {shown(labels)}.")
        return _with_categories(where, form, labels)
    if not isinstance(cells, NumericCells) or not isinstance(column, NumericColumn):
        raise DataFileError(
            f"{where} holds categories, such as {shown(list(form.categories))}, but the generator makes numbers there."
        )
    made, own = column.dtype, cells.values.dtype
    if not (np.can_cast(made, own, "safe") or (made.kind == own.kind == "f")):
        raise DataFileError(f"{where} is of dtype {own}, but the generator makes {made}. Convert the column.")
    return form


def _with_categories(where: str, form: SeriesFormat, labels: Sequence[Label]) -> SeriesFormat:
    """Return the format of a column with the generator's categories in place of its own."""
    import pandas as pd

    own = [plain_label(label) for label in form.categories]
    if own and labels and not {type(label) for label in own} & {type(label) for label in labels}:
        raise DataFileError(f"{where} holds {shown(own)}, but the generator makes {shown(labels)}.")
    known = list(getattr(form.dtype, "categories", labels))
    unknown = [label for label in labels if label not in known]
    if unknown:
        raise DataFileError(
            f"{where} has the categories {shown(known)} in its dtype, without {unknown[0]!r}, which the generator "
            "makes. Add it to the dtype, or convert the column to strings."
        )
    if isinstance(form.categories, np.ndarray):
        return replace(form, categories=np.array(labels, dtype=object))
    try:
        return replace(form, categories=pd.array(list(labels), dtype=form.dtype))
    except (TypeError, ValueError) as error:
        raise DataFileError(
            f"{where} is of dtype {form.dtype}, which cannot hold what the generator makes: {shown(labels)}."
        ) from error
