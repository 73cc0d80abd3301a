"""Samplers of other packages on real tables, with checks of the rows that they return."""

import importlib.util
import logging

import numpy as np
import pandas as pd
import pytest
from shared_data import shared_file

from wgan_resampler import compare_samplers
from wgan_resampler.comparison.data.datasets import load_datasets
from wgan_resampler.comparison.data.preparation import FoldTable, encoder
from wgan_resampler.comparison.methods.adapters import (
    CTGANSampler,
    ForestDiffusionSampler,
    SmoteVariantsSampler,
    TVAESampler,
)

VARIANTS = ["ProWSyn", "polynom_fit_SMOTE_star"]


def needs(module):
    return pytest.mark.skipif(importlib.util.find_spec(module) is None, reason=f"{module} is not installed")


smote_variants = needs("smote_variants")
ctgan = [needs("ctgan"), pytest.mark.filterwarnings("ignore")]  # warnings of that package


def table(name, max_rows=300):
    (dataset,) = load_datasets(shared_file(f"benchmark/{name}.csv.gz"), max_rows=max_rows)
    return dataset


def rows_below(X, X_resampled):
    np.testing.assert_array_equal(X_resampled[: len(X)], X)
    return X_resampled[len(X) :]


@smote_variants
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", ["contraceptive", "stroke", "german"])
def test_smote_variants_balance_several_classes_and_mixed_tables(variant, name):
    dataset = table(name)
    X = encoder(dataset.X).fit_transform(dataset.X)
    X_resampled, y_resampled = SmoteVariantsSampler(variant, random_state=0).fit_resample(X, dataset.y)
    new = rows_below(X, X_resampled)
    np.testing.assert_array_equal(y_resampled[: len(X)], dataset.y)
    added = np.unique(y_resampled, return_counts=True)[1] - dataset.counts
    # polynom_fit draws the same number for each row of a class, so the result differs by less than one class size.
    step = dataset.counts if variant == VARIANTS[1] else np.ones(len(added))
    assert (np.abs(added - (dataset.counts.max() - dataset.counts)) < step).all()
    assert not (added % step).any()
    assert np.isfinite(new).all()
    # Both interpolate: nothing lies outside the rows of the class.
    for label in dataset.classes:
        own, drawn = X[dataset.y == label], new[y_resampled[len(X) :] == label]
        assert (drawn >= own.min(axis=0) - 1e-9).all()
        assert (drawn <= own.max(axis=0) + 1e-9).all()


@smote_variants
@pytest.mark.parametrize("variant", VARIANTS)
def test_several_classes_are_grown_as_smote_variants_does_it(variant):
    import smote_variants as package

    dataset = table("contraceptive")
    X, codes = encoder(dataset.X).fit_transform(dataset.X), np.unique(dataset.y, return_inverse=True)[1]
    expected = package.MulticlassOversampling(oversampler=variant, oversampler_params={"random_state": 5})
    X_expected, codes_expected = expected.sample(X, codes)
    X_resampled, y_resampled = SmoteVariantsSampler(variant, random_state=5).fit_resample(X, dataset.y)
    np.testing.assert_array_equal(X_resampled, X_expected)
    np.testing.assert_array_equal(y_resampled, dataset.classes[codes_expected])


@smote_variants
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("counts", [[40, 40, 40], [40, 40, 15], [30, 30]])
def test_classes_of_equal_size_are_no_reason_to_fail(variant, counts):
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(len(counts)), counts)
    X = rng.normal(size=(len(y), 3)) + y[:, None]
    X_resampled, y_resampled = SmoteVariantsSampler(variant, random_state=0).fit_resample(X, y)
    rows_below(X, X_resampled)
    assert np.bincount(y_resampled)[:2].tolist() == counts[:2]
    assert np.bincount(y_resampled).min() >= 0.95 * max(counts)


@smote_variants
def test_smote_variants_says_nothing_but_warnings_and_only_while_it_is_called(two_classes):
    noted = []

    class Notes(logging.Handler):
        def emit(self, record):
            noted.append(record.getMessage())

    logger, handler = logging.getLogger("smote_variants"), Notes()
    logger.addHandler(handler)
    before = logger.level, list(logger.filters)
    try:
        SmoteVariantsSampler("ProWSyn", random_state=0).fit_resample(*two_classes)
        with pytest.raises(IndexError):
            SmoteVariantsSampler("ProWSyn", random_state=0).fit_resample(two_classes[0][:-1], two_classes[1])
        assert noted == []
        assert (logger.level, list(logger.filters)) == before
        logger.info("of another user of the package")
        assert noted == ["of another user of the package"]
    finally:
        logger.removeHandler(handler)


@needs("ForestDiffusion")
def test_forest_diffusion_draws_within_each_class_and_leaves_the_global_state(two_classes):
    X, y = two_classes
    np.random.seed(3)
    before = np.random.get_state()
    sampler = ForestDiffusionSampler(duplicate_K=10, n_t=5, random_state=0)
    X_resampled, y_resampled = sampler.fit_resample(X, y)
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])
    new, own = rows_below(X, X_resampled), X[y == 1]
    assert np.bincount(y_resampled).tolist() == [max(np.bincount(y))] * 2
    assert (new >= own.min(axis=0) - 1e-9).all()
    assert (new <= own.max(axis=0) + 1e-9).all()


@pytest.mark.parametrize(
    "sampler", [pytest.param(kind(epochs=3, random_state=0), marks=ctgan) for kind in (CTGANSampler, TVAESampler)]
)
@pytest.mark.parametrize("name", ["stroke", "german"])
def test_deep_peers_make_rows_like_those_of_the_table(sampler, name):
    dataset = table(name)
    X = FoldTable(complete=True, scale=True).fit_transform(dataset.X)
    X_resampled, y_resampled = sampler.fit_resample(X, dataset.y)
    pd.testing.assert_frame_equal(X_resampled.iloc[: len(X)], X)
    assert X_resampled.dtypes.equals(X.dtypes)
    new = X_resampled.iloc[len(X) :]
    wanted = int(dataset.counts.max() - dataset.counts.min())
    assert len(new) == wanted - getattr(sampler, "shortfall_", 0) > 0
    assert set(y_resampled[len(X) :]) == {dataset.classes[dataset.minority]}
    assert new.notna().all(axis=None)
    numeric = X.select_dtypes("number").columns
    # A numeric column is modeled as a mixture of normal distributions, so its values are not far outside the range.
    assert (new[numeric].abs() <= X[numeric].abs().max() + 4).all(axis=None)
    assert not new.duplicated().all()


@pytest.mark.slow
@pytest.mark.parametrize("sampler", [pytest.param(kind(epochs=2), marks=ctgan) for kind in (CTGANSampler, TVAESampler)])
@pytest.mark.parametrize("name", ["german", "contraceptive"])
def test_deep_peers_go_through_the_protocol(sampler, name):
    path = shared_file(f"benchmark/{name}.csv.gz")
    frame = compare_samplers(
        path, {"peer": sampler}, classifiers=["decision_tree"], scoring=["f1"], cv=2, max_rows=300, verbose=0
    ).to_frame()
    assert frame["error"].isna().all()
    assert frame["f1"].between(0, 1).all()
    assert (frame["n_synthetic"] + frame["shortfall"]).gt(0).all()


@smote_variants
@pytest.mark.parametrize("name", ["german", "glass"])
def test_smote_variants_go_through_the_protocol(name):
    path = shared_file(f"benchmark/{name}.csv.gz")
    frame = compare_samplers(
        path,
        ["prowsyn", "polynom_fit_smote"],
        classifiers=["decision_tree"],
        scoring=["f1"],
        cv=2,
        max_rows=300,
        verbose=0,
    ).to_frame()
    assert frame["error"].isna().all()
    assert frame["n_synthetic"].gt(0).all()
    assert frame["n_test_copies"].eq(0).all()
