"""How long the default ``fit_resample`` takes, beside SMOTE and CTGAN.

1000 rows x 20 columns in 3 classes of 201, 301 and 498 rows, all in one process on one thread. CTGAN is timed if it is
installed (``pip install ctgan``): its default fit plus drawing the missing rows by its conditional sampling.

    python benchmarks/fit_time.py --runs 3
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from imblearn.over_sampling import SMOTE
from sklearn.datasets import make_classification
from threadpoolctl import threadpool_limits

from wgan_resampler import WGANGPOverSampler

COUNTS = (201, 301, 498)


def make_data() -> tuple[np.ndarray, np.ndarray]:
    """Return the table and its classes."""
    X, y = make_classification(
        n_samples=3000, n_features=20, n_informative=8, n_classes=3, n_clusters_per_class=2, random_state=0
    )
    rows = np.concatenate([np.flatnonzero(y == label)[:count] for label, count in enumerate(COUNTS)])
    return X[rows], y[rows]


def ctgan_runner(X: np.ndarray, y: np.ndarray) -> Callable[[], None] | None:
    """Return a function that trains CTGAN and draws the missing rows, or None where it is not installed."""
    try:
        import pandas as pd
        from ctgan import CTGAN
    except ImportError:
        return None
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])]).assign(target=y.astype(str))

    def run() -> None:
        model = CTGAN()
        model.fit(frame, discrete_columns=["target"])
        for label, count in enumerate(COUNTS):
            model.sample(max(COUNTS) - count, "target", str(label))

    return run


def seconds(run: Callable[[], object]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    """Print the median times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="runs of each sampler, interleaved (default: 3)")
    runs = parser.parse_args().runs
    X, y = make_data()
    samplers: dict[str, Callable[[], object]] = {
        "SMOTE": lambda: SMOTE(random_state=0).fit_resample(X, y),
        "WGANGPOverSampler": lambda: WGANGPOverSampler(random_state=0, device="cpu").fit_resample(X, y),
    }
    ctgan = ctgan_runner(X, y)
    if ctgan is not None:
        samplers["CTGAN"] = ctgan
    torch.set_num_threads(1)
    with threadpool_limits(1):
        times = {name: [] for name in samplers}
        for _ in range(runs):
            for name, run in samplers.items():
                times[name].append(seconds(run))
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}, 1 thread, {runs} runs")
    ours = statistics.median(times["WGANGPOverSampler"])
    for name, values in times.items():
        median = statistics.median(values)
        spread = f"{min(values):.3f} to {max(values):.3f}"
        print(f"{name:18} median {median:8.3f} s ({spread}), {median / ours:8.3f} x ours")
    if ctgan is None:
        print("CTGAN              not installed")


if __name__ == "__main__":
    main()
