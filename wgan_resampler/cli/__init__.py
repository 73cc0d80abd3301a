"""The command line: ``wgan-resampler COMMAND ...``.

Each command is a module of this package with ``add_parser(subparsers)`` and ``run(args) -> int``, which returns the
exit code. The modules import slow packages inside ``run``, so that help and usage errors come at once.

To add a command, write its module, add its name to `COMMANDS` and test it in ``tests/cli``.

Other packages know no flags. Their messages name a parameter with its value, as in ``target='class'`` or
``resume=True``, and `_with_flags` turns these into ``--target 'class'`` and ``--resume``.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import re
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any, Final

from wgan_resampler import __version__
from wgan_resampler.exceptions import WGANResamplerError, WGANResamplerWarning

COMMANDS = ("extract", "split", "train", "augment", "classify", "compare")
"""Names of the modules, in the order in which people use the commands."""

FAILED: Final = 1
INTERRUPTED: Final = 130
TERMINATED: Final = 143
"""Exit codes, beside 0."""

PROGRAM = "wgan-resampler"


class Terminated(KeyboardInterrupt):
    """Raised when SIGTERM arrives. Code that cleans up after Ctrl-C also cleans up after this exception."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        Arguments. None takes those of the process.

    Returns
    -------
    int
        0 when done; 1 after an error, with one line on stderr that says why; 130 after Ctrl-C; 143 after SIGTERM.

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
    with _own_warnings(args), _sigterm_raises():
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
        # The reader of the output is gone, as with `| head`. Python would raise again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error), FAILED)
    except MemoryError:
        return _fail("there is not enough memory for this", FAILED)
    except WGANResamplerError as error:
        return _fail(_with_flags(str(error), args), FAILED)
    return code


def _with_flags(message: str, args: argparse.Namespace) -> str:
    """Return a message with flags in place of the parameters of the same name."""
    values = [each for value in vars(args).values() for each in (value if isinstance(value, list) else [value])]
    given = [re.escape(value) for value in map(str, values) if "=" in value]
    # A value of the user, such as a path, may look like a parameter. It is tried first and left as it is.
    names = rf"\b(?P<name>{'|'.join(vars(args))})=(?P<is_set>True\b)?"
    return re.sub("|".join([*given, names]), _flag_of, message)


def _flag_of(match: re.Match[str]) -> str:
    if match["name"] is None:
        return match[0]
    return f"--{match['name'].replace('_', '-')}" + ("" if match["is_set"] else " ")


def _fail(message: str, code: int) -> int:
    print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
    return code


@contextlib.contextmanager
def _own_warnings(args: argparse.Namespace) -> Iterator[None]:
    """Show each warning of the package as one line, as the users of a command expect."""
    before = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
        if issubclass(category, WGANResamplerWarning):
            print(f"{PROGRAM}: warning: {' '.join(_with_flags(str(message), args).split())}", file=sys.stderr)
        else:
            before(message, category, *place)

    with warnings.catch_warnings():
        # They are part of the output, even if Python was told to hide warnings or to raise them.
        warnings.simplefilter("always", WGANResamplerWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        yield


@contextlib.contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that files are closed and incomplete ones are removed."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Terminated

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread, which alone gets signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
