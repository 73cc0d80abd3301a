"""Frames of results that can be compared, and results with given scores."""

import numpy as np

from wgan_resampler.comparison import ComparisonResult
from wgan_resampler.comparison.data.datasets import DatasetFacts
from wgan_resampler.comparison.methods.registry import resolve_classifiers
from wgan_resampler.comparison.running.job import Cell, JobResult
from wgan_resampler.comparison.running.settings import Settings
from wgan_resampler.comparison.scoring.metrics import METRICS


def unmeasured(frame):
    """Return a frame of results without the columns that differ from run to run."""
    return frame.drop(columns=["resample_seconds", "fit_seconds", "peak_memory_mb"])


class ResultOf:
    """Makes a result from the scores of each (dataset, sampler) in its folds; NaN stands for a failure."""

    def __init__(self, metric="f1", classifiers=("knn",), reference="none"):
        self.metric, self.classifiers, self.reference = metric, classifiers, reference

    def jobs(self, scores):
        for (dataset, sampler), values in scores.items():
            for fold, value in enumerate(values):
                failed = {"error": "Traceback\nValueError: no such rows"} if np.isnan(value) else {}
                cells = tuple(
                    Cell(name, scores={} if failed else {self.metric: value}, n_synthetic=0, n_test_copies=0, **failed)
                    for name in self.classifiers
                )
                yield JobResult(dataset, sampler, 0, fold, 80, 20, cells)

    def __call__(self, scores):
        datasets, samplers = (list(dict.fromkeys(pair[place] for pair in scores)) for place in (0, 1))
        settings = Settings(
            random_state=0,
            cv="2",
            n_repeats=1,
            repeat_below=None,
            max_rows=None,
            reference=self.reference,
            metrics=(METRICS[self.metric],),
            samplers=dict.fromkeys(samplers, ""),
            classifiers=dict.fromkeys(self.classifiers, ""),
            groups={name: resolve_classifiers([name])[0].group for name in self.classifiers},
            versions={},
        )
        facts = [DatasetFacts(name, 100, 2, 0, 0, ("a", "b"), (60, 40), False, "0" * 16) for name in datasets]
        return ComparisonResult.from_jobs(list(self.jobs(scores)), tuple(facts), settings)
