"""Results on disk: one line for each finished job, appended when it is done.

The folder holds ``run.json``, which says what was compared and how, and ``cells.jsonl``. A line is written, flushed
and synced before the next job counts as done. A process that is killed while it writes leaves half a line at the end.
Such a line is not read, and is cut off before further lines are appended. Lines are JSON, never code.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

import msgspec

from wgan_resampler.comparison.data.datasets import DatasetFacts
from wgan_resampler.comparison.running.job import JobResult
from wgan_resampler.comparison.running.settings import Settings
from wgan_resampler.exceptions import ComparisonStoreError
from wgan_resampler.utils.storage import atomic_writer

FORMAT: Final = 1
"""Version of the lines. When a field changes its meaning, raise the version and keep reading old lines."""

RUN_FILE, CELLS_FILE = "run.json", "cells.jsonl"


@dataclass(frozen=True)
class _LineHead:
    """The fields of a line before the result."""

    key: str
    format: Literal[1]


@dataclass(frozen=True)
class RunPlan:
    """The planned work of a comparison.

    Attributes
    ----------
    datasets : tuple of DatasetFacts
        Facts about the datasets.
    keys : tuple of str
        Keys of the jobs.
    format : int
        `FORMAT`.
    """

    datasets: tuple[DatasetFacts, ...]
    keys: tuple[str, ...]
    format: Literal[1]


@dataclass(frozen=True)
class Store:
    """Append-only store of finished jobs in a folder; made by :func:`open_store`.

    Attributes
    ----------
    folder : Path
        Where the files are.
    done : dict of str to JobResult
        Results by `job_key`.
    """

    folder: Path
    done: dict[str, JobResult]
    _file: BinaryIO

    def append(self, key: str, result: JobResult) -> None:
        """Write one result. When this returns, the result survives a crash of the process and of the machine."""
        line = {"key": key, "format": FORMAT, **msgspec.to_builtins(result)}
        self._file.write(msgspec.json.encode(line) + b"\n")  # NaN becomes null
        self._file.flush()
        os.fsync(self._file.fileno())
        self.done[key] = result

    def write_run(self, settings: Settings, plan: RunPlan) -> None:
        """Write what is compared and how."""
        facts = msgspec.to_builtins(settings) | msgspec.to_builtins(plan)
        with atomic_writer(self.folder / RUN_FILE) as file:
            file.write(msgspec.json.format(msgspec.json.encode(facts), indent=1) + b"\n")


@contextlib.contextmanager
def open_store(folder: str | os.PathLike[str], *, resume: bool = False) -> Iterator[Store]:
    """Open the store in a folder, and lock it until the block ends.

    Parameters
    ----------
    folder : path
        Where the files are. It is made if it does not exist.
    resume : bool, default=False
        Whether stored results are used. False refuses a folder that holds any.

    Yields
    ------
    Store

    Raises
    ------
    ComparisonStoreError
        If there are results and `resume` is False, or if they cannot be read.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CELLS_FILE
    with path.open("ab") as file:
        # Locked before it is read. Otherwise, two runs could cut off each other's lines.
        if not _locked(file):
            raise ComparisonStoreError(
                f"Another comparison is writing to '{folder}' now. Wait for it, or choose another folder."
            )
        if path.stat().st_size and not resume:
            raise ComparisonStoreError(
                f"'{folder}' holds results already. Continue with them (resume=True), or choose another folder."
            )
        done, n_bytes = read_cells(folder)
        file.truncate(n_bytes)
        yield Store(folder, done, file)


def read_cells(folder: str | os.PathLike[str]) -> tuple[dict[str, JobResult], int]:
    """Return the results in a folder by key, and the number of bytes of their complete lines."""
    path = Path(folder) / CELLS_FILE
    content = path.read_bytes() if path.exists() else b""
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
                f"Line {number} of '{path}' is not a result of a comparison ({error}). Was the file edited? Remove the "
                "line to repeat its fits, or choose another folder."
            ) from error
    return done, len(complete)


_MEASURES = ("resample_seconds", "fit_seconds", "peak_memory_mb")


def _restore_nan(cell: dict[str, Any]) -> None:
    """Replace null by NaN, for which JSON has no number, where a cell holds floats."""
    for holder, names in ((cell, _MEASURES), (cell["scores"], list(cell["scores"]))):
        holder.update({name: math.nan for name in names if holder.get(name) is None})


def read_run(folder: str | os.PathLike[str]) -> tuple[Settings, RunPlan]:
    """Return the settings of the results in a store, and the jobs that were planned."""
    path = Path(folder) / RUN_FILE
    try:
        content = path.read_bytes()
        return msgspec.json.decode(content, type=Settings), msgspec.json.decode(content, type=RunPlan)
    except (OSError, msgspec.MsgspecError, RecursionError) as error:
        raise ComparisonStoreError(f"'{path}' does not describe a comparison that can be read: {error}") from error


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
