"""The suites of scikit-learn and imbalanced-learn, with no expected failure."""

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from imblearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    parametrize_with_checks as imblearn_checks,
)
from sklearn import config_context
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks as sklearn_checks

from wgan_resampler import WGANGPOverSampler

# Some of the checks grow classes of one or two rows.
pytestmark = pytest.mark.filterwarnings("ignore::wgan_resampler.exceptions.ThinClassWarning")


def sampler():
    return WGANGPOverSampler(random_state=0, device="cpu", epochs=2, hidden_dim=8)


def imblearn_checks_as_list():
    # imbalanced-learn hands pytest a generator, which pytest warns of.
    names, checks = (decorator := imblearn_checks([sampler()])).args
    return pytest.mark.parametrize(names, list(checks), **decorator.kwargs)


@sklearn_checks([sampler()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@imblearn_checks_as_list()
def test_imbalanced_learn_checks(estimator, check):
    check(estimator)


def test_parameters_are_validated():
    check_param_validation("WGANGPOverSampler", sampler())


def test_names_of_columns_are_consistent():
    check_dataframe_column_names_consistency("WGANGPOverSampler", sampler())


def test_the_suites_are_not_empty():
    # An estimator with the tag `_skip_test` would pass all of them without running any.
    tags = sampler().__sklearn_tags__()
    assert not tags._skip_test
    assert not tags.no_validation
    assert tags.input_tags.sparse
    assert tags.input_tags.dataframe
    assert tags.input_tags.allow_nan
    assert tags.target_tags.required
    assert tags.estimator_type == "sampler"


@pytest.mark.parametrize("name", ["set_fit_resample_request", "set_fit_request", "set_sample_request"])
def test_no_method_takes_metadata(name):
    assert not hasattr(WGANGPOverSampler, name)


def test_metadata_routing_does_no_harm():
    X, y = make_classification(n_samples=60, weights=[0.8], random_state=0)
    plain = make_pipeline(sampler(), LogisticRegression()).fit(X, y)
    with config_context(enable_metadata_routing=True):
        classifier = LogisticRegression().set_fit_request(sample_weight=False)
        routed = make_pipeline(sampler(), classifier).fit(X, y)
    np.testing.assert_array_equal(routed[-1].coef_, plain[-1].coef_)
