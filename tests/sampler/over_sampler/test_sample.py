"""Generating more rows after fit_resample."""

import copy

import numpy as np
import pytest
import torch
from sampler.over_sampler.quick import TEXTS, X, Y, counts, quick

from wgan_resampler.exceptions import (
    InvalidParameterError,
)
from wgan_resampler.utils.seeding import SAMPLE_KEY, next_seed, seed_sequence


@pytest.fixture(scope="module")
def fitted():
    over = quick(epochs=3)
    over.fit_resample(X, TEXTS)
    return over


def test_sample_of_one_class(fitted):
    X_more, y_more = fitted.sample(5, label="v")
    assert X_more.shape == (5, 3)
    assert y_more.tolist() == ["v"] * 5


def test_sample_of_a_dict_keeps_its_order(fitted):
    X_more, y_more = fitted.sample({"w": 2, "u": 3, "v": 0})
    assert X_more.shape == (5, 3)
    assert y_more.tolist() == ["w", "w", "u", "u", "u"]


def test_sample_by_frequency(fitted):
    shares = counts(fitted.sample(6000, random_state=0)[1])
    # Shares of .6, .2, .2; four standard deviations are 152 and 124.
    assert shares["u"] == pytest.approx(3600, abs=152)
    assert shares["v"] == pytest.approx(1200, abs=124)
    assert shares["w"] == pytest.approx(1200, abs=124)


@pytest.mark.parametrize("how_many", [0, {}, {"u": 0}])
def test_sample_of_no_rows(fitted, how_many):
    X_more, y_more = fitted.sample(how_many)
    assert X_more.shape == (0, 3)
    assert y_more.shape == (0,)


def test_repeated_calls_give_new_rows_and_a_seed_the_same(fitted):
    first, second = (fitted.sample(4, label="u")[0] for _ in range(2))
    assert not set(first.ravel()) & set(second.ravel())
    seeded, again = (fitted.sample(4, random_state=7) for _ in range(2))
    np.testing.assert_array_equal(seeded[0], again[0])
    np.testing.assert_array_equal(seeded[1], again[1])
    other = fitted.sample(4, random_state=8)[0]
    assert not set(seeded[0].ravel()) & set(other.ravel())
    by_state = fitted.sample(4, random_state=np.random.RandomState(7))[0]
    np.testing.assert_array_equal(by_state, fitted.sample(4, random_state=np.random.RandomState(7))[0])


def test_calls_with_a_seed_do_not_move_those_without():
    over, same = quick(), quick()
    over.fit_resample(X, Y)
    same.fit_resample(X, Y)
    over.sample(3, random_state=1)
    np.testing.assert_array_equal(over.sample(3)[0], same.sample(3)[0])


def test_sample_does_not_repeat_the_rows_of_fit_resample():
    over = quick()
    X_res, _ = over.fit_resample(X, Y)
    assert not set(over.sample(24)[0].ravel()) & set(X_res[30:].ravel())


def test_sample_changes_no_parameter_or_buffer():
    over = quick(normalization="batch", dropout=0.5)
    over.fit_resample(X, Y)
    before = copy.deepcopy(over.generator_.state_dict())
    over.sample(50)
    assert all(torch.equal(tensor, over.generator_.state_dict()[name]) for name, tensor in before.items())


@pytest.mark.parametrize(
    ("arguments", "keywords", "error", "fragment"),
    [
        ((5,), {"label": "z"}, InvalidParameterError, "Class 'z' was not in .* Known classes: 'u', 'v', 'w'"),
        (({"u": 1, "z": 2},), {}, InvalidParameterError, "Class 'z' was not in the training data"),
        ((-1,), {}, InvalidParameterError, "integer of at least 0; got -1"),
        ((1.5,), {}, InvalidParameterError, "integer of at least 0; got 1.5"),
        ((True,), {}, InvalidParameterError, "integer of at least 0; got True"),
        (("5",), {"label": "u"}, InvalidParameterError, "integer of at least 0; got '5'"),
        (({"u": -2},), {}, InvalidParameterError, "integer of at least 0; got -2"),
        (({"u": 2},), {"label": "u"}, InvalidParameterError, "label='u' is not used when n_samples is a dict"),
        ((2,), {"random_state": -1}, ValueError, r"'random_state' parameter of WGANGPOverSampler.sample must be"),
        ((2,), {"random_state": "7"}, ValueError, r"'random_state' parameter of WGANGPOverSampler.sample must be"),
        ((2, "u", 7), {}, TypeError, "positional"),
    ],
)
def test_refused_samples(fitted, arguments, keywords, error, fragment):
    with pytest.raises(error, match=fragment):
        fitted.sample(*arguments, **keywords)


def test_bug_an_array_as_label_gave_an_obscure_error():
    over = quick()
    over.fit_resample(X, Y)
    with pytest.raises(InvalidParameterError, match="was not in the training data"):
        over.sample(2, label=np.array([0, 1]))


def test_bug_sampling_with_the_samplers_seed_repeated_the_seeds_of_its_weights():
    of_fit, of_sample = seed_sequence(0), seed_sequence(0, SAMPLE_KEY)
    assert not {next_seed(of_fit) for _ in range(50)} & {next_seed(of_sample) for _ in range(50)}
