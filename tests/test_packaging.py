"""The installed files, the public names, and the modules that an import loads."""

import importlib
import importlib.metadata
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import wgan_resampler

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize("name", wgan_resampler.__all__)
def test_public_names_exist(name):
    assert hasattr(wgan_resampler, name)


def test_star_import_gives_the_public_names():
    namespace = {}
    exec("from wgan_resampler import *", namespace)  # noqa: S102
    assert set(wgan_resampler.__all__) <= set(namespace)
    assert len(set(wgan_resampler.__all__)) == len(wgan_resampler.__all__)


def test_names_that_people_look_for_are_public():
    wanted = ["WGANGPOverSampler", "GanGenerator", "GanDiscriminator", "GanTrainer", "Callback", "TrainingHistory"]
    constants = ["GAN_NOISE_DIM", "GAN_HIDDEN_DIM", "GAN_NUM_LAYERS", "GAN_DROPOUT", "GAN_N_CRITIC", "GAN_LAMBDA_GP"]
    assert {*wanted, *constants, "GAN_LEARNING_RATE"} <= set(wgan_resampler.__all__)
    for name in [*constants, "GAN_LEARNING_RATE"]:
        assert getattr(wgan_resampler, name) is getattr(importlib.import_module("wgan_resampler.gan.defaults"), name)


def test_errors_and_warnings_are_imported_from_their_module():
    here = {"WGANResamplerError", "WGANResamplerWarning"}
    named = {name for name in vars(wgan_resampler.exceptions) if name.endswith(("Error", "Warning"))}
    assert here < named
    assert named & set(dir(wgan_resampler)) == here


def test_the_exceptions_are_there_without_a_further_import():
    code = "import wgan_resampler; print(wgan_resampler.exceptions.DataFileError.__mro__[1].__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "WGANResamplerError\n"


def test_the_version_is_that_of_the_distribution():
    assert importlib.metadata.version("wgan-resampler") == wgan_resampler.__version__


def test_importing_needs_no_extra():
    code = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        extras = "ijson librosa matplotlib pandas polars psutil pyarrow scikit_posthocs skorch soundfile"
        if name.split(".")[0] in extras.split():
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
import numpy as np
from wgan_resampler import WGANGPOverSampler
sampler = WGANGPOverSampler(epochs=1, hidden_dim=4, device="cpu", random_state=0)
X, y = sampler.fit_resample([[float(i)] for i in range(14)], ["u"] * 8 + ["v"] * 6)
print(len(X), y.count("v"), sampler.sample(2, label="v")[1])
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.stdout == "16 8 ['v', 'v']\n", done.stderr


def test_importing_alone_loads_nothing_heavy():
    code = "import sys, wgan_resampler; print({'torch', 'sklearn', 'numpy', 'tqdm'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    with pytest.raises(AttributeError, match="attribute nothing"):
        _ = wgan_resampler.nothing


def test_the_command_is_installed():
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="wgan-resampler")
    assert command.load() is importlib.import_module("wgan_resampler.cli").main


@pytest.mark.parametrize("name", ["ijson", "librosa", "matplotlib", "pandas", "polars", "pyarrow", "skorch"])
def test_importing_does_not_import(name, imported):
    assert name not in imported


@pytest.fixture(scope="module")
def imported():
    """Return the top-level modules that the package imports in addition to those that its dependencies import."""
    dependencies = "imblearn.over_sampling.base, sklearn.base, torch, tqdm.auto"
    names = "from wgan_resampler import *; import wgan_resampler.cli.classify, wgan_resampler.cli.extract"
    code = f"import sys, {dependencies}; a = set(sys.modules); {names}; print(*set(sys.modules) - a)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = {module.split(".")[0] for module in done.stdout.split()}
    assert "wgan_resampler" in modules
    return modules


def extras_within(name):
    """Return the extra and all extras that it includes."""
    found = {name}
    for requirement in PROJECT["optional-dependencies"][name]:
        if match := re.match(r"wgan-resampler\[([\w,-]+)\]", requirement):
            found.update(*(extras_within(inner) for inner in match[1].split(",")))
    return found


def test_extras():
    extras = set(PROJECT["optional-dependencies"])
    assert {"files", "plot", "compare", "all", "test"} <= extras
    assert extras <= {"files", "plot", "compare", "audio", "classify", "dask", "peers", "test", "all"}
    assert extras_within("all") == extras - {"peers", "test"}
    assert {"files", "plot"} <= extras_within("compare")


def test_lower_bounds_everywhere():
    extras = PROJECT["optional-dependencies"].values()
    for requirement in [*PROJECT["dependencies"], *(r for extra in extras for r in extra)]:
        assert ">=" in requirement or requirement.startswith("wgan-resampler["), requirement


@pytest.mark.slow
def test_wheel_and_sdist(tmp_path):
    # Nothing is downloaded: hatchling is in the extra `test`, so the build needs no isolated environment.
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"wgan_resampler-{wgan_resampler.__version__}-py3-none-any.whl"
    in_wheel = set(zipfile.ZipFile(wheel).namelist())
    package = ROOT / "wgan_resampler"
    # The package reads the stubs at run time, because they list the names of the lazy doors.
    sources = {path.relative_to(ROOT).as_posix() for kind in ("*.py", "*.pyi") for path in package.rglob(kind)}
    assert "wgan_resampler/__init__.pyi" in sources
    assert sources | {"wgan_resampler/py.typed"} <= in_wheel
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in in_wheel)
    assert {name.split("/")[0].split("-")[0] for name in in_wheel} == {"wgan_resampler"}

    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    assert sources | {"wgan_resampler/py.typed", "LICENSE", "README.md", "pyproject.toml"} <= in_sdist
    assert "tests/test_packaging.py" in in_sdist
    assert any(name.startswith("examples/") and name.endswith(".py") for name in in_sdist)
    assert not any(part in name for name in in_sdist for part in (".venv", "__pycache__", ".git/"))
