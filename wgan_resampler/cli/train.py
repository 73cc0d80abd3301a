"""``wgan-resampler train``: a generator for the records of a file."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wgan_resampler.cli import arguments
from wgan_resampler.gan import (
    GAN_DROPOUT,
    GAN_HIDDEN_DIM,
    GAN_LAMBDA_GP,
    GAN_LEARNING_RATE,
    GAN_N_CRITIC,
    GAN_NOISE_DIM,
    GAN_NUM_LAYERS,
)

if TYPE_CHECKING:
    from wgan_resampler.sampler import FitSettings

EPOCHS, BATCH_SIZE, AVERAGE_DECAY = 100, 64, 0.999
"""With the documented constants, what flags left out take."""

_OWN_FLAGS = ("epochs", "batch_size", "noise_dim", "hidden_dim", "num_layers", "n_critic", "lambda_gp", "learning_rate")


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
        choices=("classic", "tuned"),
        default="classic",
        help="what flags left out take: the documented constants, or the defaults of WGANGPOverSampler, which train in "
        "seconds and balance better (default: classic)",
    )
    whole, number = arguments.positive_int, arguments.positive_float
    _add(parser, "--epochs", whole, EPOCHS, "passes over the records; with --preset tuned, as many as its updates take")
    _add(parser, "--batch-size", whole, BATCH_SIZE, "real records in an update of the critic")
    _add(parser, "--noise-dim", whole, GAN_NOISE_DIM, "length of the noise vector")
    _add(parser, "--hidden-dim", whole, GAN_HIDDEN_DIM, "units in each hidden layer")
    _add(parser, "--num-layers", whole, GAN_NUM_LAYERS, "hidden layers of each network")
    _add(parser, "--n-critic", whole, GAN_N_CRITIC, "updates of the critic for one of the generator")
    _add(parser, "--lambda-gp", arguments.not_negative_float, GAN_LAMBDA_GP, "weight of the gradient penalty")
    _add(parser, "--learning-rate", number, GAN_LEARNING_RATE, "step size of Adam")
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda or cuda:N (default: auto)")
    arguments.add_seed(parser, "the training")
    parser.add_argument(
        "--checkpoint-every", type=whole, default=10, metavar="N", help="epochs between checkpoints (default: 10)"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the newest good checkpoint in the folder")


def _add(parser: argparse.ArgumentParser, flag: str, kind: Any, default: float, text: str) -> None:
    # None tells a flag that was left out from one that names the default.
    parser.add_argument(flag, type=kind, metavar="N", help=f"{text} (default: {default:g})")


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
    chosen = {name: getattr(args, name) for name in _OWN_FLAGS if getattr(args, name) is not None}
    if args.preset == "tuned":
        settings = _tuned()
        if "learning_rate" in chosen:  # the critic stays as much ahead as by default
            ratio = settings.critic_learning_rate / settings.learning_rate
            chosen["critic_learning_rate"] = ratio * chosen["learning_rate"]
        return replace(settings, **chosen)
    if "learning_rate" in chosen:
        chosen["critic_learning_rate"] = chosen["learning_rate"]
    return replace(classic_settings(), **chosen)


def classic_settings() -> FitSettings:
    """Return what flags left out take: the documented constants."""
    from wgan_resampler.sampler import FitSettings

    return FitSettings(
        noise_dim=GAN_NOISE_DIM,
        hidden_dim=GAN_HIDDEN_DIM,
        num_layers=GAN_NUM_LAYERS,
        dropout=GAN_DROPOUT,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        n_critic=GAN_N_CRITIC,
        lambda_gp=GAN_LAMBDA_GP,
        learning_rate=GAN_LEARNING_RATE,
        critic_learning_rate=GAN_LEARNING_RATE,
        normalization="batch",
        skip_connections=False,
        m_neighbors=0,
        borrowed_rows=0.0,
        average_decay=AVERAGE_DECAY,
        rejection_rate=0.0,
        boundary_focus=0.0,
        moment_start=False,
        scaled_penalty=False,
    )


def _tuned() -> FitSettings:
    from dataclasses import fields

    from wgan_resampler.sampler import FitSettings, WGANGPOverSampler

    defaults = WGANGPOverSampler().get_params()
    return FitSettings(**{field.name: defaults[field.name] for field in fields(FitSettings) if field.name in defaults})


def _say_how_to_go_on(args: argparse.Namespace) -> None:
    from wgan_resampler.utils.storage import newest_good

    command = ["wgan-resampler", *(each for each in sys.argv[1:] if each != "--resume"), "--resume"]
    newest = newest_good(args.output).path
    if newest is None:
        print("No epoch was complete, so nothing was saved.", file=sys.stderr)
    else:
        print(f"Saved {newest}. Go on with: {shlex.join(command)}", file=sys.stderr)
