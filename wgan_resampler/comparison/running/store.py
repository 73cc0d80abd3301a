"""Results on disk: one line for each finished job, appended when it is done.

The directory holds ``run.json``, which says what was compared and how, and ``cells.jsonl``. A line is written, flushed
and synced before the next job counts as done. A process that is killed while it writes leaves half a line at the end.
Such a line is not read, and is cut off before further lines are appended. Lines are JSON, never code.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

import msgspec

from wgan_resampler.comparison.running.job import JobResult
from wgan_resampler.exceptions import ComparisonStoreError
from wgan_resampler.utils.storage import atomic_writer

_T = TypeVar("_T")

FORMAT = 1
"""Version of the lines. When a field changes its meaning, raise the version and keep reading old lines."""

RUN_FILE, CELLS_FILE = "run.json", "cells.jsonl"


@dataclass(frozen=True)
class _LineHead:
    """The fields of a line before the result."""

    key: str
    format: Literal[1]


@dataclass(frozen=True)
class _RunHead:
    """The fields that every version of the program writes into ``run.json``."""

    format: Literal[1]
    versions: dict[str, str]


class Store:
    """Append-only store of finished jobs in a directory, for use in a ``with`` block.

    Parameters
    ----------
    directory : path
        Where the files are. It is made if it does not exist.
    resume : bool, default=False
        Whether stored results are used. False refuses a directory that holds any.

    Attributes
    ----------
    done : dict of str to JobResult
        Results by `job_key`. Filled when the ``with`` block is entered.

    Raises
    ------
    ComparisonStoreError
        If there are results and `resume` is False, or if they cannot be read.
    """

    def __init__(self, directory: str | os.PathLike[str], *, resume: bool = False) -> None:
        self.directory = Path(directory)
        self.path = self.directory / CELLS_FILE
        self.resume = resume
        self.done: dict[str, JobResult] = {}

    def __enter__(self) -> Store:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("ab")
        try:
            self._open()
        except ComparisonStoreError:
            self._file.close()
            raise
        return self

    def _open(self) -> None:
        """Lock the file before it is read. Otherwise, two runs could cut off each other's lines."""
        if not _locked(self._file):
            raise ComparisonStoreError(
                f"Another comparison is writing to '{self.directory}' now. Wait for it, or choose another directory."
            )
        if self.path.stat().st_size and not self.resume:
            raise ComparisonStoreError(
                f"'{self.directory}' holds results already. Continue with them (resume=True), or choose another "
                "directory."
            )
        self.done, n_bytes = read_cells(self.path)
        self._file.truncate(n_bytes)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def append(self, key: str, result: JobResult) -> None:
        """Write one result. When this returns, the result survives a crash of the process and of the machine."""
        line = {"key": key, "format": FORMAT, **msgspec.to_builtins(result)}
        self._file.write(msgspec.json.encode(line) + b"\n")  # NaN becomes null
        self._file.flush()
        os.fsync(self._file.fileno())
        self.done[key] = result

    def write_run(self, facts: Mapping[str, Any]) -> None:
        """Write what is compared and how."""
        with atomic_writer(self.directory / RUN_FILE) as file:
            file.write(json.dumps(facts, indent=1).encode() + b"\n")


def read_cells(path: Path) -> tuple[dict[str, JobResult], int]:
    """Return the results of a file by key, and the number of bytes of its complete lines."""
    if not path.exists():
        return {}, 0
    content = path.read_bytes()
    complete = content[: content.rfind(b"\n") + 1]
    done = {}
    for number, line in enumerate(complete.splitlines(), start=1):
        try:
            fields = msgspec.json.decode(line, type=dict[str, Any])
            key = msgspec.convert(fields, _LineHead).key
            for cell in fields.get("cells") or ():
                _restore_nan(cell)
            done[key] = msgspec.convert(fields, JobResult)
        except (msgspec.MsgspecError, AttributeError, LookupError, TypeError, RecursionError) as error:
            raise ComparisonStoreError(
                f"Line {number} of '{path}' is no result of a comparison ({error}). Was the file edited? Remove the "
                "line to repeat its fits, or choose another directory."
            ) from error
    return done, len(complete)


_MEASURES = ("resample_seconds", "fit_seconds", "peak_memory_mb")


def _restore_nan(cell: dict[str, Any]) -> None:
    """Replace null by NaN, for which JSON has no number, where a cell holds floats."""
    for holder, names in ((cell, _MEASURES), (cell["scores"], list(cell["scores"]))):
        holder.update({name: math.nan for name in names if holder.get(name) is None})


def read_run(directory: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a store says about how its results were made."""
    path = Path(directory) / RUN_FILE
    try:
        facts = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError, RecursionError) as error:
        raise ComparisonStoreError(f"'{path}' cannot be read: {error}") from error
    from_run(facts, _RunHead)
    return facts


def from_run(facts: Mapping[str, Any], kind: type[_T]) -> _T:
    """Return a part of what :func:`read_run` returned as an object of a declared type."""
    try:
        return msgspec.convert(facts, kind)
    except msgspec.ValidationError as error:
        raise ComparisonStoreError(f"{RUN_FILE} describes no comparison that this version can read: {error}") from error


def _locked(file: Any) -> bool:
    """Lock a file until it is closed. False if another process holds the lock."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
