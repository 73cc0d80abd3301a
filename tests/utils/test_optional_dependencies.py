"""What needs packages of an extra is imported when asked for, and says how to install them."""

import subprocess
import sys

import pytest

import wgan_resampler
from wgan_resampler.exceptions import MissingDependencyError
from wgan_resampler.utils.optional_dependencies import require

LAZY = ["ComparisonDisplay", "ComparisonResult", "compare_samplers"]


@pytest.mark.parametrize("name", LAZY)
def test_lazy_names_are_there(name):
    assert name in dir(wgan_resampler)
    assert getattr(wgan_resampler, name).__name__ == name


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="attribute compare"):
        _ = wgan_resampler.compare


def test_the_comparison_names_its_extra():
    code = """
import sys
sys.modules["pandas"] = None
import wgan_resampler
try:
    wgan_resampler.compare_samplers
except wgan_resampler.exceptions.MissingDependencyError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert "Comparing samplers needs" in done.stdout
    assert "pip install 'wgan-resampler[compare]'" in done.stdout


def test_importing_the_package_and_the_command_is_cheap():
    heavy = ("wgan_resampler.comparison", "matplotlib", "scikit_posthocs", "distributed")
    code = "import sys, wgan_resampler.cli.compare; print([name for name in sys.argv[1:] if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_missing_module_is_named_with_its_command():
    with pytest.raises(MissingDependencyError, match=r"Flying needs .*'no_such_module'.*Install it: pip install wings"):
        require("no_such_module", "Flying", "pip install wings")
