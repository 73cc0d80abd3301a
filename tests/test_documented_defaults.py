"""For every public object, the defaults in the docstring are the defaults of the signature."""

import ast
import dataclasses
import importlib
import inspect
import pkgutil

import pytest
from numpydoc.docscrape import NumpyDocString

import wgan_resampler


def modules():
    """Import every module of the package."""
    for module in pkgutil.walk_packages(wgan_resampler.__path__, "wgan_resampler."):
        if not module.name.endswith("__main__"):  # importing it runs the command line
            yield importlib.import_module(module.name)


def public_objects():
    """Return a dict of full names to the public functions, classes and methods that document parameters."""
    found = {}
    for module in modules():
        for name, thing in vars(module).items():
            if getattr(thing, "__module__", None) != module.__name__ or name.startswith("_"):
                continue
            members = vars(thing) if inspect.isclass(thing) else {}
            candidates = {name: thing} | {f"{name}.{key}": getattr(thing, key) for key in members if key[0] != "_"}
            found |= {f"{module.__name__}.{key}": each for key, each in candidates.items() if is_documented(each)}
    return found


def is_documented(thing):
    return callable(thing) and "Parameters\n" in (inspect.getdoc(thing) or "")


def documented_defaults(thing):
    """Yield each parameter of the docstring with the text after "default=", or with None if there is no such text."""
    for names, kind, _ in NumpyDocString(inspect.getdoc(thing))["Parameters"]:
        for name in names.split(","):
            yield name.strip().lstrip("*"), kind.partition("default=")[2] or None


def defaults_of(thing):
    """Return the default of each parameter. If a dataclass field has a default factory, call it."""
    fields = dataclasses.fields(thing) if dataclasses.is_dataclass(thing) else ()
    made = {field.name: field.default_factory for field in fields if field.default_factory is not dataclasses.MISSING}
    defaults = {name: parameter.default for name, parameter in inspect.signature(thing).parameters.items()}
    return defaults | {name: factory() for name, factory in made.items()}


def is_written_as(text, default):
    """Return whether a text in a docstring means this default. The text is a literal or a name."""
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text in (repr(default), getattr(default, "__qualname__", None), str(default))
    return value == default and type(value) is type(default)


OBJECTS = public_objects()


@pytest.mark.parametrize("name", OBJECTS)
def test_documented_defaults_are_those_of_the_signature(name):
    defaults, wrong = defaults_of(OBJECTS[name]), {}
    for parameter, text in documented_defaults(OBJECTS[name]):
        default = defaults[parameter]
        has_none = default is inspect.Parameter.empty
        if (text is not None) if has_none else (text is None or not is_written_as(text, default)):
            wrong[parameter] = (text, default)
    assert wrong == {}


def test_the_public_names_are_among_the_tested_objects():
    tested = {name.rpartition(".")[2] for name in OBJECTS}
    documented = {name for name in wgan_resampler.__all__ if is_documented(getattr(wgan_resampler, name))}
    assert {"WGANGPOverSampler", "GanTrainer"} <= documented
    assert {"compare_samplers", *documented} <= tested
    assert len(OBJECTS) > 100


@pytest.mark.parametrize(
    ("text", "default", "same"),
    [
        ("1e-3", 0.001, True),
        ("None", None, True),
        ('"auto"', "auto", True),
        ("1", 1.0, False),
        ("0", False, False),
        ("2", 3, False),
        ("print", print, True),
    ],
)
def test_what_stands_for_a_default(text, default, same):
    assert is_written_as(text, default) is same
