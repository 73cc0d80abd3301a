"""Warnings about data that will train but give poor results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import (
    FileNameColumnWarning,
    IdentifierColumnWarning,
    ManyClassesWarning,
    NumbersAsTextWarning,
    SingleClassWarning,
    ThinClassWarning,
)
from wgan_resampler.tables import CategoricalCells, Cells, Table, looks_like_identifier, plain_label
from wgan_resampler.utils import warn_caller

_THIN = 5
"""Largest number of rows of a thin class."""

_MANY_CLASSES = 100
"""With more classes than this, a warning says that the target looks like a regression target."""

_SOME = 20
"""Fewer different integers than this may be codes of categories. Up to this many classes never cause a warning."""

_NEARLY_ALL = 0.9
"""Share of the values that must look like numbers, or like names of files."""

_LOOKED_AT = 1000
"""Largest number of categories of a column that are checked."""

_FEW = 5
"""With at most this many different values, even fractions may be codes, such as the versions 1.0 and 1.1."""

_CURRENCY = r"[\s$€£¥]*"
_NUMBER = re.compile(
    rf"{_CURRENCY}-?{_CURRENCY}\d+(?:[.,' ]\d{{3}})*(?P<fraction>[.,]\d+)?(?:[eE][-+]?\d+)?[\s%]*{_CURRENCY}"
)

# A leading zero, as in a postal code, or a leading plus, as in a telephone number.
_CODE = re.compile(r"\s*(?:0\d+|\+\d+)\s*")

_FILE = re.compile(
    r".*[^./\\]\.(wav|mp3|flac|ogg|aiff?|au|m4a|wma|mp4|avi|mov|mkv|png|jpe?g|gif|bmp|tiff?|svg|csv|tsv|txt|json|xml"
    r"|html?|pdf|docx?|xlsx?|npy|npz|h5|parquet|zip|gz|dat|mat|dcm|nii|log)",
    re.IGNORECASE,
)
# A path must hold a letter, because dates may have slashes, too.
_PATH = re.compile(r"(?=.*[A-Za-z])(?:[A-Za-z]:|\.{1,2}|~|[\w .-]+)?[/\\][^\s/\\][^/\\]*(?:[/\\][^/\\]+)*")


@dataclass(frozen=True)
class ReadColumn:
    """A column of a table that has been read.

    Parameters
    ----------
    name : str
        Its name, as messages show it.
    cells : NumericCells or CategoricalCells
        Its cells.
    categories : sequence, array or Series, or None
        What the codes of categorical cells stand for; None for numbers.
    """

    name: str
    cells: Cells
    categories: Any


def columns_of(table: Table) -> Iterator[ReadColumn]:
    """Yield the columns of a table."""
    for j, (column, cells) in enumerate(zip(table.format.columns, table.cells, strict=True)):
        yield ReadColumn(table.format.label(j), cells, column.categories)


def warn_of_data(
    labels: NDArray[Any], columns: Iterable[ReadColumn], to_generate: Mapping[Any, int] | None = None
) -> None:
    """Warn of everything that makes training slow or synthetic rows useless. Each warning says what to do.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        The class of each row.
    columns : iterable of ReadColumn
        The columns of the table.
    to_generate : mapping of class to int, or None, default=None
        How many rows are generated for each class. None means that this is decided later.

    Warns
    -----
    SingleClassWarning
        If all rows are of one class.
    ManyClassesWarning
        If the classes look like the values of a regression target.
    ThinClassWarning
        If a class of at most 5 rows has to grow.
    FileNameColumnWarning
        If a column holds names of files.
    NumbersAsTextWarning
        If a column of strings looks like numbers.
    IdentifierColumnWarning
        If a categorical feature looks like an identifier.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from wgan_resampler.sampler.data_warnings import warn_of_data
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_of_data(np.array(["jazz"] * 9), [])
    >>> caught[0].category.__name__
    'SingleClassWarning'
    """
    found = [about_classes(labels, to_generate), *map(about_column, columns)]
    for category, message in (each for each in found if each is not None):
        warn_caller(message, category)


def about_classes(
    labels: NDArray[Any], to_generate: Mapping[Any, int] | None = None
) -> tuple[type[Warning], str] | None:
    """Return the category and the message of a warning about the classes, or None."""
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) == 1:
        return SingleClassWarning, (
            f"All {len(labels)} rows are of one class, {plain_label(classes[0])!r}, so there is nothing to balance. "
            "Name the column that holds the classes, or add rows of another class."
        )
    if len(classes) > _MANY_CLASSES or len(classes) > max(_SOME, len(labels) / 2):
        return ManyClassesWarning, (
            f"The target has {len(classes)} different values in {len(labels)} rows, like a regression target or an "
            "identifier. Each value counts as a class. Name the column that holds the classes, or make classes of the "
            "values first, for example with pandas.cut."
        )
    thin = [
        f"{plain_label(label)!r} ({n})"
        for label, n in zip(classes, counts, strict=True)
        if n <= _THIN and (n < counts.max() if to_generate is None else to_generate.get(label, 0) > 0)
    ]
    if not thin:
        return None
    way_out = "file" if to_generate is None else "resampling with sampling_strategy={class: rows}"
    return ThinClassWarning, (
        f"These classes have at most {_THIN} rows and get synthetic rows: {', '.join(thin[:10])}"
        f"{f' and {len(thin) - 10} more' if len(thin) > 10 else ''}. The spread of their synthetic rows is mostly "
        f"borrowed from other classes. Collect more rows, or leave these classes out of the {way_out}."
    )


def about_column(column: ReadColumn) -> tuple[type[Warning], str] | None:
    """Return the category and the message of a warning about a column, or None."""
    cells = column.cells
    if not isinstance(cells, CategoricalCells) or column.categories is None:
        return None
    n, present = cells.n_categories, int(np.count_nonzero(cells.codes >= 0))
    is_unique = looks_like_identifier(cells)
    texts = [each for each in list(column.categories[:_LOOKED_AT]) if isinstance(each, str)]
    if n > 2 and len(texts) == min(n, _LOOKED_AT):
        found = _like_files(column.name, texts, is_unique=is_unique) or _like_numbers(column.name, texts, n)
        if found is not None:
            return found
    if not is_unique:
        return None
    return IdentifierColumnWarning, (
        f"Column {column.name} holds {n} categories in {present} values, like an identifier. It is not learned: new "
        "rows take its values at random. Leave the column out. If it holds numbers or dates, convert it to a numeric "
        "or date column."
    )


def _like_files(name: str, texts: list[str], *, is_unique: bool) -> tuple[type[Warning], str] | None:
    # Strings such as "n/a" look like paths, too. So strings that repeat are not taken for paths.
    files = [text for text in texts if _FILE.fullmatch(text) or (is_unique and _PATH.fullmatch(text))]
    if len(files) < _NEARLY_ALL * len(texts):
        return None
    return FileNameColumnWarning, (
        f"Column {name} holds names of files, such as {files[0]!r}. They tell rows apart, and often name the class, "
        "but describe nothing. Leave the column out."
    )


def _like_numbers(name: str, texts: list[str], n: int) -> tuple[type[Warning], str] | None:
    numbers = [match for match in map(_number, texts) if match]
    is_code = n < _SOME and (n <= _FEW or not any(match["fraction"] for match in numbers))
    if len(numbers) < _NEARLY_ALL * len(texts) or is_code or any(map(_CODE.fullmatch, texts)):
        return None
    others = [text for text in texts if not _number(text)]
    return NumbersAsTextWarning, (
        f"Column {name} holds strings that look like numbers, such as {numbers[0][0]!r}"
        f"{f', but not {others[0]!r}' if others else ''}. Each of the {n} strings counts as a category, and no other "
        "number is generated. If they are numbers, convert the column, with missing values in place of other strings."
    )


def _number(text: str) -> re.Match[str] | None:
    # Much longer strings are not numbers, and many blanks would take long to match.
    return _NUMBER.fullmatch(text) if len(text) <= 40 else None
