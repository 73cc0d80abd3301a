"""Messages of a command: errors and warnings on stderr, and the next command on stdout."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import re
import shlex
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wgan_resampler.exceptions import WGANResamplerWarning
from wgan_resampler.utils.storage import PACKED_SUFFIXES

PROGRAM = "wgan-resampler"


def say(message: str) -> None:
    """Print one line to stderr, at once."""
    print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr, flush=True)


def with_flags(message: str, args: argparse.Namespace) -> str:
    """Return a message with flags in place of the parameters of the same name."""
    values = [each for value in vars(args).values() for each in (value if isinstance(value, list) else [value])]
    given = [re.escape(value) for value in map(str, values) if "=" in value]
    # A value of the user, such as a path, may look like a parameter. It is matched first and not changed.
    names = rf"\b(?P<name>{'|'.join(vars(args))})=(?P<is_set>True\b)?"
    return re.sub("|".join([*given, names]), _flag_of, message)


def _flag_of(match: re.Match[str]) -> str:
    if match["name"] is None:
        return match[0]
    return f"--{match['name'].replace('_', '-')}" + ("" if match["is_set"] else " ")


@contextlib.contextmanager
def own_warnings(args: argparse.Namespace) -> Iterator[None]:
    """Show each warning of the package as one line, as the users of a command expect."""
    before = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
        if issubclass(category, WGANResamplerWarning):
            say(f"warning: {with_flags(str(message), args)}")
        else:
            before(message, category, *place)

    with warnings.catch_warnings():
        # Warnings are part of the output, even if Python was told to hide them or to raise them.
        warnings.simplefilter("always", WGANResamplerWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def say_next(*words: object, **flags: object) -> None:
    """Print the command to run next, quoted for a shell. Flags without a value are left out.

    Examples
    --------
    >>> from wgan_resampler.cli.console.messages import say_next
    >>> say_next("split", data="my music.json.gz", target=None, output="split.json")
    Next: wgan-resampler split --data 'my music.json.gz' --output split.json
    """
    for name, value in flags.items():
        if value is True:
            words += (f"--{name.replace('_', '-')}",)
        elif value is not None and value is not False:
            words += (f"--{name.replace('_', '-')}", value)
    print(f"Next: {shlex.join([PROGRAM, *map(str, words)])}")


def like(path: str | Path, stem: str) -> str:
    """Return the name of a file of the same kind as a table or a JSON file: `stem` with the ending of `path`.

    Examples
    --------
    >>> from wgan_resampler.cli.console.messages import like
    >>> like("sounds/music.json.gz", "augmented"), like("table.CSV", "augmented")
    ('augmented.json.gz', 'augmented.csv')
    """
    from wgan_resampler.tables import table_suffix  # which imports numpy

    ending = table_suffix(path)
    if ending is None:
        ending = ".json" + next((packed for packed in PACKED_SUFFIXES if packed and str(path).endswith(packed)), "")
    return stem + ending


def unused(folder: str | Path, name: str) -> Path:
    """Return the path of a file that does not exist yet: `name`, or `name` with a number.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from wgan_resampler.cli.console.messages import unused
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pathlib.Path(folder, "music.json.gz").touch()
    ...     unused(folder, "split.json").name, unused(folder, "music.json.gz").name
    ('split.json', 'music_2.json.gz')
    """
    stem, dot, endings = name.partition(".")
    names = itertools.chain([name], (f"{stem}_{i}{dot}{endings}" for i in itertools.count(2)))
    return next(path for path in (Path(folder) / each for each in names) if not path.exists())
