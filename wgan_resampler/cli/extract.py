"""``wgan-resampler extract``: turn sound files into MFCC records."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from wgan_resampler.cli import arguments
from wgan_resampler.cli.console.messages import say_next, unused
from wgan_resampler.sampler import Values


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "extract",
        help="extract MFCCs from the sound files of a folder",
        description="Write the MFCC sequences of all sound files as one JSON file. "
        "Files that cannot be read are listed and skipped.",
    )
    parser.add_argument("--audio", required=True, metavar="DIR", help="folder with one folder of sounds for each class")
    parser.add_argument(
        "--output", required=True, metavar="FILE", help="JSON file (.json, .json.gz); an existing one is replaced"
    )
    # A frame has 128 mel bands, and at most one coefficient for each of them.
    n_mfcc = arguments.number(Values(int, least=1, below=129))
    parser.add_argument(
        "--n-mfcc", type=n_mfcc, default=13, metavar="N", help="coefficients of each frame, 1 to 128 (default: 13)"
    )
    parser.add_argument(
        "--segment-seconds",
        type=arguments.number(Values(float, includes_least=False)),
        metavar="SECONDS",
        help="cut each sound into segments of this length, and make a record of each; a shorter rest is left out "
        "(default: one record for each file)",
    )
    parser.add_argument(
        "--jobs",
        type=arguments.positive_int,
        metavar="N",
        help="files read at a time (default: one for each CPU core)",
    )


def run(args: argparse.Namespace) -> int:
    """Extract, write, and print what was skipped."""
    from wgan_resampler.records import JSON_SUFFIXES, check_output, extract, write_records

    check_output(args.output, JSON_SUFFIXES)
    file, skipped = extract(
        args.audio, args.n_mfcc, segment_seconds=args.segment_seconds, n_jobs=args.jobs, progress=True
    )
    write_records(args.output, file)
    for reason in skipped:
        print(f"skipped: {reason}", file=sys.stderr)
    print(
        f"Wrote {args.output}: {len(file.records)} records of {file.n_features} coefficients in {len(file.mapping)} "
        f"classes. Skipped files: {len(skipped)}"
    )
    say_next("split", data=args.output, output=unused(Path(args.output).parent, "split.json"))
    return 0
