"""What holds for all tests: one thread for each process, and a short training of the auxiliary classifier."""

import os

import pytest

# Several processes run tests at the same time. Before numpy and torch are imported: they read this once.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def few_updates_of_the_classifier(request, monkeypatch):
    """Train the auxiliary classifier for a tenth of its updates, which take nine tenths of the time of a small fit.

    Tests that ask how good synthetic rows are train it as users do; they are marked ``full_training``.
    """
    if request.node.get_closest_marker("full_training") is None:
        monkeypatch.setattr("wgan_resampler.gan.rows.candidates.N_UPDATES", 30)
