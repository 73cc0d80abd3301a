"""Every imported package is a declared dependency, and every declared dependency is imported."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# No extra names these packages, because pip must install them without their dependencies (see docs/comparison.md).
BY_HAND = {"smote-variants", "forestdiffusion"}
# Only other packages import these: pandas needs pyarrow to read Parquet, and distributed needs dask.
NOT_IMPORTED = {"pyarrow", "dask"}


def names_of(requirements):
    names = {re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-") for requirement in requirements}
    return names - {"wgan-resampler"}


CORE = names_of(PROJECT["dependencies"])
OPTIONAL = names_of(requirement for name, extra in EXTRAS.items() if name != "test" for requirement in extra)


def modules_in(source):
    """Return the top-level modules that a source imports anywhere, or names in a call of `require`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "require":
            found |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()
    top = {name.partition(".")[0] for name in found}
    return top - set(sys.stdlib_module_names) - {"wgan_resampler"}


DISTRIBUTIONS = importlib.metadata.packages_distributions()
NAMES_OF_MODULES = {
    "imblearn": "imbalanced-learn",
    "sklearn": "scikit-learn",
    "imblearn_extra": "imbalanced-learn-extra",
}


def distribution(module):
    """Return the name of the package that pip installs for a module."""
    known = DISTRIBUTIONS.get(module, [NAMES_OF_MODULES.get(module, module)])
    return known[0].lower().replace("_", "-")


SOURCES = sorted((ROOT / "wgan_resampler").rglob("*.py"))
IMPORTED = {
    (distribution(module), path.relative_to(ROOT).as_posix())
    for path in SOURCES
    for module in modules_in(path.read_text(encoding="utf-8"))
}


def test_every_import_is_declared():
    declared = CORE | OPTIONAL | BY_HAND
    assert {(name, path) for name, path in IMPORTED if name not in declared} == set()


def test_every_declared_package_is_imported():
    # Adapters of other packages store the name of the module as a string.
    strings = {
        node.value.replace("_", "-")
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {name for name, _ in IMPORTED} | NOT_IMPORTED | strings >= CORE | OPTIONAL


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import scipy.stats as s, os", {"scipy"}),
        ("def f():\n    from sklearn.base import clone", {"sklearn"}),
        ("from . import x\nfrom wgan_resampler import y", set()),
        ("require('psutil', 'Memory', 'compare')", {"psutil"}),
    ],
)
def test_imports_are_found(source, modules):
    assert modules_in(source) == modules


def pins(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_the_oldest_versions_are_the_lower_bounds():
    oldest = {name.replace("_", "-").lower(): version for name, version in pins("tests/oldest.txt").items()}
    for requirement in [
        *PROJECT["dependencies"],
        *(line for name in EXTRAS if name != "peers" for line in EXTRAS[name]),
    ]:
        name, _, bound = requirement.partition(">=")
        if bound and name in oldest:
            assert (oldest[name] + ".0.0").startswith(bound + "."), f"{requirement} is tested with {oldest[name]}"
    assert set(oldest) >= CORE


def test_constraints_pin_what_the_test_extra_installs():
    wanted = CORE | OPTIONAL | names_of(EXTRAS["test"])
    assert wanted - names_of(EXTRAS["peers"]) <= set(pins("constraints.txt"))
