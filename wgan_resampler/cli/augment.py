"""``wgan-resampler augment``: balance a file with a trained generator."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from wgan_resampler.cli import arguments
from wgan_resampler.cli.console.messages import say_next, unused
from wgan_resampler.records import AUGMENT_TARGET_SAMPLES
from wgan_resampler.sampler import OWN_STRATEGIES

_SIZES = {
    "noise_dim": "length of the noise vector",
    "hidden_dim": "number of units in each hidden layer",
    "num_layers": "number of hidden layers",
}


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "augment",
        help="add synthetic records to a file, so that its classes are balanced",
        description="Write a file that holds all original records, unchanged, and after them synthetic records of a "
        "trained generator. The file marks the synthetic records.",
    )
    parser.add_argument("--generator", required=True, metavar="FILE", help="file of `train`: final_model.pth")
    parser.add_argument(
        "--input",
        required=True,
        metavar="FILE",
        help="JSON file of records, or table; never changed",
    )
    parser.add_argument(
        "--output",
        required=True,
        metavar="FILE",
        help="file of the same kind as the input; an existing file is replaced. Next to a table, FILE.meta.json is "
        "written too",
    )
    arguments.add_target(parser)
    arguments.add_csv(parser)
    parser.add_argument(
        "--split-file", metavar="FILE", help="file of `split`: only its training records are counted and used"
    )
    parser.add_argument(
        "--method",
        choices=OWN_STRATEGIES,
        default="equal",
        help="equal: every class gets as many records as the largest class has; upsample: every class gets half as "
        "many records more; custom: every class gets --target-samples records (default: equal)",
    )
    parser.add_argument(
        "--target-samples",
        type=arguments.positive_int,
        metavar="N",
        help=f"records of each class with --method custom (default: {AUGMENT_TARGET_SAMPLES})",
    )
    for name, meaning in _SIZES.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=arguments.positive_int,
            metavar="N",
            help=f"{meaning} of the generator; it is an error if the generator has another one",
        )
    arguments.add_device(parser)
    arguments.add_seed(parser, "the synthetic records")


def run(args: argparse.Namespace) -> int:
    """Balance the file, write it, and print what was added."""
    from wgan_resampler.records import GanAugmenter

    sizes = {name: getattr(args, name) for name in _SIZES}
    augmenter = GanAugmenter(args.generator, **sizes, device=args.device)
    done = augmenter.balance_dataset(
        args.input,
        args.output,
        args.method,
        args.target_samples,
        target=args.target,
        split_file=args.split_file,
        csv_options=arguments.csv_options(args),
        seed=args.seed,
        progress=True,
    )
    kinds = ["original", *(["training"] if args.split_file is not None else []), "synthetic"]
    columns: dict[str, list[object]] = {"class": [*done.class_counts, "all"]}
    for kind in kinds:
        numbers = [getattr(counts, kind) for counts in done.class_counts.values()]
        columns[kind] = [*numbers, sum(numbers)]
    print(arguments.class_table(columns))
    for path in done.written:
        print(f"Wrote {path}")
    if done.synthetic_samples:
        say_next(
            "classify",
            data=args.output,
            **arguments.reading_flags(args),
            split_file=args.split_file,
            model="random_forest",
            baseline=True,
            output=unused(Path(args.output).parent, "results"),
        )
    else:
        kind = kinds[-2]  # of the records that were counted
        _say_why_nothing_was_added(args, max(getattr(counts, kind) for counts in done.class_counts.values()))
    return 0


def _say_why_nothing_was_added(args: argparse.Namespace, largest: int) -> None:
    """Say why no records were added, and show a command that adds some."""
    if args.method == "custom":
        print("Each class already has as many records as --target-samples asks for, so no records were added.")
    else:
        print("The classes are already balanced, so no records were added.")
    say_next(
        "augment",
        generator=args.generator,
        input=args.input,
        **arguments.reading_flags(args),
        split_file=args.split_file,
        **({"method": "upsample"} if args.method == "equal" else {"method": "custom", "target_samples": 2 * largest}),
        output=args.output,
    )
