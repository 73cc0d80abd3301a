"""Checks that need environments of their own; `.ci/run` covers the everyday ones."""

import tempfile
from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint"]


@nox.session
def tests(session):
    """Run all tests, the slow ones too, with the versions known to work."""
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
    """Run the tests with the oldest versions that pyproject.toml admits, on Python 3.11.

    The torch of that time comes as a CUDA build on Linux: several gigabytes. To use a CPU build that lies in some
    folder, pass its options through: ``nox -s oldest -- --find-links FOLDER``.
    """
    session.install("-r", "tests/oldest.txt", *session.posargs)
    session.install("--no-deps", "-e", ".")
    session.run("pytest", "-n", "auto", "--dist", "worksteal", "-m", "not slow")


@nox.session
def newest(session):
    """Run the tests with the newest versions that pip finds: no constraints."""
    session.install("-e", ".[test]", *session.posargs)
    session.run("pytest", "-n", "auto", "--dist", "worksteal", "-m", "not slow")


@nox.session
@nox.parametrize("kind", ["whl", "tar.gz"])
def package(session, kind):
    """Build wheel and sdist, install each in an empty environment and use it there."""
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
