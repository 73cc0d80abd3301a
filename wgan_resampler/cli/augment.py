"""``wgan-resampler augment``: balance a file with a trained generator."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from wgan_resampler.cli import arguments
from wgan_resampler.records import AUGMENT_TARGET_SAMPLES

if TYPE_CHECKING:
    from wgan_resampler.records import Augmentation

METHODS = ("equal", "upsample", "custom")
"""The strategies of the sampler, which takes seconds to import. A test compares them."""


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
        choices=METHODS,
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
        ("--hidden-dim", "units of its hidden layers"),
        ("--num-layers", "number of its hidden layers"),
    ):
        parser.add_argument(
            flag, type=arguments.positive_int, metavar="N", help=f"{text}; an error if the file has another value"
        )
    arguments.add_device(parser)
    arguments.add_seed(parser, "the synthetic records")


def run(args: argparse.Namespace) -> int:
    """Balance the file, write it, and print what was added."""
    from wgan_resampler.records import GanAugmenter, check_augmented

    check_augmented(args.output, args.input, [args.generator])  # before the generator is loaded
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
    print(show(done, with_training=args.split_file is not None))
    for path in done.written:
        print(f"Wrote {path}")
    return 0


def show(done: Augmentation, *, with_training: bool) -> str:
    """Return a table of the classes: original records, training records if there is a split, synthetic records."""
    keys = ["original", *(["training"] if with_training else []), "synthetic"]
    rows = [(name, [getattr(counts, key) for key in keys]) for name, counts in done.class_counts.items()]
    rows.append(("all", [sum(column) for column in zip(*(numbers for _, numbers in rows), strict=True)]))
    width = max(5, *(len(name) for name, _ in rows))
    lines = [f"{'class':<{width}}" + "".join(f"  {key:>9}" for key in keys)]
    return "\n".join(lines + [f"{name:<{width}}" + "".join(f"  {n:9d}" for n in numbers) for name, numbers in rows])
