"""Arguments that several commands have, and types of arguments that say what would be right."""

from __future__ import annotations

import argparse
import errno
import math


def positive_int(text: str) -> int:
    """Return a whole number of at least 1.

    Examples
    --------
    >>> from wgan_resampler.cli.arguments import positive_int
    >>> positive_int("3")
    3
    """
    value = _int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} must be at least 1")
    return value


def positive_float(text: str) -> float:
    """Return a finite number above 0."""
    value = not_negative_float(text)
    if value == 0:
        raise argparse.ArgumentTypeError(f"{text} must be above 0")
    return value


def not_negative_float(text: str) -> float:
    """Return a finite number of at least 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} must be a finite number of at least 0")
    return value


def seed(text: str) -> int:
    """Return a whole number that can be a seed everywhere: 0 to 2**32 - 1."""
    value = _int(text)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"{text} must be a whole number from 0 to {2**32 - 1}")
    return value


def share(text: str) -> float:
    """Return a number above 0 and below 1."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} must be a number above 0 and below 1, such as 0.2")
    return value


def class_limit(text: str) -> tuple[str, int]:
    """Return name and number of ``NAME=NUMBER``; the name may hold further equals signs."""
    name, equals, number = text.rpartition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text} must look like blues=12")
    return name, positive_int(number)


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the file of records and its target column."""
    parser.add_argument(
        "--data", required=True, metavar="FILE", help="JSON file of records, or table (.csv, .parquet); .gz is unpacked"
    )
    parser.add_argument(
        "--target", metavar="COLUMN", help="column of the classes; needed for tables, and only for them"
    )


def add_division(parser: argparse.ArgumentParser, *, default_test_size: float | None = 0.2) -> None:
    """Add what decides which records test."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--group-key",
        metavar="KEY",
        help="key with a value for each record (or column): records of one value stay on one side",
    )
    group.add_argument(
        "--group-size", type=positive_int, metavar="N", help="every N consecutive records stay on one side"
    )
    parser.add_argument(
        "--test-size",
        type=share,
        default=default_test_size,
        metavar="SHARE",
        help="share of the records of each class to test on (default: 0.2)",
    )


def add_seed(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the seed."""
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help=f"seed of {what} (default: 0)")


def _int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} must be a whole number") from None


def check_output(path: str, *, endings: tuple[str, ...]) -> None:
    """Raise before hours of work if a file could not be written in the end.

    Parameters
    ----------
    path : str
        Where the result will go.
    endings : tuple of str
        What the name may end in.

    Raises
    ------
    OSError
        If the folder does not exist, or `path` is a folder.
    DataFileError
        If the name ends otherwise.
    """
    from pathlib import Path

    from wgan_resampler.exceptions import DataFileError

    if not path.lower().endswith(endings):
        raise DataFileError(f"{path} cannot be the output; its name must end in {' or '.join(endings)}.")
    folder = Path(path).resolve().parent
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "There is no such folder to write to; make it first", str(folder))
    if Path(path).is_dir():
        raise IsADirectoryError(errno.EISDIR, "This is a folder; the name of a file is needed", path)
