"""
Cross-validation and grid search with an over-sampler in the pipeline
=====================================================================

Over-sampling belongs inside the cross-validation: training folds are resampled, and test folds are not. The
``Pipeline`` of imbalanced-learn does this.

The data are scikit-learn's breast cancer data without most of the malignant cases. First, `cross_validate` compares
`WGANGPOverSampler` with SMOTE and with no resampling. Then `GridSearchCV` tunes the classifier that follows the
over-sampler. ``memory`` stores the resampled folds. So the search trains one GAN for each fold, and not one for each
candidate of each fold.

Run it with ``python examples/plot_pipeline_cross_validation.py``. It takes about a minute, prints two tables and
saves a figure.
"""

import argparse
import tempfile
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np
from imblearn.datasets import make_imbalance
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold, StratifiedKFold, cross_validate
from sklearn.preprocessing import StandardScaler

from wgan_resampler import WGANGPOverSampler

mpl.use("Agg")
import matplotlib.pyplot as plt

N_MALIGNANT = 30
SCORES = ("balanced_accuracy", "f1", "average_precision", "neg_brier_score")


# %%
# The data: 357 benign cases (0) and 30 malignant ones (1).


def load():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return make_imbalance(X, 1 - y, sampling_strategy={1: N_MALIGNANT}, random_state=0)


def pipeline(sampler, memory=None):
    steps = [("scale", StandardScaler()), ("sample", sampler), ("classify", LogisticRegression(max_iter=1000))]
    return Pipeline(steps, memory=memory)


# %%
# Cross-validation: the sampler is fitted only on the training part of each fold.


def cross_validated(X, y):
    samplers = {"none": "passthrough", "SMOTE": SMOTE(random_state=0)}
    samplers["WGAN-GP"] = WGANGPOverSampler(random_state=0, device="cpu")
    cv = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0)
    print("10 folds, mean (standard deviation)")
    print(f"{'':10}" + "".join(f"{score:>20}" for score in SCORES) + f"{'seconds per fit':>18}")
    results = {}
    for name, sampler in samplers.items():
        results[name] = cross_validate(pipeline(sampler), X, y, cv=cv, scoring=SCORES)
        cells = (results[name][f"test_{score}"] for score in SCORES)
        texts = "".join(f"{f'{values.mean():.3f} ({values.std():.3f})':>20}" for values in cells)
        print(f"{name:10}{texts}{results[name]['fit_time'].mean():18.2f}")
    return results


# %%
# Grid search: with ``memory``, all candidates for the classifier use the same resampled folds.


def grid_search(X, y):
    with tempfile.TemporaryDirectory() as folder:
        search = GridSearchCV(
            pipeline(WGANGPOverSampler(random_state=0, device="cpu"), memory=folder),
            {"classify__C": np.logspace(-3, 1, 5)},
            cv=StratifiedKFold(3, shuffle=True, random_state=0),
            scoring="average_precision",
        )
        start = time.perf_counter()
        search.fit(X, y)
        seconds = time.perf_counter() - start
    print(f"\nGrid search over 5 values of C x 3 folds: {seconds:.0f} s with 4 GAN trainings instead of 16")
    for C, mean in zip(search.cv_results_["param_classify__C"], search.cv_results_["mean_test_score"], strict=True):
        print(
            f"  C={C:<8.3g} average precision {mean:.3f}"
            + ("   <- best" if search.best_params_["classify__C"] == C else "")
        )


# %%
# Plot the scores of the folds.


def plot(results, path):
    fig, axes = plt.subplots(1, len(SCORES), figsize=(13, 4), layout="constrained")
    for ax, score in zip(axes, SCORES, strict=True):
        ax.boxplot([result[f"test_{score}"] for result in results.values()], tick_labels=list(results), widths=0.5)
        ax.set_title(score.replace("_", " "))
        ax.spines[["top", "right"]].set_visible(False)
    fig.suptitle(f"Breast cancer, {N_MALIGNANT} malignant of 387 cases: logistic regression on 10 test folds")
    fig.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("pipeline_cross_validation.png"), help="file of the figure")
    args = parser.parse_args()
    X, y = load()
    plot(cross_validated(X, y), args.output)
    grid_search(X, y)
    print(f"\nFigure saved as {args.output}")


if __name__ == "__main__":
    main()
