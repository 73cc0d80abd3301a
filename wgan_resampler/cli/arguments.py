"""Arguments that several commands share, and parsers of values whose errors say which values are valid."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import TypeVar

_N = TypeVar("_N", int, float)


def positive_int(text: str) -> int:
    """Return an integer of at least 1.

    Examples
    --------
    >>> from wgan_resampler.cli.arguments import positive_int
    >>> positive_int("3")
    3
    """
    return number(text, int, lambda value: value >= 1, "an integer of at least 1")


def positive_float(text: str) -> float:
    """Return a finite number above 0."""
    return number(text, float, lambda value: 0 < value < math.inf, "a finite number above 0")


def not_negative_float(text: str) -> float:
    """Return a finite number of at least 0."""
    return number(text, float, lambda value: 0 <= value < math.inf, "a finite number of at least 0")


def seed(text: str) -> int:
    """Return an integer from 0 to 2**32 - 1, the range of seeds that all libraries take."""
    return number(text, int, lambda value: 0 <= value < 2**32, f"an integer from 0 to {2**32 - 1}")


def share(text: str) -> float:
    """Return a number above 0 and below 1."""
    return number(text, float, lambda value: 0 < value < 1, "a number above 0 and below 1, such as 0.2")


def number(text: str, kind: Callable[[str], _N], is_valid: Callable[[_N], bool], valid: str) -> _N:
    """Return the text as a number. ArgumentTypeError describes the `valid` numbers if it is none of them."""
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not is_valid(value):
        raise argparse.ArgumentTypeError(f"{text} must be {valid}")
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
