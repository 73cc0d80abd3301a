"""``wgan-resampler train``: a generator for the records of a file."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import replace
from typing import Any

from wgan_resampler.cli import arguments
from wgan_resampler.sampler import (
    HYPER_PARAMETERS,
    INT_OR_AUTO,
    NOT_NEGATIVE,
    POSITIVE,
    POSITIVE_INT,
    PRESETS,
    FitSettings,
)

_PARSERS = {
    POSITIVE_INT: arguments.positive_int,
    INT_OR_AUTO: arguments.positive_int,
    POSITIVE: arguments.positive_float,
    NOT_NEGATIVE: arguments.not_negative_float,
}
_FLAGS = {name: about for name, about in HYPER_PARAMETERS.items() if about.flag_help is not None}


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "train",
        help="train a generator on the records of a file",
        description="Train a generator on the original records of a file. Writes checkpoint_epoch_N.pth, "
        "training_history.json and final_model.pth into a folder. Stopped at any moment, it goes on by --resume.",
    )
    arguments.add_data(parser)
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the results; made if missing")
    parser.add_argument("--split-file", metavar="FILE", help="what `split` wrote: train on its training records only")
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        default="classic",
        help="what flags left out take: the documented constants, or the defaults of WGANGPOverSampler, which train in "
        "seconds and balance better (default: classic)",
    )
    for name, about in _FLAGS.items():
        # No default: it depends on the preset, and None tells that the flag was left out.
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=_PARSERS[about.values],
            metavar="N",
            help=f"{about.flag_help} (classic: {about.classic:g}, tuned: {about.default})",
        )
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda or cuda:N (default: auto)")
    arguments.add_seed(parser, "the training")
    parser.add_argument(
        "--checkpoint-every",
        type=arguments.positive_int,
        default=10,
        metavar="N",
        help="epochs between checkpoints (default: 10)",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the newest good checkpoint in the folder")


def run(args: argparse.Namespace) -> int:
    """Train, and say what was written or how to go on."""
    from pathlib import Path

    from wgan_resampler.gan import ProgressBar
    from wgan_resampler.records import Run, train_in_folder

    if Path(args.output).exists() and not Path(args.output).is_dir():
        raise NotADirectoryError(20, "This is a file; --output takes a folder", args.output)
    plan = Run(
        data=args.data,
        folder=args.output,
        settings=settings_of(args),
        target=args.target,
        split_file=args.split_file,
        seed=args.seed,
        device=args.device,
        checkpoint_every=args.checkpoint_every,
        resume=args.resume,
    )
    try:
        outcome = train_in_folder(plan, [ProgressBar("training")])
    except KeyboardInterrupt:  # SIGTERM as well
        _say_how_to_go_on(args)
        raise
    if outcome.was_finished:
        print(f"{outcome.model} has been trained for {outcome.epochs} epochs already; nothing is left to do.")
        return 0
    if outcome.resumed_from is not None:
        print(f"Went on from {outcome.resumed_from}")
    print(f"Trained for {outcome.epochs} epochs. Wrote {outcome.model}")
    return 0


def settings_of(args: argparse.Namespace) -> FitSettings:
    """Return what the preset says, with the flags that were given."""
    preset = PRESETS[args.preset]
    chosen = {name: getattr(args, name) for name in _FLAGS if getattr(args, name) is not None}
    if "learning_rate" in chosen:  # the critic's rate keeps its ratio to the generator's
        chosen["critic_learning_rate"] = preset.critic_learning_rate / preset.learning_rate * chosen["learning_rate"]
    return replace(preset, **chosen)


def _say_how_to_go_on(args: argparse.Namespace) -> None:
    from wgan_resampler.utils.storage import newest_good

    command = ["wgan-resampler", *(each for each in sys.argv[1:] if each != "--resume"), "--resume"]
    newest = newest_good(args.output).path
    if newest is None:
        print("No epoch was complete, so nothing was saved.", file=sys.stderr)
    else:
        print(f"Saved {newest}. Go on with: {shlex.join(command)}", file=sys.stderr)
