"""``wgan-resampler augment``: balance a file with a trained generator."""

from __future__ import annotations

import argparse
from typing import Any

from wgan_resampler.cli import arguments
from wgan_resampler.records import AUGMENT_TARGET_SAMPLES
from wgan_resampler.sampler import OWN_STRATEGIES


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "augment",
        help="add synthetic records to a file, so that its classes are balanced",
        description="Write a file with all original records, unchanged, and below them synthetic ones of a trained "
        "generator. The file marks which records are synthetic.",
    )
    parser.add_argument("--generator", required=True, metavar="FILE", help="final_model.pth, written by `train`")
    parser.add_argument(
        "--input", required=True, metavar="FILE", help="JSON file of records, or table (.csv, .parquet); never changed"
    )
    parser.add_argument(
        "--output",
        required=True,
        metavar="FILE",
        help="file of the same kind; an existing one is replaced. A table gets FILE.meta.json beside it",
    )
    arguments.add_target(parser)
    parser.add_argument(
        "--split-file", metavar="FILE", help="written by `split`: only its training records are counted and used"
    )
    parser.add_argument(
        "--method",
        choices=OWN_STRATEGIES,
        default="equal",
        help="equal: every class gets as many records as the largest has; upsample: every class gets half as many "
        "more; custom: every class gets --target-samples records (default: equal)",
    )
    parser.add_argument(
        "--target-samples",
        type=arguments.positive_int,
        metavar="N",
        help=f"records of each class with --method custom (default: {AUGMENT_TARGET_SAMPLES})",
    )
    for flag, text in (
        ("--noise-dim", "length of the generator's noise vector"),
        ("--hidden-dim", "units in each hidden layer of the generator"),
        ("--num-layers", "number of hidden layers of the generator"),
    ):
        parser.add_argument(
            flag, type=arguments.positive_int, metavar="N", help=f"{text}; an error if the file has another value"
        )
    arguments.add_device(parser)
    arguments.add_seed(parser, "the synthetic records")


def run(args: argparse.Namespace) -> int:
    """Balance the file, write it, and print what was added."""
    from wgan_resampler.records import GanAugmenter

    augmenter = GanAugmenter(
        args.generator,
        noise_dim=args.noise_dim,
        hidden_dim=args.hidden_dim,
        num_layers=args.num_layers,
        device=args.device,
    )
    done = augmenter.balance_dataset(
        args.input,
        args.output,
        args.method,
        args.target_samples,
        target=args.target,
        split_file=args.split_file,
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
    return 0
