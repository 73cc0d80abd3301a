"""JSON files of records, in the two common layouts of MFCC features."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, cast

import numpy as np
from msgspec import UNSET, Meta, UnsetType
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError, InvalidDataError
from wgan_resampler.records.files.json_copy import copy_extended
from wgan_resampler.records.files.json_hints import missing_keys, other_layout, wrong_kind
from wgan_resampler.records.files.json_stream import BigNumberError, Reduce, convert, open_json
from wgan_resampler.records.files.json_text import open_text
from wgan_resampler.tables import IS_SYNTHETIC
from wgan_resampler.utils.storage import PACKED_SUFFIXES, atomic_writer

Layout = Literal["features", "mfcc"]
LAYOUTS: tuple[Layout, ...] = ("features", "mfcc")

JSON_SUFFIXES = tuple(f".json{packed}" for packed in PACKED_SUFFIXES)
"""What the name of a written file of records ends in."""

TRACK = "track"
"""Key that says of each record which track it was cut from."""


@dataclass(frozen=True)
class RecordFile:
    """The content of a JSON file of records.

    Parameters
    ----------
    records : sequence of ndarray of shape (n_features,) or (n_frames, n_features)
        One array for each record, float64; the number of frames may differ between records.
    labels : ndarray of int of shape (n_records,)
        Index of each record's class in `mapping`.
    mapping : tuple of str
        Names of the classes.
    layout : {"features", "mfcc"}, default="features"
        Key of the records in the file. Under ``"mfcc"`` records are always sequences.
    extra : mapping, default={}
        Further keys and their values; a list with one value for each record describes the records.
    keys : tuple of str, default=()
        All keys in the order in which the file holds them; empty if the records do not come from a file.

    Raises
    ------
    InvalidDataError
        If labels and records differ in number, or a further key is one of the layout.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.records.files.json_records import RecordFile
    >>> file = RecordFile([np.zeros(13), np.ones(13)], np.array([0, 1]), ("blues", "rock"))
    >>> file.n_features, file.is_sequence, file.names.tolist(), file.is_synthetic.tolist()
    (13, False, ['blues', 'rock'], [False, False])
    """

    records: Sequence[NDArray[np.float64]]
    labels: NDArray[np.int64]
    mapping: tuple[str, ...]
    layout: Layout = "features"
    extra: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        reserved = {*LAYOUTS, "labels", "mapping"} & set(self.extra)
        if reserved:
            raise InvalidDataError(f"{sorted(reserved)[0]!r} cannot be a further key of records.")
        if len(self.labels) != len(self.records):
            raise InvalidDataError(f"There are {len(self.records)} records but {len(self.labels)} labels.")

    @property
    def n_features(self) -> int:
        """Coefficients of a frame, or of a record that is a single vector."""
        return int(self.records[0].shape[-1])

    @property
    def is_sequence(self) -> bool:
        """Whether each record is a sequence of frames."""
        return self.records[0].ndim == 2

    @property
    def names(self) -> NDArray[np.str_]:
        """Name of each record's class."""
        return np.asarray(self.mapping, dtype=np.str_)[self.labels]

    @property
    def is_synthetic(self) -> NDArray[np.bool_]:
        """Whether each record was generated."""
        return np.asarray(self.extra.get(IS_SYNTHETIC, [False] * len(self.records)), dtype=np.bool_)


@dataclass(frozen=True)
class _Members:
    """The other keys of a file of records, as msgspec checks them."""

    labels: list[Annotated[int, Meta(ge=0)]]
    mapping: Annotated[tuple[str, ...], Meta(min_length=1)]
    is_synthetic: list[bool] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if len(set(self.mapping)) != len(self.mapping):
            raise ValueError("'mapping' must hold each class name once")
        if max(self.labels, default=0) >= len(self.mapping):
            raise ValueError(
                f"'labels' holds {max(self.labels)}, but labels are positions in 'mapping', from 0 to "
                f"{len(self.mapping) - 1}"
            )


def mean_over_time(record: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of a sequence over its frames; a vector is its own mean."""
    return cast("NDArray[np.float64]", record.mean(axis=0)) if record.ndim == 2 else record


def read_records(path: str | os.PathLike[str], reduce: Reduce | None = None) -> RecordFile:
    """Read a JSON file of records, as a stream.

    Parameters
    ----------
    path : str or os.PathLike
        The file. It is unpacked if its name ends in ``.gz`` or another packing. It holds an object with ``"features"``
        or ``"mfcc"`` (a list of vectors of one length, or of sequences of such vectors), ``"labels"`` (integers) and
        ``"mapping"`` (names of the classes), in any order. Further keys are kept.
    reduce : callable or None, default=None
        Called with each record after it is read; what it returns is kept, for example :func:`mean_over_time`. None
        keeps all records, which takes 8 bytes of memory for each number of the file.

    Returns
    -------
    RecordFile

    Raises
    ------
    DataFileError
        If the file holds anything else.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from wgan_resampler.records.files.json_records import mean_over_time, read_records
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "two.json")
    ...     n_chars = path.write_text('{"mfcc": [[[1, 2], [3, 4]], [[5, 6]]], "labels": [0, 1], "mapping": ["a", "b"]}')
    ...     [record.tolist() for record in read_records(path, reduce=mean_over_time).records]
    [[2.0, 3.0], [5.0, 6.0]]
    """
    try:
        try:
            return _read_records(path, reduce)
        except BigNumberError:
            return _read_records(path, reduce, exact=True)
    except DataFileError as error:
        layout = other_layout(path)
        if layout is None:
            raise
        raise DataFileError(layout) from error


def _read_records(path: str | os.PathLike[str], reduce: Reduce | None, exact: bool = False) -> RecordFile:
    records: list[NDArray[np.float64]] | None = None
    layout: Layout = "features"
    members: dict[str, Any] = {}
    keys = []
    with open_json(path, exact=exact) as reader:
        for key in reader.keys():  # noqa: SIM118 - it is no mapping
            keys.append(key)
            if key not in LAYOUTS:
                members[key] = reader.value(key)
            elif records is None:
                records, layout = reader.records(key, reduce), key
            else:
                raise DataFileError(f"{path} has both 'features' and 'mfcc'; keep only one of them.")
    problem = missing_keys(path, LAYOUTS, members if records is None else {layout: records, **members})
    if problem is None:
        problem = wrong_kind(path, members)
    if problem is not None:
        raise DataFileError(problem)
    if not records:
        raise DataFileError(f"{path} holds no records. It must list at least one under 'features' or 'mfcc'.")
    checked = convert(path, members, _Members)
    if layout == "mfcc" and reduce is None and records[0].ndim != 2:
        raise DataFileError(f"{path} must hold sequences under 'mfcc'; vectors go under 'features'.")
    for key, values in (("labels", checked.labels), (IS_SYNTHETIC, checked.is_synthetic)):
        if values is not UNSET and len(values) != len(records):
            raise DataFileError(
                f"{path} holds {len(records)} records, but {len(values)} values under {key!r}. There must be one for "
                "each record."
            )
    extra = {key: value for key, value in members.items() if key not in ("labels", "mapping")}
    return RecordFile(records, np.asarray(checked.labels, dtype=np.int64), checked.mapping, layout, extra, tuple(keys))


def write_records(path: str | os.PathLike[str], file: RecordFile) -> None:
    """Write records as JSON. The file is packed if its name says so, and is written in full or not at all.

    Parameters
    ----------
    path : str or os.PathLike
        The file to write. An existing file is replaced.
    file : RecordFile
        The records. Numbers are written so that reading them gives the same floats.

    Raises
    ------
    OSError
        If it cannot be written.
    ValueError
        If a number is not finite, which JSON cannot hold.
    """
    with atomic_writer(path) as out:
        out.write(f'{{"{file.layout}": ['.encode())
        for i, record in enumerate(file.records):
            out.write(b", " if i else b"")
            out.write(_to_json(record.tolist()))
        out.write(b"]")
        for key, value in {"labels": file.labels.tolist(), "mapping": file.mapping, **file.extra}.items():
            out.write(b", " + _to_json_member(key, value))
        out.write(b"}\n")


def write_extended_records(
    path: str | os.PathLike[str],
    source: str | os.PathLike[str],
    file: RecordFile,
    records: Iterable[NDArray[np.float64]],
    labels: NDArray[np.int64],
    further: Mapping[str, Any],
) -> None:
    """Write a copy of a file of records with more records. The content of the file is copied byte for byte.

    Parameters
    ----------
    path : str or os.PathLike
        The file to write.
    source : str or os.PathLike
        The file to copy. If it is in UTF-16 or UTF-32, or has a byte order mark, the copy is in UTF-8 without a mark.
    file : RecordFile
        What was read from it.
    records : iterable of ndarray
        The records to add. They are marked as synthetic.
    labels : ndarray of int of shape (n_new,)
        Their labels.
    further : mapping
        Keys to add, and their values.

    Raises
    ------
    DataFileError
        If `source` was changed since it was read.
    OSError
        If a file cannot be read or written.
    ValueError
        If a number is not finite, which JSON cannot hold.
    """
    marks = [True] * len(labels)
    entries = {file.layout: (_to_json(record.tolist()) for record in records), "labels": map(_to_json, labels.tolist())}
    if IS_SYNTHETIC in file.extra:
        entries[IS_SYNTHETIC] = map(_to_json, marks)
    else:
        further = {**further, IS_SYNTHETIC: [False] * len(file.records) + marks}
    with open_text(source) as text, atomic_writer(path) as out:
        copy_extended(
            text,
            out,
            {file.keys.index(key): values for key, values in entries.items()},
            (_to_json_member(key, value) for key, value in further.items()),
        )


def _to_json(value: Any) -> bytes:
    """Return a value as JSON."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


def _to_json_member(key: str, value: Any) -> bytes:
    """Return a key and a value, as they stand in an object."""
    return _to_json(key) + b": " + _to_json(value)
