"""``wgan-resampler train``: train a generator on the records of a file."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from wgan_resampler.cli import arguments
from wgan_resampler.cli.console.messages import like, say_next, unused
from wgan_resampler.sampler import HYPER_PARAMETERS, PRESETS, FitSettings

_FLAGS = {name: about for name, about in HYPER_PARAMETERS.items() if about.flag_help is not None}


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "train",
        help="train a generator on the records of a file",
        description="Train a generator on the original records of a file. Writes final_model.pth, "
        "training_history.json and the last three checkpoints into a folder. If the training was stopped, continue it "
        "with --resume.",
    )
    arguments.add_data(parser)
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the results; created if missing")
    parser.add_argument("--split-file", metavar="FILE", help="file of `split`: train on its training records only")
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        default="classic",
        help="the values of the options that you leave out. classic: the constants that the documentation names; "
        "tuned: the defaults of WGANGPOverSampler, which train faster and give better results (default: classic)",
    )
    for name, about in _FLAGS.items():
        tuned = about.default if isinstance(about.default, str) else f"{about.default:g}"
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=arguments.number(about.values),
            metavar="N",
            help=f"{about.flag_help} (classic: {about.classic:g}, tuned: {tuned})",
        )
    arguments.add_device(parser)
    arguments.add_seed(parser, "the training")
    parser.add_argument(
        "--checkpoint-every",
        type=arguments.positive_int,
        default=10,
        metavar="N",
        help="epochs between checkpoints, of which the last three are kept (default: 10)",
    )
    parser.add_argument(
        "--resume", action="store_true", help="continue from the newest checkpoint in the folder that is not damaged"
    )


def run(args: argparse.Namespace) -> int:
    """Train, and print what was written or how to continue."""
    # Printed at once, because loading torch takes seconds. Not on stderr, where an error is a single line.
    print(f"Loading torch, then training on {args.data}", flush=True)
    from wgan_resampler.gan import ProgressBar
    from wgan_resampler.records import Run, train_in_folder

    plan = Run(
        data=args.data,
        folder=args.output,
        settings=settings_of(args),
        target=args.target,
        csv_options=arguments.csv_options(args),
        split_file=args.split_file,
        seed=args.seed,
        device=args.device,
        checkpoint_every=args.checkpoint_every,
        resume=args.resume,
    )
    try:
        result = train_in_folder(plan, [ProgressBar("training")])
    except KeyboardInterrupt:  # SIGTERM too
        newest = max(Path(args.output).glob("checkpoint_*.pth"), key=os.path.getmtime, default=None)
        if newest is not None:
            command = ["wgan-resampler", *(each for each in sys.argv[1:] if each != "--resume"), "--resume"]
            print(f"Newest checkpoint: {newest}. Continue with: {shlex.join(command)}", file=sys.stderr)
        raise
    if result.was_finished:
        print(f"{result.model} was already trained for {result.epochs} epochs; nothing is left to do.")
    elif result.resumed_from is not None:
        print(f"Continued from {result.resumed_from}")
    if not result.was_finished:
        print(f"Trained for {result.epochs} epochs.")
    for path in result.written:
        print(f"Wrote {path}")
    say_next(
        "augment",
        generator=result.model,
        input=args.data,
        **arguments.reading_flags(args),
        split_file=args.split_file,
        output=unused(Path(args.output).parent, like(args.data, "augmented")),
    )
    return 0


def settings_of(args: argparse.Namespace) -> FitSettings:
    """Return the settings of the preset, with the flags that were given in their place."""
    settings = PRESETS[args.preset]
    chosen = {name: getattr(args, name) for name in _FLAGS if getattr(args, name) is not None}
    if "learning_rate" in chosen:  # the ratio of the two learning rates is that of the preset
        ratio = settings.critic_learning_rate / settings.learning_rate
        chosen["critic_learning_rate"] = ratio * chosen["learning_rate"]
    return replace(settings, **chosen)
