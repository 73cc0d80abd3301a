import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification

from wgan_resampler.comparison import ComparisonResult
from wgan_resampler.comparison.data.datasets import DatasetFacts
from wgan_resampler.comparison.methods.registry import resolve_classifiers
from wgan_resampler.comparison.running.job import Cell, JobResult
from wgan_resampler.comparison.running.settings import Settings
from wgan_resampler.comparison.scoring.metrics import METRICS


@pytest.fixture(scope="session")
def two_classes():
    X, y = make_classification(n_samples=150, n_features=5, weights=[0.8], class_sep=0.8, flip_y=0.05, random_state=3)
    return X, y


@pytest.fixture(scope="session")
def three_classes():
    return make_classification(
        n_samples=180, n_features=5, n_informative=4, n_redundant=0, n_classes=3, weights=[0.6, 0.3], random_state=1
    )


@pytest.fixture(scope="session")
def mixed():
    """A table with numbers, texts and missing cells in both."""
    rng = np.random.default_rng(0)
    y = np.where(rng.random(150) < 0.25, "rare", "usual")
    X = pd.DataFrame(
        {
            "amount": rng.normal(size=150) + (y == "rare"),
            "count": rng.integers(0, 9, size=150),
            "colour": np.where(rng.random(150) < 0.7, np.where(y == "rare", "red", "blue"), "green"),
        }
    )
    X.loc[::11, "amount"] = np.nan
    X["colour"] = X["colour"].where(rng.random(150) > 0.1, None)
    return X, y


def unmeasured(frame):
    """Return scores without what differs from run to run."""
    return frame.drop(columns=["resample_seconds", "fit_seconds", "peak_memory_mb"])


class Handmade:
    """Results with the scores that a test wants: (dataset, sampler) to the scores of its folds, NaN for a failure."""

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
