"""``wgan-resampler classify``: test whether a classifier does better with the synthetic records."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wgan_resampler.cli import arguments
from wgan_resampler.cli.console.messages import say_next, unused
from wgan_resampler.exceptions import LeakWarning
from wgan_resampler.records import CLASSIFIERS
from wgan_resampler.utils import warn_caller

if TYPE_CHECKING:
    from wgan_resampler.records import Evaluation, LabelledData, Split


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "classify",
        help="train a classifier on original and synthetic records, and test it on original ones",
        description="Train a classifier on the training records and on the synthetic records, and test it on the test "
        "records, which are all original. Writes metrics.json, report.txt and confusion_matrix.png into a folder.",
    )
    arguments.add_data(parser)
    parser.add_argument(
        "--model", required=True, type=str.lower, choices=CLASSIFIERS, help="the classifier; upper case is accepted too"
    )
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the results; created if missing")
    group = arguments.add_division(parser)
    group.add_argument("--split-file", metavar="FILE", help="file of `split`, which names training and test records")
    parser.add_argument(
        "--baseline", action="store_true", help="also train without the synthetic records, and show both results"
    )
    arguments.add_seed(parser, "the classifier, and of the split if there is no --split-file")


def run(args: argparse.Namespace) -> int:
    """Split, train, test, write the results and print them."""
    from wgan_resampler.records import (
        columns_of,
        gain_in_words,
        groups_of,
        mean_over_time,
        read_labelled,
        write_results,
    )

    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    data = read_labelled(
        args.data,
        args.target,
        options=arguments.csv_options(args),
        reduce=None if args.model == "lstm" else mean_over_time,
    )
    split = _split(args, data)
    if data.is_synthetic.any() and args.split_file is None:
        warn_caller(
            "Without --split-file, the generator may have been trained on the test records, which makes the result "
            "look too good. Run `split` first and give its file to train, augment and classify.",
            LeakWarning,
        )
    results = _evaluate(args, data, split)
    about = {
        "data": Path(args.data).name,
        "model": args.model,
        "seed": args.seed,
        "split_file": None if args.split_file is None else Path(args.split_file).name,
        "split_fingerprint": split.fingerprint,
    }
    print(arguments.class_table(columns_of(results)))
    if not data.is_synthetic.any():
        print("The file holds no synthetic records, so there is nothing to compare.")
    elif args.baseline:
        groups = groups_of(data, split.group_key, split.group_size)
        tested = None if groups is None else groups[list(split.test)]
        print(gain_in_words(results["baseline"], results["with_synthetic"], tested))
    for path in write_results(folder, results, about):
        print(f"Wrote {path}")
    _say_next(args, has_synthetic=bool(data.is_synthetic.any()))
    return 0


def _say_next(args: argparse.Namespace, *, has_synthetic: bool) -> None:
    folder = Path(args.output).parent
    given = {"data": args.data, **arguments.reading_flags(args)}
    if not has_synthetic and args.split_file is None:
        say_next("split", **given, output=unused(folder, "split.json"))
    elif not has_synthetic:
        say_next("train", **given, split_file=args.split_file, output=unused(folder, "model"), preset="tuned")
    else:
        # First suggest the result without synthetic records, then another classifier.
        others = [model for model in CLASSIFIERS[1:] if model != args.model]
        model = others[0] if args.baseline else args.model
        division = {name: getattr(args, name) for name in ("split_file", "test_size", "group_key", "group_size")}
        output = unused(folder, f"results_{model}" if args.baseline else Path(args.output).name)
        say_next("classify", **given, **division, model=model, baseline=True, seed=args.seed or None, output=output)


def _evaluate(args: argparse.Namespace, data: LabelledData, split: Split) -> dict[str, Evaluation]:
    """Train and test with the synthetic records if there are any, and without them if asked to."""
    import numpy as np

    from wgan_resampler.records import evaluate

    runs = {"original_only": False}
    if data.is_synthetic.any():
        runs = {"baseline": False, "with_synthetic": True} if args.baseline else {"with_synthetic": True}
    train, test = np.array(split.train, dtype=np.intp), np.array(split.test, dtype=np.intp)
    return {
        name: evaluate(data, args.model, train, test, with_synthetic=use, left_out=split.group_key, seed=args.seed)
        for name, use in runs.items()
    }


def _split(args: argparse.Namespace, data: LabelledData) -> Split:
    from wgan_resampler.exceptions import InvalidParameterError
    from wgan_resampler.records import divide, read_split

    if args.split_file is None:
        split = divide(
            data, group_key=args.group_key, group_size=args.group_size, test_size=args.test_size, seed=args.seed
        )
        arguments.say_if_tracks_stay_together(args, split)
        return split
    if args.test_size is not None:
        raise InvalidParameterError(
            f"--test-size {args.test_size} has no meaning with --split-file {args.split_file}, which names the test "
            "records. Leave one of the two out."
        )
    split = read_split(args.split_file)
    split.check_against(args.data, data.names[data.originals])
    return split
