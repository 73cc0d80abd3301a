"""The command line: ``wgan-resampler COMMAND ...``.

Each command is a module of this package with ``add_parser(subparsers)`` and ``run(args) -> int``. These modules import
what is slow to load inside ``run``, so that help and usage errors come at once.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any, TextIO

from wgan_resampler import __version__
from wgan_resampler.cli.exit_codes import DONE, FAILED, INTERRUPTED, TERMINATED, Terminated
from wgan_resampler.exceptions import WGANResamplerError, WGANResamplerWarning

COMMANDS = ("extract", "split", "train", "augment", "classify", "compare")
"""Names of the modules, in the order in which people use the commands. A new command is one more name here."""

PROGRAM = "wgan-resampler"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    int
        0 when done, 1 when refused or failed (then one line on stderr says why), 130 after Ctrl-C, 143 after SIGTERM.

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
    args = _parser().parse_args(argv)
    with _own_warnings(), _sigterm_raises():
        return _run(args)


def _parser() -> argparse.ArgumentParser:
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


def _run(args: argparse.Namespace) -> int:
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except Terminated:
        return _fail("stopped by SIGTERM", TERMINATED)
    except KeyboardInterrupt:
        return _fail("stopped by Ctrl-C", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has gone (`| head`). Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error), FAILED)
    except MemoryError:
        return _fail("there is not enough memory for this", FAILED)
    except WGANResamplerError as error:
        return _fail(str(error), FAILED)
    return code or DONE


def _fail(message: str, code: int) -> int:
    print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
    return code


@contextlib.contextmanager
def _own_warnings() -> Iterator[None]:
    """Show the package's warnings as one line each, as a user of a command expects them."""
    before = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, WGANResamplerWarning):
            print(f"{PROGRAM}: warning: {' '.join(str(message).split())}", file=sys.stderr)
        else:
            before(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        # Also where Python was told to hide warnings or to raise them: they are part of a command's output.
        warnings.simplefilter("always", WGANResamplerWarning)
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that files are closed and half-written ones removed."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Terminated

    try:
        before: Any = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not in the main thread, where signals do not arrive either
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
