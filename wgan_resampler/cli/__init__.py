"""Command line: ``wgan-resampler``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from wgan_resampler.cli import compare
from wgan_resampler.exceptions import WGANResamplerError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sub-command and return its exit code."""
    parser = argparse.ArgumentParser(prog="wgan-resampler")
    subparsers = parser.add_subparsers(dest="command", required=True)
    compare.add_parser(subparsers)
    args = parser.parse_args(arguments)
    try:
        return int(args.run(args))
    except WGANResamplerError as error:
        print(f"wgan-resampler: {error}", file=sys.stderr)
        return 1
