"""How many rows a strategy generates, alone and in the over-sampler."""

import math
from collections import Counter
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, strategies as st
from imblearn.over_sampling import SMOTE
from sampler.over_sampler.quick import X, Y, counts, quick

from wgan_resampler.exceptions import InvalidDataError, InvalidParameterError, UnusedParameterWarning
from wgan_resampler.sampler.strategies import rows_to_generate

THREE = np.array(["b"] * 4 + ["a"] * 7 + ["c"] * 3)
"""Counts: a 7 (the majority), b 4, c 3 (the minority)."""
TWO = np.array([1] * 4 + [0] * 10)


@pytest.mark.parametrize(
    ("strategy", "target_samples", "expected"),
    [
        ("equal", None, {"a": 0, "b": 3, "c": 4}),
        ("upsample", None, {"a": 3, "b": 2, "c": 1}),
        ("custom", 6, {"a": 0, "b": 2, "c": 3}),
        ("custom", 7, {"a": 0, "b": 3, "c": 4}),
        ("custom", 1, {"a": 0, "b": 0, "c": 0}),
        ("custom", np.int64(9), {"a": 2, "b": 5, "c": 6}),
        ("custom", {"c": 5}, {"c": 2}),
        ("custom", {"c": 5, "a": 8}, {"a": 1, "c": 2}),
        ("custom", {"a": 7}, {"a": 0}),
        ("custom", MappingProxyType({"b": np.int32(5)}), {"b": 1}),
        ("custom", {}, {}),
        ("auto", None, {"b": 3, "c": 4}),
        ("not majority", None, {"b": 3, "c": 4}),
        ("minority", None, {"c": 4}),
        ("not minority", None, {"a": 0, "b": 3}),
        ("all", None, {"a": 0, "b": 3, "c": 4}),
        ({"b": 20}, None, {"b": 16}),
        (MappingProxyType({"c": 3, "b": 5}), None, {"b": 1, "c": 0}),
        (lambda y: {"c": np.count_nonzero(y == "a")}, None, {"c": 4}),
    ],
)
def test_rows_of_three_classes(strategy, target_samples, expected):
    generated = rows_to_generate(strategy, THREE, target_samples)
    assert dict(generated) == expected
    assert list(generated) == sorted(expected)


@pytest.mark.parametrize(("ratio", "expected"), [(1.0, 6), (0.5, 1), (0.79, 3), (1, 6)])
def test_a_float_is_the_ratio_of_minority_to_majority(ratio, expected):
    assert dict(rows_to_generate(ratio, TWO)) == {1: expected}


@pytest.mark.parametrize(
    ("ratio", "majority", "minority", "expected"),
    [
        (0.29, 100, 28, 1),  # 0.29 * 100 is 28.999999999999996
        (0.57, 100, 50, 7),
        (np.float64(0.58), 100, 57, 1),
        (np.float32(0.29), 100, 28, 1),
        (1 / 3, 99, 30, 3),
        (0.07, 1000, 7, 63),
        (0.295, 100, 20, 9),  # 29.5 is no number of rows
        (Fraction(29, 100), 100, 28, 1),
    ],
)
def test_bug_a_ratio_that_floats_cannot_represent_lacked_a_row(ratio, majority, minority, expected):
    y = np.repeat([0, 1], [majority, minority])
    assert dict(rows_to_generate(ratio, y)) == {1: expected}


@given(st.integers(1, 400), st.data())
def test_a_ratio_of_two_numbers_of_rows_gives_these_numbers(majority, data):
    wanted = data.draw(st.integers(1, majority))
    minority = data.draw(st.integers(1, wanted))
    y = np.repeat(["a", "b"], [minority, majority])
    generated = rows_to_generate(wanted / majority, y)
    assert generated.get("a", 0) == wanted - minority
    assert generated.get("b", 0) == 0


@pytest.mark.parametrize("ratio", [0.28, 0.2, 0.57])
def test_bug_a_ratio_that_is_reached_was_an_error(ratio):
    y = np.repeat(["a", "b"], [100, 57 if ratio == 0.57 else 28])
    assert dict(rows_to_generate(ratio, y)) == {"b": 0}
    table = np.arange(len(y), dtype=float).reshape(-1, 1)
    X_res, y_res = quick(sampling_strategy=ratio).fit_resample(table, y)
    assert X_res.tolist() == table.tolist()
    assert y_res.tolist() == y.tolist()


@pytest.mark.parametrize("strategy", ["equal", "upsample", "auto", {"c": 9}])
def test_bug_target_samples_with_another_strategy_was_an_error(strategy):
    with pytest.warns(UnusedParameterWarning, match="target_samples=5 is only used with 'custom'") as caught:
        generated = rows_to_generate(strategy, THREE, 5)
    assert dict(generated) == dict(rows_to_generate(strategy, THREE))
    assert [warning.filename for warning in caught] == [__file__]


@given(st.dictionaries(st.integers(-50, 50), st.integers(1, 40), min_size=2, max_size=6))
def test_equal_reaches_the_majority_and_upsample_adds_half(counts):
    y = np.repeat(list(counts), list(counts.values()))
    equal, upsample = rows_to_generate("equal", y), rows_to_generate("upsample", y)
    assert {label: counts[label] + n for label, n in equal.items()} == dict.fromkeys(counts, max(counts.values()))
    assert {label: counts[label] + n for label, n in upsample.items()} == {
        label: math.floor(1.5 * n) for label, n in counts.items()
    }
    assert list(equal) == list(upsample) == sorted(counts)


@given(st.dictionaries(st.sampled_from("vwxyz"), st.integers(1, 40), min_size=2), st.integers(1, 60))
def test_custom_int_never_shrinks_a_class(counts, target):
    y = np.repeat(list(counts), list(counts.values()))
    generated = rows_to_generate("custom", y, target)
    assert {label: counts[label] + n for label, n in generated.items()} == {
        label: max(n, target) for label, n in counts.items()
    }


def test_the_callers_dict_stays_as_it_is():
    targets = {"c": 5, "a": 9}
    rows_to_generate("custom", THREE, targets)
    assert list(targets.items()) == [("c", 5), ("a", 9)]


def test_a_function_is_given_the_labels():
    seen = []
    rows_to_generate(lambda y: seen.append(Counter(y.tolist())) or {}, THREE)
    assert seen == [{"a": 7, "b": 4, "c": 3}]


def test_labels_of_another_type_but_equal_are_the_same_class():
    assert dict(rows_to_generate({1.0: 6}, TWO)) == {1: 2}
    assert dict(rows_to_generate({np.int8(1): 6}, TWO)) == {1: 2}


@pytest.mark.parametrize(
    ("strategy", "target_samples", "y", "error", "fragment"),
    [
        ("custom", None, THREE, InvalidParameterError, "needs target_samples"),
        ("custom", {"a": 6}, THREE, InvalidParameterError, "asks for 6 rows of class 'a', which has 7 already"),
        ({"a": 6}, None, THREE, InvalidParameterError, "sampling_strategy asks for 6 rows of class 'a'"),
        ("custom", {"z": 9}, THREE, InvalidParameterError, "names the class 'z', .* Known classes: 'a', 'b', 'c'"),
        ({7: 9}, None, TWO, InvalidParameterError, "names the class 7, which is not present .* Known classes: 0, 1"),
        ("custom", {"a": 9.0}, THREE, InvalidParameterError, "an integer number of rows for class 'a'; got 9.0"),
        ("custom", {"a": True}, THREE, InvalidParameterError, "an integer number of rows for class 'a'; got True"),
        ({"a": "9"}, None, THREE, InvalidParameterError, "an integer number of rows for class 'a'; got '9'"),
        ({"a": -1}, None, THREE, InvalidParameterError, "asks for -1 rows of class 'a'"),
        (lambda y: 3, None, THREE, InvalidParameterError, "function must map classes to numbers of rows; got 3"),
        (lambda y: {"z": 3}, None, THREE, InvalidParameterError, "function names the class 'z'"),
        (0.5, None, THREE, InvalidParameterError, "only when the type of target is binary"),
        (1.5, None, TWO, InvalidParameterError, "sampling_strategy=1.5 must be .* at most 1"),
        (0.0, None, TWO, InvalidParameterError, "sampling_strategy=0.0 must be .* above 0"),
        (math.nan, None, TWO, InvalidParameterError, "sampling_strategy=nan must be"),
        ("majority", None, THREE, InvalidParameterError, "sampling_strategy='majority' does not fit"),
        ("equal", None, np.zeros(5, int), InvalidDataError, "more than 1 class; got 1 class"),
        ({0: 9}, None, np.zeros(5, int), InvalidDataError, "more than 1 class; got 1 class"),
    ],
)
def test_refused(strategy, target_samples, y, error, fragment):
    with pytest.raises(error, match=fragment):
        rows_to_generate(strategy, y, target_samples)


# In the over-sampler


@pytest.mark.parametrize(
    ("parameters", "after"),
    [
        ({}, {0: 18, 1: 18, 2: 18}),
        ({"sampling_strategy": "equal"}, {0: 18, 1: 18, 2: 18}),
        ({"sampling_strategy": "upsample"}, {0: 27, 1: 9, 2: 9}),
        ({"sampling_strategy": "custom", "target_samples": 10}, {0: 18, 1: 10, 2: 10}),
        ({"sampling_strategy": "custom", "target_samples": 20}, {0: 20, 1: 20, 2: 20}),
        ({"sampling_strategy": "custom", "target_samples": {2: 7}}, {0: 18, 1: 6, 2: 7}),
        ({"sampling_strategy": "custom", "target_samples": {1: 30, 0: 19}}, {0: 19, 1: 30, 2: 6}),
        ({"sampling_strategy": "auto"}, {0: 18, 1: 18, 2: 18}),
        ({"sampling_strategy": "minority"}, {0: 18, 1: 18, 2: 6}),
        ({"sampling_strategy": "not minority"}, {0: 18, 1: 6, 2: 18}),
        ({"sampling_strategy": "not majority"}, {0: 18, 1: 18, 2: 18}),
        ({"sampling_strategy": "all"}, {0: 18, 1: 18, 2: 18}),
        ({"sampling_strategy": {1: 7, 2: 40}}, {0: 18, 1: 7, 2: 40}),
        ({"sampling_strategy": lambda y: {1: np.count_nonzero(y == 1) + 2}}, {0: 18, 1: 8, 2: 6}),
    ],
)
def test_counts_equal_the_strategy(parameters, after):
    over = quick(**parameters)
    X_res, y_res = over.fit_resample(X, Y)
    assert counts(y_res) == after
    assert len(X_res) == sum(after.values())
    assert {label: counts(Y)[label] + n for label, n in over.sampling_strategy_.items()}.items() <= after.items()
    # The new labels stand in the order of the classes.
    assert y_res[30:].tolist() == sorted(y_res[30:].tolist())


def test_a_float_strategy_on_two_classes():
    y = np.array([0] * 20 + [1] * 10)
    _, y_res = quick(sampling_strategy=0.75).fit_resample(X, y)
    assert counts(y_res) == {0: 20, 1: 15}


@pytest.mark.parametrize("strategy", ["auto", "minority", "not minority", "not majority", "all", {1: 8}])
def test_strategies_that_smote_knows_mean_the_same(strategy):
    over, smote = quick(sampling_strategy=strategy), SMOTE(sampling_strategy=strategy, k_neighbors=2)
    assert counts(over.fit_resample(X, Y)[1]) == counts(smote.fit_resample(X, Y)[1])
    assert dict(over.sampling_strategy_) == dict(smote.sampling_strategy_)
