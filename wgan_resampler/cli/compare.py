"""The command ``compare``: compare samplers on files, and write a report."""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path
from typing import Any

from wgan_resampler.cli import arguments
from wgan_resampler.cli.console.messages import say_next, unused


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "compare",
        help="compare samplers on tables, and write scores, statistics and a report",
        description=(
            "Fit each sampler on the training rows of each fold, score classifiers on the untouched test rows, and "
            "write DIR/results.parquet, DIR/summary.csv and DIR/report.html. Each result is stored when it is "
            "finished, so that a stopped run can be continued with --resume. docs/comparison.md lists the names of "
            "samplers, classifiers and metrics."
        ),
    )
    parser.add_argument("datasets", nargs="+", metavar="DATA", help="CSV (also packed, as in .csv.gz) or Parquet files")
    parser.add_argument("--target", default="target", metavar="COLUMN", help="column of the classes (default: target)")
    arguments.add_csv(parser)
    parser.add_argument(
        "--groups", metavar="COLUMN", help="column of groups; the rows of a group stay on one side of each split"
    )
    parser.add_argument(
        "--samplers",
        type=_names,
        default="none,class_weight,random_over,random_under,smote,smoteenn,wgangp",
        metavar="NAMES",
        help="comma-separated names, such as none,smote,wgangp (default: %(default)s)",
    )
    parser.add_argument(
        "--classifiers", type=_names, metavar="NAMES", help="such as knn,random_forest (default: all of them)"
    )
    parser.add_argument(
        "--scoring", type=_names, metavar="NAMES", help="metrics, such as balanced_accuracy,f1 (default: all of them)"
    )
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder for results")
    parser.add_argument("--resume", action="store_true", help="continue with the results in DIR")
    parser.add_argument("--cv", type=int, default=5, metavar="N", help="folds (default: 5)")
    parser.add_argument(
        "--repeats",
        dest="n_repeats",
        type=int,
        default=1,
        metavar="N",
        help="how many times the rows are split into folds (default: 1)",
    )
    parser.add_argument(
        "--repeat-below", type=int, metavar="ROWS", help="use --repeats only for tables with fewer rows"
    )
    parser.add_argument("--max-rows", type=int, metavar="N", help="replace larger tables by a sample of about N rows")
    parser.add_argument(
        "--reference", metavar="NAME", help="sampler that the others are tested against (default: none, or the first)"
    )
    parser.add_argument(
        "--jobs", dest="n_jobs", type=int, metavar="N", help="number of processes, -1 for all cores (default: 1)"
    )
    parser.add_argument("--scheduler", metavar="ADDRESS", help="Dask scheduler, such as tcp://10.0.0.1:8786")
    parser.add_argument(
        "--random-state", type=int, default=0, metavar="SEED", help="seed of everything random (default: 0)"
    )
    parser.add_argument(
        "--format", choices=["parquet", "csv"], default="parquet", help="format of the results (default: parquet)"
    )
    parser.add_argument("--quiet", dest="verbose", action="store_false", help="no progress bar")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare, write the results, and print the names of the files."""
    # Imported here, because the other commands do not need pandas.
    from wgan_resampler.utils import COMPARE, require

    require("pandas", "wgan-resampler compare", COMPARE)
    from wgan_resampler.comparison import compare_samplers

    parameters = inspect.signature(compare_samplers).parameters
    given = {name: value for name, value in vars(args).items() if name in parameters}
    result = compare_samplers(**given, csv_options=arguments.csv_options(args))
    written = result.save(args.output, results_format=args.format)
    errors = result.to_frame()["error"]
    if errors.notna().any():
        print(f"{errors.count()} of {len(errors)} fits failed. The report and the column 'error' show the errors.")
    for path in written:
        print(path)
    say_next(
        "train",
        data=args.datasets[0],
        **arguments.reading_flags(args),
        output=unused(args.output.parent, "model"),
        preset="tuned",
    )
    return 0


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
