"""``wgan-resampler augment``: a file balanced with a trained generator."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from wgan_resampler.cli import arguments
from wgan_resampler.records import AUGMENT_TARGET_SAMPLES

if TYPE_CHECKING:
    from wgan_resampler.records import Augmentation

METHODS = ("equal", "upsample", "custom")


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "augment",
        help="add synthetic records to a file, so that its classes are balanced",
        description="Write a file with all original records, unchanged, and below them synthetic ones of a trained "
        "generator. Each record says whether it is synthetic.",
    )
    parser.add_argument("--generator", required=True, metavar="FILE", help="what `train` wrote: final_model.pth")
    parser.add_argument(
        "--input", required=True, metavar="FILE", help="JSON file of records, or table (.csv, .parquet); never changed"
    )
    parser.add_argument(
        "--output",
        required=True,
        metavar="FILE",
        help="file of the same kind; what is there is replaced. A table gets FILE.meta.json beside it",
    )
    parser.add_argument(
        "--target", metavar="COLUMN", help="column of the classes; needed for tables, and only for them"
    )
    parser.add_argument("--split-file", metavar="FILE", help="what `split` wrote: only its training records count")
    parser.add_argument(
        "--method",
        choices=METHODS,
        default="equal",
        help="equal: every class gets as many records as the largest; upsample: half as many more; custom: as many as "
        "--target-samples says (default: equal)",
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
            flag, type=arguments.positive_int, metavar="N", help=f"{text}; compared with the file (default: the file's)"
        )
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda or cuda:N (default: auto)")
    arguments.add_seed(parser, "the synthetic records")


def run(args: argparse.Namespace) -> int:
    """Balance, write, and say what was added."""
    from wgan_resampler.records import GanAugmenter, check_output, target_column

    check_output(args.output, args.input, [args.generator])
    target_column(args.input, args.target)
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
    """Return a table of the classes: original records, training records where these are fewer, synthetic ones."""
    width = max(5, *(len(name) for name in done.class_counts))
    keys = ["original", *(["training"] if with_training else []), "synthetic"]
    lines = [f"{'class':<{width}}  " + "  ".join(f"{key:>9}" for key in keys)]
    for name, counts in done.class_counts.items():
        lines.append(f"{name:<{width}}  " + "  ".join(f"{getattr(counts, key):9d}" for key in keys))
    sums = (sum(getattr(counts, key) for counts in done.class_counts.values()) for key in keys)
    lines.append(f"{'all':<{width}}  " + "  ".join(f"{n:9d}" for n in sums))
    return "\n".join(lines)
