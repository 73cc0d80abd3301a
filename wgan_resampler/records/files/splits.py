"""Splits: which records of a file are for training and which for testing, decided once and stored in a file."""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError, InvalidDataError, InvalidParameterError, SplitWarning
from wgan_resampler.records.files.json_stream import convert, open_json
from wgan_resampler.records.files.labelled_data import LabelledData
from wgan_resampler.utils import own_settings, warn_caller
from wgan_resampler.utils.storage import atomic_writer, writable_file

FORMAT = "wgan-resampler split"
VERSION = 1


@dataclass(frozen=True)
class Split:
    """A division of the original records of a file.

    Parameters
    ----------
    train, test : tuple of int
        Positions of the training and of the test records, counted from 0, in ascending order. No record is on both
        sides; some may be on neither.
    n_records : int
        Number of original records of the file.
    fingerprint : str
        SHA-256 of their classes in order; see :func:`fingerprint`.
    seed : int
        Seed of the division.
    test_size : float
        Share of the records that was requested for testing.
    group_key : str or None, default=None
        Key by which records were grouped.
    group_size : int or None, default=None
        Number of consecutive records that are a group.
    max_train : mapping of str to int, default={}
        Largest number of training records, for each class that was limited.
    """

    train: Annotated[tuple[Annotated[int, Meta(ge=0)], ...], Meta(min_length=1)]
    test: Annotated[tuple[Annotated[int, Meta(ge=0)], ...], Meta(min_length=1)]
    n_records: int
    fingerprint: str
    seed: int
    test_size: float
    group_key: str | None = None
    group_size: int | None = None
    max_train: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for side, positions in (("train", self.train), ("test", self.test)):
            ascends = all(first < second for first, second in itertools.pairwise(positions))
            if not ascends or positions[-1] >= self.n_records:
                raise ValueError(
                    f"'{side}' must hold positions from 0 to {self.n_records - 1}, in ascending order and each once"
                )
        if common := set(self.train) & set(self.test):
            raise ValueError(f"record {min(common)} is both a training and a test record")

    def check_against(self, path: str | os.PathLike[str], names: NDArray[np.str_]) -> None:
        """Raise unless the split was made for records with these classes.

        Parameters
        ----------
        path : str or os.PathLike
            Where the records come from, for the message.
        names : ndarray of str of shape (n_records,)
            The class of each original record, in order.

        Raises
        ------
        DataFileError
            If the number of records or the classes differ.
        """
        if fingerprint(names) != self.fingerprint:
            raise DataFileError(
                f"The split was made for {self.n_records} original records, and not for the {len(names)} of {path}: "
                "their number, classes or order differ. Give the file that was split, or one that augments it."
            )


def fingerprint(names: NDArray[np.str_]) -> str:
    """Return the SHA-256 of the classes of all records, in order, in hexadecimal digits.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.records.files.splits import fingerprint
    >>> fingerprint(np.array(["rock", "jazz"]))[:16]
    '61edb93a67e6ac6e'
    """
    return hashlib.sha256(json.dumps(names.tolist()).encode()).hexdigest()


def consecutive_groups(names: NDArray[np.str_], size: int) -> NDArray[np.intp]:
    """Return the group of each record if every `size` consecutive records form one.

    Parameters
    ----------
    names : ndarray of str of shape (n_records,)
        The class of each record.
    size : int
        Records in a group.

    Returns
    -------
    ndarray of int of shape (n_records,)

    Raises
    ------
    InvalidDataError
        If the number of records is not a multiple of `size`, or a group has records of two classes, which shows that
        the groups begin elsewhere.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.records.files.splits import consecutive_groups
    >>> consecutive_groups(np.array(["jazz", "jazz", "rock", "rock"]), 2).tolist()
    [0, 0, 1, 1]
    """
    if len(names) % size:
        raise InvalidDataError(
            f"{len(names)} records cannot be divided into groups of {size}. Give the true size of the groups, or a key "
            "that names the group of each record."
        )
    rows = names.reshape(-1, size)
    mixed = np.flatnonzero((rows != rows[:, :1]).any(axis=1))
    if len(mixed):
        start, classes = mixed[0] * size, ", ".join(np.unique(rows[mixed[0]]))
        raise InvalidDataError(
            f"Records {start} to {start + size - 1} would be one group, but have the classes {classes}. Give the true "
            "size of the groups, or a key that names the group of each record."
        )
    return np.arange(len(names)) // size


@own_settings
def make_split(
    names: NDArray[np.str_],
    groups: NDArray[np.intp] | None = None,
    *,
    test_size: float = 0.2,
    seed: int = 0,
    max_train: Mapping[str, int] | None = None,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Divide records into training and test records, about the same share of each class, and keep groups whole.

    A class with at least two groups has at least one on each side. The class of a group is that of most of its records.

    Parameters
    ----------
    names : ndarray of str of shape (n_records,)
        The class of each record.
    groups : ndarray of int of shape (n_records,) or None, default=None
        The group of each record. None makes each record a group of its own.
    test_size : float, default=0.2
        Share of the records of each class to test on, above 0 and below 1.
    seed : int, default=0
        Seed of the division.
    max_train : mapping of str to int or None, default=None
        The most training records that a class may have, to study a rare class. Whole groups are left out of both sides
        until the class has at most this many.

    Returns
    -------
    train, test : ndarray of int
        Positions of the records, ascending.

    Raises
    ------
    InvalidParameterError
        If `max_train` names a class that does not exist, or leaves it without records.

    Warns
    -----
    SplitWarning
        If a class has a single group, which is then used for training.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.records.files.splits import make_split
    >>> train, test = make_split(np.array(["jazz"] * 6 + ["rock"] * 4), np.arange(10) // 2, test_size=0.3)
    >>> len(train), len(test)
    (6, 4)
    """
    max_train = max_train or {}
    groups = np.arange(len(names)) if groups is None else groups
    _, groups = np.unique(groups, return_inverse=True)
    sizes = np.bincount(groups)
    classes, labels = np.unique(names, return_inverse=True)
    counts = np.zeros((len(sizes), len(classes)), dtype=np.intp)
    np.add.at(counts, (groups, labels), 1)
    class_of_group = counts.argmax(axis=1)
    unknown = sorted(set(max_train) - set(classes.tolist()))
    if unknown:
        raise InvalidParameterError(
            f"There is no class {unknown[0]!r} to limit. Classes: {', '.join(classes.tolist())}."
        )
    rng = np.random.default_rng(seed)
    train: list[np.intp] = []
    test: list[np.intp] = []
    untested: list[str] = []
    for number, name in enumerate(classes.tolist()):
        order = rng.permutation(np.flatnonzero(class_of_group == number))
        n_test = _groups_to_test(sizes[order], test_size)
        if not len(order):  # all groups with its records are of another class
            continue
        if n_test == 0:
            untested.append(repr(name))
        test.extend(order[:n_test])
        train.extend(_within(order[n_test:], sizes, max_train.get(name, len(names)), name))
    if test and untested:
        warn_caller(
            "These classes have a single group. It is used for training, so they have no test records: "
            f"{', '.join(untested)}.",
            SplitWarning,
        )
    return np.flatnonzero(np.isin(groups, train)), np.flatnonzero(np.isin(groups, test))


def _groups_to_test(sizes: NDArray[np.intp], test_size: float) -> int:
    """Return how many of the groups, taken in this order, come closest to the share of test records."""
    if len(sizes) < 2:
        return 0
    shares = np.cumsum(sizes[:-1]) / sizes.sum()
    return int(np.abs(shares - test_size).argmin()) + 1


def _within(order: NDArray[np.intp], sizes: NDArray[np.intp], limit: int, name: str) -> NDArray[np.intp]:
    """Return the first groups that together have at most `limit` records."""
    kept = order[np.cumsum(sizes[order]) <= limit]
    if not len(kept):
        raise InvalidParameterError(
            f"Class {name!r} cannot have at most {limit} training records: its first group has {sizes[order[0]]}. "
            "Allow at least that many."
        )
    return kept


def check_split_output(path: str | os.PathLike[str]) -> None:
    """Raise OSError if a file cannot be written here, or exists already."""
    writable_file(path)
    if os.path.lexists(path):
        raise FileExistsError(
            errno.EEXIST,
            "The file exists already. A split is written once, so that all steps use the same one. Choose another "
            "file, or remove this one",
            str(path),
        )


def write_split(path: str | os.PathLike[str], split: Split, data_name: str) -> None:
    """Write a split as JSON. An existing file is never replaced.

    Parameters
    ----------
    path : str or os.PathLike
        The file to write.
    split : Split
        The split.
    data_name : str
        Name of the file that was split, for people who read the file.

    Raises
    ------
    OSError
        If the file exists or cannot be written.
    """
    check_split_output(path)
    content = {"format": FORMAT, "version": VERSION, "data": data_name, **asdict(split)}
    # One member per line: easy to read, and the lists of positions do not fill the screen.
    lines = ",\n".join(
        f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in content.items()
    )
    with atomic_writer(path) as file:
        file.write(f"{{\n{lines}\n}}\n".encode())


def read_split(path: str | os.PathLike[str]) -> Split:
    """Read a split that :func:`write_split` wrote.

    Parameters
    ----------
    path : str or os.PathLike
        The file.

    Returns
    -------
    Split

    Raises
    ------
    DataFileError
        If the file is not a split, or of a newer version.
    OSError
        If it cannot be read.
    """
    with open_json(path) as reader:
        content = {key: reader.value(key) for key in reader.keys()}  # noqa: SIM118
    if content.get("format") != FORMAT:
        raise DataFileError(f"{path} is not a split file.")
    if content.get("version") != VERSION:
        raise DataFileError(
            f"{path} has version {str(content.get('version'))[:40]} of the split format; this program reads {VERSION}. "
            "Install a newer wgan-resampler."
        )
    return convert(path, content, Split)


def groups_of(data: LabelledData, group_key: str | None, group_size: int | None) -> NDArray[np.intp] | None:
    """Return the group of each original record, by a key or a size of groups; None if both are None."""
    if group_key is not None:
        return data.groups(group_key)
    return None if group_size is None else consecutive_groups(data.names[data.originals], group_size)


@own_settings
def divide(
    data: LabelledData,
    *,
    group_key: str | None,
    group_size: int | None,
    test_size: float | None,
    seed: int,
    max_train: Mapping[str, int] | None = None,
) -> Split:
    """Divide the original records of a file, by groups if a key or a size of groups is given.

    Without either, the records of a track stay together if the file says which track each record comes from.
    Synthetic records are not counted in the positions of the split. See :func:`make_split` for the parameters; a
    `test_size` of None is 0.2.
    """
    names = data.names[data.originals]
    if group_key is None and group_size is None:
        group_key = data.track_key
    groups = groups_of(data, group_key, group_size)
    max_train = dict(max_train or {})
    test_size = 0.2 if test_size is None else test_size
    train, test = make_split(names, groups, test_size=test_size, seed=seed, max_train=max_train)
    if not len(test):
        raise InvalidDataError(
            f"{data.path} cannot be split: every class has a single group, so none is left for testing. Add groups, or "
            "divide them with group_size=1."
        )
    sides = tuple(train.tolist()), tuple(test.tolist())
    return Split(*sides, len(names), fingerprint(names), seed, test_size, group_key, group_size, max_train)
