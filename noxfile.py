"""Checks that need their own environments. `.ci/run` runs the everyday checks."""

import tempfile
from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint"]


@nox.session
def tests(session):
    """Run all tests, including the slow ones, with the versions in constraints.txt."""
    session.install("-c", "constraints.txt", "-e", ".[test]")
    session.run("pytest", "-n", "auto", "--dist", "worksteal", *session.posargs)


@nox.session
def lint(session):
    session.install("-c", "constraints.txt", "-e", ".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports", "--no-cache")


@nox.session
def oldest(session):
    """Run the tests with the oldest versions that pyproject.toml allows, on Python 3.11.

    On Linux, pip installs a CUDA build of this old torch, which takes several gigabytes. If you have a CPU build in a
    folder, use ``nox -s oldest -- --find-links FOLDER``.
    """
    session.install("-r", "tests/oldest.txt", *session.posargs)
    session.install("--no-deps", "-e", ".")
    session.run("pytest", "-n", "auto", "--dist", "worksteal", "-m", "not slow")


@nox.session
def newest(session):
    """Run the tests without constraints.txt, with the newest versions that pip finds."""
    session.install("-e", ".[test]", *session.posargs)
    session.run("pytest", "-n", "auto", "--dist", "worksteal", "-m", "not slow", "--hypothesis-profile=thorough")


@nox.session
@nox.parametrize("kind", ["whl", "tar.gz"])
def package(session, kind):
    """Build wheel and sdist, install one of them in an empty environment, and use it there."""
    with tempfile.TemporaryDirectory() as folder:
        session.install("build")
        session.run("python", "-m", "build", "--outdir", folder)
        (built,) = Path(folder).glob(f"*.{kind}")
        session.install("-c", "constraints.txt", str(built))
        session.cd(folder)
        session.run("python", "-c", _USE)


_USE = """
from collections import Counter
from importlib.metadata import version
from sklearn.datasets import make_classification
import wgan_resampler
assert version("wgan-resampler") == wgan_resampler.__version__
X, y = make_classification(weights=[0.8], random_state=0)
X_res, y_res = wgan_resampler.WGANGPOverSampler(random_state=0).fit_resample(X, y)
print("installed from", wgan_resampler.__file__, Counter(y.tolist()), "->", Counter(y_res.tolist()))
"""
