"""Results on disk: one line for each finished job, appended as it comes.

The directory holds ``run.json``, which says what was compared and how, and ``cells.jsonl``. A line is written, flushed
and synced before the next job counts as done. A process that is killed in the middle of a line leaves it torn: such a
last line is not read, and cut off before further lines are appended. Lines are JSON, never code.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.comparison.methods.registry import describe
from wgan_resampler.comparison.running.job import Cell, Job, JobResult
from wgan_resampler.exceptions import ComparisonStoreError

FORMAT = 1
"""Version of the lines. To be raised, with a reader for the old one, when a field changes its meaning."""

RUN_FILE, CELLS_FILE = "run.json", "cells.jsonl"


def job_key(job: Job) -> str:
    """Return a hash of everything that a job's result depends on."""
    parts: dict[str, Any] = {
        "format": FORMAT,
        "dataset": [job.dataset.name, job.dataset.fingerprint],
        "sampler": [job.sampler.name, job.sampler.description, job.sampler.form],
        "classifiers": [[spec.name, spec.description] for spec in job.classifiers],
        "scorers": sorted(job.scorers),
        "split": [job.repeat, job.fold, _hash_of_rows(job.train)],
        "root": job.root,
        "tunes": job.tunes,
    }
    # Only where there is more to tell apart: other keys are those of results that were stored before.
    if job.scorers:
        parts["scorers"] = sorted([name, describe(scorer)] for name, scorer in job.scorers.items())
    if len(job.train) + len(job.test) != len(job.dataset.y):
        parts["test"] = _hash_of_rows(job.test)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _hash_of_rows(rows: NDArray[np.intp]) -> str:
    return hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()


class Store:
    """Append-only store of finished jobs in a directory; use it in a ``with`` block.

    Parameters
    ----------
    directory : path
        Made if it is not there.
    resume : bool, default=False
        Whether results that are there are used. False refuses a directory that holds any.

    Attributes
    ----------
    done : dict of str to JobResult
        Results by `job_key`; filled on entering the ``with`` block.

    Raises
    ------
    ComparisonStoreError
        If there are results and `resume` is False, or they cannot be read.
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
        """Lock the file, and only then read it: two runs on one directory would cut off each other's lines."""
        if not _locked(self._file):
            raise ComparisonStoreError(
                f"Another comparison is writing to '{self.directory}' right now. Wait for it, or choose another "
                "directory."
            )
        if self.path.stat().st_size and not self.resume:
            raise ComparisonStoreError(
                f"'{self.directory}' holds results already. Go on with them (resume=True, --resume), or choose another "
                "directory."
            )
        self.done, whole_lines = read_cells(self.path)
        self._file.truncate(whole_lines)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def append(self, key: str, result: JobResult) -> None:
        """Write one result; when this returns, it outlives the process and the machine."""
        line = json.dumps({"key": key, "format": FORMAT, **_without_nan(asdict(result))}, allow_nan=False)
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.done[key] = result

    def write_run(self, facts: Mapping[str, Any]) -> None:
        """Write what is compared and how."""
        write_text(self.directory / RUN_FILE, json.dumps(facts, indent=1) + "\n")


def read_cells(path: Path) -> tuple[dict[str, JobResult], int]:
    """Return the results of a file by key, and how many bytes of it are whole lines."""
    if not path.exists():
        return {}, 0
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    done = {}
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            fields = json.loads(line)
            done[fields["key"]] = _result(fields)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ComparisonStoreError(
                f"Line {number} of '{path}' is no result of a comparison ({type(error).__name__}: {error}). Was the "
                "file edited? Take the line out and its fits are made again, or choose another directory."
            ) from error
    return done, len(whole)


def read_run(directory: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a store says about how its results were made."""
    path = Path(directory) / RUN_FILE
    try:
        facts = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ComparisonStoreError(f"'{path}' cannot be read: {error}") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise ComparisonStoreError(f"'{path}' has another format than {FORMAT}; a newer version may be needed.")
    return facts


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        # Else the name could outlive a power failure without the text.
        os.fsync(file.fileno())
    temporary.replace(path)


def _result(fields: Mapping[str, Any]) -> JobResult:
    if fields["format"] != FORMAT:
        raise ValueError(f"its format is {fields['format']}, known is {FORMAT}")
    cells = tuple(_cell(cell) for cell in fields["cells"])
    place = (
        fields["dataset"],
        fields["sampler"],
        fields["repeat"],
        fields["fold"],
        fields["n_train"],
        fields["n_test"],
    )
    return JobResult(*place, cells, tuple(fields["warnings"]))


_MEASURES = ("resample_seconds", "fit_seconds", "peak_memory_mb")


def _cell(fields: dict[str, Any]) -> Cell:
    """Return a cell with NaN where JSON had no number."""
    values = {name: math.nan if fields[name] is None else fields[name] for name in _MEASURES}
    scores = {name: math.nan if value is None else value for name, value in fields["scores"].items()}
    return Cell(**{**fields, **values, "scores": scores})


def _without_nan(value: Any) -> Any:
    """Return the value with None for what JSON has no number for."""
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _locked(file: Any) -> bool:
    """Lock a file until it is closed; False if another process has it."""
    try:
        import fcntl
    except ImportError:  # not on this platform
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
