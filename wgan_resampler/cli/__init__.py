"""The command line: ``wgan-resampler COMMAND ...``.

Each command is a module of this package with ``add_parser(subparsers)`` and ``run(args) -> int``, which returns the
exit code. The modules import slow packages inside ``run``, so that help and usage errors are shown at once. This module
imports almost nothing, so that `main` handles Ctrl-C from the start.

To add a command, write its module, add its name to `COMMANDS` and test it in ``tests/cli``.

Code outside this package does not know the flags. Its messages name a parameter with its value, as in
``target='class'`` or ``resume=True``, and `with_flags` turns these into ``--target 'class'`` and ``--resume``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wgan_resampler.cli.console.interrupts import say_stopped, signals_raise
from wgan_resampler.cli.console.streams import lenient_streams

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from wgan_resampler.cli.console.interrupts import Stops

COMMANDS = ("extract", "split", "train", "augment", "classify", "compare")
"""Names of the modules, in the order in which people use the commands."""

FAILED: Final = 1
"""Exit code after an error."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        Arguments. None takes those of the process.

    Returns
    -------
    int
        0 when done, whether or not its output could be shown; 1 after an error, with one line on stderr that says
        why; 130 after Ctrl-C; 143 after SIGTERM.

    Raises
    ------
    SystemExit
        With 2 if the arguments are wrong, with 0 after ``--help`` and ``--version``.

    Examples
    --------
    >>> from wgan_resampler.cli import main
    >>> main(["split", "--help"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    SystemExit: 0
    """
    with lenient_streams(), signals_raise(__name__, owns_process=argv is None) as stops:
        try:
            return _exit_code(_parser().parse_args(argv), stops)
        except KeyboardInterrupt as stop:
            return say_stopped(stop)


def _parser() -> argparse.ArgumentParser:
    import argparse
    import importlib

    from wgan_resampler import __version__
    from wgan_resampler.cli.console.messages import PROGRAM

    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Balance sets of audio features and other tables with a conditional WGAN-GP."
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = importlib.import_module(f"{__name__}.{name}")
        module.add_parser(subparsers)
        subparsers.choices[name].set_defaults(run=module.run)
    return parser


def _exit_code(args: argparse.Namespace, stops: Stops) -> int:
    from wgan_resampler.cli.console.messages import own_warnings, say, with_flags
    from wgan_resampler.exceptions import WGANResamplerError

    try:
        with own_warnings(args):
            return _run(args, stops)
    except OSError as error:
        say(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error))
    except MemoryError:
        say("there is not enough memory for this")
    except WGANResamplerError as error:
        say(with_flags(str(error), args))
    return FAILED


def _run(args: argparse.Namespace, stops: Stops) -> int:
    try:
        code: int = args.run(args)
    finally:
        stops.raise_waiting()  # the signal may have come during the last import of the command
    return code
