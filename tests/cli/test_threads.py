"""Each command gives the same result for any number of threads of the numerical libraries."""

import hashlib
import os
import subprocess
import sys
from functools import cache

import numpy as np
import pandas as pd
import pytest

STEPS = {
    "train and augment": [
        "train --data x.csv --target kind --output m --preset tuned --epochs 3 --device cpu",
        "augment --generator m/final_model.pth --input x.csv --target kind --output out.csv --device cpu",
    ],
    "classify, linear": ["classify --data x.csv --target kind --model logistic_regression --output out"],
    "classify, svm": ["classify --data x.csv --target kind --model svm --output out"],
    "classify, forest": ["classify --data x.csv --target kind --model random_forest --output out"],
    "classify, lstm": ["classify --data x.csv --target kind --model lstm --output out"],
    "compare": [
        "compare x.csv --target kind --samplers wgangp --classifiers logistic_regression --cv 2 "
        "--scoring roc_auc,log_loss --output out --format csv --quiet"
    ],
}
TRAINED_HERE = [name for name in STEPS if name != "compare"]
RESULTS = ["out.csv", "out/metrics.json", "out/results.csv"]
PROGRAM = """
import os
import sys
from wgan_resampler.cli import main
for line in sys.argv[1:]:
    folder, command = line.split(": ")
    os.chdir(folder)
    assert main(command.split()) == 0
"""


@pytest.fixture(scope="module")
def results_with(tmp_path_factory):
    """Return a function that runs all steps once with a number of threads, and returns their results."""

    @cache
    def run(threads, *names):
        folders = {name: tmp_path_factory.mktemp("steps") for name in names}
        for folder in folders.values():
            write_table(folder / "x.csv")
        environment = {key: value for key, value in os.environ.items() if "NUM_THREADS" not in key}
        if threads:
            environment.update(OMP_NUM_THREADS=threads, OPENBLAS_NUM_THREADS=threads, MKL_NUM_THREADS=threads)
        lines = [f"{folders[name]}: {command}" for name in names for command in STEPS[name]]
        subprocess.run([sys.executable, "-c", PROGRAM, *lines], env=environment, check=True)
        return {name: result_in(folder) for name, folder in folders.items()}

    return run


def write_table(path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(300, 40))).assign(mood=rng.choice(list("abc"), 300))
    table.assign(kind=np.where(rng.random(300) + table[0] < 0.1, "u", "v")).to_csv(path, index=False)


def result_in(folder):
    """Return a hash of what a command wrote, or only its scores if seconds and memory differ from run to run."""
    (path,) = [folder / name for name in RESULTS if (folder / name).exists()]
    if path.name == "results.csv":
        frame = pd.read_csv(path)
        assert frame["error"].isna().all()
        return frame[["roc_auc", "log_loss"]].to_numpy().tolist()
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("threads", ["2", pytest.param("", marks=pytest.mark.slow)], ids=["two", "unset"])
@pytest.mark.parametrize("name", TRAINED_HERE)
def test_the_number_of_threads_makes_no_difference(results_with, name, threads):
    assert results_with("1", *TRAINED_HERE)[name] == results_with(threads, *TRAINED_HERE)[name]


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["2", ""], ids=["two", "unset"])
def test_the_number_of_threads_makes_no_difference_to_a_comparison(results_with, threads):
    assert results_with("1", "compare") == results_with(threads, "compare")
