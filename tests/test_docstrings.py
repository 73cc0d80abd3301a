"""Docstrings follow numpydoc: they document every parameter, and only parameters that exist."""

import importlib
import inspect
from pathlib import Path

import pytest
from numpydoc.validate import validate

import wgan_resampler
from wgan_resampler import exceptions

# Checks of numpydoc that are left out everywhere:
LEFT_OUT = {
    "GL01",  # ruff's rules want the summary on the line of the opening quotes
    "SS05",  # it mistakes words such as "Address" for verbs in the third person
    "SS06",  # a summary may take two lines
    "ES01",  # not every docstring needs more than a summary
    "SA01",  # not every docstring needs a section See Also
    "EX01",  # a test below demands examples, only for names at the root
    "RT02",  # a return value may have a name: "X_resampled : same container as X"
    "RT03",  # a return value needs no description if the summary describes it
    "PR08",  # a description may start with a value in lower case: "'equal' grows ..."
}
# Names that only other wings use need not document every parameter. One line may be enough.
MAY_BE_SHORT = {"PR01", "RT01", "YD01"}

DOORS = ["cli", "comparison", "gan", "records", "sampler", "tables", "utils", "utils.storage"]


def described(module, names):
    """Return those names that are classes or functions of this package, and the public methods of the classes."""
    found = []
    for name in names:
        thing = getattr(module, name)
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        if not thing.__module__.startswith("wgan_resampler."):  # the door imports it for its own use
            continue
        found.append(f"{module.__name__}.{name}")
        methods = [
            key
            for key, value in (vars(thing).items() if inspect.isclass(thing) else ())
            if not key.startswith("_") and inspect.isfunction(inspect.unwrap(getattr(value, "__func__", value)))
        ]
        found += [f"{module.__name__}.{name}.{method}" for method in methods]
    return found


AT_THE_ROOT = described(wgan_resampler, dir(wgan_resampler))
EXCEPTIONS = described(exceptions, [name for name in vars(exceptions) if name.endswith(("Error", "Warning"))])
INSIDE = sorted(
    {
        name
        for door in DOORS
        for module in [importlib.import_module(f"wgan_resampler.{door}")]
        for name in described(module, [name for name in dir(module) if not name.startswith("_")])
    }
)


def overrides(name):
    *_, owner, method = name.split(".")
    bases = getattr(getattr(wgan_resampler, owner, None), "__mro__", ())[1:]
    return any(method in vars(base) for base in bases)


def complaints(name, left_out):
    result = validate(name)
    if "Attributes\n----------" in (result["docstring"] or ""):
        left_out = left_out | {"PR01"}  # users read such a result object and do not create it
    if overrides(name):
        left_out = left_out | MAY_BE_SHORT  # the base class documents the parameters
    file = Path(result["file"] or "").name
    return [f"{file} {name} {code}: {text}" for code, text in result["errors"] if code not in left_out]


@pytest.mark.parametrize("name", AT_THE_ROOT)
def test_docstrings_of_public_names_are_complete(name):
    assert complaints(name, LEFT_OUT) == []


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_docstrings_of_exceptions_are_complete(name):
    assert complaints(name, LEFT_OUT | {"PR01"}) == []  # they have the parameters of built-in errors


@pytest.mark.parametrize("name", INSIDE)
def test_docstrings_of_names_at_the_doors_say_nothing_false(name):
    assert complaints(name, LEFT_OUT | MAY_BE_SHORT) == []


@pytest.mark.parametrize("name", [name for name in AT_THE_ROOT if name.count(".") == 1])
def test_every_public_class_and_function_has_an_example_that_runs(name):
    thing = getattr(wgan_resampler, name.rpartition(".")[2])
    if issubclass(thing if inspect.isclass(thing) else object, BaseException):
        return
    assert ">>> " in inspect.getdoc(thing)
