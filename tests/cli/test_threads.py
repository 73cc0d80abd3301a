"""Each command gives the same result for any number of threads of the numerical libraries."""

import hashlib
import os
import subprocess
import sys

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
        "compare x.csv --target kind --samplers smote,wgangp --classifiers logistic_regression,knn --cv 2 "
        "--scoring roc_auc,log_loss --output out --format csv --quiet"
    ],
}
RESULTS = ["out.csv", "out/metrics.json", "out/results.csv"]
PROGRAM = """
import sys
from wgan_resampler.cli import main
for line in sys.argv[1:]:
    assert main(line.split()) == 0
"""


def result_of(folder, steps, threads):
    """Run commands in a folder and return the hash of what they write, without columns of seconds and memory."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(400, 40))).assign(mood=rng.choice(list("abc"), 400))
    table.assign(kind=np.where(rng.random(400) + table[0] < 0.1, "u", "v")).to_csv(folder / "x.csv", index=False)
    environment = {key: value for key, value in os.environ.items() if "NUM_THREADS" not in key}
    if threads:
        environment.update(OMP_NUM_THREADS=threads, OPENBLAS_NUM_THREADS=threads, MKL_NUM_THREADS=threads)
    subprocess.run([sys.executable, "-c", PROGRAM, *steps], cwd=folder, env=environment, check=True)
    (path,) = [folder / name for name in RESULTS if (folder / name).exists()]
    if path.name == "results.csv":
        frame = pd.read_csv(path)
        assert frame["error"].isna().all()
        return frame[["roc_auc", "log_loss"]].to_numpy().tolist()
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("threads", ["2", pytest.param("", marks=pytest.mark.slow)], ids=["two", "unset"])
@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_the_number_of_threads_makes_no_difference(tmp_path, steps, threads):
    assert result_of(tmp_path / "one", steps, "1") == result_of(tmp_path / "more", steps, threads)
