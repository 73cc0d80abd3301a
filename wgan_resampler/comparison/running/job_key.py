"""The key of a job: what a store finds its result by."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.comparison.methods.registry import describe
from wgan_resampler.comparison.running.job import Job
from wgan_resampler.comparison.running.store import FORMAT


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
    # These parts are only added where they differ from the usual, so that the keys of older results stay valid.
    if job.scorers:
        parts["scorers"] = sorted([name, describe(scorer)] for name, scorer in job.scorers.items())
    if len(job.train) + len(job.test) != len(job.dataset.y):
        parts["test"] = _hash_of_rows(job.test)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _hash_of_rows(rows: NDArray[np.intp]) -> str:
    return hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()
