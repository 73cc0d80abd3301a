"""The hyper-parameters, from which the parameters of the sampler and of the command line are derived."""

import inspect
from dataclasses import asdict, fields
from typing import get_args, get_type_hints

import numpy as np
import pytest
from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints

from wgan_resampler import WGANGPOverSampler
from wgan_resampler.sampler.fitting.settings import (
    HYPER_PARAMETERS,
    INT_OR_AUTO,
    NORMALIZATION,
    NOT_NEGATIVE,
    NOT_NEGATIVE_INT,
    POSITIVE,
    POSITIVE_INT,
    PRESETS,
    SHARE,
    SWITCH,
    FitSettings,
)

SIGNATURE = inspect.signature(WGANGPOverSampler).parameters


@pytest.mark.parametrize("name", HYPER_PARAMETERS)
def test_the_samplers_signature_has_the_default_of_the_field(name):
    assert SIGNATURE[name].default == HYPER_PARAMETERS[name].default
    assert type(SIGNATURE[name].default) is type(HYPER_PARAMETERS[name].default)


def test_every_parameter_of_the_sampler_is_validated():
    assert WGANGPOverSampler._parameter_constraints.keys() == SIGNATURE.keys()


def test_only_the_scale_of_the_penalty_is_no_parameter_of_the_sampler():
    assert {field.name for field in fields(FitSettings)} - SIGNATURE.keys() == {"scaled_penalty"}
    assert {field.name for field in fields(FitSettings)} - HYPER_PARAMETERS.keys() == {"scaled_penalty"}


def test_settings_of_a_sampler_are_its_parameters():
    over = WGANGPOverSampler(noise_dim=5, epochs=7, normalization="layer", device="cpu")
    settings = over._settings()
    assert settings == FitSettings(noise_dim=5, epochs=7, normalization="layer")
    assert WGANGPOverSampler()._settings() == FitSettings() == PRESETS["tuned"]


def test_numbers_of_numpy_become_those_of_python():
    settings = FitSettings(noise_dim=np.int64(3), dropout=np.float32(0.5), skip_connections=np.bool_(True), lambda_gp=7)
    values = asdict(settings)
    assert [type(values[name]) for name in ("noise_dim", "dropout", "skip_connections", "lambda_gp")] == [
        int,
        float,
        bool,
        float,
    ]
    assert (settings.epochs, settings.normalization) == ("auto", None)


@pytest.mark.parametrize("name", HYPER_PARAMETERS)
def test_the_annotated_type_of_a_field_is_the_type_of_its_values(name):
    hint = get_type_hints(FitSettings)[name]
    kinds = {each for each in (get_args(hint) or (hint,)) if each in (int, float, bool)}
    about = HYPER_PARAMETERS[name]
    assert kinds == ({about.values.kind} - {str})
    for value in (about.default, about.classic):  # and both presets lie within the range
        validate_parameter_constraints({name: about.values.constraints()}, {name: value}, "FitSettings")


@pytest.mark.parametrize(
    ("values", "allowed", "refused"),
    [
        (POSITIVE_INT, [1, 9, np.int8(3)], [0, -1, 1.5, "auto", None]),
        (INT_OR_AUTO, [1, 9, "auto"], [0, 1.5, "many", None]),
        (NOT_NEGATIVE_INT, [0, 5], [-1, 0.5, None]),
        (POSITIVE, [1e-9, 1, 5.0], [0, -1.0, float("nan"), "1"]),
        (NOT_NEGATIVE, [0, 0.0, 7], [-1e-9, float("nan"), None]),
        (SHARE, [0, 0.999], [1, 1.0, -0.1, float("nan")]),
        (SWITCH, [True, False, np.bool_(True)], ["yes", 2, None]),
        (NORMALIZATION, ["layer", "batch", None], ["group", 1, False]),
    ],
)
def test_constraints_allow_just_the_values(values, allowed, refused):
    for value in allowed:
        validate_parameter_constraints({"x": values.constraints()}, {"x": value}, "FitSettings")
    for value in refused:
        with pytest.raises(InvalidParameterError, match="The 'x' parameter of FitSettings must be"):
            validate_parameter_constraints({"x": values.constraints()}, {"x": value}, "FitSettings")
