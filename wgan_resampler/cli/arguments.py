"""Arguments that several commands share, and parsers of values whose errors say which values are valid."""

from __future__ import annotations

import argparse
import math


def positive_int(text: str) -> int:
    """Return an integer of at least 1.

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
    """Return an integer from 0 to 2**32 - 1, the range of seeds that all libraries take."""
    value = _int(text)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"{text} must be an integer from 0 to {2**32 - 1}")
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
    """Return the name and the number of ``NAME=NUMBER``; the name may contain equals signs."""
    name, equals, number = text.rpartition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text} must look like blues=12")
    return name, positive_int(number)


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the file of records and its target column."""
    parser.add_argument(
        "--data",
        required=True,
        metavar="FILE",
        help="JSON file of records, or table (.csv, .parquet); .gz is unpacked",
    )
    add_target(parser)


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the target column."""
    parser.add_argument("--target", metavar="COLUMN", help="column of the classes; required for tables, and only there")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add the device."""
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda or cuda:N (default: auto)")


def add_division(parser: argparse.ArgumentParser, *, default_test_size: float | None = 0.2) -> None:
    """Add the arguments that decide which records are test records."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--group-key",
        metavar="KEY",
        help="key with one value for each record, or column of a table; records with the same value stay on one side",
    )
    group.add_argument(
        "--group-size", type=positive_int, metavar="N", help="every N consecutive records stay on one side"
    )
    parser.add_argument(
        "--test-size",
        type=share,
        default=default_test_size,
        metavar="SHARE",
        help="share of test records in each class (default: 0.2)",
    )


def add_seed(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the seed."""
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help=f"seed of {what} (default: 0)")


def _int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} must be an integer") from None
