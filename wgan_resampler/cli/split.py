"""``wgan-resampler split``: divide the records of a file into training and test records, once."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from wgan_resampler.cli import arguments
from wgan_resampler.cli.console.messages import say_next, unused


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "split",
        help="divide the records of a file into training and test records",
        description="Write a file that says which records are for training and which for testing. Give it to train, "
        "augment and classify, so that the generator never sees the records that the classifier is tested on.",
    )
    arguments.add_data(parser)
    parser.add_argument("--output", required=True, metavar="FILE", help="JSON file of the split; it must not exist yet")
    arguments.add_division(parser)
    parser.add_argument(
        "--max-train",
        type=arguments.class_limit,
        action="append",
        default=[],
        metavar="CLASS=N",
        help="keep at most N training records of a class, to study a rare class; may be repeated",
    )
    arguments.add_seed(parser, "the division")


def run(args: argparse.Namespace) -> int:
    """Make the split, write it and print the number of records on each side."""
    from wgan_resampler.exceptions import DataFileError
    from wgan_resampler.records import check_split_output, divide, read_labelled, write_split

    check_split_output(args.output)
    data = read_labelled(args.data, args.target, options=arguments.csv_options(args))
    if data.is_synthetic.any():
        n = int(data.is_synthetic.sum())
        raise DataFileError(f"{args.data} holds {n} synthetic records. Split the original file instead.")
    split = divide(
        data,
        group_key=args.group_key,
        group_size=args.group_size,
        test_size=args.test_size,
        seed=args.seed,
        max_train=dict(args.max_train),
    )
    write_split(args.output, split, Path(args.data).name)
    names = sorted(set(data.names.tolist()))
    columns: dict[str, list[object]] = {"class": [*names, "all"]}
    for side, positions in (("train", split.train), ("test", split.test)):
        counts = Counter(data.names[list(positions)].tolist())
        columns[side] = [*(counts[name] for name in names), len(positions)]
    print(arguments.class_table(columns))
    arguments.say_if_tracks_stay_together(args, split)
    print(f"Wrote {args.output}")
    say_next(
        "train",
        data=args.data,
        **arguments.reading_flags(args),
        split_file=args.output,
        output=unused(Path(args.output).parent, "model"),
        preset="tuned",
    )
    return 0
