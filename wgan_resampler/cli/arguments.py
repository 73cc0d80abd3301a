"""Arguments that several commands share, and parsers of values whose errors say which values are valid."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wgan_resampler.sampler import POSITIVE_INT, Values

if TYPE_CHECKING:
    from wgan_resampler.records import Split
    from wgan_resampler.tables import CsvOptions


def number(values: Values) -> Callable[[str], Any]:
    """Return a parser of numbers. Its error describes the valid `values`.

    Examples
    --------
    >>> from wgan_resampler.cli.arguments import number
    >>> from wgan_resampler.sampler import Values
    >>> number(Values(int, least=1))("3")
    3
    """

    def parse(text: str) -> Any:
        with contextlib.suppress(ValueError):
            value: Any = values.kind(text)
            if values.holds(value):
                return value
        raise argparse.ArgumentTypeError(f"{text} must be {values}")

    return parse


positive_int = number(POSITIVE_INT)


def class_limit(text: str) -> tuple[str, int]:
    """Return the name and the number of ``NAME=NUMBER``; the name may contain equals signs."""
    name, _, limit = text.rpartition("=")
    if not name:
        raise argparse.ArgumentTypeError(f"{text} must look like blues=12")
    return name, positive_int(limit)


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the file of records and its target column."""
    parser.add_argument(
        "--data",
        required=True,
        metavar="FILE",
        help="JSON file of records (.json), or table (.csv, .tsv, .data, .txt, .parquet); all but .parquet may be "
        "packed (.gz, .bz2, .xz, .zst, .zip)",
    )
    add_target(parser)
    add_csv(parser)


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the target column."""
    parser.add_argument("--target", metavar="COLUMN", help="column of the classes; required for tables")


def add_csv(parser: argparse.ArgumentParser) -> None:
    """Add the options for reading CSV files."""
    group = parser.add_argument_group("CSV files", "Options that you leave out are detected from the file.")
    group.add_argument("--separator", metavar="C", help="character between two cells, such as ';', '|' or tab")
    group.add_argument("--decimal", choices=[".", ","], help="the decimal mark")
    group.add_argument(
        "--encoding", metavar="NAME", help="such as cp1252 or latin-1 (default: that of the byte order mark, or UTF-8)"
    )
    group.add_argument(
        "--missing",
        metavar="WORDS",
        help="words that mean a missing value, such as NA,?; an empty cell is always a missing value",
    )
    group.add_argument(
        "--no-header", action="store_true", help="the file has no row of names; the columns are named 0, 1, 2, ..."
    )


def csv_options(args: argparse.Namespace) -> CsvOptions:
    """Return the options for reading CSV files."""
    from wgan_resampler.tables import CsvOptions

    return CsvOptions(
        separator="\t" if args.separator in ("tab", r"\t") else args.separator,
        decimal=args.decimal,
        encoding=args.encoding,
        missing=tuple(args.missing.split(",")) if args.missing else (),
        header=not args.no_header,
    )


def reading_flags(args: argparse.Namespace) -> dict[str, object]:
    """Return the flags that say how the file of records is read. The next command needs them too."""
    names = ("target", "separator", "decimal", "encoding", "missing")
    return {**{name: getattr(args, name) for name in names}, "no_header": args.no_header}


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add the device."""
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda or cuda:N (default: auto)")


def add_division(parser: argparse.ArgumentParser) -> Any:
    """Add the arguments that decide which records are test records; return the group of which only one may be given."""
    parser.add_argument(
        "--test-size",
        type=number(Values(float, includes_least=False, below=1)),
        metavar="SHARE",
        help="share of the records of each class that become test records (default: 0.2)",
    )
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--group-key",
        metavar="KEY",
        help="key with one value for each record, or column of a table: records with the same value are never divided",
    )
    group.add_argument(
        "--group-size",
        type=positive_int,
        metavar="N",
        help="every N consecutive records are a group, which is never divided",
    )
    return group


def say_if_tracks_stay_together(args: argparse.Namespace, split: Split) -> None:
    """Print a line if records were grouped although no flag asked for it."""
    if split.group_key is not None and args.group_key is None:
        print(
            f"Each track is on one side only, because the key {split.group_key!r} says which records belong together. "
            "--group-size 1 divides tracks too."
        )


def add_seed(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the seed."""
    # The range of seeds that all libraries accept.
    seed = number(Values(int, below=2**32))
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help=f"seed of {what} (default: 0)")


def class_table(columns: Mapping[str, Sequence[object]]) -> str:
    """Return a table of the classes as lines of text: names are aligned left, all other values right.

    Examples
    --------
    >>> from wgan_resampler.cli.arguments import class_table
    >>> print(class_table({"class": ["blues", "all"], "train": [80, 80]}))
    class  train
    blues     80
    all       80
    """
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    widths = [max(len(str(value)) for value in column) for column in zip(*rows, strict=True)]
    lines = []
    for name, *values in rows:
        padded = [f"{value:>{width}}" for value, width in zip(values, widths[1:], strict=True)]
        lines.append("  ".join([f"{name:<{widths[0]}}", *padded]))
    return "\n".join(lines)
