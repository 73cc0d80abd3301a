"""The key of a job, under which a store keeps its result."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.comparison.methods.registry import describe
from wgan_resampler.comparison.running.job import Job
from wgan_resampler.comparison.running.store import FORMAT
from wgan_resampler.comparison.scoring.metrics import DEFINITIONS


def job_key(job: Job) -> str:
    """Return a hash of everything that a job's result depends on."""
    parts: dict[str, Any] = {
        "format": FORMAT,
        "dataset": [job.dataset.name, job.dataset.fingerprint],
        "sampler": [job.sampler.name, job.sampler.description, job.sampler.form],
        "classifiers": [[spec.name, spec.description] for spec in job.classifiers],
        "metrics": sorted(DEFINITIONS),
        "scorers": sorted([name, describe(scorer)] for name, scorer in job.scorers.items()),
        "split": [job.repeat, job.fold, _hash_of_rows(job.train), _hash_of_rows(job.test)],
        "root": job.root,
        "tunes": job.tunes,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _hash_of_rows(rows: NDArray[np.intp]) -> str:
    return hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()
