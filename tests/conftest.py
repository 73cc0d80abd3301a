"""Settings of all tests: one thread for each process, few random examples, a short training of the classifier."""

import os

import pytest
from hypothesis import settings

# Several processes run tests at the same time. Set before numpy and torch are imported, which read this once.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

# The scheduled runs take the second: `pytest --hypothesis-profile=thorough`.
settings.register_profile("quick", max_examples=40)
settings.register_profile("thorough", max_examples=400)
settings.load_profile("quick")


@pytest.fixture(autouse=True)
def few_updates_of_the_classifier(request, monkeypatch):
    """Train the auxiliary classifier for a tenth of its updates, which take nine tenths of the time of a small fit.

    Tests that ask how good synthetic rows are train it as users do; they are marked ``full_training``.
    """
    if request.node.get_closest_marker("full_training") is None:
        monkeypatch.setattr("wgan_resampler.gan.rows.candidates.N_UPDATES", 30)
