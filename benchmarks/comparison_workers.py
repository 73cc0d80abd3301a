"""Measure how much faster a comparison is with two processes than with one.

The ratio is near two if the processes do not compete for threads. No other program should run at the same time.

Usage: .venv/bin/python benchmarks/comparison_workers.py
"""

from __future__ import annotations

import argparse
import os
import time

from sklearn.datasets import make_classification

from wgan_resampler import compare_samplers


def seconds(n_jobs: int, n_repeats: int) -> float:
    """Return the wall-clock seconds of a comparison. The worker processes must be running already."""
    data = make_classification(n_samples=600, n_features=20, weights=[0.9], random_state=0)
    start = time.perf_counter()
    compare_samplers(
        data,
        ["none", "random_over", "smote"],
        classifiers=["logistic_regression", "svm", "random_forest", "hist_gradient_boosting"],
        n_jobs=n_jobs,
        n_repeats=n_repeats,
        cv=4,
        verbose=0,
    )
    return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    print("cores:", os.cpu_count(), " load:", os.getloadavg()[0])
    # This first comparison starts the worker processes and makes them import everything. It is not timed.
    compare_samplers(
        make_classification(random_state=0), ["smote"], classifiers=["knn"], n_jobs=args.workers, verbose=0
    )
    several, one = seconds(args.workers, args.repeats), seconds(1, args.repeats)
    print(f"1 process {one:.1f} s, {args.workers} processes {several:.1f} s: {one / several:.2f} times as fast")
